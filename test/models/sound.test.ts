import { expect, test } from 'vitest';
import { isSound } from '../../models/sound.ts';

test('memory is sound until one number in it is not finite', () => {
  const memory = Float64Array.of(Number.NaN, 1, -0, 5e-324, Number.MAX_VALUE, Infinity);
  expect(isSound(memory, 1, 4)).toBe(true);
  expect(isSound(memory, 1, 0)).toBe(true);
  expect(isSound(memory, 0, 4)).toBe(false);
  expect(isSound(memory, 1, 5)).toBe(false);
  memory[5] = -Infinity;
  expect(isSound(memory, 1, 5)).toBe(false);
});
