import { describe, expect, test } from 'vitest';
import { REASON } from '../../models/alert.ts';
import { DEFAULTS, Detector } from '../../models/detector.ts';
import { createRandom, gaussian } from '../../models/random.ts';
import { mayOpen, NO_RULES, type Rules } from '../../models/rules.ts';
import { expectSameBits } from './difference.ts';
import { newWorld, play, type Played, type Sample } from './play.ts';

const MINUTE = 60_000;

const may = (rules: Partial<Rules>, deviation: number, expected = 10) =>
  mayOpen({ ...NO_RULES, ...rules }, deviation, expected);

describe('a deviation may open an alert', () => {
  test('of any size and on any side without rules, even of none', () => {
    for (const deviation of [-1e9, -1e-9, 0, 1e-9, 1e9]) expect(may({}, deviation)).toBe(true);
  });

  test('above the expectation, below it, or on both sides', () => {
    expect([-1, 0, 1].map((deviation) => may({ direction: 'up' }, deviation))).toEqual([false, false, true]);
    expect([-1, 0, 1].map((deviation) => may({ direction: 'down' }, deviation))).toEqual([true, false, false]);
  });

  test('of at least the least one, counted in the unit', () => {
    expect([-3, -1.9, 1.9, 2].map((deviation) => may({ minDeviation: 2 }, deviation))).toEqual([
      true,
      false,
      false,
      true,
    ]);
  });

  test('of at least the least one, counted in shares of what was expected', () => {
    const rules = { minDeviationShare: 0.05 };
    expect([0.4, 0.5, -0.5].map((deviation) => may(rules, deviation))).toEqual([false, true, true]);
    expect([0.4, 0.5, -0.5].map((deviation) => may(rules, deviation, -10))).toEqual([false, true, true]);
    expect(may(rules, 1e-9, 0)).toBe(true);
  });
});

/** A noisy sine with a spike up at 1500, one down at 2000 and a small one up at 2500. */
const spiked: Sample[] = (() => {
  const random = createRandom(3);
  const spikes = new Map([
    [1500, 12],
    [2000, -12],
    [2500, 4],
  ]);
  return Array.from({ length: 3000 }, (_, i) => ({
    id: 'a',
    time: i * MINUTE,
    value: 20 + 3 * Math.sin(i / 7) + 0.2 * gaussian(random) + (spikes.get(i) ?? 0),
  }));
})();

function played(rules: Partial<Rules>, samples = spiked): Played {
  const options = { ...DEFAULTS, hidden: 4, lags: 3, season: 60 * MINUTE };
  return play(newWorld(new Detector({ ...options, rules: { ...NO_RULES, ...rules } })), samples);
}
const opens = ({ changes }: Played) => changes.filter(({ event }) => event === 'open').map(({ row }) => row);
/** The spikes for which an alert opened. */
const told = (all: Played) => [1500, 2000, 2500].filter((spike) => opens(all).includes(spike));

describe('rules', () => {
  const free = played({});
  const cases: [string, Partial<Rules>, number[]][] = [
    ['no rules', {}, [1500, 2000, 2500]],
    ['up', { direction: 'up' }, [1500, 2500]],
    ['down', { direction: 'down' }, [2000]],
    ['at least 8', { minDeviation: 8 }, [1500, 2000]],
    ['at least 30 %', { minDeviationShare: 0.3 }, [1500, 2000]],
    ['up and at least 8', { direction: 'up', minDeviation: 8 }, [1500]],
    ['at least 50', { minDeviation: 50 }, []],
  ];

  test.each(cases)('say which alerts open: %s', (_, rules, spikes) => {
    expect(told(played(rules))).toEqual(spikes);
  });

  test.each(cases)('change no score, no level, no band, nothing that is learned: %s', (_, rules) => {
    const all = played(rules);
    for (const column of ['score', 'surprise', 'level', 'anomaly', 'expected', 'lower', 'upper'] as const) {
      expectSameBits(column, all[column], free[column]);
    }
  });

  test('hold for whatever opens: on the side, and as far off, as they say', () => {
    for (const { now } of played({ direction: 'down', minDeviation: 1 }).changes.filter(
      ({ event }) => event === 'open',
    )) {
      expect(now.expected - now.value).toBeGreaterThanOrEqual(1);
    }
  });

  test('do not use up an event: what they keep back opens once it is large enough', () => {
    const random = createRandom(5);
    // The level climbs within a quarter of an hour, by steps of which none is usual.
    const ramp = Array.from({ length: 1600 }, (_, i) => ({
      id: 'a',
      time: i * MINUTE,
      value: 0.1 * gaussian(random) + Math.min(15, Math.max(0, i - 1500)) * 1.2 + (i >= 1510 ? 12 : 0),
    }));
    expect(opens(played({}, ramp)).find((row) => row >= 1500)).toBe(1501);
    const late = opens(played({ minDeviation: 8 }, ramp)).find((row) => row >= 1500);
    // 8 above what was an hour before, or at the latest above what a step further would be.
    expect(late).toBeGreaterThan(1505);
    expect(late).toBeLessThanOrEqual(1510);
  });

  test('of a deviation are those of the total for a counter', () => {
    const random = createRandom(6);
    let total = 0;
    const counter = Array.from({ length: 1200 }, (_, i) => {
      total += 60 * (10 + 0.5 * gaussian(random)) + (i === 1000 ? 500 : 0);
      return { id: 'a', time: i * MINUTE, value: total };
    });
    expect(opens(played({}, counter))).toContain(1000);
    expect(opens(played({ minDeviation: 400 }, counter))).toContain(1000);
    expect(opens(played({ minDeviationShare: 0.5 }, counter))).toContain(1000);
    expect(opens(played({ minDeviation: 600 }, counter))).not.toContain(1000);
    expect(opens(played({ minDeviationShare: 1 }, counter))).not.toContain(1000);
    expect(opens(played({ direction: 'down' }, counter))).not.toContain(1000);
  });
});

describe('against a season ago', () => {
  const HOUR = 60 * MINUTE;
  const DAY = 24 * HOUR;
  /** Drifts away within half a day, in steps too small to see. */
  const drifting = (to: number) => {
    const random = createRandom(7);
    return Array.from({ length: 18 * 288 }, (_, i) => {
      const time = i * 5 * MINUTE;
      const drift = to * Math.min(1, Math.max(0, (time - 16 * DAY) / (12 * HOUR)));
      return { id: 'a', time, value: 50 + 8 * Math.sin((2 * Math.PI * time) / DAY) + 0.5 * gaussian(random) + drift };
    });
  };
  const season = (rules: Partial<Rules>, to: number) => {
    const options = { ...DEFAULTS, hidden: 4, lags: 3, rules: { ...NO_RULES, ...rules } };
    const { changes } = play(newWorld(new Detector(options)), drifting(to));
    return changes.filter(
      ({ event, row, reason }) => event === 'open' && row > 16 * 288 && reason === REASON.unseasonal,
    );
  };

  test('what counts is the distance from a season ago, though each step is small', () => {
    expect(season({}, -6)).not.toEqual([]);
    expect(season({ minDeviation: 1.5, direction: 'down' }, -6)).not.toEqual([]);
    expect(season({ direction: 'up' }, -6)).toEqual([]);
    expect(season({ minDeviation: 10 }, -6)).toEqual([]);
  });
});
