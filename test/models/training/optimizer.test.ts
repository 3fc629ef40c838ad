import { describe, expect, test } from 'vitest';
import { clipNorm, momentsSize, type Optimizer, optimizerStep } from '../../../models/training/optimizer.ts';
import { readGolden } from '../../golden/golden.ts';
import { expectClose } from '../difference.ts';

interface Golden {
  p0: number[];
  grads: number[][];
  runs: {
    name: 'sgd' | 'momentum' | 'rmsprop' | 'adam' | 'adamw';
    lr: number;
    momentum?: number;
    alpha?: number;
    beta1?: number;
    beta2?: number;
    eps?: number;
    weightDecay?: number;
    trajectory: number[][];
  }[];
  clip: { g: number[]; maxNorm: number; norm: number; clipped: number[] };
}
const golden = readGolden('optimizer') as Golden;

function optimizerOf({
  name,
  lr: rate,
  momentum,
  alpha,
  beta1,
  beta2,
  eps,
  weightDecay,
}: Golden['runs'][0]): Optimizer {
  const options = { name, rate, momentum, alpha, beta1, beta2, epsilon: eps, decay: weightDecay };
  return options as Optimizer;
}

test.each(golden.runs)('$name takes the golden steps and touches nothing else', (run) => {
  const optimizer = optimizerOf(run);
  const n = golden.p0.length;
  const params = 3;
  const moments = params + n + 1;
  const memory = new Float64Array(moments + momentsSize(optimizer, n) + 2);
  memory.set(golden.p0, params);
  const strangers = [0, 1, 2, params + n, memory.length - 2, memory.length - 1];
  for (const i of strangers) memory[i] = 7;
  const points = golden.grads.map((gradient) => {
    optimizerStep(optimizer, memory, params, moments, n, Float64Array.from([5, ...gradient]), 1);
    return [...memory.subarray(params, params + n)];
  });
  expectClose(run.name, points.flat(), run.trajectory.flat(), 1e-9);
  expect(strangers.map((i) => memory[i])).toEqual(strangers.map(() => 7));
});

const ADAM: Optimizer = { name: 'adam', rate: 0.01, beta1: 0.9, beta2: 0.999, epsilon: 1e-8 };
const RMSPROP: Optimizer = { name: 'rmsprop', rate: 0.01, alpha: 0.9, epsilon: 1e-4 };

test.each([ADAM, RMSPROP])(
  '$name stands still on a zero gradient, with moments clear of the denormals',
  (optimizer) => {
    const memory = new Float64Array(1 + momentsSize(optimizer, 1));
    memory[0] = 1;
    optimizerStep(optimizer, memory, 0, 1, 1, Float64Array.of(1e-3), 0);
    for (let i = 0; i < 20_000; i++) optimizerStep(optimizer, memory, 0, 1, 1, Float64Array.of(0), 0);
    const settled = memory[0];
    optimizerStep(optimizer, memory, 0, 1, 1, Float64Array.of(0), 0);
    expect(memory[0]).toBe(settled);
    for (const moment of memory.subarray(1)) expect(moment === 0 || Math.abs(moment) > 1e-300).toBe(true);
  },
);

test.each([
  [{ ...RMSPROP, alpha: 0.999, epsilon: 1e-8 }, 0.01 / Math.sqrt(0.001)],
  [{ ...RMSPROP, alpha: 0.999, epsilon: 1e-8, corrected: true }, 0.01],
  [ADAM, 0.01],
] as [Optimizer, number][])('the first step of %o is %d long', (optimizer, length) => {
  const memory = new Float64Array(1 + momentsSize(optimizer, 1));
  optimizerStep(optimizer, memory, 0, 1, 1, Float64Array.of(0.5), 0);
  expect(-memory[0] / length).toBeCloseTo(1, 5);
});

describe('clipNorm', () => {
  test('scales a long gradient to the limit and returns the norm before', () => {
    const work = Float64Array.from([4, ...golden.clip.g, 4]);
    expect(clipNorm(work, 1, golden.clip.g.length, golden.clip.maxNorm)).toBe(golden.clip.norm);
    expectClose('clipped', work, [4, ...golden.clip.clipped, 4], 1e-12);
  });

  test('leaves a short gradient as it is', () => {
    const gradient = Float64Array.of(3, -4);
    expect(clipNorm(gradient, 0, 2, 5)).toBe(5);
    expect(clipNorm(gradient, 0, 2, Infinity)).toBe(5);
    expect([...gradient]).toEqual([3, -4]);
  });
});
