import { describe, expect, test } from 'vitest';
import type { Sample } from '../models/play.ts';
import { daily, DAY, MINUTE } from './series.ts';
import { Watch } from './watch.ts';

const SEEDS = [1, 2, 3, 4, 5];
const FREEZES_AT = 6 * DAY;
/** Samples in which a frozen value has to be found. */
const BOUND = 12;
const BOUND_COARSE = 40;

/** The series, and the same with a stretch of it replaced by one value. */
function frozen(samples: Sample[], length: number): { before: Sample[]; stretch: Sample[] } {
  const at = FREEZES_AT / MINUTE;
  const { value } = samples[at - 1];
  return {
    before: samples.slice(0, at),
    stretch: samples.slice(at, at + length).map((sample) => ({ ...sample, value })),
  };
}

const noisy = (seed: number, step: number) => daily('a', seed, { duration: 7 * DAY }, { noise: 0.5, step });
/** Changes by one step in the better part of an hour. */
const slow = (seed: number) => daily('a', seed, { duration: 7 * DAY }, { noise: 0.02, swing: 2, step: 0.5 });

/** The reasons of the alerts that open in the stretch. */
function reasonsIn({ before, stretch }: ReturnType<typeof frozen>): string[] {
  const watch = new Watch();
  const early = watch.play(before).map(({ reason }) => reason);
  expect(early).not.toContain('stuck');
  expect(watch.isOpen('a')).toBe(false);
  return watch.play(stretch).map(({ reason }) => reason);
}

describe('a value that freezes', () => {
  test.each(SEEDS)(`in a noisy series is found within ${BOUND} samples, seed %i`, (seed) => {
    expect(reasonsIn(frozen(noisy(seed, 0.01), BOUND))).toEqual(['stuck']);
  });

  test.each(SEEDS)(`in a noisy series of few steps is found within ${BOUND_COARSE}, seed %i`, (seed) => {
    // One sample in three repeats the one before.
    expect(reasonsIn(frozen(noisy(seed, 0.5), BOUND_COARSE))).toEqual(['stuck']);
  });

  test.each(SEEDS)('for as long in a slow series of coarse steps is usual, seed %i', (seed) => {
    for (const length of [BOUND, BOUND_COARSE]) expect(reasonsIn(frozen(slow(seed), length))).toEqual([]);
  });
});
