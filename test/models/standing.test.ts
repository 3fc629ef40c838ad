import { expect, test } from 'vitest';
import { STANDING_SIZE, standFrom, stands } from '../../models/standing.ts';

const open = (start: number) => {
  const memory = new Float64Array(STANDING_SIZE);
  for (const lane of [0, 1]) standFrom(memory, 0, lane, start);
  return memory;
};

test('a fault stands while a lane is beyond what was unusual when it opened, of either sign', () => {
  const memory = open(1);
  expect([0.9, 1.1, -1.5, 1.2].map((mean) => stands(memory, 0, 1, mean))).toEqual([false, true, true, true]);
});

test('it is over where less than half of its worst is left', () => {
  const memory = open(1);
  expect([8, 4.1, 3.9, 4.2].map((mean) => stands(memory, 0, 0, mean))).toEqual([true, true, false, true]);
});

test('lanes stand for themselves, and one without a past never does', () => {
  const memory = open(Infinity);
  standFrom(memory, 0, 1, 0.5);
  expect([stands(memory, 0, 0, 1e9), stands(memory, 0, 1, 2)]).toEqual([false, true]);
  expect(memory.every(Number.isFinite)).toBe(true);
});
