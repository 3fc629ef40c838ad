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

/** What opens in the 30 hours after the switch. */
function afterSwitch(watch: Watch, seed: number, at: number) {
  return watch.play(heated(seed, at - WEEKS, at + 30 * HOUR)).filter(({ time }) => time >= at);
}

describe.each([
  ['forward', Date.UTC(2026, 2, 29, 1)],
  ['back', Date.UTC(2026, 9, 25, 1)],
])('when the clocks go %s', (_, at) => {
  const local = SEEDS.map((seed) => afterSwitch(new Watch(1, {}, (_pipeline, time) => offset(time)), seed, at));
  const fixed = SEEDS.map((seed) => afterSwitch(new Watch(1, {}, () => offset(at - 1)), seed, at));

  test('the hour does change', () => {
    expect(Math.abs(offset(at) - offset(at - 1))).toBe(HOUR);
  });

  test.each(SEEDS)(
    'a daily pattern in local time raises nothing that a wrong season would explain, seed %i',
    (seed) => {
      const alerts = local[seed - 1];
      expect(alerts.length).toBeLessThanOrEqual(2 * BUDGET_A_DAY + 1);
      expect(alerts.filter(({ reason }) => reason === 'unseasonal' || reason === 'lasting_error')).toEqual([]);
    },
  );

  test('it would where the clock of the pipeline stays as it is: two edges of the day are off', () => {
    expect(fixed.every((alerts) => alerts.length >= 2)).toBe(true);
    expect(local.flat().length).toBeLessThan(0.5 * fixed.flat().length);
  });
});
