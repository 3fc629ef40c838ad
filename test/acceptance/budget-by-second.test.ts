import { expect, test } from 'vitest';
import { DAY, machine } from './series.ts';
import { Watch } from './watch.ts';

/** 0 to 2 alerts a day. */
const ALERTS_MAX = 14;
/** Six hundred thousand samples. */
const TIMEOUT_MS = 120_000;

test(
  'a budget of one alert a day brings at most 14 in a week of a machine that is read each second',
  () => {
    expect(new Watch().play(machine('press', 1, { duration: 7 * DAY })).length).toBeLessThanOrEqual(ALERTS_MAX);
  },
  TIMEOUT_MS,
);
