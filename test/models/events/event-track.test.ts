import { describe, expect, test } from 'vitest';
import { type AlertChange, REASON } from '../../../models/alert.ts';
import { createBatch, pushRow, ROW } from '../../../models/batch.ts';
import { EVENT_TRACK_DEFAULTS, EventTrack, type EventTrackOptions } from '../../../models/events/event-track.ts';
import { symbolOf } from '../../../models/events/symbol.ts';
import { createRandom } from '../../../models/random.ts';
import { expectSameBits } from '../difference.ts';

const DAY = 24 * 3600_000;
const MINUTE = 60_000;
const START = Date.UTC(2026, 0, 5);
const CYCLE = ['IDLE', 'FILLING', 'HEATING', 'MIXING', 'DRAINING', 'CLEANING'];

interface Played {
  value: number[];
  surprise: number[];
  level: number[];
  score: number[];
  alarm: number[];
  expected: number[];
  flags: number[];
  changes: AlertChange[];
}

/** One series, its block away from the beginning of the memory, an event a minute. */
class Line {
  static readonly #at = 3;
  readonly track: EventTrack;
  readonly memory: Float64Array;
  readonly at = Line.#at;
  time = START;

  constructor(options: Partial<EventTrackOptions> = {}) {
    this.track = new EventTrack({ ...EVENT_TRACK_DEFAULTS, hidden: 16, season: DAY, budgetPerDay: 1, ...options });
    this.memory = new Float64Array(this.at + this.track.size + 1);
    this.track.initialise(this.memory, this.at, 1);
  }

  play(names: readonly string[]): Played {
    const batch = createBatch(names.length);
    for (const [row, name] of names.entries()) {
      this.time += MINUTE;
      pushRow(batch, 0, this.time, this.time, symbolOf(name), 0);
      this.track.order(this.memory, this.at, batch, row);
      this.track.step(this.memory, this.at, batch, row);
    }
    const { value, surprise, level, score, alarm, expected, flags, changes } = batch;
    const columns = { value, surprise, level, score, alarm, expected, flags };
    const lists = Object.entries(columns).map(([name, column]) => [name, Array.from(column)]);
    return { ...(Object.fromEntries(lists) as Omit<Played, 'changes'>), changes };
  }

  /** A line that goes on as this one is now. */
  fork(): Line {
    const fork = new Line();
    fork.memory.set(this.memory);
    fork.time = this.time;
    return fork;
  }
}

/** Names of the cycle, each but the first behind the one before. */
function cycle(count: number, from = 0): string[] {
  return Array.from({ length: count }, (_, i) => CYCLE[(from + i) % CYCLE.length]);
}

const learned = new Line();
const young = [learned.play(cycle(3000)), learned.play(cycle(3000))];
/** Where `IDLE` would be next. */
const next = (...names: string[]): Played => learned.fork().play(names);

describe('what runs in a cycle of states', () => {
  test('is learned, and raises nothing', () => {
    expect(young.flatMap(({ changes }) => changes)).toEqual([]);
    const { surprise, changes } = next(...cycle(600));
    expect(Math.max(...surprise)).toBeLessThan(0.1);
    expect(changes).toEqual([]);
  });

  test.each([
    ['a state that never follows this one', 'MIXING'],
    ['a state that was never met before', 'EXPLODED'],
    ['the same state once more', 'CLEANING'],
  ])('raises an alert with %s', (_, name) => {
    const { surprise, score, changes } = next(name);
    expect(surprise[0]).toBeGreaterThan(3);
    expect(changes).toHaveLength(1);
    expect(changes[0]).toMatchObject({
      event: 'open',
      reason: REASON.unexpectedEvent,
      row: 0,
      time: learned.time + MINUTE,
    });
    expect(score[0]).toBeGreaterThanOrEqual(changes[0].threshold);
    expect(changes[0].perDay).toBeLessThan(1);
    const rate = (T: number) => learned.track.ratePerDay(learned.memory, learned.at, T);
    expect(rate(score[0] + 1)).toBeLessThan(rate(score[0]));
  });

  test('has one alert for a fault, which closes when all was well for a while', () => {
    const { changes } = next('MIXING', ...cycle(60, 4));
    expect(changes.map(({ event }) => event)).toEqual(['open', 'close']);
    expect(changes[1].row).toBeGreaterThanOrEqual(30);
    expect(changes[1].signature).toEqual([]);
  });

  test('shows the level, which falls slowly, and expects no value', () => {
    const { surprise, level, value, expected } = next('MIXING', ...cycle(8, 4));
    expectSameBits('value', value, level);
    expect(level[0]).toBe(surprise[0]);
    expect(level[8] / level[0]).toBeCloseTo(Math.exp(-1), 12);
    expect(expected.every(Number.isNaN)).toBe(true);
  });

  test('may be told by a person that it is the usual', () => {
    const line = learned.fork();
    expect(line.track.acceptRegime(line.memory, line.at)).toBe(false);
    line.play(['MIXING']);
    expect(line.track.acceptRegime(line.memory, line.at)).toBe(true);
    expect(line.play(['MIXING', ...cycle(5, 4)]).changes.map(({ event }) => event)).toEqual(['close']);
  });

  test('tells how far the memory of the cell has gone', () => {
    const watched = learned.track.watch(learned.memory, learned.at);
    expect(watched?.largest).toBeGreaterThan(0);
    const fresh = new Line();
    expect(fresh.track.watch(fresh.memory, fresh.at)?.largest).toBe(0);
  });

  test('is never silent, for its events come when they like', () => {
    expect(learned.track.silence(learned.memory, learned.at, learned.time + 1e9, -Infinity)).toBe(0);
    expect(learned.track.ownTime(learned.memory, learned.at, learned.time + 5)).toBe(learned.time + 5);
  });
});

