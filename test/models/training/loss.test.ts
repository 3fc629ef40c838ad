import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { gaussian, huber, movingHuber, quantiles, squared, studentT } from '../../../models/training/loss.ts';
import { readGolden } from '../../golden/golden.ts';
import { expectClose } from '../difference.ts';
import { gradientOf, hasItsGradient, valueOf } from './differences.ts';

type Row =
  | { loss: 'gaussianNll'; mu: number; logVar: number; y: number; value: number; dMu: number; dLogVar: number }
  | {
      loss: 'studentTNll';
      mu: number;
      logScale2: number;
      nu: number;
      y: number;
      value: number;
      dMu: number;
      dLogScale2: number;
    }
  | { loss: 'huber'; e: number; delta: number; value: number; dE: number }
  | { loss: 'pinball'; yMinusPred: number; q: number; value: number; dPred: number };
const { rows } = readGolden('losses') as { rows: Row[] };
function golden<K extends Row['loss']>(loss: K): Extract<Row, { loss: K }>[] {
  return rows.filter((row): row is Extract<Row, { loss: K }> => row.loss === loss);
}

describe('golden numbers', () => {
  test.each(golden('gaussianNll'))('gaussian: mu $mu, s $logVar, observed $y', (row) => {
    const y = [row.mu, row.logVar];
    expectClose('value', [valueOf(gaussian(), y, [row.y])], [row.value], 1e-9);
    expectClose('gradient', gradientOf(gaussian(), y, [row.y]), [row.dMu, row.dLogVar], 1e-9);
  });

  test.each(golden('studentTNll'))('studentT: nu $nu, mu $mu, s $logScale2, observed $y', (row) => {
    const y = [row.mu, row.logScale2];
    expectClose('value', [valueOf(studentT(row.nu), y, [row.y])], [row.value], 1e-9);
    expectClose('gradient', gradientOf(studentT(row.nu), y, [row.y]), [row.dMu, row.dLogScale2], 1e-9);
  });

  test.each(golden('huber'))('huber: error $e, delta $delta', ({ e, delta, value, dE }) => {
    expectClose('value', [valueOf(huber(delta), [e + 2], [2])], [value], 1e-9);
    expectClose('gradient', gradientOf(huber(delta), [e + 2], [2]), [dE], 1e-9);
    expectClose('value, moving', [valueOf(movingHuber(), [e + 2], [2, delta])], [value], 1e-9);
    expectClose('gradient, moving', gradientOf(movingHuber(), [e + 2], [2, delta]), [dE], 1e-9);
  });

  test.each(golden('pinball'))('quantiles: error $yMinusPred, q $q', ({ yMinusPred, q, value, dPred }) => {
    expectClose('value', [valueOf(quantiles([q]), [0], [yMinusPred])], [value], 1e-9);
    expectClose('gradient', gradientOf(quantiles([q]), [0], [yMinusPred]), [dPred], 1e-9);
  });

  test('are there for every loss', () => {
    const of = (['gaussianNll', 'studentTNll', 'huber', 'pinball'] as const).map((loss) => golden(loss).length);
    for (const count of of) expect(count).toBeGreaterThanOrEqual(3);
  });
});

const number = (max: number) => fc.double({ min: -max, max, noNaN: true });
const points = (y: fc.Arbitrary<number>[], target: fc.Arbitrary<number>[]) =>
  fc.record({ y: fc.tuple(...y), target: fc.tuple(...target) });
const apart = (a: number, b: number) => Math.abs(a - b) > 1e-4;

describe('at random points', () => {
  const three = [number(5), number(5), number(5)];
  hasItsGradient(squared(3), points(three, three), () => true);
  hasItsGradient(huber(1.5, 3), points(three, three), ({ y, target }) =>
    y.every((y, k) => apart(Math.abs(y - target[k]), 1.5)),
  );
  hasItsGradient(
    movingHuber(),
    points([number(5)], [number(5), fc.double({ min: 0.01, max: 4, noNaN: true })]),
    ({ y, target }) => apart(Math.abs(y[0] - target[0]), target[1]),
  );
  hasItsGradient(quantiles([0.05, 0.5, 0.99]), points(three, [number(5)]), ({ y, target }) =>
    y.every((y) => apart(y, target[0])),
  );
  for (const loss of [gaussian(), studentT(), studentT(1), studentT(30)]) {
    hasItsGradient(loss, points([number(4), number(3)], [number(4)]), () => true);
    hasItsGradient(loss, points([number(4), fc.double({ min: 12.1, max: 50, noNaN: true })], [number(4)]), () => true);
  }
});

