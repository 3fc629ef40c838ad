import { describe, expect, test } from 'vitest';
import type { Cell } from '../../../models/cells/cell.ts';
import { Lstm } from '../../../models/cells/lstm.ts';
import { createRandom, gaussian, type Random } from '../../../models/random.ts';
import { Tbptt, type Training } from '../../../models/training/tbptt.ts';
import { readGolden } from '../../golden/golden.ts';
import { expectClose, expectSameBits } from '../difference.ts';

interface Weights {
  W_ih: number[];
  W_hh: number[];
  b: number[];
  V: number[];
  bv: number[];
}
interface Golden {
  stream: number[];
  runs: {
    k1: number;
    k2: number;
    lr: number;
    sizes: { I: number; H: number };
    params0: Weights;
    predictions: number[];
    gradNorms: number[];
    paramsEnd: Weights;
    stateEnd: { h: number[]; c: number[] };
  }[];
}
const golden = readGolden('tbptt') as Golden;

const sgdTraining = (k1: number, k2: number, rate: number): Training => ({
  k1,
  k2,
  spread: false,
  optimizer: { name: 'sgd', rate },
  clipNorm: Infinity,
});

const SKIP = { outputs: 1, skip: true, bias: true };
const NO_SKIP = { ...SKIP, skip: false };

/** One error fed back. */
function learn(learner: Tbptt, memory: Float64Array, at: number, dy: number): number {
  memory[learner.lossGradient(memory, at)] = dy;
  return learner.learn(memory, at);
}

/** Where the parameters of the cell, of V, of U and b begin. */
function partsOf({ cell, weightCount }: Tbptt): { V: number; U: number; b: number; state: number } {
  const V = cell.paramCount;
  const U = V + cell.hidden;
  return { V, U, b: weightCount - 1, state: weightCount };
}

const flat = ({ W_ih, W_hh, b, V, bv }: Weights) => [...W_ih, ...W_hh, ...b, ...V, ...bv];

describe.each(golden.runs)('golden run with k1 = $k1, k2 = $k2', (run) => {
  const at = 6;
  const forecaster = new Tbptt(new Lstm(run.sizes.I, run.sizes.H), NO_SKIP, sgdTraining(run.k1, run.k2, run.lr));
  const memory = new Float64Array(at + forecaster.size);
  forecaster.initialise(memory, at, createRandom(1));
  memory.set(flat(run.params0), at);
  const predictions: number[] = [];
  const norms: number[] = [];
  for (const [t, value] of golden.stream.entries()) {
    if (t > 0) {
      norms.push(learn(forecaster, memory, at, predictions[t - 1] - value));
    }
    if (t === golden.stream.length - 1) break;
    memory[forecaster.nextInput(memory, at)] = value;
    predictions.push(memory[forecaster.forward(memory, at)]);
  }

  test('forecasts', () => expectClose('forecasts', predictions, run.predictions, 1e-9));
  test('gradient norms, at every k1-th error and at no other', () => {
    const wanted = norms.map((_, i) => ((i + 1) % run.k1 === 0 ? run.gradNorms[(i + 1) / run.k1 - 1] : 0));
    expectClose('norms', norms, wanted, 1e-9);
    expect(norms.filter((norm) => norm > 0)).toHaveLength(run.gradNorms.length);
  });
  test('weights at the end', () => {
    expectClose('weights', memory.subarray(at, at + forecaster.weightCount), flat(run.paramsEnd), 1e-9);
  });
  test('state at the end', () => {
    const state = at + partsOf(forecaster).state;
    const { h, c } = run.stateEnd;
    expectClose('state', memory.subarray(state, state + h.length + c.length), [...h, ...c], 1e-9);
  });
});

/** T steps of random inputs and targets, fed to a forecaster whose weights are all random. */
interface Episode {
  forecaster: Tbptt;
  memory: Float64Array;
  x: number[][];
  target: number[];
}

function episode(cell: Cell, steps: number, training: Training, random: Random): Episode {
  const forecaster = new Tbptt(cell, SKIP, training);
  const memory = new Float64Array(forecaster.size);
  forecaster.initialise(memory, 0, random);
  for (let i = 0; i < forecaster.weightCount; i++) memory[i] = 0.5 * gaussian(random);
  const x = Array.from({ length: steps }, () => Array.from({ length: cell.inputs }, () => gaussian(random)));
  return { forecaster, memory, x, target: x.map(() => gaussian(random)) };
}

