/**
 * How alike two vectors are, and which of many is most like a given one.
 *
 *   dot(a, b) = Σ a_i b_i               ∂/∂a = b
 *   cosine(a, b) = dot(a, b)/(|a||b|)   ∂/∂a = b/(|a||b|) − cosine·a/|a|²
 *
 * A vector of length 0 is like nothing: cosine 0, gradient 0. The gradient for b is that for a with both exchanged.
 * Vectors lie in flat memory, n numbers each. Nothing here allocates.
 */
import { clip } from './activation.ts';

export function dot(memory: Float64Array, a: number, b: number, n: number): number {
  let sum = 0;
  for (let i = 0; i < n; i++) sum += memory[a + i] * memory[b + i];
  return sum;
}

/** Adds d·∂dot/∂a to work[dA..]. */
export function dotGradient(
  memory: Float64Array,
  b: number,
  n: number,
  d: number,
  work: Float64Array,
  dA: number,
): void {
  for (let i = 0; i < n; i++) work[dA + i] += d * memory[b + i];
}

/** −1..1. */
export function cosine(memory: Float64Array, a: number, b: number, n: number): number {
  return cosineOf(memory, a, b, n, lengthOf(memory, a, n));
}

/** Adds d·∂cosine/∂a to work[dA..]. */
export function cosineGradient(
  memory: Float64Array,
  a: number,
  b: number,
  n: number,
  d: number,
  work: Float64Array,
  dA: number,
): void {
  const lengthA = lengthOf(memory, a, n);
  const lengthB = lengthOf(memory, b, n);
  if (lengthA === 0 || lengthB === 0) return;
  const cos = cosineOf(memory, a, b, n, lengthA);
  for (let i = 0; i < n; i++) {
    work[dA + i] += (d / lengthA) * (memory[b + i] / lengthB - (cos * memory[a + i]) / lengthA);
  }
}

/**
 * The row most like a, of `count` rows of n numbers one after the other; the earliest where several are. −1 where
 * there is none to compare: no rows, or not a number among the numbers of each.
 */
export function nearestByCosine(memory: Float64Array, a: number, rows: number, count: number, n: number): number {
  const lengthA = lengthOf(memory, a, n);
  let nearest = -1;
  let largest = -Infinity;
  for (let row = 0; row < count; row++) {
    const cos = cosineOf(memory, a, rows + row * n, n, lengthA);
    if (cos > largest) {
      largest = cos;
      nearest = row;
    }
  }
  return nearest;
}

function lengthOf(memory: Float64Array, a: number, n: number): number {
  return Math.sqrt(dot(memory, a, a, n));
}

function cosineOf(memory: Float64Array, a: number, b: number, n: number, lengthA: number): number {
  const lengthB = lengthOf(memory, b, n);
  if (lengthA === 0 || lengthB === 0) return 0;
  // Rounding can take two parallel vectors a little beyond 1.
  return clip(dot(memory, a, b, n) / lengthA / lengthB, 1);
}
