import { describe, expect, test } from 'vitest';
import { chronoBias, he, longUnits, orthogonal, xavier } from '../../models/initial.ts';
import { createRandom } from '../../models/random.ts';
import { expectSameBits } from './difference.ts';

const make = (seed: number) => {
  const Q = new Float64Array(64);
  orthogonal(Q, 0, 8, createRandom(seed));
  return Q;
};

describe('orthogonal', () => {
  test.each([1, 2, 7, 16, 48])('gives %i rows of length 1 at right angles', (n) => {
    const at = 2;
    const Q = new Float64Array(n * n + 4).fill(9);
    orthogonal(Q, at, n, createRandom(n));
    let largest = 0;
    for (let r = 0; r < n; r++) {
      for (let s = 0; s < n; s++) {
        let dot = r === s ? -1 : 0;
        for (let i = 0; i < n; i++) dot += Q[at + r * n + i] * Q[at + s * n + i];
        largest = Math.max(largest, Math.abs(dot));
      }
    }
    expect(largest, `max|QQᵀ − I| = ${largest}`).toBeLessThan(1e-12);
    expect([Q[0], Q[1], Q[n * n + 2], Q[n * n + 3]]).toEqual([9, 9, 9, 9]);
  });

  test('holds up where chance gives rows that are nearly the same', () => {
    const n = 12;
    const chance = createRandom(1);
    const first = Array.from({ length: 2 * n }, () => 0.1 + 0.5 * chance());
    let draws = 0;
    const Q = new Float64Array(n * n);
    orthogonal(Q, 0, n, () => first[draws++ % (2 * n)] + 1e-2 * chance());
    let largest = 0;
    for (let r = 0; r < n; r++) {
      for (let s = 0; s < r; s++) {
        let dot = 0;
        for (let i = 0; i < n; i++) dot += Q[r * n + i] * Q[s * n + i];
        largest = Math.max(largest, Math.abs(dot));
      }
    }
    expect(largest, `largest product of two rows ${largest}`).toBeLessThan(2e-15);
  });

  test('gives the same matrix for the same seed', () => {
    expectSameBits('matrix', make(3), make(3));
    expect(make(3)).not.toEqual(make(4));
  });
});

test('xavier fills its stretch, and only that, evenly up to its limit', () => {
  const memory = new Float64Array(5002).fill(9);
  xavier(memory, 1, 5000, 10, 14, createRandom(5));
  const weights = memory.subarray(1, 5001);
  const limit = Math.sqrt(6 / 24);
  expect(Math.max(...weights.map(Math.abs))).toBeLessThanOrEqual(limit);
  expect(Math.max(...weights)).toBeGreaterThan(0.99 * limit);
  expect(Math.min(...weights)).toBeLessThan(-0.99 * limit);
  expect(weights.reduce((sum, w) => sum + w * w, 0) / 5000).toBeCloseTo(limit ** 2 / 3, 2);
  expect([memory[0], memory[5001]]).toEqual([9, 9]);
});

test('he fills its stretch, and only that, with normal numbers of variance 2/fanIn', () => {
  const memory = new Float64Array(20_002).fill(9);
  he(memory, 1, 20_000, 8, createRandom(6));
  const weights = memory.subarray(1, 20_001);
  const sum = (of: (w: number) => number) => weights.reduce((total, w) => total + of(w), 0) / 20_000;
  expect(Math.abs(sum((w) => w))).toBeLessThan(0.015);
  expect(sum((w) => w * w)).toBeCloseTo(2 / 8, 2);
  // The fourth moment tells normal numbers (3) from uniform ones (1.8).
  expect(sum((w) => w ** 4) / (2 / 8) ** 2).toBeCloseTo(3, 0);
  expect([memory[0], memory[20_001]]).toEqual([9, 9]);
});

describe('units that start out to remember', () => {
  test.each([
    [16, 0.25, 4],
    [16, 0, 0],
    [16, 1, 16],
    [5, 0.5, 3],
    [1, 0.25, 0],
  ])('of %i units a share of %d are %i', (hidden, share, units) => {
    expect(longUnits(hidden, { span: 100, share })).toBe(units);
  });

  test('keep for 1 to span − 1 steps, evenly spread', () => {
    const random = createRandom(7);
    const steps = Array.from({ length: 5000 }, () => Math.exp(chronoBias({ span: 100, share: 1 }, random)));
    expect(Math.min(...steps)).toBeGreaterThanOrEqual(1);
    expect(Math.min(...steps)).toBeLessThan(1.5);
    expect(Math.max(...steps)).toBeLessThanOrEqual(99 + 1e-9);
    expect(Math.max(...steps)).toBeGreaterThan(98.5);
    expect(steps.reduce((a, b) => a + b) / 5000).toBeGreaterThan(49);
    expect(steps.reduce((a, b) => a + b) / 5000).toBeLessThan(51);
  });

  test.each([0, 1, 2])('a span of %i is no memory: bias 0', (span) => {
    const random = createRandom(8);
    for (let i = 0; i < 20; i++) expect(chronoBias({ span, share: 1 }, random)).toBe(0);
  });
});
