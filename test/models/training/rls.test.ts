import { describe, expect, test } from 'vitest';
import { createRandom, gaussian, type Random } from '../../../models/random.ts';
import { Rls, type RlsOptions } from '../../../models/training/rls.ts';
import { expectClose, expectSameBits } from '../difference.ts';

/** A readout in the middle of strangers, with its features behind it. */
class Readout {
  readonly rls: Rls;
  readonly at = 3;
  readonly x: number;
  readonly memory: Float64Array;

  constructor(features: number, options: RlsOptions) {
    this.rls = new Rls(features, options);
    this.x = this.at + this.rls.size + 1;
    this.memory = new Float64Array(this.x + features + 1).fill(7);
    this.rls.initialise(this.memory, this.at);
  }

  learn(x: readonly number[], target: number): number {
    this.memory.set(x, this.x);
    return this.rls.learn(this.memory, this.at, this.x, target);
  }

  predict(x: readonly number[]): number {
    this.memory.set(x, this.x);
    return this.rls.predict(this.memory, this.at, this.x);
  }

  get weights(): number[] {
    return [...this.memory.subarray(this.at, this.at + this.rls.features)];
  }

  get block(): Float64Array {
    return this.memory.slice(this.at, this.at + this.rls.size);
  }

  /** P = SSᵀ. */
  get covariance(): number[][] {
    const n = this.rls.features;
    const S = this.block.subarray(n);
    return Array.from({ length: n }, (_, i) =>
      Array.from({ length: n }, (_, j) => {
        let sum = 0;
        for (let k = 0; k < n; k++) sum += S[i * n + k] * S[j * n + k];
        return sum;
      }),
    );
  }
}

const same = (n: number, x: number) => Array.from({ length: n }, () => x);
const draw = (n: number, random: Random) => Array.from({ length: n }, () => gaussian(random));
const product = (w: readonly number[], x: readonly number[]) => w.reduce((sum, w, i) => sum + w * x[i], 0);

/** Cholesky's pivots, all of them positive for a positive definite matrix and for no other. */
function pivots(matrix: readonly (readonly number[])[]): number[] {
  const L = matrix.map((row) => [...row]);
  return L.map((row, j) => {
    const pivot = row[j];
    for (let i = j + 1; i < L.length; i++) {
      const factor = L[i][j] / pivot;
      for (let k = j; k < L.length; k++) L[i][k] -= factor * row[k];
    }
    return pivot;
  });
}

/** Solves R·w = r by elimination. */
function solve(R: readonly (readonly number[])[], r: readonly number[]): number[] {
  const M = R.map((row, i) => [...row, r[i]]);
  const n = M.length;
  for (let j = 0; j < n; j++) {
    for (let i = 0; i < n; i++) {
      if (i === j) continue;
      const factor = M[i][j] / M[j][j];
      for (let k = j; k <= n; k++) M[i][k] -= factor * M[j][k];
    }
  }
  return M.map((row, i) => row[n] / row[i]);
}

test.each([
  [1, 0.9],
  [4, 0.95],
  [7, 0.99],
  [5, 1],
])('is the least squares solution after every sample: %i features, lambda %d', (n, forgetting) => {
  const ridge = 0.3;
  const random = createRandom(n);
  const readout = new Readout(n, { forgetting, ridge });
  const R = Array.from({ length: n }, (_, i) => same(n, 0).with(i, ridge));
  const r = same(n, 0);
  for (let t = 0; t < 200; t++) {
    const x = draw(n, random);
    const target = x[0] + 0.5 * gaussian(random);
    const before = readout.predict(x);
    expect(readout.learn(x, target)).toBe(target - before);
    for (let i = 0; i < n; i++) {
      r[i] = forgetting * r[i] + x[i] * target;
      for (let j = 0; j < n; j++) R[i][j] = forgetting * R[i][j] + x[i] * x[j];
    }
    R[t % n][t % n] += ridge * (1 - forgetting ** n);
    expectClose(`weights after ${t + 1}`, readout.weights, solve(R, r), 1e-10);
  }
  const unit = readout.covariance.map((row) => R.map((_, j) => product(row, R[j])));
  expectClose(
    'P times its inverse',
    unit.flat(),
    R.flatMap((row, i) => row.map((_, j) => (i === j ? 1 : 0))),
    1e-9,
  );
});

test('finds the weights of a linear system in as many samples as there are, and a few', () => {
  const n = 12;
  const random = createRandom(3);
  const truth = draw(n, random);
  const readout = new Readout(n, { forgetting: 0.999, ridge: 1e-8 });
  for (let t = 0; t < n + 3; t++) {
    const x = draw(n, random);
    readout.learn(x, product(truth, x));
  }
  expectClose('weights', readout.weights, truth, 1e-6);
});

test('follows a system that changes', () => {
  const n = 6;
  const random = createRandom(4);
  const readout = new Readout(n, { forgetting: 0.98, ridge: 1e-4 });
  for (let change = 0; change < 3; change++) {
    const truth = draw(n, random);
    for (let t = 0; t < 700; t++) {
      const x = draw(n, random);
      readout.learn(x, product(truth, x));
    }
    expectClose('weights', readout.weights, truth, 1e-4);
  }
});

