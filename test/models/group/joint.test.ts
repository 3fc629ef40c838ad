import { describe, expect, test } from 'vitest';
import { DEFAULTS } from '../../../models/detector.ts';
import { GROUP_DEFAULTS } from '../../../models/group/group-detector.ts';
import { Joint } from '../../../models/group/joint.ts';
import { createRandom, gaussian } from '../../../models/random.ts';
import { CELLS } from '../../../models/training/create-learner.ts';
import { expectSameBits } from '../difference.ts';

const AT = 3;
const { training } = GROUP_DEFAULTS;
const ROWS = 4000;

class Forecaster {
  readonly joint: Joint;
  readonly memory: Float64Array;

  constructor(channels: number, context = 0, cell = DEFAULTS.cell) {
    this.joint = new Joint(channels, context, cell, 12, training);
    this.memory = new Float64Array(AT + this.joint.size + 2).fill(7);
    this.joint.initialise(this.memory, AT, createRandom(1));
  }

  /** The error of the row. */
  row(z: Float64Array): number {
    this.explain(z);
    const error = this.joint.score(this.memory, AT, z);
    this.joint.forecast(this.memory, AT, z);
    return error;
  }

  /** The context of the row that comes. */
  explain(z: Float64Array): void {
    this.joint.explain(this.memory, AT, z);
  }

  expected(channel: number): number {
    return this.joint.forecastOf(this.memory, AT, channel);
  }
}

/** Root mean square over the last quarter: of the error of a channel, and of its change. */
function errors(
  rows: readonly Float64Array[],
  channels: number,
  context: number,
  channel: number,
  cell = DEFAULTS.cell,
) {
  const forecaster = new Forecaster(channels, context, cell);
  let [error, change, n] = [0, 0, 0];
  for (const [i, z] of rows.entries()) {
    forecaster.explain(z);
    if (i > 0.75 * rows.length) {
      const [missed, changed] = [z[channel] - forecaster.expected(channel), z[channel] - rows[i - 1][channel]];
      error += missed * missed;
      change += changed * changed;
      n++;
    }
    forecaster.row(z);
  }
  return { error: Math.sqrt(error / n), change: Math.sqrt(change / n) };
}

/** The second channel says what the first said before, with a little noise. */
function follower(seed: number, rows: number): Float64Array[] {
  const random = createRandom(seed);
  let before = 0;
  return Array.from({ length: rows }, () => {
    const z = Float64Array.of(gaussian(random), 0.98 * before + 0.2 * gaussian(random));
    before = z[0];
    return z;
  });
}

/** A value that goes where a command told it before. */
function commanded(seed: number, rows: number): Float64Array[] {
  const random = createRandom(seed);
  let command = 1;
  return Array.from({ length: rows }, () => {
    if (random() < 0.2) command = -command;
    return Float64Array.of(0.97 * command + 0.2 * gaussian(random), command);
  });
}

test.each(CELLS)('learns what one channel says of another, with the cell %s', (cell) => {
  const { error, change } = errors(follower(3, ROWS), 2, 0, 1, cell);
  expect(error).toBeLessThan(change / 3);
});

test('context that drives a channel makes it known, and is not watched itself', () => {
  const rows = commanded(4, ROWS);
  const { error } = errors(rows, 1, 1, 0);
  const without = errors(
    rows.map((z) => z.slice(0, 1)),
    1,
    0,
    0,
  );
  expect(error).toBeLessThan(without.error / 2);
  const forecaster = new Forecaster(1, 1);
  for (const z of rows.slice(0, 500)) forecaster.row(z);
  expect(forecaster.joint.u).toHaveLength(1);
  forecaster.explain(Float64Array.of(Number.NaN, 1));
  const score = (command: number) => {
    const { joint, memory } = forecaster;
    return joint.score(memory.slice(), AT, Float64Array.of(0.97, command));
  };
  expect(score(1)).toBe(score(-50));
});