test('nothing alarms before 200 events, whatever comes', () => {
  const names = Array.from({ length: 200 }, (_, i) => (i % 20 === 19 ? `new ${i}` : CYCLE[i % 2]));
  expect(new Line({ budgetPerDay: 1000 }).play(names).changes).toEqual([]);
});

test('a restart changes no bit', () => {
  const names = [...cycle(40), 'MIXING', ...cycle(200, 4)];
  const whole = learned.fork();
  const parts = learned.fork();
  const played = whole.play(names);
  const first = parts.play(names.slice(0, 45));
  const restarted = parts.fork();
  const second = restarted.play(names.slice(45));
  for (const name of ['value', 'surprise', 'level', 'score', 'alarm'] as const) {
    expectSameBits(name, [...first[name], ...second[name]], played[name]);
  }
  expectSameBits('block', restarted.memory, whole.memory);
  expect(played.changes.map(({ event }) => event)).toEqual(['open', 'close']);
});

test('blocks of another shape are told apart', () => {
  const shapes = [{}, { hidden: 8 }, { classes: 32 }, { window: 4 }].map((options) => new Line(options).track.shape);
  expect(new Set(shapes).size).toBe(shapes.length);
  expect(new Line({ budgetPerDay: 7, season: MINUTE }).track.shape).toBe(shapes[0]);
});

test('what lies around the block is left alone, and what cannot be computed with is made anew', () => {
  const line = learned.fork();
  expect([...line.memory.subarray(0, line.at), line.memory.at(-1)]).toEqual([0, 0, 0, 0]);
  line.memory.fill(Number.NaN, line.at + line.track.layout.events + 10, line.at + line.track.size);
  const { flags, surprise } = line.play(cycle(100));
  expect(flags.some((flag) => (flag & ROW.forgotten) !== 0)).toBe(true);
  expect(surprise.every(Number.isFinite)).toBe(true);
});

test('a row without an event is passed over', () => {
  const line = learned.fork();
  const before = line.memory.slice();
  const batch = createBatch(1);
  pushRow(batch, 0, line.time + 1, line.time + 1, Number.NaN, ROW.text);
  line.track.step(line.memory, line.at, batch, 0);
  expectSameBits('memory', line.memory, before);
  expect(batch.changes).toEqual([]);
});

describe('a stream that is often odd', () => {
  const DAYS = 20;
  const EVENTS_A_DAY = DAY / MINUTE;

  /** Alerts a day of a cycle in which one event of a hundred is any other. */
  function alertsPerDay(budgetPerDay: number, series: number): number {
    const random = createRandom(5);
    const line = new Line({ budgetPerDay });
    line.track.series = series;
    const names = Array.from({ length: EVENTS_A_DAY }, (_, i) => i);
    let opened = 0;
    for (let day = 0; day < DAYS; day++) {
      const { changes } = line.play(
        names.map((i) => CYCLE[random() < 0.01 ? Math.floor(random() * CYCLE.length) : i % CYCLE.length]),
      );
      opened += changes.filter(({ event }) => event === 'open').length;
    }
    return opened / DAYS;
  }

  test('raises no more alerts than its budget', () => {
    expect(alertsPerDay(1, 1)).toBeLessThanOrEqual(1);
  });

  test('has its part of a budget that others share', () => {
    expect(alertsPerDay(1, 10)).toBeLessThanOrEqual(0.2);
  });
});
