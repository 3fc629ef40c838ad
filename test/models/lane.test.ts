import { describe, expect, test } from 'vitest';
import { createTail } from '../../models/calibration.ts';
import { LANE_SIZE, laneStep } from '../../models/lane.ts';
import { createRandom, gaussian } from '../../models/random.ts';
import { expectSameBits, firstDifference } from './difference.ts';

const BUCKET = 60_000;
const WINDOW = 24 * BUCKET;

/** Scores of errors at times that lie `cadence` apart. */
function scores(
  errors: number[],
  cadence: number,
  { memory = new Float64Array(LANE_SIZE), from = 0, window = WINDOW } = {},
): number[] {
  const tail = createTail();
  return errors.map((error, i) => laneStep(memory, 0, error, from + i * cadence, BUCKET, cadence, window, tail));
}
function noise(n: number, seed = 1): number[] {
  const random = createRandom(seed);
  return Array.from({ length: n }, () => Math.abs(gaussian(random)));
}
/** Errors whose mean over `perBucket` of them is the noise of that number. */
const buckets = (n: number, perBucket: number) =>
  noise(n).flatMap((mean) => Array.from({ length: perBucket }, (_, i) => (i % 2 === 0 ? mean + 0.125 : mean - 0.125)));
const changes = (numbers: number[]) => numbers.flatMap((x, i) => (i > 0 && x !== numbers[i - 1] ? [i] : []));

describe('at 10 Hz', () => {
  test('the score stands for a whole bucket and changes only where one is full', () => {
    const perBucket = BUCKET / 100;
    const result = scores(buckets(80, perBucket), 100);
    const at = changes(result);
    expect(at.length).toBeGreaterThan(30);
    expect(at.every((row) => row % perBucket === 0)).toBe(true);
  });

  test('a bucket counts with its mean, so that the lane is the same as one fed with the means', () => {
    const perBucket = 600;
    const means = noise(80);
    const fast = scores(buckets(80, perBucket), 100);
    const slow = scores(means, BUCKET);
    for (let bucket = 1; bucket < means.length; bucket++) {
      expect(fast[bucket * perBucket]).toBeCloseTo(slow[bucket - 1], 9);
    }
  });

  test('empty buckets in between are skipped', () => {
    const memory = new Float64Array(LANE_SIZE);
    scores(buckets(60, 600), 100, { memory });
    const twin = memory.slice();
    const [later] = scores([0.5], 100, { memory, from: 1000 * BUCKET });
    const [next] = scores([0.5], 100, { memory: twin, from: 60 * BUCKET });
    expect(later).toBe(next);
    expectSameBits('all but the number of the bucket', memory.subarray(1), twin.subarray(1));
  });
});

describe('where samples come no faster than buckets', () => {
  test.each([BUCKET / 1.5, BUCKET, 60 * BUCKET])('each is scored at once: cadence %d ms', (cadence) => {
    const result = scores(noise(200), cadence);
    expect(result.slice(0, 20)).toEqual(Array.from({ length: 20 }, () => 0));
    expect(changes(result).length).toBeGreaterThan(150);
  });

  test('the score rises while errors stay high and falls once they are over', () => {
    const memory = new Float64Array(LANE_SIZE);
    const before = scores(noise(500), BUCKET, { memory });
    const during = scores(
      noise(12, 2).map((a) => a + 3),
      BUCKET,
      { memory, from: 500 * BUCKET },
    );
    const after = scores(noise(120, 3), BUCKET, { memory, from: 512 * BUCKET });
    expect(Math.max(...before.slice(100))).toBeLessThan(4);
    expect(during.at(-1)!).toBeGreaterThan(during[0]);
    expect(during.at(-1)!).toBeGreaterThan(2);
    expect(after.at(-1)!).toBeLessThan(1.5);
  });

  test('one high error alone does not lift it as far as a lasting one', () => {
    const memory = new Float64Array(LANE_SIZE);
    scores(noise(500), BUCKET, { memory });
    const [one] = scores([4], BUCKET, { memory: memory.slice(), from: 500 * BUCKET });
    const lasting = scores(
      Array.from({ length: 12 }, () => 4),
      BUCKET,
      { memory, from: 500 * BUCKET },
    ).at(-1)!;
    expect(lasting).toBeGreaterThan(one + 0.5);
  });
});

test.each([
  ['as many samples as fit into it', 8, 3],
  ['one sample where it is shorter than that', 60, 1],
])('the window is a time: it holds %s', (_, apart, samples) => {
  const errors = noise(400);
  const slow = scores(errors, apart * BUCKET);
  expectSameBits('scores', slow, scores(errors, BUCKET, { window: samples * BUCKET }));
  expect(firstDifference(slow, scores(errors, BUCKET, { window: (samples + 1) * BUCKET }))).toBeGreaterThan(-1);
});

test('two stretches one after the other give what one gives, to the last bit', () => {
  const errors = noise(3000);
  const whole = new Float64Array(LANE_SIZE);
  const pieces = new Float64Array(LANE_SIZE);
  const once = scores(errors, 7000, { memory: whole });
  const twice = [
    ...scores(errors.slice(0, 1234), 7000, { memory: pieces }),
    ...scores(errors.slice(1234), 7000, { memory: pieces, from: 1234 * 7000 }),
  ];
  expectSameBits('scores', twice, once);
  expectSameBits('memory', pieces, whole);
});