/** Plays the episode and returns Σ(y − target)²/2; learns where the forecaster says so. */
function play({ forecaster, memory, x, target }: Episode): number {
  let loss = 0;
  for (const [t, input] of x.entries()) {
    memory.set(input, forecaster.nextInput(memory, 0));
    const error = memory[forecaster.forward(memory, 0)] - target[t];
    loss += error ** 2 / 2;
    learn(forecaster, memory, 0, error);
  }
  return loss;
}

/** The gradient, read off one SGD step of rate 1 at the end of the episode. */
function gradientOf(start: Episode): Float64Array {
  const memory = start.memory.slice();
  play({ ...start, memory });
  const n = start.forecaster.weightCount;
  return start.memory.slice(0, n).map((before, i) => before - memory[i]);
}

test.each([
  [1, 4, 5, 5],
  [3, 2, 7, 12],
  [5, 6, 4, 4],
])('gradients of cell, head and skip path agree with central differences: %i, %i, %i', (I, H, T, k2) => {
  const start = episode(new Lstm(I, H), T, sgdTraining(T, k2, 1), createRandom(I + 10 * H));
  const gradient = gradientOf(start);
  const measured = gradient.map((_, i) => {
    const lossAt = (shift: number) => {
      const memory = start.memory.slice();
      memory[i] += shift;
      return play({ ...start, memory });
    };
    return (lossAt(1e-6) - lossAt(-1e-6)) / 2e-6;
  });
  const { V, U, b } = partsOf(start.forecaster);
  expect(b + 1).toBe(start.forecaster.weightCount);
  for (const [name, from, to] of [
    ['cell', 0, V],
    ['V', V, U],
    ['U', U, b],
    ['b', b, b + 1],
  ] as const) {
    expectClose(name, gradient.subarray(from, to), measured.subarray(from, to), 1e-7);
  }
});

test('with k1 = k2 = T the update is that of full backpropagation through time', () => {
  const I = 3;
  const H = 5;
  const T = 9;
  const cell = new Lstm(I, H);
  const start = episode(cell, T, sgdTraining(T, T, 1), createRandom(8));
  const { V, U, b } = partsOf(start.forecaster);
  const weights = start.memory.slice(0, b + 1);

  const state = b + 1;
  const rows = state + cell.stateSize;
  const memory = new Float64Array(rows + T * cell.cacheSize);
  memory.set(weights);
  const h: Float64Array[] = [];
  const dy: number[] = [];
  for (let t = 0; t < T; t++) {
    memory.set(start.x[t], rows + t * cell.cacheSize);
    cell.step(memory, 0, state, rows + t * cell.cacheSize);
    h.push(memory.slice(state, state + H));
    let y = weights[b];
    for (let u = 0; u < H; u++) y += weights[V + u] * h[t][u];
    for (let j = 0; j < I; j++) y += weights[U + j] * start.x[t][j];
    dy.push(y - start.target[t]);
  }
  const wanted = new Float64Array(b + 1 + cell.stateSize);
  for (let t = T - 1; t >= 0; t--) {
    for (let u = 0; u < H; u++) {
      wanted[V + u] += dy[t] * h[t][u];
      wanted[b + 1 + u] += dy[t] * weights[V + u];
    }
    for (let j = 0; j < I; j++) wanted[U + j] += dy[t] * start.x[t][j];
    wanted[b] += dy[t];
    cell.backward(memory, 0, state, rows + t * cell.cacheSize, wanted, 0, b + 1, -1);
  }
  expectClose('gradient', gradientOf(start), wanted.subarray(0, b + 1), 1e-12);
});

/** Calls of `backward` in each walk, and whether a gradient had flowed in before. */
function walks(k1: number, k2: number, errors: number[], spread = false): boolean[][] {
  let walk: boolean[] = [];
  class Watched extends Lstm {
    override backward(...args: Parameters<Cell['backward']>): void {
      const [, , , , work, , dState] = args;
      walk.push(work.subarray(dState, dState + this.stateSize).some((d) => d !== 0));
      super.backward(...args);
    }
  }
  const forecaster = new Tbptt(new Watched(1, 2), NO_SKIP, { ...sgdTraining(k1, k2, 0.1), spread });
  const memory = new Float64Array(forecaster.size);
  forecaster.initialise(memory, 0, createRandom(1));
  return errors.map((dy, t) => {
    walk = [];
    memory[forecaster.nextInput(memory, 0)] = t;
    forecaster.forward(memory, 0);
    learn(forecaster, memory, 0, dy);
    return walk;
  });
}

