import { expect, test } from 'vitest';
import { BUCKETS_SIZE, bucketTime, gather, isGathered, strideOf } from '../../models/buckets.ts';

test.each([
  [1000, 300_000, true, 300_000],
  [200_000, 300_000, false, 200_000],
  [300_000, 300_000, false, 300_000],
  [3_600_000, 300_000, false, 3_600_000],
])('samples of cadence %i in buckets of %i: gathered %s, %i apart', (cadence, width, gathered, stride) => {
  expect(isGathered(cadence, width)).toBe(gathered);
  expect(strideOf(cadence, width)).toBe(stride);
});

test('a full bucket is told with the first value of the next, once', () => {
  const memory = new Float64Array(BUCKETS_SIZE + 2).fill(0);
  memory[0] = memory[BUCKETS_SIZE + 1] = 7;
  const add = (value: number, time: number) => gather(memory, 1, value, time, 10);
  expect([add(1, 0), add(3, 4), add(5, 9)]).toEqual([Number.NaN, Number.NaN, Number.NaN]);
  expect(bucketTime(memory, 1, 10)).toBe(5);
  expect(add(10, 10)).toBe(3);
  expect(add(20, 19)).toBeNaN();
  expect(add(1, 57)).toBe(15); // the buckets in between were empty
  expect(bucketTime(memory, 1, 10)).toBe(55);
  expect([memory[0], memory[BUCKETS_SIZE + 1]]).toEqual([7, 7]);
});
