import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { lnGamma, logSumExp, softplus } from '../../models/special.ts';

/** Made with 40 digits, for the very number that the double is. */
const LN_GAMMA: [number, number][] = [
  [1e-300, 690.7755278982137],
  [1e-8, 18.42068073818021],
  [0.1, 2.252712651734206],
  [0.5, 0.5723649429247001],
  [1.25, -0.09827183642181316],
  [1.5, -0.12078223763524522],
  [2.5, 0.2846828704729192],
  [3, Math.LN2],
  [3.75, 1.486815578593417],
  [5, Math.log(24)],
  [7.5, 7.534364236758733],
  [9.999, 12.799575780077413],
  [10, 12.801827480081469],
  [15.5, 26.536914491115613],
  [100, 359.1342053695754],
  [1000.25, 5906.9472682711175],
  [1e6, 12815504.569147611],
  [1e15, 3.3538776394910668e16],
  [1e300, 6.897755278982137e302],
];

const SOFTPLUS: [number, number][] = [
  [-700, 9.85967654375977e-305],
  [-40, 4.248354255291589e-18],
  [-1, 0.3132616875182228],
  [-1e-8, 0.6931471755599453],
  [0, Math.LN2],
  [1, 1.3132616875182228],
  [36, 36.0],
  [745, 745],
];

const off = (got: number, wanted: number) => Math.abs(got - wanted) / Math.max(1, Math.abs(wanted));

describe('lnGamma', () => {
  test.each(LN_GAMMA)('of %d is %d', (x, wanted) => {
    expect(Math.abs(lnGamma(x) / wanted - 1)).toBeLessThan(1e-12);
  });

  test('is 0 where it should be, at 1 and 2, to 1e-14', () => {
    expect(Math.abs(lnGamma(1))).toBeLessThan(1e-14);
    expect(Math.abs(lnGamma(2))).toBeLessThan(1e-14);
  });

  test('of whole numbers is the sum of logarithms', () => {
    let sum = 0;
    for (let n = 2; n < 300; n++) {
      sum += Math.log(n);
      expect(off(lnGamma(n + 1), sum)).toBeLessThan(1e-13);
    }
  });

  test('keeps Γ(x+1) = xΓ(x), and the law of doubling', () => {
    fc.assert(
      fc.property(fc.double({ min: 1e-6, max: 200, noNaN: true }), (x) => {
        expect(off(lnGamma(x + 1), lnGamma(x) + Math.log(x))).toBeLessThan(1e-13);
        const doubled = lnGamma(x) + lnGamma(x + 0.5) + (2 * x - 1) * Math.LN2 - Math.log(Math.PI) / 2;
        expect(off(lnGamma(2 * x), doubled)).toBeLessThan(1e-13);
      }),
    );
  });

  test('is not a number where Γ has poles or is negative', () => {
    for (const x of [0, -1, -0.5, Number.NaN]) expect(lnGamma(x)).toBeNaN();
  });
});

describe('softplus', () => {
  test.each(SOFTPLUS)('of %d is %d', (a, wanted) => {
    expect(Math.abs(softplus(a) / wanted - 1)).toBeLessThan(1e-15);
  });

  test('reaches 0 and infinity at the ends', () => {
    expect([-Infinity, -1e9, 1e9, Infinity].map(softplus)).toEqual([0, 0, 1e9, Infinity]);
    expect(softplus(-745)).toBe(5e-324);
  });

  test('falls short of softplus(−a) by exactly −a', () => {
    fc.assert(
      fc.property(fc.double({ min: -800, max: 800, noNaN: true }), (a) => {
        expect(off(softplus(a) - softplus(-a), a)).toBeLessThan(1e-15);
      }),
    );
  });
});

const of = (...a: number[]) => logSumExp(Float64Array.of(99, ...a, 99), 1, a.length);

describe('logSumExp', () => {
  test('is softplus of the difference for two numbers', () => {
    fc.assert(
      fc.property(
        fc.double({ min: -1e4, max: 1e4, noNaN: true }),
        fc.double({ min: -1e4, max: 1e4, noNaN: true }),
        (a, b) => {
          expect(Math.abs(of(a, b) - (a + softplus(b - a)))).toBeLessThan(1e-11);
        },
      ),
    );
  });

  test('neither overflows nor vanishes', () => {
    expect(of(1000, 1000)).toBeCloseTo(1000 + Math.LN2, 12);
    expect(of(-1000, -1000)).toBeCloseTo(-1000 + Math.LN2, 12);
    expect(of(1e300, -1e300, 0)).toBe(1e300);
    expect(of(-7.5)).toBe(-7.5);
  });

  test('moves along with its numbers', () => {
    expect(of(3, 4, 5, 2) - 3).toBeCloseTo(of(0, 1, 2, -1), 14);
  });
});
