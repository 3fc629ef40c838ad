import { describe, expect, test } from 'vitest';
import { acceptGap, CADENCE_SIZE, cadenceOf, cadenceStep, overdueAfter } from '../../models/cadence.ts';
import { createRandom, gaussian } from '../../models/random.ts';

const AT = 2;
function fresh(...gaps: number[]): Float64Array {
  const memory = new Float64Array(AT + CADENCE_SIZE);
  for (const gap of gaps) cadenceStep(memory, AT, gap);
  return memory;
}
const times = (n: number, gap: number) => Array.from({ length: n }, () => gap);

describe('cadence', () => {
  test('is 0 until a gap was seen, then that gap', () => {
    expect(cadenceOf(fresh(), AT)).toBe(0);
    expect(cadenceOf(fresh(700), AT)).toBe(700);
  });

  test('is the median of the last 15 gaps, in whatever order they came', () => {
    expect(cadenceOf(fresh(5, 1, 4, 2, 3), AT)).toBe(3);
    expect(cadenceOf(fresh(...times(40, 99), 15, 1, 14, 2, 13, 3, 12, 4, 11, 5, 10, 6, 9, 7, 8), AT)).toBe(8);
  });

  test('is not moved by a pause or a burst, and follows a lasting change', () => {
    const memory = fresh(...times(20, 1000));
    expect(cadenceStep(memory, AT, 3600_000)).toBe(1000);
    for (let i = 0; i < 5; i++) expect(cadenceStep(memory, AT, 10)).toBe(1000);
    for (let i = 0; i < 8; i++) cadenceStep(memory, AT, 60_000);
    expect(cadenceOf(memory, AT)).toBe(60_000);
  });
});

describe('a series is overdue', () => {
  test('never while fewer than 10 gaps are known', () => {
    expect(overdueAfter(fresh(...times(9, 1000)), AT)).toBe(Infinity);
    expect(overdueAfter(fresh(...times(10, 1000)), AT)).toBe(3000);
  });

  test('after three times its longest usual gap', () => {
    // Irregular from the start, the longest gap is its usual one.
    expect(overdueAfter(fresh(1000, 4000, ...times(9, 1000)), AT)).toBeCloseTo(12_000, -3);
    // Later, a longer gap is believed a half at a time, until it has been seen often enough.
    expect(overdueAfter(fresh(...times(5, 1000), 4000, ...times(5, 1000)), AT)).toBeCloseTo(4500, -2);
    const memory = fresh(...times(20, 1000));
    for (let i = 0; i < 5; i++) for (const gap of [1000, 4000]) cadenceStep(memory, AT, gap);
    expect(overdueAfter(memory, AT)).toBeCloseTo(12_000, -3);
  });

  test('not before 2.5 s, however fast it is', () => {
    expect(overdueAfter(fresh(...times(20, 10)), AT)).toBe(2500);
    expect(overdueAfter(fresh(...times(20, 800)), AT)).toBe(2500);
    expect(overdueAfter(fresh(...times(20, 900)), AT)).toBe(2700);
  });

  test.each([3, 5, 9, 30])('soon all the same after one wild gap behind %i usual ones', (before) => {
    const memory = fresh(...times(before, 1000), 24 * 3600_000, ...times(10, 1000));
    expect(overdueAfter(memory, AT)).toBeLessThanOrEqual(4500);
    expect(overdueAfter(memory, AT)).toBeGreaterThanOrEqual(3000);
  });

  test('after gaps that are believed whole only while fewer than three were seen', () => {
    expect(overdueAfter(fresh(1000, 1000, 60_000, ...times(8, 1000)), AT)).toBeGreaterThan(150_000);
    expect(overdueAfter(fresh(1000, 1000, 1000, 60_000, ...times(8, 1000)), AT)).toBeLessThanOrEqual(4500);
  });

  test('no later after an outage: a long gap is learned at one and a half times the usual', () => {
    const memory = fresh(...times(30, 1000));
    cadenceStep(memory, AT, 24 * 3600_000);
    expect(overdueAfter(memory, AT)).toBe(4500);
  });

  test('as before, soon, where gaps are alike: the usual of an hour ago is forgotten', () => {
    const memory = fresh(...times(30, 1000), 1400, ...times(700, 1000));
    expect(overdueAfter(memory, AT)).toBeLessThan(3100);
  });

  test.each([1, 2, 3])('not in the longer gaps of a series that reports changes, seed %i', (seed) => {
    const random = createRandom(seed);
    const memory = fresh();
    let longest = 0;
    let silences = 0;
    // A quarter of an hour apart by day, up to many hours by night.
    for (let i = 0; i < 3000; i++) {
      const gap = 15 * 60_000 * Math.exp((i % 40 < 35 ? 0.8 : 2) * gaussian(random));
      if (i > 300 && gap <= longest) expect(gap, `gap ${i}`).toBeLessThan(overdueAfter(memory, AT));
      if (gap >= overdueAfter(memory, AT)) silences++;
      longest = Math.max(longest, gap);
      cadenceStep(memory, AT, gap);
    }
    expect(silences).toBeLessThanOrEqual(5);
  });

  test('only after a gap that a person has accepted', () => {
    const memory = fresh(...times(30, 1000));
    acceptGap(memory, AT, 60_000);
    expect(overdueAfter(memory, AT)).toBe(180_000);
    acceptGap(memory, AT, 1000);
    expect(overdueAfter(memory, AT)).toBe(180_000);
  });

  test('as before once an unusual gap was long ago', () => {
    const memory = fresh(...times(30, 1000), 1400);
    expect(overdueAfter(memory, AT)).toBe(4200);
    for (let i = 0; i < 3000; i++) cadenceStep(memory, AT, 1000);
    expect(overdueAfter(memory, AT)).toBeCloseTo(3000, 0);
  });
});

test('nothing beside its memory is touched', () => {
  const memory = new Float64Array(AT + CADENCE_SIZE + 2).fill(0, AT, AT + CADENCE_SIZE);
  memory.fill(9, 0, AT);
  memory.fill(9, AT + CADENCE_SIZE);
  for (let i = 1; i < 40; i++) cadenceStep(memory, AT, i);
  expect([...memory.subarray(0, AT), ...memory.subarray(AT + CADENCE_SIZE)]).toEqual([9, 9, 9, 9]);
});
