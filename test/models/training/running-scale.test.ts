import { expect, test } from 'vitest';
import { createRandom, gaussian } from '../../../models/random.ts';
import { RUNNING_SCALE_SIZE, runningScaleOf, runningScaleStep } from '../../../models/training/running-scale.ts';

/** Takes in the errors; neighbours of the block must stay as they are. */
function scaleAfter(errors: Iterable<number>, memory = new Float64Array(RUNNING_SCALE_SIZE + 2)): number {
  memory[0] = 7;
  memory[RUNNING_SCALE_SIZE + 1] = 7;
  for (const e of errors) runningScaleStep(memory, 1, e, 500);
  expect([memory[0], memory[RUNNING_SCALE_SIZE + 1]]).toEqual([7, 7]);
  return runningScaleOf(memory, 1);
}

const noise = (count: number, sigma: number) => {
  const random = createRandom(5);
  return Array.from({ length: count }, () => sigma * gaussian(random));
};

test('is the root mean square of the first errors', () => {
  expect(scaleAfter([3, -4])).toBeCloseTo(Math.sqrt(12.5), 14);
  expect(scaleAfter([-2])).toBe(2);
});

test.each([1e-3, 1, 50])('finds a standard deviation of %d to a tenth', (sigma) => {
  const scale = scaleAfter(noise(3000, sigma));
  expect(scale / sigma).toBeGreaterThan(0.9);
  expect(scale / sigma).toBeLessThan(1.1);
});

test('hardly sees a fault, however large, and passes over what is no number', () => {
  const calm = noise(1000, 1);
  const before = scaleAfter(calm);
  expect(scaleAfter([...calm, 1e100]) / before).toBeLessThan(1.01);
  expect(scaleAfter([...calm, Number.NaN, Infinity, -1e300])).toBe(before);
});

test('follows errors that have grown tenfold for good', () => {
  expect(scaleAfter([...noise(1000, 1), ...noise(3000, 10)])).toBeGreaterThan(8);
});

const ZEROS = Array.from({ length: 1000 }, () => 0);

test('starts again after a series that was foreseen exactly', () => {
  expect(scaleAfter(ZEROS)).toBe(1e-6);
  expect(scaleAfter([...ZEROS, ...noise(6000, 1)])).toBeGreaterThan(0.9);
});
