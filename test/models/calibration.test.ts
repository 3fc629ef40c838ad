import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  CALIBRATION_SIZE,
  createTail,
  enter,
  believed,
  claimOf,
  errorAt,
  readTail,
  SCORE_MAX,
  scoreOf,
} from '../../models/calibration.ts';
import { createRandom, gaussian, type Random } from '../../models/random.ts';

const PRIOR = 20;
const MEMORY = 4000;
/** Weight of the next entry; the last number but one of the memory. */
const WEIGHT = CALIBRATION_SIZE - 2;

class Calibration {
  memory = new Float64Array(CALIBRATION_SIZE);
  readonly tail = createTail();

  score(a: number): number {
    readTail(this.memory, 0, PRIOR, this.tail);
    return scoreOf(this.memory, 0, a, this.tail);
  }

  /** Scores, then enters. */
  take(a: number): number {
    const score = this.score(a);
    enter(this.memory, 0, a, score, MEMORY);
    return score;
  }

  copy(): Calibration {
    const copy = new Calibration();
    copy.memory.set(this.memory);
    return copy;
  }
}

function calibrated(n: number, draw: (random: Random) => number, seed = 1): Calibration {
  const calibration = new Calibration();
  const random = createRandom(seed);
  for (let i = 0; i < n; i++) calibration.take(Math.abs(draw(random)));
  return calibration;
}

/** Student's t with 3 degrees of freedom. */
function student3(random: Random): number {
  const chiSquare = gaussian(random) ** 2 + gaussian(random) ** 2 + gaussian(random) ** 2;
  return gaussian(random) / Math.sqrt(chiSquare / 3);
}
const pareto = (exponent: number) => (random: Random) => Math.exp(-Math.log(1 - random()) / exponent);
const laplace = (random: Random) => -Math.log(1 - random());

describe('before 20 entries', () => {
  test('nothing is known: the score is 0 and there is no band', () => {
    const calibration = new Calibration();
    for (let i = 0; i < 20; i++) {
      expect(calibration.score(1e6)).toBe(0);
      expect(errorAt(4, calibration.tail)).toBeNaN();
      calibration.take(1 + i / 20);
    }
    expect(calibration.score(1e6)).toBeGreaterThan(3);
    expect(errorAt(4, calibration.tail)).toBeGreaterThan(1);
  });
});

