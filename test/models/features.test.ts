import { describe, expect, test } from 'vitest';
import { featuresSize, featuresStep, inputCount } from '../../models/features.ts';

/** Inputs after each z; phase 0.125, usual 2, logGap 0.5. */
function inputs(lags: number, zs: number[]): number[][] {
  const size = featuresSize(lags);
  const memory = new Float64Array(size + inputCount(lags) + 1).fill(9);
  memory.fill(0, 0, size);
  const rows = zs.map((z) => {
    featuresStep(memory, 0, lags, z, 0.125, 2, 0.5, size);
    return [...memory.subarray(size, size + inputCount(lags))];
  });
  expect(memory.at(-1)).toBe(9);
  return rows;
}

describe('the inputs', () => {
  test('are, in order: z, change, against e8 and e64, e64, phase, usual, against usual, gap, the past', () => {
    const [, second] = inputs(3, [1, 2]);
    const e8 = 1 + 1 / 8;
    const e64 = 1 + 1 / 64;
    const half = Math.SQRT1_2;
    const wanted = [2, 1, 2 - e8, 2 - e64, e64, half, half, 1, 0, 2, 0, 0.5, 1, 1, 1];
    expect(second).toHaveLength(wanted.length);
    for (const [i, number] of wanted.entries()) expect(second[i]).toBeCloseTo(number, 12);
  });

  test('say "no change" at the first sample', () => {
    const [first] = inputs(2, [1.5]);
    expect(first.slice(0, 5)).toEqual([1.5, 0, 0, 0, 1.5]);
    expect(first.slice(12)).toEqual([1.5, 1.5]);
  });

  test('hold the samples before, newest first', () => {
    const rows = inputs(4, [1, 2, 3, 4, 5, 6]);
    expect(rows[5].slice(12)).toEqual([5, 4, 3, 2]);
  });

  test.each([0, 1])('work with %i lags: the change is still known', (lags) => {
    const rows = inputs(lags, [1, 2, 4]);
    expect(rows[2]).toHaveLength(12 + lags);
    expect(rows[2][1]).toBe(2);
    expect(rows[2].slice(12)).toEqual(lags === 0 ? [] : [2]);
  });

  test('stay within ±6', () => {
    for (const row of inputs(2, [40, -50, 30, -20])) {
      expect(Math.max(...row.map(Math.abs))).toBeLessThanOrEqual(6);
    }
  });
});
