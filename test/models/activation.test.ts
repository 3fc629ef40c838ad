import { describe, expect, test } from 'vitest';
import { clip, sigmoid } from '../../models/activation.ts';
import { readGolden } from '../golden/golden.ts';
import { expectClose } from './difference.ts';

const golden = readGolden('activation') as { x: number[]; sigmoid: number[]; tanh: number[] };

describe('sigmoid', () => {
  test('gives the golden numbers up to ±745', () => {
    expectClose('sigmoid', golden.x.map(sigmoid), golden.sigmoid, 1e-16);
    expect(sigmoid(-745)).toBe(5e-324);
    expectClose('tanh of the platform', golden.x.map(Math.tanh), golden.tanh, 1e-15);
  });

  test('keeps its relative precision where it is nearly 0', () => {
    for (const a of [-20, -40, -300, -700]) expect(sigmoid(a) / Math.exp(a)).toBeCloseTo(1, 7);
  });

  test('reaches 0 and 1 at the ends, never NaN', () => {
    expect([-Infinity, -1e9, 1e9, Infinity].map(sigmoid)).toEqual([0, 0, 1, 1]);
  });
});

test('clip keeps a number within its limits and leaves NaN alone', () => {
  expect([-9, -2, -1.5, 0, 1.5, 2, 9, -Infinity].map((x) => clip(x, 2))).toEqual([-2, -2, -1.5, 0, 1.5, 2, 2, -2]);
  expect(clip(Number.NaN, 2)).toBeNaN();
});