describe('the error of a row', () => {
  const rows = follower(5, 600);
  const forecaster = new Forecaster(2);
  for (const z of rows) forecaster.row(z);
  const scored = (z: Float64Array) => {
    const memory = forecaster.memory.slice();
    const error = forecaster.joint.score(memory, AT, z);
    return { error, u: Array.from(forecaster.joint.u) };
  };

  test('is 0 until 20 rows have shown how large an error is', () => {
    const young = new Forecaster(2);
    const known: boolean[] = [];
    const all = rows.slice(0, 30).map((z) => {
      known.push(young.joint.knows(young.memory, AT, z));
      return young.row(z);
    });
    expect(all.slice(0, 21)).toEqual(Array.from({ length: 21 }, () => 0));
    expect(all.slice(21).every((error) => error > 0)).toBe(true);
    expect(known).toEqual(all.map((error) => error > 0));
    const nothing = new Float64Array(2).fill(Number.NaN);
    expect(young.joint.knows(young.memory, AT, nothing)).toBe(false);
    expect(young.row(nothing)).toBe(0);
  });

  test('is Σ ln(1 + u²), u the errors in their deviations', () => {
    const { joint, memory } = forecaster;
    const z = Float64Array.of(2, -1);
    const [a, b] = [0, 1].map(
      (j) => Math.abs(z[j] - joint.forecastOf(memory, AT, j)) / joint.deviationOf(memory, AT, j),
    );
    const { error, u } = scored(z);
    expect(u[0]).toBeCloseTo(a, 12);
    expect(u[1]).toBeCloseTo(b, 12);
    expect(error).toBeCloseTo(Math.log1p(a * a) + Math.log1p(b * b), 12);
  });

  test('is that of the three channels that are worst, and forty others neither hide nor make it', () => {
    const many = new Forecaster(40);
    const random = createRandom(6);
    const calm = () => Float64Array.from({ length: 40 }, () => 0.3 * gaussian(random));
    for (let i = 0; i < 200; i++) many.row(calm());
    const z = calm();
    z[7] = 6;
    const error = many.joint.score(many.memory, AT, z);
    const worst = Array.from(many.joint.u).toSorted((a, b) => b - a);
    expect(many.joint.u.indexOf(worst[0])).toBe(7);
    expect(error).toBeCloseTo(
      worst.slice(0, 3).reduce((sum, u) => sum + Math.log1p(u * u), 0),
      12,
    );
  });

  test('of a channel that is forecast to the last digit is counted in 0.02 at least', () => {
    const still = new Forecaster(1);
    for (let i = 0; i < 100; i++) still.row(Float64Array.of(0));
    still.joint.score(still.memory, AT, Float64Array.of(still.expected(0) + 0.1));
    expect(still.joint.u[0]).toBeCloseTo(5, 12);
  });

  test('does not widen its own measure beyond 5 deviations', () => {
    const { joint, memory } = forecaster;
    const deviationAfter = (z: number) => {
      const copy = memory.slice();
      joint.score(copy, AT, Float64Array.of(z, 0));
      return joint.deviationOf(copy, AT, 0);
    };
    const at5 = joint.forecastOf(memory, AT, 0) + 5 * joint.deviationOf(memory, AT, 0);
    expect(deviationAfter(1e3)).toBeCloseTo(deviationAfter(at5), 9);
    expect(deviationAfter(1e3)).toBeGreaterThan(deviationAfter(at5 - 1));
  });
});

describe('a missing value', () => {
  test('has no error and teaches its channel nothing', () => {
    const forecaster = new Forecaster(2);
    const { joint, memory } = forecaster;
    for (const z of follower(7, 300)) forecaster.row(z);
    const deviation = joint.deviationOf(memory, AT, 1);
    forecaster.row(Float64Array.of(9, Number.NaN));
    expect(joint.u[0]).toBeGreaterThan(1);
    expect(joint.u[1]).toBe(0);
    expect(joint.deviationOf(memory, AT, 1)).toBe(deviation);
  });

  test('counts as the value before it', () => {
    const [one, other] = [new Forecaster(2, 1), new Forecaster(2, 1)];
    const random = createRandom(8);
    for (let i = 0; i < 100; i++) {
      const z = Float64Array.from({ length: 3 }, () => gaussian(random));
      for (const forecaster of [one, other]) forecaster.row(z);
      if (i < 99) continue;
      one.joint.forecast(one.memory, AT, Float64Array.of(Number.NaN, 0.5, Number.NaN));
      other.joint.forecast(other.memory, AT, Float64Array.of(z[0], 0.5, z[2]));
    }
    expectSameBits('blocks', one.memory, other.memory);
  });

  test('among many leaves everything a number, and what is there is learned', () => {
    const random = createRandom(9);
    const gappy = follower(3, ROWS).map((z, i) =>
      z.map((x) => (random() < 0.1 || (i > 500 && i < 600) ? Number.NaN : x)),
    );
    const forecaster = new Forecaster(2);
    let [error, n] = [0, 0];
    for (const [i, z] of gappy.entries()) {
      const missed = z[1] - forecaster.expected(1);
      const isKnown = i > 0.75 * ROWS && !Number.isNaN(missed) && !Number.isNaN(gappy[i - 1][0]);
      if (isKnown) [error, n] = [error + missed * missed, n + 1];
      expect(forecaster.row(z)).toBeGreaterThanOrEqual(0);
    }
    expect(forecaster.memory.every(Number.isFinite)).toBe(true);
    expect(Math.sqrt(error / n)).toBeLessThan(0.5);
  });
});

test('a weight that is no number is noticed with the next forecast', () => {
  const forecaster = new Forecaster(2);
  const { joint, memory } = forecaster;
  for (const z of follower(7, 50)) forecaster.row(z);
  expect(joint.isSound(memory, AT)).toBe(true);
  memory[AT + 4] = Number.NaN;
  forecaster.row(Float64Array.of(0, 0));
  expect(joint.isSound(memory, AT)).toBe(false);
});

test('goes on from a copy of its block as if it had been there all the time, and writes nowhere else', () => {
  const rows = follower(10, 400);
  const all = new Forecaster(2);
  const wanted = rows.map((z) => all.row(z));
  const first = new Forecaster(2);
  for (const z of rows.slice(0, 201)) first.row(z);
  const second = new Forecaster(2);
  second.memory.set(first.memory);
  expectSameBits(
    'errors',
    rows.slice(201).map((z) => second.row(z)),
    wanted.slice(201),
  );
  expectSameBits('block', second.memory, all.memory);
  expectSameBits('around', [...all.memory.subarray(0, AT), ...all.memory.subarray(-2)], [7, 7, 7, 7, 7]);
});