describe('several outputs', () => {
  test('squared adds up over them, one target each', () => {
    expect(valueOf(squared(2), [3, 1], [1, 4])).toBe(2 + 4.5);
    expect(gradientOf(squared(2), [3, 1], [1, 4])).toEqual([2, -3]);
    expect(squared()).toMatchObject({ outputs: 1, targets: 1 });
  });

  test('quantiles share one target', () => {
    const loss = quantiles([0.1, 0.5, 0.9]);
    expect(loss).toMatchObject({ outputs: 3, targets: 1 });
    expect(valueOf(loss, [0, 1, 2], [1])).toBeCloseTo(0.1 + 0 + 0.1, 15);
    expect(gradientOf(loss, [0, 1, 2], [1])).toEqual([-0.1, 0.5, 1 - 0.9]);
  });
});

test('quantiles push up and down alike where the asked share lies below', () => {
  const levels = [0.1, 0.5, 0.9];
  const pushes = Array.from({ length: 1000 }, (_, i) => gradientOf(quantiles(levels), levels, [(i + 0.5) / 1000]));
  const sums = levels.map((_, k) => pushes.reduce((sum, push) => sum + push[k], 0));
  expectClose('sums', sums, [0, 0, 0], 1e-10);
});

describe('beyond the clamp of the variance', () => {
  const losses = [gaussian(), studentT(3)];
  const points = losses.flatMap((loss) => [-1e300, -40, 40, 1e300].map((s) => ({ name: loss.name, s, loss })));
  test.each(points)('$name at s = $s is what it is at the clamp, and s is not moved', ({ loss, s }) => {
    const clamped = Math.sign(s) * 12;
    expect(valueOf(loss, [0.5, s], [0.75])).toBe(valueOf(loss, [0.5, clamped], [0.75]));
    const [dMu, dS] = gradientOf(loss, [0.5, s], [0.75]);
    expect(dMu).toBe(gradientOf(loss, [0.5, clamped], [0.75])[0]);
    expect(dS).toBe(0);
    expect(gradientOf(loss, [0.5, clamped], [0.75])[1]).not.toBe(0);
  });
});

describe('a truth that is far off', () => {
  const FAR = [1e3, 1e9, 1e160, 1e308, -1e308];

  test.each([3, 5, 30])('does not move Student with nu = %d more than a little', (nu) => {
    // The slope for mu is largest at e = √ν·σ, that for s at the end.
    const steepest = Math.abs(gradientOf(studentT(nu), [0, 0], [Math.sqrt(nu)])[0]);
    for (const far of FAR) {
      const [dMu, dS] = gradientOf(studentT(nu), [0, 0], [far]);
      expect(Math.abs(dMu)).toBeLessThan(steepest);
      expect(dS).toBeGreaterThanOrEqual(-nu / 2);
      expect(dS).toBeLessThan(0);
    }
  });

  test('moves Huber by delta, quantiles by their level', () => {
    for (const far of FAR) {
      expect(gradientOf(huber(2), [0], [far])).toEqual([-2 * Math.sign(far)]);
      expect(gradientOf(quantiles([0.9]), [0], [far])).toEqual([far > 0 ? -0.9 : 1 - 0.9]);
    }
  });
});

test('Student with many degrees of freedom is a Gaussian', () => {
  const y = [0.3, -0.4];
  expect(valueOf(studentT(1e6), y, [1.1])).toBeCloseTo(valueOf(gaussian(), y, [1.1]), 5);
});

test('refuses parameters that make no loss', () => {
  for (const delta of [0, -1, Number.NaN]) expect(() => huber(delta)).toThrow('huber: expected delta > 0');
  for (const nu of [0, -1, Infinity, Number.NaN]) expect(() => studentT(nu)).toThrow('studentT: expected nu > 0');
  for (const levels of [[], [0], [0.5, 1], [Number.NaN]]) {
    expect(() => quantiles(levels)).toThrow('quantiles: expected levels between 0 and 1');
  }
});
