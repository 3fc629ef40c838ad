import { describe, expect, test } from 'vitest';
import { createRandom, gaussian } from '../../models/random.ts';
import { SUDDEN_SIZE, suddenStep } from '../../models/sudden.ts';

const random = createRandom(5);
const noise = Array.from({ length: 2000 }, () => gaussian(random));

/** What it makes of errors after 2000 others, whose mean square is 1. */
function after(past: readonly number[], errors: readonly number[]): number[] {
  const memory = new Float64Array(SUDDEN_SIZE);
  let n = 0;
  const step = (error: number) => suddenStep(memory, 0, error, 1, n++);
  for (const error of past) step(error);
  step(0);
  step(0);
  return errors.map(step);
}

describe('errors', () => {
  test('on the same side add up', () => {
    const [first, second, third] = after(noise, [4, 4, 4]);
    expect(first).toBe(4);
    expect(second).toBeGreaterThan(4 * Math.SQRT2 * 0.9);
    expect(third).toBeGreaterThan(4 * Math.sqrt(3) * 0.9);
  });

  test('that stand alone are what they are, and more than three are no more than three', () => {
    expect(after(noise, [9, 0, 0, 0])[0]).toBe(9);
    expect(after(noise, [0, 0, 9])[2]).toBe(9);
    const long = after(noise, [4, 4, 4, 4, 4, 4]);
    expect(long[5]).toBeCloseTo(long[2], 0);
  });

  test('on different sides do not', () => {
    expect(after(noise, [4, -4, 4])).toEqual([4, 4, 4]);
  });

  test('that usually agree count by how much they do', () => {
    const slow = noise.map((_, i) => (noise[i] + (noise[i - 1] ?? 0) + (noise[i - 2] ?? 0)) / Math.sqrt(3));
    expect(after(slow, [4, 4, 4])[2]).toBeLessThan(5.5);
    expect(after(noise, [4, 4, 4])[2]).toBeGreaterThan(6);
  });

  test('that take turns are not blown up when they agree', () => {
    const turns = noise.map((value, i) => (i % 2 === 0 ? 1 : -1) * Math.abs(value));
    expect(after(turns, [4, 4])[1]).toBeLessThanOrEqual(4 * Math.SQRT2);
  });
});

test('one wild error is no new scale for the sums', () => {
  expect(after([...noise, 1e6], [4, 4])[1]).toBeGreaterThan(4.5);
});
