import { expect, it } from 'vitest';

import { backoffMs } from '../../src/dashboard/backoff.ts';

it('waits half a second first, doubles, and never waits longer than ten', () => {
  const waits = Array.from({ length: 8 }, (_, attempt) => backoffMs(attempt, () => 0));
  expect(waits).toEqual([500, 1000, 2000, 4000, 8000, 10_000, 10_000, 10_000]);
});

it('takes off up to a third at random', () => {
  expect(backoffMs(2, () => 0.5)).toBe(1667);
  expect(backoffMs(2, () => 1)).toBe(1333);
});

it('still waits ten seconds after days of trying', () => {
  expect(backoffMs(5_000, () => 0)).toBe(10_000);
});