describe('the window', () => {
  const STEPS = 12;
  const K2 = 5;

  /** How much the weights of an input that was 1 once, `age` steps before the only error, are moved by that error. */
  function moved(age: number): number {
    const cell = new Lstm(2, 3);
    const start = episode(cell, STEPS, sgdTraining(1, K2, 1), createRandom(9));
    const { forecaster, memory } = start;
    let before = memory.slice();
    for (let t = 0; t < STEPS; t++) {
      const impulse = t === STEPS - 1 - age ? 1 : 0;
      memory.set([Math.sin(t), impulse], forecaster.nextInput(memory, 0));
      forecaster.forward(memory, 0);
      before = memory.slice();
      learn(forecaster, memory, 0, t === STEPS - 1 ? 1 : 0);
    }
    let sum = 0;
    for (let k = 0; k < 12; k++) sum += Math.abs(memory[2 * k + 1] - before[2 * k + 1]);
    return sum;
  }

  test.each([0, 1, K2 - 1])('reaches an input %i steps back', (age) => {
    expect(moved(age)).toBeGreaterThan(1e-6);
  });

  test.each([K2, K2 + 1, STEPS - 1])('has a gradient of exactly 0 for an input %i steps back', (age) => {
    expect(moved(age)).toBe(0);
  });

  test('is walked after every k1 errors, over as many rows as there are, at most k2', () => {
    expect(walks(2, 3, [0, 0, 0, 0, 0, 0]).map((walk) => walk.length)).toEqual([0, 2, 0, 3, 0, 3]);
  });

  test('is fed each error once, in the update it belongs to', () => {
    expect(walks(1, 3, [0, 5, 0, 0])).toEqual([[false], [true, true], [false, false, false], [false, false, false]]);
    expect(walks(2, 4, [0, 0, 5, 0, 0, 0])[3]).toEqual([false, true, true, true]);
    expect(walks(2, 4, [0, 0, 5, 0, 0, 0])[5]).toEqual([false, false, false, false]);
  });
});

describe('an update', () => {
  test.each([Number.NaN, Infinity, 1e200])('with a gradient of %d leaves the weights as they are', (dy) => {
    const start = episode(new Lstm(2, 3), 0, sgdTraining(2, 4, 0.1), createRandom(5));
    const { forecaster, memory } = start;
    const before = memory.slice(0, forecaster.weightCount);
    let norm = 0;
    for (const d of [0.5, dy]) {
      memory.set([1, -1], forecaster.nextInput(memory, 0));
      forecaster.forward(memory, 0);
      norm = learn(forecaster, memory, 0, d);
    }
    expect(Number.isFinite(norm)).toBe(false);
    expectSameBits('weights', memory.subarray(0, before.length), before);
    // and the next one is sound again
    for (const d of [0.5, 0.5]) {
      memory.set([1, -1], forecaster.nextInput(memory, 0));
      expect(memory[forecaster.forward(memory, 0)]).not.toBeNaN();
      norm = learn(forecaster, memory, 0, d);
    }
    expect(norm).toBeGreaterThan(0);
    expect(norm).toBeLessThan(100);
    expect(memory.subarray(0, before.length).every(Number.isFinite)).toBe(true);
  });

  test('is clipped by its norm', () => {
    const training: Training = { ...sgdTraining(1, 1, 1), clipNorm: 0.25 };
    const start = episode(new Lstm(2, 3), 1, training, createRandom(6));
    const step = gradientOf({ ...start, target: [1000] });
    expect(Math.hypot(...step)).toBeCloseTo(0.25, 12);
  });
});

test('starts with an empty skip path, a bias of 0 and the state at rest', () => {
  const forecaster = new Tbptt(new Lstm(4, 3), SKIP, sgdTraining(2, 3, 0.1));
  const memory = new Float64Array(forecaster.size + 2).fill(9);
  forecaster.initialise(memory, 1, createRandom(1));
  const { V, U, b, state } = partsOf(forecaster);
  expect([...memory.subarray(1 + U, 1 + b + 1)]).toEqual([0, 0, 0, 0, 0]);
  expect(memory.subarray(1 + V, 1 + U).every((v) => v !== 0)).toBe(true);
  expect(memory.subarray(1 + state, 1 + state + 6).every((s) => s === 0)).toBe(true);
  expect([memory[0], memory.at(-1)]).toEqual([9, 9]);
});

