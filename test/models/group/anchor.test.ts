import { describe, expect, test } from 'vitest';
import { createTail } from '../../../models/calibration.ts';
import { Anchor } from '../../../models/group/anchor.ts';
import { Covariance } from '../../../models/group/covariance.ts';
import { framesEnter, framesRead, framesSize } from '../../../models/frames.ts';
import { slowEnter, slowMean, slowScore, SLOW_TAIL_SIZE } from '../../../models/group/slow-tail.ts';
import { expectSameBits } from '../difference.ts';
import { CADENCE, machine, PLANT_MACHINES, plantOf, plantRow } from './machine.ts';

const AT = 4;
const HOLD_ROWS = 576;
const HOLD = HOLD_ROWS * CADENCE;
const LEARNED = 3000;
const BROKEN = 2;
/** Where the greatest value of a channel lies in its frame of five numbers. */
const GREATEST = 4;

class Anchored {
  readonly anchor: Anchor;
  readonly memory: Float64Array;
  #rows = 0;

  constructor(channels = 6, memory?: Float64Array, rows = 0) {
    this.anchor = new Anchor(channels, HOLD);
    this.memory = memory ?? new Float64Array(AT + this.anchor.size + 3);
    this.#rows = rows;
  }

  /** Levels of the next rows. */
  play(rows: readonly Float64Array[]): number[] {
    return rows.map((x) => this.anchor.step(this.memory, AT, x, this.#rows++ === 0 ? 0 : CADENCE, CADENCE));
  }

  /** Whether each of the next rows is suspicious. */
  suspicions(rows: readonly Float64Array[]): boolean[] {
    return rows.map((x) => {
      this.play([x]);
      return this.isSuspicious;
    });
  }

  get isSuspicious(): boolean {
    return this.anchor.isSuspicious(this.memory, AT);
  }

  get accepted(): number {
    return this.anchor.acceptedOf(this.memory, AT);
  }

  greatestOf(channel: number): number {
    return this.memory[AT + 5 * channel + GREATEST];
  }
}

/** Levels over 48 rows of the same model where every row is learned at once. */
function alwaysLearning(rows: readonly Float64Array[]): number[] {
  const channels = rows[0].length;
  const covariance = new Covariance(channels);
  const memory = new Float64Array(covariance.size);
  const frames = new Float64Array(framesSize(channels));
  const slow = new Float64Array(SLOW_TAIL_SIZE);
  const z = new Float64Array(channels);
  const tail = createTail();
  return rows.map((x) => {
    framesRead(frames, 0, x, 0, channels, 32, z);
    const mean = slowMean(slow, 0, Math.log1p(covariance.distance(memory, 0, z)), 48);
    const score = slowScore(slow, 0, mean, tail);
    slowEnter(slow, 0, mean, score);
    framesEnter(frames, 0, x, 0, channels, 5000);
    framesRead(frames, 0, x, 0, channels, 8, z);
    covariance.enter(memory, 0, z, 5000);
    return score;
  });
}

/** From row `from` on one channel is another. */
function brokenFrom(rows: readonly Float64Array[], from: number, value: (x: number) => number, to = rows.length) {
  return rows.map((x, i) => x.map((v, j) => (j === BROKEN && i >= from && i < to ? value(v) : v)));
}
const against = (x: number) => 2 * 10 * BROKEN - x;
const shifted = (x: number) => x + 3;
const late = (levels: number[]) => mean(levels.slice(LEARNED + 250, LEARNED + 500));
const mean = (levels: number[]) => levels.reduce((sum, level) => sum + level, 0) / levels.length;

describe.each([1, 2, 3])('a relation that is broken for good, seed %i', (seed) => {
  const rows = brokenFrom(machine(seed, LEARNED + 600), LEARNED, against);

  test('stays in view for 500 rows, where what always learns has forgotten it', () => {
    const anchored = new Anchored().play(rows);
    const always = alwaysLearning(rows);
    expect(late(anchored)).toBeGreaterThan(4);
    expect(late(always)).toBeLessThan(late(anchored) - 1.5);
  });
});

describe('a row that waits', () => {
  const clean = machine(5, LEARNED + 700);
  const greatest = Math.max(...clean.map((x) => x[BROKEN]));

  test('is learned when 200 more have passed without suspicion, not before', () => {
    const anchored = new Anchored();
    const odd = brokenFrom(clean, LEARNED, () => greatest + 1, LEARNED + 1);
    anchored.play(odd.slice(0, LEARNED + 200));
    expect(anchored.greatestOf(BROKEN)).toBeLessThan(greatest + 1);
    anchored.play(odd.slice(LEARNED + 200, LEARNED + 201));
    expect(anchored.greatestOf(BROKEN)).toBe(greatest + 1);
  });

  test('is thrown away when suspicion arises, and never learned', () => {
    const anchored = new Anchored();
    const odd = brokenFrom(clean, LEARNED, (x) => x + 2 * (greatest - 20), LEARNED + 150);
    expect(odd[LEARNED][BROKEN]).toBeGreaterThan(greatest);
    anchored.play(odd.slice(0, LEARNED));
    const suspicions = anchored.suspicions(odd.slice(LEARNED));
    // It has waited, and was believed for a while.
    expect(suspicions.indexOf(true)).toBeGreaterThan(0);
    expect(suspicions.indexOf(true)).toBeLessThan(60);
    expect(suspicions.slice(300)).not.toContain(true);
    expect(anchored.accepted).toBe(0);
    expect(anchored.greatestOf(BROKEN)).toBeLessThanOrEqual(greatest);
  });

  test('waits for five others only while little is known', () => {
    const anchored = new Anchored();
    const odd = brokenFrom(clean, 50, () => greatest + 1, 51);
    anchored.play(odd.slice(0, 55));
    expect(anchored.greatestOf(BROKEN)).toBeLessThan(greatest + 1);
    anchored.play(odd.slice(55, 56));
    expect(anchored.greatestOf(BROKEN)).toBe(greatest + 1);
  });
});

test.each([1, 2])('less than 5 % of the clean rows of simulated machines are suspicious, plant %i', (seed) => {
  const plant = plantOf(seed);
  for (const sources of PLANT_MACHINES) {
    const anchored = new Anchored(sources.length);
    const rows = Array.from({ length: 2500 }, (_, i) => plantRow(plant, sources, i));
    const suspicious = anchored.suspicions(rows).filter(Boolean).length;
    expect(suspicious / rows.length, sources[0]).toBeLessThan(0.05);
  }
});

/** Rows after which a level that stays up from row `learned` on is suspicious, and is accepted. */
function acceptedAfter(learned: number, seed: number) {
  const anchored = new Anchored();
  const rows = brokenFrom(machine(seed, learned + 1600), learned, shifted);
  anchored.play(rows.slice(0, learned));
  const suspicions = rows.slice(learned).map((x) => {
    anchored.play([x]);
    return { isSuspicious: anchored.isSuspicious, accepted: anchored.accepted };
  });
  const begins = suspicions.findIndex(({ isSuspicious }) => isSuspicious);
  const accepted = suspicions.findIndex((row) => row.accepted === 1);
  return { begins, accepted, times: anchored.accepted, after: suspicions.slice(accepted) };
}

describe('a level that stays where it went', () => {
  test.each([1, 2, 3])('is the new normal once it was suspicious for `hold`, seed %i', (seed) => {
    const { begins, accepted, times, after } = acceptedAfter(LEARNED, seed);
    expect(begins).toBeGreaterThan(0);
    expect(begins).toBeLessThan(60);
    expect(accepted - begins).toBeGreaterThanOrEqual(HOLD_ROWS);
    expect(accepted - begins).toBeLessThan(1.1 * HOLD_ROWS);
    expect(times).toBe(1);
    expect(after.some(({ isSuspicious }) => isSuspicious)).toBe(false);
  });

  test.each([1, 2, 3])(
    'is accepted after twice the time that was ever learned, where that is less, seed %i',
    (seed) => {
      const { begins, accepted, times } = acceptedAfter(400, seed);
      expect(begins).toBeLessThan(120);
      // The last 200 rows waited when suspicion arose, and were thrown away.
      const learned = 400 + begins - 200;
      expect((accepted - begins) / learned).toBeGreaterThan(1.8);
      expect((accepted - begins) / learned).toBeLessThan(2.2);
      expect(times).toBe(1);
    },
  );

  test('is accepted by a person at once', () => {
    const anchored = new Anchored();
    const rows = brokenFrom(machine(7, LEARNED + 800), LEARNED, shifted);
    anchored.play(rows.slice(0, LEARNED + 100));
    expect(anchored.isSuspicious).toBe(true);
    anchored.anchor.accept(anchored.memory, AT);
    expect([anchored.isSuspicious, anchored.accepted]).toEqual([false, 1]);
    const levels = anchored.play(rows.slice(LEARNED + 100));
    expect(anchored.suspicions(rows.slice(-100))).not.toContain(true);
    expect(mean(levels.slice(200))).toBeLessThan(2);
    expect(anchored.accepted).toBe(1);
  });

  test('is not forgotten as time alone goes by: without suspicion nothing is accepted', () => {
    const anchored = new Anchored();
    anchored.play(machine(8, 1200));
    expect(anchored.accepted).toBe(0);
    expect(anchored.isSuspicious).toBe(false);
  });
});

describe('blame', () => {
  const rows = machine(9, LEARNED);
  const anchored = new Anchored();
  anchored.play(rows);

  test.each([0, 1, 2, 3, 4, 5])('is that of channel %i where it left the others', (channel) => {
    const x = rows[LEARNED - 1].slice();
    x[channel] += 2;
    const r = new Float64Array(6);
    const before = anchored.memory.slice();
    anchored.anchor.blame(anchored.memory, AT, x, r);
    expect(r.indexOf(Math.max(...r))).toBe(channel);
    expectSameBits('block', anchored.memory, before);
  });

  test('of a missing channel is 0', () => {
    const x = rows[LEARNED - 1].slice();
    x[1] = Number.NaN;
    const r = new Float64Array(6);
    anchored.anchor.blame(anchored.memory, AT, x, r);
    expect(r[1]).toBe(0);
    expect(r.every(Number.isFinite)).toBe(true);
  });
});

test('a channel that falls silent is no suspicion, nor are rows of nothing', () => {
  const anchored = new Anchored();
  const rows = machine(10, LEARNED + 800);
  anchored.play(rows.slice(0, LEARNED));
  const without = rows.slice(LEARNED, LEARNED + 400).map((x) => x.map((v, j) => (j === BROKEN ? Number.NaN : v)));
  const nothing = rows.slice(LEARNED + 400).map((x) => x.map(() => Number.NaN));
  expect(anchored.suspicions([...without, ...nothing])).not.toContain(true);
  expect(anchored.play(rows.slice(-300)).every((level) => level >= 0 && level < 4)).toBe(true);
  expect(anchored.anchor.isSound(anchored.memory, AT)).toBe(true);
});

test('what it learned is unsound where a number of it is none', () => {
  const anchored = new Anchored(3);
  anchored.play(machine(13, 300, 3));
  const { anchor, memory } = anchored;
  expect(anchor.isSound(memory, AT)).toBe(true);
  for (const number of [0, framesSize(3) + 2, framesSize(3) + anchor.covariance.size]) {
    const broken = memory.slice();
    broken[AT + number] = Number.NaN;
    expect(anchor.isSound(broken, AT)).toBe(false);
  }
});

test('goes on from a copy of its block to the last bit, whatever else the object steps', () => {
  const rows = brokenFrom(machine(11, 1500), 900, against);
  const all = new Anchored();
  const wanted = all.play(rows);
  for (const cut of [3, 230, 990, 1100]) {
    const first = new Anchored();
    first.play(rows.slice(0, cut));
    const second = new Anchored(6, first.memory.slice(), cut);
    const other = second.anchor;
    const elsewhere = new Float64Array(AT + other.size);
    const levels = rows.slice(cut).flatMap((x) => {
      other.step(
        elsewhere,
        AT,
        x.map((v) => -v),
        CADENCE,
        CADENCE,
      );
      return second.play([x]);
    });
    expectSameBits(`levels from ${cut}`, levels, wanted.slice(cut));
    expectSameBits(`block from ${cut}`, second.memory, all.memory);
  }
});

test('keeps to its block, however many rows come', () => {
  const anchored = new Anchored(3);
  anchored.memory.fill(5, 0, AT).fill(5, AT + anchored.anchor.size);
  anchored.play(machine(12, 2000, 3));
  const around = [...anchored.memory.subarray(0, AT), ...anchored.memory.subarray(AT + anchored.anchor.size)];
  expect(around).toEqual(Array.from({ length: AT + 3 }, () => 5));
  expect(anchored.anchor.size).toBeLessThan(3000);
});