describe('a score', () => {
  const errors = fc.double({ min: 0, max: 1e4, noNaN: true });
  const anywhere = fc.oneof(
    errors,
    errors.map((a) => a * 1e-9),
    fc.double({ min: -16, max: 9, noNaN: true }).map(Math.exp),
  );

  test('never falls as the error grows, whatever was seen before', () => {
    fc.assert(
      fc.property(fc.array(anywhere, { minLength: 20, maxLength: 300 }), fc.array(anywhere), (past, asked) => {
        const calibration = new Calibration();
        for (const a of past) calibration.take(a);
        let before = 0;
        calibration.score(0);
        const { start } = calibration.tail;
        const around = [1 - 1e-3, 1 - 1e-15, 1, 1 + 1e-15, 1 + 1e-3].map((f) => f * start);
        const near = [start - 1e-7, start - 5e-8].filter((a) => a >= 0);
        for (const a of [...past, ...asked, ...around, ...near].sort((a, b) => a - b)) {
          const score = calibration.score(a);
          expect(score, `error ${a}, tail from ${start}`).toBeGreaterThanOrEqual(before - 1e-9);
          before = score;
        }
      }),
      { seed: 2, numRuns: 200 },
    );
  });

  test('lies within 0 and 12, even of an infinite error', () => {
    const calibration = calibrated(1000, gaussian);
    for (const a of [0, 1e-300, 1, 1e3, 1e300, Infinity]) {
      const score = calibration.score(a);
      expect(score >= 0 && score <= SCORE_MAX, `score ${score} of error ${a}`).toBe(true);
    }
    expect(calibration.score(Infinity)).toBe(SCORE_MAX);
  });

  test('is that of the past alone: the same error right after is no surprise any more', () => {
    const calibration = calibrated(100, gaussian);
    const { memory } = calibration;
    const before = memory.slice();
    const first = calibration.score(9);
    expect(memory).toEqual(before);
    expect(calibration.take(9)).toBe(first);
    expect(calibration.score(9)).toBeLessThan(first);
  });

  test.each([300, 4000])('beyond what %i entries could show is believed by half', (entries) => {
    const calibration = calibrated(entries, gaussian);
    const { memory, tail } = calibration;
    const shown = 0.5 + Math.log10(entries);
    const claimed = (a: number) => scoreOf(memory, 0, a, { ...tail, evidence: Infinity });
    for (const a of [1, 2.5, 8, 12]) {
      const score = calibration.score(a);
      if (claimed(a) < shown) expect(score).toBe(claimed(a));
      else expect(score).toBeCloseTo((claimed(a) + shown) / 2, 12);
    }
    expect(claimed(2.5)).toBeLessThan(shown);
    expect(claimed(12)).toBeGreaterThan(shown + 0.5);
  });

  test('of a median error is 0.3', () => {
    expect(calibrated(4000, gaussian).score(0.6745)).toBeCloseTo(Math.log10(2), 1);
  });

  test('stands for a chance: on average one half', () => {
    const calibration = calibrated(2000, gaussian);
    const random = createRandom(21);
    let sum = 0;
    for (let i = 0; i < 20_000; i++) sum += Math.exp(-Math.LN10 * calibration.take(Math.abs(gaussian(random))));
    expect(Math.abs(sum / 20_000 - 0.5), `mean ${sum / 20_000}`).toBeLessThan(0.008);
  });

  test('of twelve sigma is high among Gaussian errors and much lower among bursts', () => {
    const calm = calibrated(4000, gaussian).score(12);
    const bursts = calibrated(4000, student3).score(12);
    expect(calm).toBeGreaterThan(6);
    expect(bursts).toBeLessThan(4);
    expect(bursts).toBeGreaterThan(1.5);
  });
});

test('a claim is believed by half beyond the evidence, and can be told from what is believed', () => {
  const tail = { ...createTail(), evidence: 3 };
  expect([2, 3, 5, 9].map((claim) => believed(claim, tail))).toEqual([2, 3, 4, 6]);
  expect([2, 3, 4, 6].map((score) => claimOf(score, tail))).toEqual([2, 3, 5, 9]);
});

describe('errorAt', () => {
  test.each([
    ['Gaussian', gaussian],
    ['Laplace', laplace],
    ['Student', student3],
  ])('is the inverse of the score in the tail of %s errors', (_, draw) => {
    const calibration = calibrated(3000, draw);
    for (const score of [1.7, 2, 3, 4.5, 7, 11.9]) {
      calibration.score(0);
      expect(calibration.score(errorAt(score, calibration.tail))).toBeCloseTo(score, 9);
    }
  });

  test('is infinite where no error scores so much', () => {
    const calibration = calibrated(1000, gaussian);
    calibration.score(0);
    expect(errorAt(SCORE_MAX, calibration.tail)).toBeLessThan(Infinity);
    expect(errorAt(SCORE_MAX + 0.01, calibration.tail)).toBe(Infinity);
  });

  test('is never below the start of the tail', () => {
    const calibration = calibrated(1000, gaussian);
    calibration.score(0);
    expect(errorAt(0.5, calibration.tail)).toBe(calibration.tail.start);
  });
});

