import { describe, expect, test } from 'vitest';
import { REASON } from '../../models/alert.ts';
import { createBatch, pushRow, ROW } from '../../models/batch.ts';
import { CLAIM_MAX } from '../../models/calibration.ts';
import { budgetGain } from '../../models/budget.ts';
import { BENCHMARK_THRESHOLD, DEFAULTS, Detector } from '../../models/detector.ts';
import { KIND, kindOf } from '../../models/kind.ts';
import { createRandom, gaussian } from '../../models/random.ts';
import { CELLS } from '../../models/training/create-learner.ts';
import { detectorContract, expectRestartsUnseen } from '../contracts/detector.ts';
import { expectSameBits, firstDifference } from './difference.ts';
import { newWorld, play, type Sample, type World } from './play.ts';

const SECOND = 1000;
const MINUTE = 60_000;

const small = () => new Detector({ ...DEFAULTS, hidden: 4, lags: 3, season: 60 * MINUTE });

detectorContract('LSTM', small);

describe.each(CELLS)('with the cell %s', (cell) => {
  test.each([false, true])('goes on after restarts as if there had been none; walks spread: %s', (spread) => {
    const training = { ...DEFAULTS.training, k2: 6, spread };
    expectRestartsUnseen(() => new Detector({ ...DEFAULTS, cell, hidden: 4, lags: 3, season: 60 * MINUTE, training }));
  });

  test('learns a noisy sine and sees a spike on it', () => {
    const detector = new Detector({ ...DEFAULTS, cell, hidden: 8, lags: 3, season: 60 * MINUTE });
    const random = createRandom(3);
    const samples = Array.from({ length: 2500 }, (_, i) => ({
      id: 'a',
      time: i * MINUTE,
      value: Math.sin((2 * Math.PI * i) / 40) + 0.1 * gaussian(random) + (i === 2200 ? 3 : 0),
    }));
    const { surprise, level, value, upper } = play(newWorld(detector), samples);
    expect(surprise[2200]).toBeGreaterThan(4);
    expect(value[2200]).toBeGreaterThan(upper[2200]);
    expect(surprise.slice(500, 2200).filter((score) => score > 4).length).toBeLessThan(5);
    expect(level.every(Number.isFinite)).toBe(true);
  });
});

test('blocks of different cells are never taken for one another, even of the same size', () => {
  const detectors = new Map(CELLS.map((cell) => [cell, new Detector({ ...DEFAULTS, cell })]));
  expect(detectors.get('gru')!.size).toBe(detectors.get('gru_before')!.size);
  expect(new Set([...detectors.values()].map(({ shape }) => shape)).size).toBe(CELLS.length);
});

test('the shipped default keeps within a flat block of known size', () => {
  const detector = new Detector(DEFAULTS);
  const memory = new Float64Array(detector.size + 2).fill(9);
  detector.initialise(memory, 1, 3);
  expect([memory[0], memory.at(-1)]).toEqual([9, 9]);
  expect(detector.size).toBe(detector.layout.fast + detector.fast.size + detector.ahead.weightsSize);
});

/** `n` values of one series, `cadence` apart, from row `from`. */
function series(n: number, valueAt: (i: number) => number, from = 0, cadence = SECOND): Sample[] {
  return Array.from({ length: n }, (_, i) => ({ id: 'a', time: (from + i) * cadence, value: valueAt(from + i) }));
}
const kindIn = ({ registry, model }: World) => {
  const { memory, at } = registry.find('a')!;
  return kindOf(memory, at + model.detector.layout.kind);
};

/** Threshold after each of these samples, of one of so many series: of T, and of a single sample. */
function bothThresholds(samples: Sample[], budgetPerDay: number, among = 1): [ofT: number, single: number][] {
  const world = newWorld(new Detector({ ...small().options, budgetPerDay }));
  const { detector } = world.model;
  detector.series = among;
  return samples.map((sample) => {
    play(world, [sample]);
    const { memory, at } = world.registry.find('a')!;
    const threshold = detector.threshold(memory, at);
    return [threshold, threshold / budgetGain(memory, at + detector.layout.budget)];
  });
}

