import { describe, expect, test } from 'vitest';
import { orthogonal, xavier } from '../../models/initial.ts';
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