describe('100,000 samples that excite hardly anything', () => {
  const n = 8;
  const options: RlsOptions = { forgetting: 0.98, ridge: 1e-3 };
  const SAMPLES = 100_000;
  /** The limit of every variance. */
  const bound = 1 / (options.ridge * options.forgetting ** n);
  const truth = draw(n, createRandom(5));

  test.each([
    ['the same sample', () => [1, -2, 0.5, 0, 3, 0.1, -0.7, 1]],
    ['nothing but zeros', () => same(n, 0)],
    ['features that are all the same', (random: Random) => same(n, gaussian(random))],
    ['tiny numbers', (random: Random) => draw(n, random).map((x) => 1e-160 * x)],
    ['huge numbers', (random: Random) => draw(n, random).map((x) => 1e20 * x)],
    ['now huge, now tiny numbers', (random: Random) => draw(n, random).map((x) => (random() < 0.01 ? 1e8 : 1e-8) * x)],
  ])('%s: P stays positive definite and within its bound, and learning goes on after it', (_, next) => {
    const random = createRandom(6);
    const readout = new Readout(n, options);
    for (let t = 0; t < SAMPLES; t++) readout.learn(next(random), 0.5);
    expect(readout.block.every(Number.isFinite)).toBe(true);
    const P = readout.covariance;
    for (const pivot of pivots(P)) expect(pivot).toBeGreaterThan(0);
    for (const [i, row] of P.entries()) expect(row[i]).toBeLessThanOrEqual(bound * (1 + 1e-9));
    for (const w of readout.weights) expect(Math.abs(w)).toBeLessThan(10);

    for (let t = 0; t < 8000; t++) {
      const x = draw(n, random);
      readout.learn(x, product(truth, x));
    }
    expectClose('weights', readout.weights, truth, 1e-3);
  });

  test('the same sample is foreseen to a thousandth, with weights no larger than it takes', () => {
    const x = [1, -2, 0.5, 0, 3, 0.1, -0.7, 1];
    const readout = new Readout(n, options);
    for (let t = 0; t < SAMPLES; t++) readout.learn(x, 0.5);
    expect(readout.predict(x)).toBeCloseTo(0.5, 3);
    const square = product(x, x);
    expectClose(
      'weights',
      readout.weights,
      x.map((x) => (0.5 * x) / square),
      1e-2,
    );
  });
});

test('leaves out samples that are no numbers, or are beyond them', () => {
  const readout = new Readout(2, { forgetting: 0.9, ridge: 1 });
  readout.learn([1, 2], 3);
  const before = readout.block;
  for (const nonsense of [Number.NaN, Infinity, -Infinity, 1e300, -1e200]) {
    readout.learn([nonsense, 1], 1);
    readout.learn([1, 1], nonsense);
  }
  expectSameBits('block', readout.block, before);
});

test('goes on to the last bit from a copy of its block, wherever that lies', () => {
  const n = 5;
  const options = { forgetting: 0.97, ridge: 0.01 };
  const random = createRandom(8);
  const one = new Readout(n, options);
  const go = (readouts: Readout[]) => {
    for (let t = 0; t < 123; t++) {
      const x = draw(n, random);
      const errors = readouts.map((readout) => readout.learn(x, x[0] * x[1]));
      expectSameBits(
        'errors',
        errors,
        errors.map(() => errors[0]),
      );
    }
  };
  go([one]);
  const other = new Readout(n, options);
  other.memory.set(one.block, other.at);
  go([one, other]);
  expectSameBits('block', other.block, one.block);
});

test('many readouts share one object and touch nothing but their block', () => {
  const n = 3;
  const rls = new Rls(n, { forgetting: 0.95, ridge: 0.1 });
  const x = 2 * rls.size + 1;
  const memory = new Float64Array(x + n + 1).fill(7);
  rls.initialise(memory, 0);
  rls.initialise(memory, rls.size);
  const random = createRandom(9);
  const alone = new Readout(n, rls.options);
  for (let t = 0; t < 50; t++) {
    memory.set(draw(n, random), x);
    rls.learn(memory, 0, x, gaussian(random));
    const sample = draw(n, random);
    memory.set(sample, x);
    rls.learn(memory, rls.size, x, sample[2]);
    alone.learn(sample, sample[2]);
    expect([...memory.subarray(x, x + n)]).toEqual(sample);
  }
  expectSameBits('block', memory.subarray(rls.size, 2 * rls.size), alone.block);
  expect([memory[x - 1], memory[x + n]]).toEqual([7, 7]);
  expect([alone.memory[alone.at - 1], alone.memory[alone.at + rls.size]]).toEqual([7, 7]);
});

test('refuses options that make no readout', () => {
  for (const forgetting of [0, -1, 1.01, Number.NaN]) {
    expect(() => new Rls(2, { forgetting, ridge: 1 })).toThrow('rls: expected 0 < forgetting <= 1');
  }
  for (const ridge of [0, -1, Infinity, Number.NaN]) {
    expect(() => new Rls(2, { forgetting: 1, ridge })).toThrow('rls: expected ridge > 0');
  }
});