function thresholds(samples: Sample[], budgetPerDay: number, among = 1): number[] {
  return bothThresholds(samples, budgetPerDay, among).map(([ofT]) => ofT);
}

describe('the threshold', () => {
  const DAY = 24 * 60 * MINUTE;
  const random = createRandom(8);
  const calm = Array.from({ length: 3000 }, () => gaussian(random));
  const calmSeries = (cadence = MINUTE) => series(3000, (i) => calm[i], 0, cadence);
  const last = (budget: number) => thresholds(calmSeries(), budget).at(-1)!;
  /** Every fourth hour something that was never seen before, each time a little more. */
  const restless = series(3000, (i) => calm[i] + (i % 240 === 239 ? i : 0), 0, MINUTE);

  test('is 4 until a series has spoken', () => {
    const detector = small();
    const memory = new Float64Array(detector.size);
    detector.initialise(memory, 0, 1);
    expect(detector.threshold(memory, 0)).toBe(4);
  });

  test('is the higher the smaller the budget, and never below 3', () => {
    expect(last(0.01)).toBeGreaterThan(last(0.1) + 0.3);
    expect(last(0.1)).toBeGreaterThan(last(1));
    expect(last(1e6)).toBe(3);
  });

  test('is that of an equal part of the budget', () => {
    expectSameBits('thresholds', thresholds(restless, 2, 10), thresholds(restless, 0.2));
    expect(thresholds(restless, 2, 10).at(-1)!).toBeGreaterThan(thresholds(restless, 2).at(-1)!);
  });

  test('is higher for a series that reports more often, until it has been watched', () => {
    const [[, often], [, rarely]] = [SECOND, MINUTE].map((cadence) => bothThresholds(calmSeries(cadence), 1)[100]);
    expect(often).toBeGreaterThan(rarely);
  });

  test('keeps a series that often comes to a high score within its budget', () => {
    expect(thresholds(restless, 1).at(-1)!).toBeGreaterThan(last(1) + 1);
    const { changes } = play(
      newWorld(small()),
      series(20_000, (i) => gaussian(random) + (i % 240 === 239 ? i : 0), 0, MINUTE),
    );
    const late = changes.filter(({ event, row }) => event === 'open' && row > 10_000);
    expect(late.length / ((10_000 * MINUTE) / DAY)).toBeLessThan(2); // of six a day
  });

  test('is found anew once in a 24th of the season, and not by the sample that it judges', () => {
    const all = thresholds(restless, 1);
    const season = small().options.season;
    for (let i = 1; i < all.length; i++) {
      const isNew = Math.floor((i * MINUTE) / (season / 24)) > Math.floor(((i - 1) * MINUTE) / (season / 24));
      if (!isNew && i > 202) expect(all[i], `row ${i}`).toBe(all[i - 1]);
    }
    expect(new Set(all).size).toBeGreaterThan(100);
    // Two series that are alike up to a sample have the same threshold for it.
    const wild = restless.slice(0, 1001).map((sample, i) => (i === 1000 ? { ...sample, value: 1e6 } : sample));
    expect(thresholds(wild, 1).at(-1)).toBe(all[1000]);
  });

  test('that no single sample can reach leaves no band', () => {
    const budgetPerDay = 0.1;
    const { lower, upper } = play(newWorld(new Detector({ ...small().options, budgetPerDay })), restless);
    const all = bothThresholds(restless, budgetPerDay);
    const beyond = all.flatMap(([, single], row) => (single > CLAIM_MAX ? [row] : []));
    expect(beyond.length).toBeGreaterThan(100);
    for (const row of beyond) expect([lower[row], upper[row]]).toEqual([-Infinity, Infinity]);
    const within = all.flatMap(([, single], row) => (single <= CLAIM_MAX && row > 100 ? [row] : []));
    expect(within.length).toBeGreaterThan(100);
    for (const row of within) expect(upper[row]).toBeLessThan(Infinity);
  });

  test('is told with the alert, and how often the series comes to its peak', () => {
    const world = newWorld(small());
    const { changes } = play(world, restless);
    const { memory, at } = world.registry.find('a')!;
    const rates = [3, 5, 8, 12].map((score) => world.model.detector.ratePerDay(memory, at, score));
    expect(rates.toSorted((a, b) => b - a)).toEqual(rates);
    expect(changes.length).toBeGreaterThan(4);
    for (const { event, peak, threshold, perDay } of changes) {
      if (event === 'open') expect(peak).toBeGreaterThanOrEqual(threshold);
      expect(perDay).toBeGreaterThan(0);
    }
    // The same height, the second time and the tenth.
    const opens = changes.filter(({ event }) => event === 'open');
    expect(opens.at(-1)!.perDay).toBeGreaterThan(opens[0].perDay);
  });
});

