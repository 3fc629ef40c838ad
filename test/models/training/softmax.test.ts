import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { logisticCrossEntropy, logisticSquared, softmax } from '../../../models/training/softmax.ts';
import { readGolden } from '../../golden/golden.ts';
import { expectClose } from '../difference.ts';
import { gradientOf, hasItsGradient, valueOf } from './differences.ts';

interface Row {
  loss: string;
  logits: number[];
  label: number;
  value: number;
  p: number[];
  dLogits: number[];
  rankOfLabel: number;
}
const rows = (readGolden('losses') as { rows: Row[] }).rows.filter(({ loss }) => loss === 'softmaxCE');

function rankOf(logits: readonly number[], label: number): number {
  const memory = Float64Array.of(1e9, ...logits, label, 1e9);
  return softmax(logits.length).rank(memory, 1, 1 + logits.length);
}

function probabilitiesOf(logits: readonly number[]): number[] {
  const n = logits.length;
  const memory = Float64Array.of(7, ...logits, 7, ...logits, 7);
  softmax(n).probabilities(memory, 1, n + 2);
  expect([memory[0], memory[n + 1], memory[2 * n + 2]]).toEqual([7, 7, 7]);
  return [...memory.subarray(n + 2, 2 * n + 2)];
}

test.each(rows)('softmax of $logits with class $label gives the golden numbers', (row) => {
  const loss = softmax(row.logits.length);
  expectClose('value', [valueOf(loss, row.logits, [row.label])], [row.value], 1e-9);
  expectClose('gradient', gradientOf(loss, row.logits, [row.label]), row.dLogits, 1e-9);
  expectClose('p', probabilitiesOf(row.logits), row.p, 1e-9);
  expect(rankOf(row.logits, row.label)).toBe(row.rankOfLabel);
});

const number = (max: number) => fc.double({ min: -max, max, noNaN: true });
const share = fc.double({ min: 0, max: 1, noNaN: true });
const three = fc.tuple(number(8), number(8), number(8));
const label = fc.tuple(fc.integer({ min: 0, max: 2 }));

describe('at random points', () => {
  hasItsGradient(softmax(3), fc.record({ y: three, target: label }), () => true);
  const shares = fc.tuple(share, share, share);
  hasItsGradient(logisticSquared(3), fc.record({ y: three, target: shares }), () => true);
  hasItsGradient(logisticCrossEntropy(3), fc.record({ y: three, target: shares }), () => true);
});

test('softmax: chances add up to 1, pushes to 0, and the same added to every output changes neither', () => {
  fc.assert(
    fc.property(fc.array(number(1000), { minLength: 1, maxLength: 20 }), number(1e4), fc.nat(), (y, shift, seed) => {
      const k = seed % y.length;
      const loss = softmax(y.length);
      const p = probabilitiesOf(y);
      expect(p.reduce((a, b) => a + b)).toBeCloseTo(1, 12);
      expect(gradientOf(loss, y, [k]).reduce((a, b) => a + b)).toBeCloseTo(0, 12);
      const shifted = y.map((a) => a + shift);
      expectClose('p', probabilitiesOf(shifted), p, 1e-10);
      expect(valueOf(loss, shifted, [k])).toBeCloseTo(valueOf(loss, y, [k]), 8);
      if (p[k] > 1e-300) expect(valueOf(loss, y, [k])).toBeCloseTo(-Math.log(p[k]), 8);
    }),
  );
});

test('rank counts the classes that were likelier, and no more', () => {
  const logits = [0.5, 3, -1, 3, 2];
  expect(logits.map((_, label) => rankOf(logits, label))).toEqual([3, 0, 4, 0, 2]);
  expect(rankOf([1], 0)).toBe(0);
});

describe('logistic losses', () => {
  test('have the gradients (p − t)p(1 − p) and p − t', () => {
    const p = 1 / (1 + Math.exp(-0.7));
    expectClose('squared', gradientOf(logisticSquared(), [0.7], [0.2]), [(p - 0.2) * p * (1 - p)], 1e-15);
    expectClose('cross-entropy', gradientOf(logisticCrossEntropy(), [0.7], [0.2]), [p - 0.2], 1e-15);
    expect(valueOf(logisticSquared(), [0.7], [0.2])).toBeCloseTo((p - 0.2) ** 2 / 2, 15);
    const entropy = -0.2 * Math.log(p) - 0.8 * Math.log(1 - p);
    expect(valueOf(logisticCrossEntropy(), [0.7], [0.2])).toBeCloseTo(entropy, 14);
  });

  test('stay finite where the output is certain, right or wrong', () => {
    const loss = logisticCrossEntropy(2);
    expect(valueOf(loss, [800, -800], [1, 0])).toBe(0);
    expect(valueOf(loss, [800, -800], [0, 1])).toBe(1600);
    expect(gradientOf(loss, [800, -800], [0, 1])).toEqual([1, -1]);
    expect(valueOf(loss, [40, -40], [1, 0]) / (2 * Math.exp(-40))).toBeCloseTo(1, 12);
    expectClose('squared', gradientOf(logisticSquared(2), [800, -800], [0, 1]), [0, 0], 1e-300);
  });
});

test('refuses a softmax of no classes', () => {
  for (const classes of [0, -1, Number.NaN]) expect(() => softmax(classes)).toThrow('softmax: expected at least one');
});
