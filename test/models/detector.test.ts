import { describe, expect, test } from 'vitest';
import { REASON } from '../../models/alert.ts';
import { createBatch, pushRow, ROW } from '../../models/batch.ts';
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
    const { surprise, level } = play(newWorld(detector), samples);
    expect(surprise[2200]).toBeGreaterThan(4);
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
  expect(detector.size).toBe(detector.layout.fast + detector.fast.size);
});

describe('the threshold', () => {
  const detector = new Detector({ ...DEFAULTS, budgetPerDay: 2 });
  test.each([
    ['a tenth of a second', 100, Math.log10(864_000 / 2)],
    ['a second', 1000, Math.log10(86_400 / 2)],
    ['five minutes: never below 4', 300_000, 4],
    ['nothing known: as for a second', 0, Math.log10(86_400 / 2)],
  ])('follows cadence and budget: %s', (_, cadence, threshold) => {
    expect(detector.threshold(cadence)).toBeCloseTo(threshold, 12);
  });
});

/** `n` values of one series, `cadence` apart, from row `from`. */
function series(n: number, valueAt: (i: number) => number, from = 0, cadence = SECOND): Sample[] {
  return Array.from({ length: n }, (_, i) => ({ id: 'a', time: (from + i) * cadence, value: valueAt(from + i) }));
}
const kindIn = ({ registry, model }: World) => {
  const { memory, at } = registry.find('a')!;
  return kindOf(memory, at + model.detector.layout.kind);
};

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

test('a series whose kind changes is learned afresh, and its change is no alarm', () => {
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
  expect(played.changes).toEqual([]);
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
  expect(score.at(-1)).toBe(12);
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

test('the benchmark column holds T where an event opens at its own threshold, and 0 elsewhere', () => {
  const random = createRandom(6);
  const played = play(
    newWorld(small()),
    series(2000, (i) => gaussian(random) + (i === 1500 ? 20 : 0), 0, MINUTE),
  );
  expect(played.anomaly[1500]).toBe(played.score[1500]);
  for (const anomaly of played.anomaly) expect(anomaly === 0 || anomaly >= BENCHMARK_THRESHOLD).toBe(true);
  expect(played.anomaly.filter((anomaly) => anomaly > 0).length).toBeLessThan(30);
});

test('the season is that of the local time: half a season of offset moves the profile, a whole one changes nothing', () => {
  const detector = small();
  const { season } = detector.options;
  const after = (offset: number) => {
    const block = new Float64Array(detector.size);
    detector.initialise(block, 0, 1);
    for (let i = 0; i < 200; i++) {
      const batch = createBatch(1);
      pushRow(batch, 0, i * MINUTE, i * MINUTE, Math.sin(i / 9), 0);
      detector.order(block, 0, batch, 0);
      detector.step(block, 0, batch, 0, offset);
    }
    return block;
  };
  expectSameBits('block', after(season), after(0));
  const { profile, features } = detector.layout;
  const bins = (offset: number) => after(offset).subarray(profile, features);
  expect(firstDifference(bins(season / 2), bins(0))).toBeGreaterThan(-1);
});