describe('surprise', () => {
  test('is honest: one sample in ten, in a hundred, in a thousand comes to 1, 2, 3', () => {
    const random = createRandom(10);
    const valueAt = (i: number) => Math.sin((2 * Math.PI * i) / 40) + 0.1 * gaussian(random);
    const { surprise } = play(newWorld(small()), series(20_000, valueAt, 0, MINUTE));
    for (const [k, share] of [0.1, 0.01, 0.001].entries()) {
      const seen = surprise.slice(500).filter((score) => score >= k + 1).length / (surprise.length - 500);
      expect(seen / share, `share at ${k + 1}`).toBeGreaterThan(0.6);
      expect(seen / share, `share at ${k + 1}`).toBeLessThan(1.6);
    }
  });
});

describe('the level', () => {
  const random = createRandom(6);
  const SPIKE = 2000;
  const valueAt = (i: number) => gaussian(random) + (i === SPIKE ? 20 : 0);
  const played = play(newWorld(small()), series(2400, valueAt, 0, MINUTE / 6));

  test('jumps with a single odd sample and falls at a steady pace until something odder comes', () => {
    const { level, score } = played;
    expect(level[SPIKE]).toBeLessThanOrEqual(score[SPIKE]);
    expect(level[SPIKE]).toBeGreaterThan(2);
    // An e-fold in season/60, a minute: six samples.
    const pace = Math.exp(-1 / 6);
    let row = SPIKE + 1;
    while (Math.abs(level[row] / level[row - 1] - pace) < 1e-12) row++;
    expect(row - SPIKE).toBeGreaterThan(4);
    expect(level[row]).toBeGreaterThan(pace * level[row - 1]);
  });

  test('falls by time, not by samples', () => {
    const half = (cadence: number) => {
      const few = series(300, (i) => i % 7, 0, cadence);
      const world = newWorld(small());
      play(world, few);
      const at = 300 * cadence;
      const { level } = play(world, [
        { id: 'a', time: at, value: 1e3 },
        { id: 'a', time: at + MINUTE, value: 300 % 7 },
      ]);
      return level[1] / level[0];
    };
    expect(half(MINUTE)).toBeLessThan(1);
    expect(half(MINUTE / 3)).toBeCloseTo(half(MINUTE), 12);
  });
});