test('learns a sine: the error falls a hundredfold', () => {
  const training: Training = {
    k1: 4,
    k2: 8,
    spread: false,
    optimizer: { name: 'rmsprop', rate: 2e-3, alpha: 0.99, epsilon: 1e-4 },
    clipNorm: 1,
  };
  const forecaster = new Tbptt(new Lstm(1, 8), SKIP, training);
  const memory = new Float64Array(forecaster.size);
  forecaster.initialise(memory, 0, createRandom(7));
  const squares: number[] = [];
  for (let t = 0; t < 6000; t++) {
    memory[forecaster.nextInput(memory, 0)] = Math.sin(t / 5);
    const error = memory[forecaster.forward(memory, 0)] - Math.sin((t + 1) / 5);
    squares.push(error ** 2);
    learn(forecaster, memory, 0, error);
  }
  const mean = (from: number) => squares.slice(from, from + 200).reduce((sum, square) => sum + square, 0) / 200;
  expect(mean(5800)).toBeLessThan(mean(0) / 100);
});

test.each([
  [4, 3],
  [0, 3],
  [Number.NaN, 3],
])('refuses k1 = %d with k2 = %d', (k1, k2) => {
  expect(() => new Tbptt(new Lstm(1, 1), SKIP, sgdTraining(k1, k2, 0.1))).toThrow(RangeError);
});

/** Gradients of every update, in order, at weights that never move. */
function updates(spread: boolean, k1: number, k2: number, steps: number): { norms: number[]; size: number } {
  const start = episode(new Lstm(2, 3), steps, { ...sgdTraining(k1, k2, 0), spread }, createRandom(12));
  const { forecaster, memory, x, target } = start;
  const norms = x.map((input, t) => {
    memory.set(input, forecaster.nextInput(memory, 0));
    return learn(forecaster, memory, 0, memory[forecaster.forward(memory, 0)] - target[t]);
  });
  return { norms, size: forecaster.size };
}

/** Numbers in the ring of TBPTT(4, 10). */
const sizeOf = (spread: boolean) =>
  new Tbptt(new Lstm(2, 3), SKIP, { ...sgdTraining(4, 10, 1), spread }).regions.find(({ name }) => name === 'ring')!
    .size;

describe('spread over the samples', () => {
  test.each([
    [4, 4],
    [4, 10],
    [1, 6],
    [3, 7],
    [8, 32],
  ])('k1 = %i, k2 = %i: the gradients are the same, one update late', (k1, k2) => {
    const whole = updates(false, k1, k2, 12 * k1).norms;
    const parts = updates(true, k1, k2, 12 * k1).norms;
    expect(whole.filter((norm) => norm > 0)).toHaveLength(12);
    expectClose('late', parts.slice(k1), whole.slice(0, -k1), 1e-12);
    expect(parts.slice(0, k1).every((norm) => norm === 0)).toBe(true);
  });

  test('no sample pays for more than its share of the walk', () => {
    const errors = Array.from({ length: 64 }, () => 1);
    const shares = walks(8, 32, errors, true).map((walk) => walk.length);
    expect(Math.max(...shares)).toBe(4);
    expect(Math.max(...walks(3, 7, errors, true).map((walk) => walk.length))).toBe(3);
    expect(shares.slice(40).reduce((sum, share) => sum + share, 0) / 24).toBe(4);
  });

  test('keeps k2 + k1 rows where a walk at once keeps k2', () => {
    expect(sizeOf(true) / sizeOf(false)).toBe(14 / 10);
  });
});

test('softmax-like heads have as many outputs as they like, each with its gradient', () => {
  const learner = new Tbptt(new Lstm(2, 3), { outputs: 3, skip: true, bias: true }, sgdTraining(1, 1, 1));
  const memory = new Float64Array(learner.size);
  learner.initialise(memory, 0, createRandom(3));
  const before = memory.slice();
  memory.set([0.5, -1], learner.nextInput(memory, 0));
  const y = [...memory.subarray(learner.forward(memory, 0), memory.length)].slice(0, 3);
  memory.set([1, 0, -2], learner.lossGradient(memory, 0));
  learner.learn(memory, 0);
  const b = learner.weightCount - 3;
  expect([...memory.subarray(b, b + 3)].map((after, k) => before[b + k] - after)).toEqual([1, 0, -2]);
  expect(new Set(y).size).toBe(3);
});
