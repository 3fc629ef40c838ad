import { expect, test } from 'vitest';
import { FRAME_SIZE, frameStep, meanOf, scaleOf } from '../../models/frame.ts';
import { createRandom, gaussian } from '../../models/random.ts';

test('is the mean and standard deviation of what was seen, while that is less than its memory', () => {
  const memory = new Float64Array(FRAME_SIZE + 1);
  const random = createRandom(1);
  const values = Array.from({ length: 300 }, () => 40 + 3 * gaussian(random));
  for (const value of values) frameStep(memory, 1, value, 1000);
  const mean = values.reduce((sum, x) => sum + x, 0) / 300;
  const variance = values.reduce((sum, x) => sum + (x - mean) ** 2, 0) / 300;
  expect(meanOf(memory, 1)).toBeCloseTo(mean, 9);
  expect(scaleOf(memory, 1)).toBeCloseTo(Math.sqrt(variance) + 1e-9 + 1e-6 * mean, 9);
  expect(memory[0]).toBe(0);
});

test('follows a new level in about its memory', () => {
  const memory = new Float64Array(FRAME_SIZE);
  for (let i = 0; i < 1000; i++) frameStep(memory, 0, 5, 100);
  for (let i = 0; i < 100; i++) frameStep(memory, 0, 15, 100);
  expect(meanOf(memory, 0)).toBeCloseTo(5 + 10 * (1 - Math.exp(-1)), 1);
  for (let i = 0; i < 2000; i++) frameStep(memory, 0, 15, 100);
  expect(meanOf(memory, 0)).toBeCloseTo(15, 6);
});

test.each([0, 7, -1e12, 1e-300])('has a scale above 0 for a constant %d', (x) => {
  const memory = new Float64Array(FRAME_SIZE);
  for (let i = 0; i < 50; i++) frameStep(memory, 0, x, 1000);
  expect(meanOf(memory, 0)).toBe(x);
  expect(scaleOf(memory, 0)).toBe(1e-9 + 1e-6 * Math.abs(x));
});