describe('the reason of an alert', () => {
  test('is that it is unlike a season ago, where a series runs ahead of its day by small steps', () => {
    const random = createRandom(9);
    const SEASON = 60;
    const N = 15 * SEASON;
    const ahead = (i: number) => (i < N ? 0 : Math.min(0.35, (0.3 * (i - N)) / SEASON));
    const valueAt = (i: number) => Math.sin(2 * Math.PI * (i / SEASON + ahead(i))) + 0.1 * gaussian(random);
    const { changes, upper, value } = play(
      newWorld(new Detector({ ...small().options, budgetPerDay: 8 })),
      series(N + 2 * SEASON, valueAt, 0, MINUTE),
    );
    expect(changes).not.toEqual([]);
    const [open] = changes;
    expect(open).toMatchObject({ event: 'open', reason: REASON.unseasonal });
    expect(open.row).toBeGreaterThanOrEqual(N);
    expect(value[open.row]).toBeLessThan(upper[open.row]);
  });

  test('is the error of its prediction, where one sample is rare and nothing else is odd', () => {
    const random = createRandom(6);
    const ODD = 3510;
    const valueAt = (i: number) =>
      10 * Math.sin((2 * Math.PI * i) / 40) + 0.1 * gaussian(random) + (i === ODD ? 10 : 0);
    const played = play(newWorld(small()), series(3600, valueAt, 0, MINUTE));
    const open = played.changes.find(({ row }) => row === ODD);
    expect(open).toMatchObject({ event: 'open', reason: REASON.predictionError });
    expect(played.score[ODD]).toBeGreaterThan(BENCHMARK_THRESHOLD);
    expect(played.anomaly[ODD]).toBe(0);
  });
});

describe('a counter', () => {
  const random = createRandom(1);
  const steps = Array.from({ length: 1000 }, () => 10 + gaussian(random));
  const totals = steps.map(
    (
      (sum) => (step) =>
        (sum += step)
    )(0),
  );

  test('is judged by its rate and drawn as its total', () => {
    const world = newWorld(small());
    const played = play(
      world,
      series(600, (i) => totals[i]),
    );
    expect(kindIn(world)).toBe(KIND.counter);
    for (let row = 400; row < 600; row++) {
      expect(Math.abs(played.expected[row] - totals[row])).toBeLessThan(8);
      expect(played.upper[row]).toBeGreaterThan(played.lower[row]);
    }
    expect(Math.max(...played.score.slice(100))).toBeLessThan(4);
  });

  test('that is reset is no fault', () => {
    const world = newWorld(small());
    play(
      world,
      series(600, (i) => totals[i]),
    );
    const played = play(
      world,
      series(50, (i) => totals[i] - totals[599], 600),
    );
    expect(played.score[0]).toBe(0);
    expect(played.expected[0]).toBeNaN();
    expect(Math.max(...played.score)).toBeLessThan(4);
    expect(kindIn(world)).toBe(KIND.counter);
  });

  test('after a missing value has the rate of the whole gap', () => {
    const world = newWorld(small());
    play(
      world,
      series(600, (i) => totals[i]),
    );
    const holes = new Set([601, 605, 606, 607]);
    const played = play(
      world,
      series(20, (i) => (holes.has(i) ? Number.NaN : totals[i]), 600),
    );
    for (const row of [2, 8]) {
      expect(played.score[row], `row ${row} after a hole`).toBeLessThan(3);
      expect(Math.abs(played.expected[row] - totals[600 + row]), 'expected').toBeLessThan(20);
    }
  });

  test('that runs ten times faster is', () => {
    const world = newWorld(small());
    play(
      world,
      series(900, (i) => totals[i]),
    );
    const { changes } = play(
      world,
      series(5, (i) => totals[899] + 100 * (i - 899), 900),
    );
    expect(changes[0]).toMatchObject({ event: 'open', row: 0 });
  });
});

test('a series whose type changes is learned afresh, and what is told of it is that', () => {
  const world = newWorld(small());
  const random = createRandom(2);
  play(
    world,
    series(200, () => 500 + gaussian(random)),
  );
  const played = play(
    world,
    series(100, (i) => i % 2, 200).map((sample) => ({ ...sample, flags: ROW.onOff })),
  );
  expect(kindIn(world)).toBe(KIND.onOff);
  expect(played.changes).toMatchObject([
    { event: 'open', row: 0, reason: REASON.typeChange },
    { event: 'signed', reason: REASON.typeChange },
    { event: 'close', reason: REASON.typeChange },
  ]);
  expect(played.expected[0]).toBeNaN();
  expect(played.expected[99]).toBeLessThan(5);
});

