/** What is wrong with a sensor whatever was learned of it: limits, rates, types, clocks; in the one alert stream. */
import { describe, expect, test } from 'vitest';
import { type AlertChange, REASON, REASONS } from '../../models/alert.ts';
import { ROW } from '../../models/batch.ts';
import { DEFAULTS, Detector } from '../../models/detector.ts';
import { type Limits, NO_LIMITS } from '../../models/limits.ts';
import { createRandom, gaussian } from '../../models/random.ts';
import { NO_RULES } from '../../models/rules.ts';
import { expectSameBits } from './difference.ts';
import { type Entry, newWorld, play, type Sample, type World } from './play.ts';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

function world(limits: Partial<Limits> = {}, season = HOUR): World {
  const rules = { ...NO_RULES, limits: { ...NO_LIMITS, ...limits } };
  return newWorld(new Detector({ ...DEFAULTS, hidden: 3, lags: 3, season, rules }));
}
/** Values one a minute, from minute `from`. */
function series(values: number[], from = 0, flags = 0): Sample[] {
  return values.map((value, i) => ({ id: 'a', time: (from + i) * MINUTE, value, flags }));
}
function noise(n: number, seed = 1, mean = 50, sd = 1): number[] {
  const random = createRandom(seed);
  return Array.from({ length: n }, () => mean + sd * gaussian(random));
}
const same = (n: number, value: number) => Array.from({ length: n }, () => value);
const told = (changes: AlertChange[]) => changes.map(({ event, row, reason }) => `${event} ${row} ${REASONS[reason]}`);

const counting = (n: number, from = 0) => Array.from({ length: n }, (_, i) => from + 30 * i);

describe('a value outside its limits', () => {
  test('is an alert from the first sample on', () => {
    const { changes, score, alarm } = play(world({ max: 100 }), series([150]));
    expect(told(changes)).toEqual(['open 0 limit']);
    expect(score[0]).toBeCloseTo(12 + 1 / 3, 12);
    expect(alarm).toEqual([1]);
  });

  test('is one alert while it stays there, however long, and ends once it is back', () => {
    const values = [...noise(300), ...same(500, -3), ...noise(30, 2)];
    const { changes } = play(world({ min: 0 }), series(values));
    const events = changes.filter(({ reason }) => reason === REASON.limit);
    expect(events[0]).toMatchObject({ event: 'open', row: 300, worst: { value: -3 } });
    expect(events.filter(({ event }) => event === 'open')).toHaveLength(1);
    expect(events.at(-1)).toMatchObject({ event: 'close' });
    expect(events.at(-1)!.row).toBeGreaterThan(800);
  });

  test('is one alert when all it ever sent is one value outside', () => {
    const { changes, score } = play(world({ max: 40 }), series(same(300, 85)));
    expect(told(changes)).toEqual(['open 0 limit']);
    expect(score.every((number) => number > 12)).toBe(true);
  });

  test('is told again each time that it leaves them, whatever was told before', () => {
    const values = Array.from({ length: 8 }, (_, k) => [...noise(60, k + 1), 200]).flat();
    const { changes } = play(world({ max: 100 }), series(values));
    const opened = changes.filter(({ event }) => event === 'open').map(({ row }) => row);
    expect(opened).toEqual(Array.from({ length: 8 }, (_, k) => 61 * k + 60));
  });

  test('changes nothing that is learned: no surprise, no level, no band', () => {
    const values = [...noise(400), 130, 140, ...noise(200, 2)];
    const [free, bound] = [play(world(), series(values)), play(world({ min: 45, max: 120 }), series(values))];
    for (const column of ['surprise', 'level', 'anomaly', 'expected', 'lower', 'upper'] as const) {
      expectSameBits(column, bound[column], free[column]);
    }
  });

  test('is no matter of a switch, nor of a missing value', () => {
    expect(play(world({ min: 10, max: 20 }), series([0, 1, 0], 0, ROW.onOff)).changes).toEqual([]);
    expect(play(world({ min: 10, max: 20 }), series([15, Number.NaN, 15])).changes).toEqual([]);
  });

  test('that is further out is worse, and told of as the worst', () => {
    const { changes } = play(world({ min: 0, max: 100 }), series([50, 110, 400, 120, ...same(40, 50)]));
    expect(changes.at(-1)).toMatchObject({ event: 'close', reason: REASON.limit, worst: { value: 400 } });
  });
});

