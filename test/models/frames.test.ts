import { describe, expect, test } from 'vitest';
import { framesEnter, framesForget, framesMean, framesRead, framesScale, framesSize } from '../../models/frames.ts';
import { createRandom, gaussian } from '../../models/random.ts';
import { expectClose, expectSameBits } from './difference.ts';

const AT = 3;
const MEMORY = 5000;

/** Frames that rows of `channels` values have entered, at an odd place. */
function framesOf(rows: number[][], channels = rows[0].length, samplesMax = MEMORY): Float64Array {
  const memory = new Float64Array(AT + framesSize(channels) + 2);
  for (const row of rows) framesEnter(memory, AT, Float64Array.from(row), 0, channels, samplesMax);
  return memory;
}
function zOf(memory: Float64Array, row: number[], limit = 8): number[] {
  const z = new Float64Array(row.length);
  framesRead(memory, AT, Float64Array.from(row), 0, row.length, limit, z);
  return Array.from(z);
}
const random = createRandom(1);
const rows = Array.from({ length: 400 }, () => [5 + 2 * gaussian(random), -100 + 30 * gaussian(random)]);

test('mean and deviation are those of all rows while there are fewer than the memory', () => {
  const memory = framesOf(rows);
  for (const j of [0, 1]) {
    const values = rows.map((row) => row[j]);
    const mean = values.reduce((sum, x) => sum + x, 0) / values.length;
    const square = values.reduce((sum, x) => sum + (x - mean) * (x - mean), 0) / values.length;
    expectClose('mean', [framesMean(memory, AT, j)], [mean], 1e-9);
    expectClose('deviation', [framesScale(memory, AT, j)], [Math.sqrt(square)], 1e-9);
  }
  expectSameBits('around', [...memory.subarray(0, AT), ...memory.subarray(-2)], [0, 0, 0, 0, 0]);
});

test('z is the distance from the mean in deviations, within its limit', () => {
  const memory = framesOf(rows);
  const [mean, scale] = [framesMean(memory, AT, 0), framesScale(memory, AT, 0)];
  expectClose('z', zOf(memory, [mean + 3 * scale, -1e6]), [3, -8], 1e-12);
  expectClose('z', zOf(memory, [mean - 50 * scale, -100], 32).slice(0, 1), [-32], 1e-12);
});

test('a channel that was never seen has z 0, whatever it says', () => {
  expect(zOf(framesOf([[1, Number.NaN]]), [1, 1e9])).toEqual([0, 0]);
});

test('what is missing has no z and teaches nothing, and the others go on', () => {
  const memory = framesOf(rows);
  const before = memory.slice();
  framesEnter(memory, AT, Float64Array.of(Number.NaN, 7), 0, 2, MEMORY);
  const ofOne = framesSize(1);
  expectSameBits('missing', memory.subarray(0, AT + ofOne), before.subarray(0, AT + ofOne));
  expect(framesMean(memory, AT, 1)).toBeGreaterThan(framesMean(before, AT, 1));
  expect(zOf(memory, [Number.NaN, -100])[0]).toBeNaN();
  expect(zOf(memory, [Number.NaN, -100])[1]).not.toBeNaN();
});

test('a channel that hardly ever moves counts in no less than 1 % of the range it was seen in', () => {
  const still = Array.from({ length: 100_000 }, (_, i) => [i === 10 ? 50 : 0]);
  expect(framesScale(framesOf(still), AT, 0)).toBe(0.5);
});

test('a channel that never moved divides by no zero', () => {
  const memory = framesOf([[20], [20], [20]]);
  expect(zOf(memory, [20])).toEqual([0]);
  expect(zOf(memory, [21])).toEqual([8]);
});

describe('the past', () => {
  const before = Array.from({ length: 600 }, () => [gaussian(random)]);
  const after = Array.from({ length: 600 }, () => [10 + gaussian(random)]);

  test('fades when there are more rows than the memory', () => {
    expect(framesMean(framesOf([...before, ...after], 1, 100), AT, 0)).toBeGreaterThan(9);
    expect(framesMean(framesOf([...before, ...after], 1, MEMORY), AT, 0)).toBeLessThan(6);
  });

  test('that counts for fewer rows gives way sooner', () => {
    const memory = framesOf(before);
    const kept = memory.slice();
    framesForget(memory, AT, 1, 100);
    expect(framesMean(memory, AT, 0)).toBe(framesMean(kept, AT, 0));
    for (const row of after.slice(0, 300)) {
      for (const frames of [memory, kept]) framesEnter(frames, AT, Float64Array.from(row), 0, 1, MEMORY);
    }
    expect(framesMean(memory, AT, 0)).toBeGreaterThan(7);
    expect(framesMean(kept, AT, 0)).toBeLessThan(4);
  });

  test('of few rows stays as it is', () => {
    const memory = framesOf(before.slice(0, 50));
    const kept = memory.slice();
    framesForget(memory, AT, 1, 100);
    expectSameBits('frames', memory, kept);
  });
});

test('a row is read from where it begins in a longer list', () => {
  const list = Float64Array.of(9, 9, 5, -100);
  const [one, other] = [framesOf(rows), framesOf(rows)];
  framesEnter(one, AT, list, 2, 2, MEMORY);
  framesEnter(other, AT, list.slice(2), 0, 2, MEMORY);
  expectSameBits('frames', one, other);
  const z = new Float64Array(2);
  framesRead(one, AT, list, 2, 2, 8, z);
  expectSameBits('z', z, zOf(one, [5, -100]));
});

test('one wild reading widens a frame by little, and none makes it infinite', () => {
  const calm = framesScale(framesOf(rows), AT, 0);
  const wild = framesScale(framesOf([...rows, [65_535, 0]]), AT, 0);
  expect(wild / calm).toBeLessThan(6);
  const memory = framesOf([[1e308, 1], ...rows, [-1e308, 1]]);
  for (const j of [0, 1]) expect(Number.isFinite(framesScale(memory, AT, j))).toBe(true);
});
