/** How far two lists of numbers lie apart. */
import { expect } from 'vitest';

/** The largest |a − b|; NaN or a difference in length is infinitely far. */
export function largestDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) return Infinity;
  let largest = 0;
  for (let i = 0; i < a.length; i++) {
    const difference = Math.abs(a[i] - b[i]);
    if (!(difference <= largest)) largest = Number.isNaN(difference) ? Infinity : difference;
  }
  return largest;
}

export function expectClose(what: string, got: ArrayLike<number>, wanted: ArrayLike<number>, bound: number): void {
  const difference = largestDifference(got, wanted);
  expect(difference, `${what}: largest difference ${difference}, bound ${bound}`).toBeLessThanOrEqual(bound);
}

/** Position of the first number whose bits differ, −1 where none does. NaN is like NaN, −0 is not like 0. */
export function firstDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  const length = Math.max(a.length, b.length);
  for (let i = 0; i < length; i++) if (!Object.is(a[i], b[i])) return i;
  return -1;
}

export function expectSameBits(what: string, got: ArrayLike<number>, wanted: ArrayLike<number>): void {
  const at = firstDifference(got, wanted);
  expect(at, at < 0 ? what : `${what}: number ${at} is ${got[at]}, expected ${wanted[at]}`).toBe(-1);
}
