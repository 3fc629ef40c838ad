import { describe, expect, test } from 'vitest';
import type { TraceCell } from '../../../models/cells/cell.ts';
import { Elstm } from '../../../models/cells/elstm.ts';
import { Lstm97 } from '../../../models/cells/lstm97.ts';
import { SnapLstm } from '../../../models/cells/snap-lstm.ts';
import { TracedLstm } from '../../../models/cells/traced-lstm.ts';
import { createRandom, gaussian } from '../../../models/random.ts';
import type { Learner } from '../../../models/training/learner.ts';
import type { Optimizer } from '../../../models/training/optimizer.ts';
import { Tbptt } from '../../../models/training/tbptt.ts';
import { Trace, type TraceTraining } from '../../../models/training/trace.ts';
import { expectClose, expectSameBits } from '../difference.ts';

const SKIP = { outputs: 1, skip: true, bias: true };
const RMSPROP: Optimizer = { name: 'rmsprop', rate: 2e-3, alpha: 0.99, epsilon: 1e-4 };
const sgd = (k1: number, rate: number, clipNorm = Infinity): TraceTraining => ({
  k1,
  optimizer: { name: 'sgd', rate },
  clipNorm,
});

const CELLS: [string, (inputs: number) => TraceCell][] = [
  ['elstm', (I) => new Elstm(I, 6)],
  ['lstm97', (I) => new Lstm97(I, { blocks: 6, cellsPerBlock: 1, gateSources: 'cells', forget: true, cellBias: true })],
  ['traced lstm', (I) => new TracedLstm(I, 6)],
  ['snap lstm', (I) => new SnapLstm(I, 6)],
];

function started(learner: Learner, seed = 1): Float64Array {
  const memory = new Float64Array(learner.size);
  learner.initialise(memory, 0, createRandom(seed));
  return memory;
}

/** One sample in, one forecast out. */
function forecast(learner: Learner, memory: Float64Array, at: number, x: readonly number[]): number {
  memory.set(x, learner.nextInput(memory, at));
  return memory[learner.forward(memory, at)];
}

function learn(learner: Learner, memory: Float64Array, at: number, dy: number): number {
  memory[learner.lossGradient(memory, at)] = dy;
  return learner.learn(memory, at);
}

const weightsOf = ({ weightCount }: Learner, memory: Float64Array) => memory.slice(0, weightCount);

/** The sum of what six errors move the weights by, which are set back after each; the norm of the last update. */
function gathered(k1: number): { sum: Float64Array; norm: number } {
  const learner = new Trace(new TracedLstm(2, 3), SKIP, sgd(k1, 1));
  const memory = started(learner);
  const start = weightsOf(learner, memory);
  const sum = new Float64Array(learner.weightCount);
  let norm = 0;
  for (let t = 0; t < 6; t++) {
    forecast(learner, memory, 0, [1, Math.sin(t)]);
    norm = learn(learner, memory, 0, Math.cos(t));
    for (let i = 0; i < sum.length; i++) sum[i] += start[i] - memory[i];
    memory.set(start);
  }
  return { sum, norm };
}