test('a sensor that is stuck is told as stuck', () => {
  const world = newWorld(small());
  const random = createRandom(3);
  const noise = () => Math.round(1e6 * gaussian(random)) / 1e6;
  play(world, series(400, noise));
  const { changes, score } = play(
    world,
    series(10, () => 0.1, 400),
  );
  expect(changes[0]).toMatchObject({ event: 'open', reason: REASON.stuck });
  // One in 10¹², where one in 10⁵ is worth an alert.
  expect(score.at(-1)).toBeGreaterThan(2 * changes[0].threshold);
});

test('a new level that stays is told once, and is the usual in the end', () => {
  const world = newWorld(small());
  const random = createRandom(4);
  const day = (level: number, from: number, n: number) =>
    play(
      world,
      series(n, () => level + gaussian(random), from, MINUTE),
    );
  day(20, 0, 1000);
  const shifted = day(40, 1000, 3000);
  expect(shifted.changes[0]).toMatchObject({ event: 'open', row: 0 });
  expect(shifted.changes.filter(({ event, row }) => event === 'open' && row > 0 && row < 200)).toEqual([]);
  expect(shifted.changes.find(({ event }) => event === 'close')).toBeDefined();
  expect(Math.abs(shifted.expected.at(-1)! - 40)).toBeLessThan(2);
});

test('nothing alarms within the first 200 samples, and the same jump alarms after them', () => {
  const { alarm, score } = play(
    newWorld(small()),
    series(221, (i) => (i > 40 && i % 20 === 0 ? 10 ** (i / 10) : i % 3)),
  );
  expect(Math.max(...score.slice(0, 200))).toBeGreaterThan(5);
  expect(alarm.indexOf(1)).toBe(200);
});

test('the benchmark column holds the channels that last, where an event opens at its own threshold, and 0 elsewhere', () => {
  const random = createRandom(6);
  const played = play(
    newWorld(small()),
    series(2000, (i) => gaussian(random) + (i === 1500 ? 20 : 0), 0, MINUTE),
  );
  // A new extreme.
  expect(played.anomaly[1500]).toBeGreaterThan(5);
  for (const [row, anomaly] of played.anomaly.entries()) {
    expect(anomaly === 0 || anomaly >= BENCHMARK_THRESHOLD).toBe(true);
    expect(anomaly).toBeLessThanOrEqual(played.score[row]);
  }
  expect(played.anomaly.filter((anomaly) => anomaly > 0).length).toBeLessThan(30);
});

test('the season is that of the local time: a whole season of offset changes nothing, a part of it what is usual when', () => {
  const detector = small();
  const { season } = detector.options;
  const after = (offset: number) => {
    const block = new Float64Array(detector.size);
    detector.initialise(block, 0, 1);
    const told: number[] = [];
    for (let i = 0; i < 400; i++) {
      const batch = createBatch(1);
      pushRow(batch, 0, i * MINUTE, i * MINUTE, Math.sin((2 * Math.PI * i) / 60), 0);
      detector.order(block, 0, batch, 0);
      detector.step(block, 0, batch, 0, offset);
      told.push(batch.expected[0], batch.surprise[0], batch.level[0], batch.score[0]);
    }
    const usual = [0.1, 0.35, 0.6, 0.85].map((phase) => detector.ahead.usualAt(block, detector.layout.ahead, phase));
    return { told, usual };
  };
  const [none, quarter, whole] = [0, season / 4, season].map(after);
  expectSameBits('told', whole.told, none.told);
  expectSameBits('usual', whole.usual, none.usual);
  expect(firstDifference(quarter.told, none.told)).toBeGreaterThan(-1);
  for (let i = 0; i < 4; i++) expect(quarter.usual[(i + 1) % 4]).toBeCloseTo(none.usual[i], 6);
});
