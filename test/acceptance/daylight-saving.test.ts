import { describe, expect, test } from 'vitest';
import { createRandom, gaussian } from '../../models/random.ts';
import { localOffsetOf } from '../../src/timezone.ts';
import { DAY, HOUR, MINUTE, rounded, sampled } from './series.ts';
import { Watch } from './watch.ts';

const offset = localOffsetOf('Europe/Berlin');
const WEEKS = 14 * DAY;
const BUDGET_A_DAY = 1;
const SEEDS = [1, 2, 3, 4, 5];

/** A building that people heat by the clock on their wall: up at 6, down at 22. */
function heated(seed: number, from: number, until: number) {
  const random = createRandom(seed);
  return sampled('a', { from, duration: until - from, cadence: 5 * MINUTE }, (time) => {
    const hour = ((time + offset(time)) / HOUR) % 24;
    const by = (begin: number) => 1 / (1 + Math.exp(-4 * (hour - begin)));
    return rounded(55 + 20 * (by(6) - by(22)) + 0.4 * gaussian(random), 0.1);
  });
}

/** What opens in the 30 hours after the switch that a wrong season would explain. */
function ofTheShift(watch: Watch, seed: number, at: number) {
  const after = watch.play(heated(seed, at - WEEKS, at + 30 * HOUR)).filter(({ time }) => time >= at);
  expect(after.length).toBeLessThanOrEqual(2 * BUDGET_A_DAY + 1);
  return after.filter(({ reason }) => reason === 'unseasonal' || reason === 'lasting_error');
}

describe.each([
  ['forward', Date.UTC(2026, 2, 29, 1)],
  ['back', Date.UTC(2026, 9, 25, 1)],
])('when the clocks go %s', (_, at) => {
  test('the hour does change', () => {
    expect(Math.abs(offset(at) - offset(at - 1))).toBe(HOUR);
  });

  test.each(SEEDS)('a daily pattern in local time raises nothing, seed %i', (seed) => {
    const local = new Watch(1, {}, (_pipeline, time) => offset(time));
    expect(ofTheShift(local, seed, at)).toEqual([]);
  });

  test('it would where the clock of the pipeline stays as it is', () => {
    const alerts = SEEDS.flatMap((seed) => ofTheShift(new Watch(1, {}, () => offset(at - 1)), seed, at));
    expect(alerts.length).toBeGreaterThan(0);
  });
});