describe('an update', () => {
  test('comes after every k1 errors and at no other time', () => {
    const learner = new Trace(new Elstm(2, 3), SKIP, sgd(3, 0.1));
    const memory = started(learner);
    for (let t = 1; t <= 9; t++) {
      const before = weightsOf(learner, memory);
      forecast(learner, memory, 0, [1, Math.sin(t)]);
      const norm = learn(learner, memory, 0, 0.5);
      const moved = weightsOf(learner, memory).some((w, i) => w !== before[i]);
      expect([t, norm > 0, moved]).toEqual([t, t % 3 === 0, t % 3 === 0]);
    }
  });

  test('does not wait for samples whose truth never comes', () => {
    const learner = new Trace(new Elstm(2, 3), SKIP, sgd(2, 0.1));
    const memory = started(learner);
    const norms = [true, false, false, true, true, false, true].map((known, t) => {
      forecast(learner, memory, 0, [1, t]);
      return known ? learn(learner, memory, 0, 0.5) : 0;
    });
    expect(norms.map((norm) => norm > 0)).toEqual([false, false, false, true, false, false, true]);
  });

  test('counts an error once, and none where none is told', () => {
    const learner = new Trace(new Elstm(2, 3), { ...SKIP, outputs: 2 }, sgd(1, 0.1));
    const memory = started(learner);
    forecast(learner, memory, 0, [1, 2]);
    const d = learner.lossGradient(memory, 0);
    memory.set([3, -4], d);
    learner.learn(memory, 0);
    forecast(learner, memory, 0, [1, 2]);
    expect([...memory.subarray(d, d + 2)]).toEqual([0, 0]);
    const before = weightsOf(learner, memory);
    expect(learner.learn(memory, 0)).toBe(0);
    expectSameBits('weights', weightsOf(learner, memory), before);
  });

  test('with k1 = n is the sum of n gradients, its norm that of the sum', () => {
    const whole = gathered(6);
    expectClose('sum', gathered(1).sum, whole.sum, 1e-12);
    expect(Math.hypot(...whole.sum)).toBeCloseTo(whole.norm, 12);
  });

  test('is clipped by its norm', () => {
    const learner = new Trace(new Elstm(2, 3), SKIP, sgd(1, 1, 0.25));
    const memory = started(learner);
    const before = weightsOf(learner, memory);
    forecast(learner, memory, 0, [1, -1]);
    expect(learn(learner, memory, 0, 1000)).toBeGreaterThan(100);
    expect(Math.hypot(...weightsOf(learner, memory).map((w, i) => w - before[i]))).toBeCloseTo(0.25, 12);
  });

  test.each([Number.NaN, Infinity, 1e200])('with a gradient of %d leaves the weights as they are', (dy) => {
    const learner = new Trace(new Elstm(2, 3), SKIP, sgd(2, 0.1));
    const memory = started(learner);
    const before = weightsOf(learner, memory);
    let norm = 0;
    for (const d of [dy, 0.5]) {
      forecast(learner, memory, 0, [1, -1]);
      norm = learn(learner, memory, 0, d);
    }
    expect(Number.isFinite(norm)).toBe(false);
    expectSameBits('weights', weightsOf(learner, memory), before);
    // and the next one is sound again
    for (const d of [0.5, 0.5]) {
      expect(forecast(learner, memory, 0, [1, -1])).not.toBeNaN();
      norm = learn(learner, memory, 0, d);
    }
    expect(norm).toBeGreaterThan(0);
    expect(norm).toBeLessThan(100);
    expect(memory.every(Number.isFinite)).toBe(true);
  });

  test.each([0, -1, Number.NaN])('after every %d errors is refused', (k1) => {
    expect(() => new Trace(new Elstm(1, 1), SKIP, sgd(k1, 0.1))).toThrow(RangeError);
  });
});

