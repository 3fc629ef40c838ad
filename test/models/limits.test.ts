import { describe, expect, test } from 'vitest';
import { excessOf, limitStep, LIMITS_SIZE, NO_LIMITS, rateExcessOf } from '../../models/limits.ts';

const tank = { min: 0, max: 100, rate: 5 };

describe('the excess of a value', () => {
  test.each([0, 50, 100])('is 0 within the limits and on them: %f', (value) => {
    expect(excessOf(value, tank)).toBe(0);
  });

  test.each([
    [101, 1 / 101],
    [-25, 0.2],
    [200, 0.5],
    [1e100, 1],
  ])('grows with the distance, against the span, up to 1: %f', (value, excess) => {
    expect(excessOf(value, tank)).toBeCloseTo(excess, 12);
  });

  test('is counted against the limit itself where there is no span', () => {
    expect(excessOf(30, { ...NO_LIMITS, max: 20 })).toBeCloseTo(1 / 3, 12);
    expect(excessOf(-30, { ...NO_LIMITS, min: -20 })).toBeCloseTo(1 / 3, 12);
    expect(excessOf(-1e-9, { ...NO_LIMITS, min: 0 })).toBe(1);
  });

  test('is 0 for whatever has no limits', () => {
    for (const value of [0, 1e100, -1e100]) expect(excessOf(value, NO_LIMITS)).toBe(0);
  });
});

describe('the excess of a change', () => {
  test('is by how much it was faster than the limit, in either direction', () => {
    expect(rateExcessOf(10, 1000, tank)).toBe(0.5);
    expect(rateExcessOf(-10, 1000, tank)).toBe(0.5);
    expect(rateExcessOf(5, 1000, tank)).toBe(0);
    expect(rateExcessOf(10, 4000, tank)).toBe(0);
    expect(rateExcessOf(1e100, 1, tank)).toBeCloseTo(1, 12);
  });

  test('is 0 for two values of one time, which have no rate', () => {
    expect(rateExcessOf(1000, 0, tank)).toBe(0);
  });

  test('is 0 where there is no limit', () => {
    expect(rateExcessOf(1e100, 1, NO_LIMITS)).toBe(0);
  });
});

test('a value that stays beyond its limits begins to be there once', () => {
  const memory = new Float64Array(LIMITS_SIZE);
  const begins = [false, true, true, false, true].map((isBeyond) => limitStep(memory, 0, isBeyond));
  expect(begins).toEqual([false, true, false, false, true]);
});
