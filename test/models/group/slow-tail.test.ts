import { describe, expect, test } from 'vitest';
import { createTail } from '../../../models/calibration.ts';
import { slowEnter, slowMean, slowScore, SLOW_TAIL_SIZE } from '../../../models/group/slow-tail.ts';
import { createRandom, gaussian } from '../../../models/random.ts';
import { expectSameBits } from '../difference.ts';

const AT = 2;
const tail = createTail();

describe('the mean', () => {
  test('is that of all values while there are fewer than the window', () => {
    const memory = new Float64Array(AT + SLOW_TAIL_SIZE);
    expect([4, 6, 11, 3].map((value) => slowMean(memory, AT, value, 8))).toEqual([4, 5, 7, 6]);
  });

  test('then goes an equal share of the way to each value', () => {
    const memory = new Float64Array(AT + SLOW_TAIL_SIZE);
    for (let i = 0; i < 20; i++) slowMean(memory, AT, 0, 8);
    expect(slowMean(memory, AT, 8, 8)).toBe(1);
    expect(slowMean(memory, AT, 8, 8)).toBe(1.875);
  });

  test('is apart from what is usual: no value teaches the tail unless it is entered', () => {
    const memory = new Float64Array(AT + SLOW_TAIL_SIZE);
    for (let i = 0; i < 20; i++) slowEnter(memory, AT, 1 + i / 20, slowScore(memory, AT, 1 + i / 20, tail));
    const before = memory.slice();
    slowMean(memory, AT, 9, 8);
    const score = slowScore(memory, AT, 9, tail);
    expectSameBits('tail', memory.subarray(AT + 2), before.subarray(AT + 2));
    slowEnter(memory, AT, 9, score);
    expect(slowScore(memory, AT, 9, tail)).toBeLessThan(score);
  });
});

test('a score is 0 before 20 values, and then −log10 of how often it is reached', () => {
  const random = createRandom(4);
  const memory = new Float64Array(AT + SLOW_TAIL_SIZE + 1);
  let often = 0;
  for (let i = 0; i < 20_000; i++) {
    const value = Math.abs(gaussian(random));
    const score = slowScore(memory, AT, value, tail);
    if (i < 20) expect(score).toBe(0);
    if (i >= 2000 && score >= 2) often++;
    slowEnter(memory, AT, value, score);
  }
  expect(often / 18_000).toBeGreaterThan(0.007);
  expect(often / 18_000).toBeLessThan(0.014);
  expect([memory[0], memory[1], memory.at(-1)]).toEqual([0, 0, 0]);
});