describe.each(CELLS)('%s', (_, make) => {
  const training: TraceTraining = { k1: 3, optimizer: RMSPROP, clipNorm: 1 };

  test('says what lies in its block, weights first, without a gap', () => {
    const learner = new Trace(make(2), SKIP, training);
    let end = 0;
    for (const { at, size } of learner.regions) {
      expect(at).toBe(end);
      end += size;
    }
    expect(end).toBe(learner.size);
    expect(learner.regions[0]).toEqual({ name: 'weights', at: 0, size: learner.weightCount });
    expect(learner.regions.find(({ name }) => name === 'traces')!.size).toBe(learner.cell.traceSize);
  });

  test('a block copied in the middle of a run goes on the same, to the last bit, and leaves its neighbours alone', () => {
    const learner = new Trace(make(2), SKIP, training);
    const one = started(learner);
    const random = createRandom(5);
    const at = 3;
    const two = new Float64Array(learner.size + 5).fill(7);
    for (let t = 0; t < 60; t++) {
      const x = [gaussian(random), gaussian(random)];
      // In the middle of a gathered gradient, between forecast and truth.
      const copied = t > 31;
      const y = forecast(learner, one, 0, x);
      if (copied) expect(forecast(learner, two, at, x)).toBe(y);
      if (t === 31) two.set(one, at);
      const norm = learn(learner, one, 0, y - Math.sin(t / 3));
      if (t >= 31) expect(learn(learner, two, at, y - Math.sin(t / 3))).toBe(norm);
    }
    expectSameBits('block', two.subarray(at, at + learner.size), one);
    const rest = [...two.subarray(0, at), ...two.subarray(at + learner.size)];
    expect(rest).toEqual([7, 7, 7, 7, 7]);
  });

  test('learns a sine: the error falls to a tenth, and every number of the block stays finite', () => {
    const learner = new Trace(make(1), { ...SKIP, skip: false }, { ...training, k1: 1 });
    const memory = started(learner, 7);
    const squares: number[] = [];
    for (let t = 0; t < 6000; t++) {
      const error = forecast(learner, memory, 0, [Math.sin(t / 5)]) - Math.sin((t + 1) / 5);
      squares.push(error ** 2);
      learn(learner, memory, 0, error);
    }
    const mean = (from: number) => squares.slice(from, from + 200).reduce((sum, square) => sum + square, 0) / 200;
    expect(mean(5800)).toBeLessThan(mean(0) / 10);
    expect(memory.every(Number.isFinite)).toBe(true);
  });

  test('is carried through values out of all proportion', () => {
    const learner = new Trace(make(2), SKIP, training);
    const memory = started(learner);
    for (let t = 0; t < 200; t++) {
      const y = forecast(learner, memory, 0, [t % 50 === 20 ? 1e9 : Math.sin(t), t % 70 === 30 ? -1e9 : 1]);
      learn(learner, memory, 0, y - Math.sin(t + 1));
    }
    expect(memory.every(Number.isFinite)).toBe(true);
  });
});

describe('the reach', () => {
  const STEPS = 60;
  const AGE = 50;
  const H = 4;
  const longElstm = () => new Elstm(2, H, { span: 100, share: 1 });

  /** How much the only error, at the end, moves the weights of an input that was 1 once, 50 steps before. */
  function moved(learner: Learner, columns: (weights: Float64Array) => Float64Array): number {
    const memory = started(learner, 9);
    let before = memory.slice();
    for (let t = 0; t < STEPS; t++) {
      forecast(learner, memory, 0, [Math.sin(t), t === STEPS - 1 - AGE ? 1 : 0]);
      before = memory.slice();
      learn(learner, memory, 0, t === STEPS - 1 ? 1 : 0);
    }
    const difference = before.map((w, i) => w - memory[i]);
    return columns(difference).reduce((sum, d) => sum + Math.abs(d), 0);
  }

  /** The second column of W_f and W_z. */
  const ofPulse = (weights: Float64Array) =>
    weights.filter((_, i) => i % 2 === 1 && (i < 2 * H || (i >= 4 * H && i < 6 * H)));

  test('without a window the gradient reaches back further than a window does', () => {
    const windowed = new Tbptt(longElstm(), SKIP, { ...sgd(1, 1), k2: 32, spread: false });
    expect(moved(windowed, ofPulse)).toBe(0);
    expect(moved(new Trace(longElstm(), SKIP, sgd(1, 1)), ofPulse)).toBeGreaterThan(1e-4);
  });

  test('and is the very gradient of a window over everything', () => {
    const windowed = new Tbptt(longElstm(), SKIP, { ...sgd(1, 1), k2: STEPS, spread: false });
    const traced = new Trace(longElstm(), SKIP, sgd(1, 1));
    expect(moved(traced, ofPulse)).toBeCloseTo(moved(windowed, ofPulse), 12);
  });
});
