import { describe, expect, test } from 'vitest';
import { SCORE_MAX } from '../../models/calibration.ts';
import { DAY, MINUTE, sampled, SECOND, START } from './series.ts';
import { ticks, Watch } from './watch.ts';

const WEEK = 7 * DAY;

describe.each([
  ['21.5 each minute', 21.5, MINUTE, 21.6],
  ['0 each second', 0, SECOND, 1],
  ['a tiny value', 1e-9, MINUTE, 1.1e-9],
  ['a large negative value', -3e6, MINUTE, -3e6 + 1],
])('a constant series: %s', (_, value, cadence, changed) => {
  const watch = new Watch();
  const opened = watch.play(sampled('a', { duration: WEEK, cadence }, () => value));

  test('raises nothing for a week', () => {
    expect(opened).toEqual([]);
  });

  test('raises one alert at its first change, for a new extreme and with a score like any other', () => {
    const [alert, ...others] = watch.play([{ id: 'a', time: START + WEEK, value: changed }]);
    expect(others).toEqual([]);
    expect(alert.reason).toBe('new_extreme');
    expect(alert.score).toBeGreaterThanOrEqual(alert.threshold);
    expect(alert.score).toBeLessThanOrEqual(SCORE_MAX);
  });

  test('then does without another for the value it had before', () => {
    const back = sampled('a', { from: START + WEEK + cadence, duration: 100 * cadence, cadence }, () => value);
    expect(watch.play(back)).toEqual([]);
    expect(watch.play(ticks(back.at(-1)!.time, back.at(-1)!.time + cadence, cadence))).toEqual([]);
  });
});
