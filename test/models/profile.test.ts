import { describe, expect, test } from 'vitest';
import { PROFILE_SIZE, phaseOf, profileAt, profileStep } from '../../models/profile.ts';

test('phase runs from 0 to 1 over the season, before 1970 too', () => {
  expect([0, 250, 999, 1000, 1250].map((time) => phaseOf(time, 1000))).toEqual([0, 0.25, 0.999, 0, 0.25]);
  expect([-250, -1000].map((time) => phaseOf(time, 1000))).toEqual([0.75, -0]);
});

describe('profile', () => {
  test('answers 0 where nothing was seen', () => {
    const memory = new Float64Array(PROFILE_SIZE);
    profileStep(memory, 0, 0.5, 3);
    expect([profileAt(memory, 0, 0.4), profileAt(memory, 0, 0.5), profileAt(memory, 0, 0.52)]).toEqual([0, 3, 0]);
  });

  test('is a plain mean at first and forgets by a fifth later', () => {
    const memory = new Float64Array(PROFILE_SIZE);
    for (const z of [1, 2, 3, 4, 5]) profileStep(memory, 0, 0.1, z);
    expect(profileAt(memory, 0, 0.1)).toBeCloseTo(3, 12);
    profileStep(memory, 0, 0.1, 8);
    expect(profileAt(memory, 0, 0.1)).toBeCloseTo(4, 12);
  });

  test('keeps each of its 96 bins apart, and to itself', () => {
    const memory = new Float64Array(PROFILE_SIZE + 2).fill(9);
    memory.fill(0, 1, 1 + PROFILE_SIZE);
    for (let bin = 0; bin < 96; bin++) profileStep(memory, 1, (bin + 0.5) / 96, bin + 1);
    for (let bin = 0; bin < 96; bin++) expect(profileAt(memory, 1, (bin + 0.5) / 96)).toBe(bin + 1);
    expect([memory[0], memory[PROFILE_SIZE + 1]]).toEqual([9, 9]);
  });

  test('takes a phase that rounding brought to 1 for the last bin', () => {
    const memory = new Float64Array(PROFILE_SIZE);
    profileStep(memory, 0, 1, 4);
    expect(profileAt(memory, 0, 0.9999)).toBe(4);
  });
});
