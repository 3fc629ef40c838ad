import { describe, expect, test } from 'vitest';
import { isConstant, RANGE_SIZE, rangeStep } from '../../models/range.ts';

/** Memory that has seen the values. */
function seen(...values: number[]): Float64Array {
  const memory = new Float64Array(RANGE_SIZE);
  for (const value of values) rangeStep(memory, 0, value);
  return memory;
}
const twenty = (...values: number[]) => seen(...Array.from({ length: 20 }, (_, i) => values[i % values.length]));

describe('score', () => {
  test('is 0 for the first 20 values, however far they reach', () => {
    const memory = new Float64Array(RANGE_SIZE);
    const scores = Array.from({ length: 21 }, (_, i) => rangeStep(memory, 0, 10 ** i));
    expect(scores.slice(0, 20)).toEqual(Array.from({ length: 20 }, () => 0));
    expect(scores[20]).toBeGreaterThan(3);
  });

  test.each([
    ['inside', 5, 0],
    ['at the extreme', 10, 0],
    ['beyond it by 5 % of the span', 10.5, 0],
    ['below it by 5 % of the span', -0.5, 0],
    // ρ = 0.05: 3 + log10 2; ρ = 0.95: 3 + log10 20
    ['above by 10 %', 11, 3.30103],
    ['below by 10 %', -1, 3.30103],
    ['above by a whole span', 20, 4.30103],
  ])('of a value %s', (_, value, score) => {
    expect(rangeStep(twenty(0, 10, 9.9), 0, value)).toBeCloseTo(score, 5);
  });

  test('is 12 at most', () => {
    expect(rangeStep(twenty(3), 0, 4)).toBe(12);
    expect(rangeStep(twenty(0, 10), 0, 1e300)).toBe(12);
  });

  test('of the same excess is 0 the second time: it has been seen', () => {
    const memory = twenty(0, 10, 9.9);
    expect(rangeStep(memory, 0, 15)).toBeGreaterThan(3);
    expect(rangeStep(memory, 0, 15)).toBe(0);
    expect(rangeStep(memory, 0, -4)).toBeGreaterThan(3);
    expect(rangeStep(memory, 0, -4)).toBe(0);
  });
});

describe('a sensor of coarse steps', () => {
  const VOLTS = [3.62, 3.61, 3.6, 3.61, 3.62, 3.63];

  test('that goes one step further has said nothing new, whatever the fractions add up to', () => {
    expect(rangeStep(twenty(...VOLTS), 0, 3.64)).toBe(0);
    expect(rangeStep(twenty(...VOLTS), 0, 3.59)).toBe(0);
  });

  test('that goes two steps further has', () => {
    expect(rangeStep(twenty(...VOLTS), 0, 3.65)).toBeGreaterThan(3.5);
    expect(rangeStep(twenty(...VOLTS), 0, 3.58)).toBeGreaterThan(3.5);
  });

  test('that only ever jumped has shown no resolution', () => {
    expect(rangeStep(twenty(0, 1), 0, 2)).toBeGreaterThan(4);
  });
});

test('a series is constant only while there is one value and it was seen', () => {
  expect(isConstant(seen(), 0, 0)).toBe(false);
  expect(isConstant(seen(3, 3), 0, 3)).toBe(true);
  expect(isConstant(seen(3, 3), 0, 4)).toBe(false);
  expect(isConstant(seen(3, 4), 0, 3)).toBe(false);
  expect(isConstant(seen(3, 4), 0, 4)).toBe(false);
});
