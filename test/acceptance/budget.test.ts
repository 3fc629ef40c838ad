import { describe, expect, test } from 'vitest';
import { daily, DAY, MINUTE, noise, switching, wander } from './series.ts';
import { inOrder, Watch } from './watch.ts';

const WEEK = { duration: 7 * DAY };
/** 0 to 2 alerts a day. */
const ALERTS_MAX = 14;
const SEEDS = Array.from({ length: 20 }, (_, i) => i + 1);

/** What a pipeline of some sensors of a site gets in a week without a fault. */
function site(seed: number) {
  return inOrder(
    daily('load', 10 * seed, WEEK),
    wander('cellar', 10 * seed + 1, WEEK),
    noise('rest', 10 * seed + 2, { ...WEEK, cadence: 5 * MINUTE }),
    switching('thermostat', 10 * seed + 3, WEEK),
  );
}

describe('a budget of one alert a day brings at most two a day to a pipeline, from its first sample on', () => {
  test.each(SEEDS)('a week of four clean series, seed %i', (seed) => {
    expect(new Watch(4).play(site(seed)).length).toBeLessThanOrEqual(ALERTS_MAX);
  });
});