describe('a change faster than the limit', () => {
  // A unit a second: 60 from one minute to the next.
  const slow = { rate: 1 };

  test('is an alert from the second sample on, up or down', () => {
    expect(told(play(world(slow), series([10, 80])).changes)).toEqual(['open 1 rate']);
    expect(told(play(world(slow), series([80, 10])).changes)).toEqual(['open 1 rate']);
    expect(play(world(slow), series([10, 69, 10, 69])).changes).toEqual([]);
  });

  test('is judged over missing values, and not before there are two', () => {
    expect(play(world(slow), series([Number.NaN, Number.NaN, 500])).changes).toEqual([]);
    expect(play(world(slow), series([10, Number.NaN, Number.NaN, 180])).changes).toEqual([]);
    expect(told(play(world(slow), series([10, Number.NaN, 180])).changes)).toEqual(['open 2 rate']);
  });

  test('has none within no time', () => {
    const samples = [10, 5000].map((value) => ({ id: 'a', time: MINUTE, value }));
    expect(play(world(slow), samples).changes).toEqual([]);
  });

  test('to a value outside the limits is told as that', () => {
    expect(told(play(world({ rate: 1, max: 100 }), series([10, 300])).changes)).toEqual(['open 1 limit']);
  });

  test('by a counter is that of its total', () => {
    const values = [...counting(300), 9000 + 200, ...counting(30, 9230)];
    const found = play(world(slow), series(values)).changes.filter(({ reason }) => reason === REASON.rate);
    expect(found[0]).toMatchObject({ event: 'open', row: 300 });
  });
});

const rising = (n: number, step: (i: number) => number) => {
  let total = 0;
  return Array.from({ length: n }, (_, i) => (total += step(i)));
};

describe('the reset of a counter', () => {
  const limits = { rate: 1 };
  const cases: [string, number[]][] = [
    ['known as one', rising(500, () => 30)],
    ['after some samples', rising(5, () => 30)],
    ['that counts now and then', rising(400, (i) => (i % 10 === 0 ? 40 : 0))],
    ['that counts irregularly', rising(300, (i) => Math.floor(20 + 20 * Math.sin(i * i)))],
  ];

  test.each(cases)('never alarms: %s', (_, values) => {
    const { changes } = play(world(limits), series([...values, ...values.slice(0, 200), ...values.slice(0, 100)]));
    const resets = changes.filter(({ row, event }) => event === 'open' && row >= values.length);
    expect(resets).toEqual([]);
  });

  test('is not what a sensor does that falls to an impossible value', () => {
    const values = [...noise(30), -127];
    expect(told(play(world(limits), series(values)).changes)).toEqual(['open 30 rate']);
  });
});