describe('over 200,000 errors', () => {
  const N = 200_000;
  function shares(draw: (random: Random) => number): Record<2 | 3, number> {
    const calibration = new Calibration();
    const random = createRandom(5);
    let two = 0;
    let three = 0;
    for (let i = 0; i < N; i++) {
      const score = calibration.take(Math.abs(draw(random)));
      if (score >= 2) two++;
      if (score >= 3) three++;
    }
    return { 2: two / N, 3: three / N };
  }

  test('Gaussian ones score 2 and 3 about as often as the numbers say', () => {
    const share = shares(gaussian);
    expect(share[2] / 1e-2, `${share[2]} at 2`).toBeGreaterThan(0.5);
    expect(share[2] / 1e-2, `${share[2]} at 2`).toBeLessThan(2);
    // The priors lean to the quiet side: a Gaussian tail is taken for a little heavier than it is.
    expect(share[3] / 1e-3, `${share[3]} at 3`).toBeGreaterThan(0.25);
    expect(share[3] / 1e-3, `${share[3]} at 3`).toBeLessThan(2);
  });

  test.each([
    ['Student, 3 degrees of freedom', student3],
    ['Pareto, exponent 2', pareto(2)],
    ['Laplace', laplace],
  ])('heavy tails raise at most five times the 3s they may, for winsorising hides their far end: %s', (_, draw) => {
    const share = shares(draw)[3];
    expect(share / 1e-3, `${share} at 3`).toBeLessThan(5);
    expect(share / 1e-3, `${share} at 3`).toBeGreaterThan(0.1);
  });
});

/** The bin that grew. */
function binOf(calibration: Calibration, a: number): number {
  const before = calibration.memory.slice();
  calibration.take(a);
  const bins = calibration.memory.subarray(0, CALIBRATION_SIZE - 3);
  return bins.findIndex((weight, i) => weight !== before[i]);
}

describe('entering', () => {
  test('an outlier after 200 entries counts as the 99 % point, so that a fault does not dull its own yardstick', () => {
    const calibration = calibrated(1000, gaussian);
    const inTail = binOf(calibration.copy(), 2.6);
    const outlier = binOf(calibration.copy(), 50);
    expect(Math.abs(outlier - inTail)).toBeLessThanOrEqual(2);
    const usual = binOf(calibration.copy(), 1);
    expect(usual).toBeLessThan(inTail);
  });

  test('an outlier before 200 entries counts in full', () => {
    const calibration = calibrated(199, gaussian);
    expect(calibration.score(50)).toBeGreaterThan(3);
    expect(binOf(calibration.copy(), 50)).toBeGreaterThan(binOf(calibration.copy(), 3) + 20);
  });

  test('a hundred outliers in a row do not make the hundred and first usual', () => {
    const calibration = calibrated(4000, gaussian);
    for (let i = 0; i < 100; i++) calibration.take(30);
    expect(calibration.score(30)).toBeGreaterThan(4);
  });

  test('errors outside the histogram count in its outer bins', () => {
    const calibration = calibrated(50, gaussian);
    expect(binOf(calibration.copy(), 0)).toBe(0);
    expect(binOf(calibration.copy(), 1e9)).toBe(CALIBRATION_SIZE - 4);
  });

  test('forgets: after ten memories of larger errors the old yardstick is gone', () => {
    const calibration = calibrated(3000, gaussian);
    expect(calibration.score(8)).toBeGreaterThan(4);
    const random = createRandom(9);
    for (let i = 0; i < 40_000; i++) {
      // Grows slowly: 4 % a thousand, so that nothing is winsorised for long.
      calibration.take(Math.abs(gaussian(random)) * Math.min(10, 1 + i / 2000));
    }
    expect(calibration.score(8)).toBeLessThan(1);
  });

  test('weights are rescaled before they overflow, and no score changes by it', () => {
    const calibration = calibrated(400, gaussian);
    const random = createRandom(3);
    let rescaled = 0;
    for (let i = 0; i < 80_000; i++) {
      const a = Math.abs(gaussian(random));
      const before = calibration.memory[WEIGHT];
      // The same histogram at a thousandth of its weights, which is far from being rescaled.
      const twin = before > 9.9e5 ? calibration.copy() : undefined;
      calibration.take(a);
      if (twin === undefined || calibration.memory[WEIGHT] > before) continue;
      rescaled++;
      for (let k = 0; k <= WEIGHT; k++) twin.memory[k] /= 1000;
      twin.take(a);
      expect(twin.memory[WEIGHT]).toBeGreaterThan(900);
      for (const asked of [0.01, 0.5, 1, 2, 3, 6]) expect(calibration.score(asked)).toBeCloseTo(twin.score(asked), 9);
    }
    expect(rescaled).toBeGreaterThan(0);
    expect(Math.max(...calibration.memory)).toBeLessThan(1e11);
  });
});
