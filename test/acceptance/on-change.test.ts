import { describe, expect, test } from 'vitest';
import type { Sample } from '../models/play.ts';
import { changing, DAY, HOUR, MINUTE, sampled } from './series.ts';
import { inOrder, ticks, type Told, Watch } from './watch.ts';

const SEEDS = [1, 2, 3, 4, 5];
const HISTORY = 30 * DAY;

/** A month of changes; then it stays as it is for 12 hours. */
function unchanged(seed: number) {
  const changes = changing('a', seed, { duration: HISTORY });
  const last = changes.at(-1)!;
  const longest = Math.max(...changes.slice(1).map(({ time }, i) => time - changes[i].time));
  expect(longest).toBeGreaterThan(12 * HOUR);
  return { changes, last, until: last.time + 12 * HOUR };
}

/** The alerts about a stretch without change that is no longer than one before it. */
function unfounded(opened: readonly Told[], changes: readonly Sample[]): Told[] {
  return opened.filter(({ reason, time }) => {
    const at = changes.findLastIndex((change) => change.time <= time);
    const before = changes.slice(1, at + 1).map((change, i) => change.time - changes[i].time);
    return (reason === 'silence' || reason === 'stuck') && time - changes[at].time <= Math.max(...before);
  });
}

describe('a sensor that reports changes only, some hours apart', () => {
  test.each(SEEDS)('raises nothing while it stays as it is for 12 hours, seed %i', (seed) => {
    const { changes, last, until } = unchanged(seed);
    const watch = new Watch();
    const opened = watch.play(inOrder(changes, ticks(changes[0].time, last.time, 10 * MINUTE)));
    expect(unfounded(opened, changes)).toEqual([]);
    expect(watch.play(ticks(last.time, until, MINUTE))).toEqual([]);
  });
});

describe('a sensor that repeats its value each minute and changes it some hours apart', () => {
  test.each(SEEDS)('is not stuck while it stays as it is for 12 hours, seed %i', (seed) => {
    const { changes, last, until } = unchanged(seed);
    let row = 0;
    const repeated = sampled('a', { duration: until - changes[0].time }, (time) => {
      while (row + 1 < changes.length && changes[row + 1].time <= time) row++;
      return changes[row].value;
    });
    const opened = new Watch().play(repeated);
    expect(unfounded(opened, changes)).toEqual([]);
    const since = opened.filter(({ time }) => time > last.time);
    expect(since.filter(({ reason }) => reason === 'silence' || reason === 'stuck')).toEqual([]);
  });
});