describe('another type of value', () => {
  test('is told once, with an alert that ends by itself', () => {
    const numbers = series(noise(200));
    const words = series(
      Array.from({ length: 60 }, (_, i) => i % 2),
      200,
      ROW.onOff,
    );
    expect(told(play(world(), [...numbers, ...words]).changes)).toEqual([
      'open 200 type_change',
      'close 202 type_change',
    ]);
  });

  test('is told from the eleventh sample on, and is only a warning', () => {
    const { changes } = play(world(), [...series(noise(10)), ...series([1], 10, ROW.onOff)]);
    expect(told(changes)).toEqual(['open 10 type_change']);
    expect(changes[0].score).toBe(changes[0].threshold);
  });

  test('may be text: the series is then not silent, and says nothing new when it is back', () => {
    const all = world();
    play(all, series(noise(300)));
    const text: Entry[] = [];
    for (let i = 300; i < 400; i++) {
      const time = i * MINUTE;
      text.push({ id: 'a', time, value: Number.NaN, flags: ROW.text }, { tick: time + 30 * SECOND });
    }
    const during = play(all, text);
    expect(told(during.changes)).toEqual(['open 0 type_change', 'close 2 type_change']);
    expect(during.flags.filter((flags) => (flags & ROW.overdue) !== 0)).toEqual([]);
    const back = play(all, series(noise(60, 2), 400));
    expect(told(back.changes)).toEqual([]);
    expect(back.drop.every((drop) => drop === 0)).toBe(true);
  });

  test('teaches nothing: what was learned of the numbers is still there', () => {
    const all = world();
    play(all, series(noise(300)));
    const before = play(all, series(noise(1, 9), 300));
    const again = world();
    play(again, series(noise(300)));
    play(again, [{ id: 'a', time: 299.5 * MINUTE, value: Number.NaN, flags: ROW.text }]);
    const after = play(again, series(noise(1, 9), 300));
    for (const column of ['expected', 'lower', 'upper', 'surprise'] as const) {
      expectSameBits(column, after[column], before[column]);
    }
  });

  test('in a time of its own is not believed: what follows is not late', () => {
    const all = world();
    const behind = 2 * HOUR;
    const samples = series(noise(50)).map((sample) => ({ ...sample, arrival: sample.time + behind }));
    play(all, samples);
    const arrival = 50 * MINUTE + behind;
    const text = play(all, [{ id: 'a', time: arrival, arrival, value: Number.NaN, flags: ROW.text }]);
    expect(text.time[0]).toBe(50 * MINUTE);
    const next = play(all, [{ id: 'a', time: 50 * MINUTE, arrival, value: 50 }]);
    expect(next.drop[0]).toBe(0);
  });

  test('of the runs of a switch nothing is held against the numbers before it', () => {
    const words = series([...same(40, 0), ...same(40, 1), ...same(50, 0)], 300, ROW.onOff);
    const { changes } = play(world(), [...series(noise(300)), ...words]);
    expect(changes.filter(({ reason }) => reason === REASON.stuck)).toEqual([]);
  });
});

const clocked = (n: number, behind: (i: number) => number, flags = 0) =>
  noise(n).map((value, i) => ({ id: 'a', time: i * MINUTE - behind(i), arrival: i * MINUTE, value, flags }));
const jump = (i: number) => (i < 400 ? 0 : 20 * MINUTE);

describe('a clock that runs away', () => {
  test('is told once, with an alert that ends by itself', () => {
    const { changes } = play(world(), clocked(600, jump));
    const skew = changes.filter(({ reason }) => reason === REASON.clockSkew);
    expect(skew.map(({ event }) => event)).toEqual(['open', 'close']);
    expect(skew[0].row).toBeGreaterThanOrEqual(420);
    expect(skew[0].row).toBeLessThan(450);
  });

  test('is never that of a recorded row, which has no arrival of its own', () => {
    const { changes } = play(world(), clocked(600, jump, ROW.recorded));
    expect(changes.filter(({ reason }) => reason === REASON.clockSkew)).toEqual([]);
  });

  test('is not a clock that is off for good', () => {
    expect(
      play(
        world(),
        clocked(600, () => 3 * HOUR),
      ).changes.map(({ reason }) => reason),
    ).not.toContain(REASON.clockSkew);
  });
});

test('a sensor that falls silent is told of, though another alert about it ended just now', () => {
  const all = world({}, 10 * HOUR);
  const spike = [{ id: 'a', time: 300 * MINUTE, value: 90 }, ...series(noise(40, 2), 301)];
  const before = play(all, [...series(noise(300)), ...spike]).changes;
  expect(told(before).slice(-3)).toEqual([/^open 300/, /^signed 311/, /^close 3/].map((w) => expect.stringMatching(w)));
  const { changes } = play(all, [{ tick: (340 + 3) * MINUTE }]);
  expect(told(changes)).toEqual(['open 0 silence']);
  expect(changes[0].score).toBeLessThan(before.at(-1)!.peak);
});

test('no finding outlives its row', () => {
  const all = world({ max: 100 });
  const { score } = play(all, [...series([50, 300]), ...series([Number.NaN], 2), ...series([50, 51, 52], 3)]);
  expect(score.map((number) => number > 0)).toEqual([false, true, false, false, false, false]);
});
