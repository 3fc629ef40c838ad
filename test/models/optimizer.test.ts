import { describe, expect, test } from 'vitest';
import { clipNorm, rmsprop, sgd } from '../../models/optimizer.ts';
import { readGolden } from '../golden/golden.ts';
import { expectClose } from './difference.ts';

interface Golden {
  p0: number[];
  grads: number[][];
  sgd: { lr: number; trajectory: number[][] };
  rmsprop: { lr: number; alpha: number; eps: number; trajectory: number[][] };
  clip: { g: number[]; maxNorm: number; norm: number; clipped: number[] };
}
const golden = readGolden('optimizer') as Golden;
const AT = 3;

/** Steps through the golden gradients with strangers before and behind the parameters, which must not be touched. */
function trajectory(step: (memory: Float64Array, gradient: Float64Array) => void): number[][] {
  const n = golden.p0.length;
  const memory = new Float64Array(AT + 2 * n + 2);
  memory.set(golden.p0, AT);
  memory.fill(7, 0, AT);
  memory.fill(7, AT + 2 * n);
  const points = golden.grads.map((gradient) => {
    step(memory, Float64Array.from(gradient));
    return [...memory.subarray(AT, AT + n)];
  });
  expect([...memory.subarray(0, AT), ...memory.subarray(AT + 2 * n)]).toEqual([7, 7, 7, 7, 7]);
  return points;
}

test('sgd takes the golden steps', () => {
  const { lr, trajectory: wanted } = golden.sgd;
  expectClose('sgd', trajectory((m, g) => sgd(m, AT, g, lr)).flat(), wanted.flat(), 1e-12);
});

test('rmsprop takes the golden steps', () => {
  const { lr, alpha, eps, trajectory: wanted } = golden.rmsprop;
  const n = golden.p0.length;
  expectClose('rmsprop', trajectory((m, g) => rmsprop(m, AT, AT + n, g, lr, alpha, eps)).flat(), wanted.flat(), 1e-9);
});

test('rmsprop stands still on a zero gradient, with moments that stay clear of the denormals', () => {
  const memory = Float64Array.of(1, 0);
  for (let i = 0; i < 5000; i++) rmsprop(memory, 0, 1, Float64Array.of(0), 0.01, 0.9, 1e-4);
  expect(memory[0]).toBe(1);
  expect(memory[1]).toBeGreaterThan(1e-300);
});

describe('clipNorm', () => {
  test('scales a long gradient to the limit and returns the norm before', () => {
    const gradient = Float64Array.from(golden.clip.g);
    expect(clipNorm(gradient, golden.clip.maxNorm)).toBe(golden.clip.norm);
    expectClose('clipped', gradient, golden.clip.clipped, 1e-12);
  });

  test('leaves a short gradient as it is', () => {
    const gradient = Float64Array.of(3, -4);
    expect(clipNorm(gradient, 5)).toBe(5);
    expect(clipNorm(gradient, Infinity)).toBe(5);
    expect([...gradient]).toEqual([3, -4]);
  });
});
