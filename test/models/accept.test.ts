/** The new normal: what a person accepts is told no longer, and nothing learned is lost. */
import { describe, expect, test } from 'vitest';
import { REASONS } from '../../models/alert.ts';
import { DEFAULTS, Detector } from '../../models/detector.ts';
import { NO_LIMITS } from '../../models/limits.ts';
import { createRandom, gaussian } from '../../models/random.ts';
import { NO_RULES } from '../../models/rules.ts';
import { expectSameBits } from './difference.ts';
import { type Entry, newWorld, play, type Played, type Sample, type World } from './play.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const CADENCE = 5 * MINUTE;
const PER_DAY = DAY / CADENCE;
const FAULT = 12 * PER_DAY + 100;

function make(max = Infinity): World {
  const rules = { ...NO_RULES, limits: { ...NO_LIMITS, max } };
  return newWorld(new Detector({ ...DEFAULTS, hidden: 8, lags: 5, rules }));
}
/** A daily cycle; from the fault on, the value of each sample is another. */
function daily(days: number, seed: number, faultOf: (value: number) => number): Sample[] {
  const random = createRandom(seed);
  return Array.from({ length: days * PER_DAY }, (_, i) => {
    const value = 50 + 10 * Math.sin((2 * Math.PI * i) / PER_DAY) + gaussian(random);
    return { id: 'a', time: i * CADENCE, value: i < FAULT ? value : faultOf(value) };
  });
}
function accept({ registry, model }: World): boolean {
  const { memory, at } = registry.find('a')!;
  return model.detector.acceptRegime(memory, at);
}
function block({ registry, model }: World): Float64Array {
  const { memory, at } = registry.find('a')!;
  return memory.slice(at, at + model.detector.size);
}
const told = ({ changes }: Played) => changes.map(({ event, row, reason }) => `${event} ${row} ${REASONS[reason]}`);
const opens = ({ changes }: Played) => changes.filter(({ event }) => event === 'open');

describe.each([1, 2, 3])('a level that has stepped up, seed %i', (seed) => {
  const samples = daily(16, seed, (value) => value + 25);
  const world = make();
  const before = play(world, samples.slice(0, FAULT + 30));
  const told30 = opens(before).filter(({ row }) => row >= FAULT);
  const [frozen, was] = [block(world), accept(world)];
  const accepted = block(world);
  const after = play(world, samples.slice(FAULT + 30));

  test('is an alert that ends with the first sample after it was accepted', () => {
    expect(told30).toHaveLength(1);
    expect(was).toBe(true);
    expect(after.changes[0]).toMatchObject({ event: 'close', row: 0, openedAt: told30[0].time });
  });

  test('is not told again, today or tomorrow', () => {
    expect(opens(after).filter(({ row }) => row < 2.5 * PER_DAY)).toEqual([]);
  });

  test('scores as the usual does, where without a word it would be odd for a day', () => {
    const left = make();
    const alone = play(left, samples).level.slice(FAULT + 30);
    const high = (level: number[]) => level.slice(PER_DAY / 6, PER_DAY).filter((score) => score >= 3).length;
    expect(high(after.level)).toBeLessThan(0.15 * PER_DAY);
    expect(high(after.level)).toBeLessThan(high(alone));
  });

  test('costs no weight: what the networks learned is the same to the last bit', () => {
    const { layout } = world.model.detector;
    const of = (all: Float64Array) => all.subarray(layout.fast);
    expectSameBits('what the networks learned, and the fast one', of(accepted), of(frozen));
    const changed = accepted.filter((number, i) => !Object.is(number, frozen[i])).length;
    expect(changed).toBeLessThan(layout.fast / 4);
  });

  test('is no licence: a further step is told', () => {
    const again = make();
    play(again, samples.slice(0, FAULT + 30));
    accept(again);
    const next = samples
      .slice(FAULT + 30)
      .map((sample, i) => ({ ...sample, value: sample.value + (i < 200 ? 0 : 60) }));
    expect(opens(play(again, next)).map(({ row }) => row)).toContain(200);
  });
});

test('where no alert is open, nothing happens', () => {
  const world = make();
  play(
    world,
    daily(2, 1, (value) => value),
  );
  const before = block(world);
  expect(accept(world)).toBe(false);
  expectSameBits('block', block(world), before);
});

test('twice is once', () => {
  const world = make();
  play(world, daily(13, 1, (value) => value + 25).slice(0, FAULT + 30));
  expect(accept(world)).toBe(true);
  expect(accept(world)).toBe(true);
  const { changes } = play(world, [{ id: 'a', time: (FAULT + 30) * CADENCE, value: 75 }]);
  expect(changes).toMatchObject([{ event: 'close' }]);
  expect(accept(world)).toBe(false);
});

describe('what needed no learning', () => {
  const calm = daily(12, 4, (value) => value);

  test('may be accepted: a value outside its limits is told again only once it was inside', () => {
    const world = make(100);
    play(world, calm);
    const from = calm.length;
    const at = (i: number, value: number) => ({ id: 'a', time: (from + i) * CADENCE, value });
    expect(told(play(world, [at(0, 130)]))).toEqual(['open 0 limit']);
    accept(world);
    const outside = Array.from({ length: 30 }, (_, i) => at(1 + i, 130 + Math.sin(i)));
    expect(told(play(world, outside))).toEqual(['close 0 limit']);
    expect(told(play(world, [at(31, 50), at(32, 130)])).filter((text) => text.startsWith('open'))).toHaveLength(1);
  });

  test('may be accepted: a silence is told again when it is three times as long', () => {
    const world = make();
    play(world, calm);
    const last = calm.at(-1)!.time;
    const ticks = (from: number, to: number): Entry[] =>
      Array.from({ length: (to - from) / 10 }, (_, i) => ({ tick: last + (from + 10 * i) * MINUTE }));
    expect(told(play(world, ticks(10, 60))).filter((text) => text.startsWith('open'))).toEqual(['open 0 silence']);
    accept(world);
    expect(told(play(world, ticks(60, 180)))).toEqual(['close 0 silence']);
  });

  test('may be accepted: a sensor that stands still is told no longer, however long it stands', () => {
    const world = make();
    play(world, calm);
    const still = (from: number, to: number) =>
      Array.from({ length: to - from }, (_, i) => ({ id: 'a', time: (calm.length + from + i) * CADENCE, value: 50.5 }));
    expect(told(play(world, still(0, 12))).filter((text) => text.endsWith('stuck'))[0]).toMatch(/^open/);
    accept(world);
    const after = play(world, still(12, 300));
    expect(after.changes[0]).toMatchObject({ event: 'close', row: 0 });
    expect(opens(after)).toEqual([]);
  });
});

test('is part of the block: after a restart the alert ends as it would have', () => {
  const samples = daily(13, 2, (value) => value + 25);
  const world = make();
  play(world, samples.slice(0, FAULT + 30));
  accept(world);
  const other = make();
  const track = other.registry.admit('a', 'a', other.model)!;
  track.memory.set(block(world), track.at);
  const rest = samples.slice(FAULT + 30);
  const [here, there] = [play(world, rest), play(other, rest)];
  expect(told(there)).toEqual(told(here));
  expectSameBits('score', there.score, here.score);
});
