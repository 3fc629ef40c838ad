import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { cosine, cosineGradient, dot, dotGradient, nearestByCosine } from '../../models/matching.ts';
import { readGolden } from '../golden/golden.ts';
import { expectClose } from './difference.ts';

interface Golden {
  a: number[];
  b: number[];
  cosine: number;
  dA: number[];
  dot: number;
}
const golden = readGolden('matching') as Golden;

/** Both vectors at odd places, strangers around them. */
function pair(a: readonly number[], b: readonly number[]) {
  const n = a.length;
  return { memory: Float64Array.of(7, ...b, 7, 7, ...a, 7), a: n + 3, b: 1, n };
}
const cosineOf = (x: readonly number[], y: readonly number[]) => {
  const { memory, a, b, n } = pair(x, y);
  return cosine(memory, a, b, n);
};
const gradientOf = (x: readonly number[], y: readonly number[], d = 1, start = 0) => {
  const { memory, a, b, n } = pair(x, y);
  const work = new Float64Array(n + 2).fill(start);
  cosineGradient(memory, a, b, n, d, work, 1);
  expect([work[0], work[n + 1]]).toEqual([start, start]);
  return [...work.subarray(1, n + 1)];
};

test('gives the golden numbers', () => {
  const { memory, a, b, n } = pair(golden.a, golden.b);
  expectClose('dot', [dot(memory, a, b, n)], [golden.dot], 1e-9);
  expectClose('cosine', [cosine(memory, a, b, n)], [golden.cosine], 1e-9);
  expectClose('gradient', gradientOf(golden.a, golden.b), golden.dA, 1e-9);
});

const vector = (n: number) => fc.array(fc.double({ min: -3, max: 3, noNaN: true }), { minLength: n, maxLength: n });
const long = (a: readonly number[]) => Math.hypot(...a) > 0.1;
const two = fc.integer({ min: 1, max: 8 }).chain((n) => fc.tuple(vector(n), vector(n)));

describe('cosine', () => {
  test('has the gradient of central differences, for both vectors', () => {
    fc.assert(
      fc.property(
        two.filter(([a, b]) => long(a) && long(b)),
        ([a, b]) => {
          const measured = a.map(
            (x, i) => (cosineOf(a.with(i, x + 1e-5), b) - cosineOf(a.with(i, x - 1e-5), b)) / 2e-5,
          );
          expectClose('for a', gradientOf(a, b), measured, 1e-6);
          expectClose(
            'for b',
            gradientOf(b, a),
            b.map((x, i) => (cosineOf(a, b.with(i, x + 1e-5)) - cosineOf(a, b.with(i, x - 1e-5))) / 2e-5),
            1e-6,
          );
        },
      ),
    );
  });

  test('is within ±1, the same both ways, and blind to length', () => {
    fc.assert(
      fc.property(two, fc.double({ min: 1e-3, max: 1e3, noNaN: true }), ([a, b], scale) => {
        const cos = cosineOf(a, b);
        expect(Math.abs(cos)).toBeLessThanOrEqual(1);
        expect(cosineOf(b, a)).toBeCloseTo(cos, 12);
        const scaled = a.map((x) => x * scale);
        if (long(a)) expect(cosineOf(scaled, b)).toBeCloseTo(cos, 12);
        if (long(a)) expect(cosineOf(a, scaled)).toBeCloseTo(1, 12);
      }),
    );
  });

  test('of a vector without length is 0, and so is its gradient', () => {
    expect(cosineOf([0, 0], [1, 2])).toBe(0);
    expect(cosineOf([1, 2], [0, 0])).toBe(0);
    expect(cosineOf([], [])).toBe(0);
    expect(gradientOf([0, 0], [1, 2])).toEqual([0, 0]);
    expect(gradientOf([1, 2], [0, 0])).toEqual([0, 0]);
  });

  test('stands vectors whose squares would multiply beyond the numbers', () => {
    expect(cosineOf([1e150, 1e150], [1e150, 0])).toBeCloseTo(Math.SQRT1_2, 14);
    expect(cosineOf([1e-150, 1e-150], [1e-150, 0])).toBeCloseTo(Math.SQRT1_2, 14);
  });

  test('adds d times its gradient to what is there', () => {
    const wanted = gradientOf(golden.a, golden.b).map((g) => 0.5 - 2 * g);
    expectClose('gradient', gradientOf(golden.a, golden.b, -2, 0.5), wanted, 1e-15);
  });
});

test('dot: the gradient is the other vector', () => {
  const work = Float64Array.of(9, 1, 1, 9);
  dotGradient(Float64Array.of(0, 3, -4), 1, 2, 0.5, work, 1);
  expect([...work]).toEqual([9, 2.5, -1, 9]);
});

const nearest = (a: number[], rows: number[][]) =>
  nearestByCosine(Float64Array.of(...a, 7, ...rows.flat()), 0, a.length + 1, rows.length, a.length);

describe('nearestByCosine', () => {
  test('finds the row that points the same way, not the longest one', () => {
    const rows = [
      [9, 9],
      [0.1, 0.001],
      [-1, 0],
      [0, 5],
    ];
    expect(nearest([2, 0], rows)).toBe(1);
    expect(nearest([-3, 0.1], rows)).toBe(2);
    expect(nearest([0.5, 0.5], rows)).toBe(0);
  });

  test('is the one of largest cosine', () => {
    fc.assert(
      fc.property(vector(3), fc.array(vector(3), { minLength: 1, maxLength: 10 }), (a, rows) => {
        const all = rows.map((row) => cosineOf(a, row));
        expect(nearest(a, rows)).toBe(all.indexOf(Math.max(...all)));
      }),
    );
  });

  test('takes the earliest of several, and rather an empty row than an opposite one', () => {
    expect(
      nearest(
        [1, 0],
        [
          [-1, 0],
          [0, 0],
          [0, 1],
        ],
      ),
    ).toBe(1);
    expect(nearest([0, 0], [[1, 2]])).toBe(0);
  });

  test('finds nothing among no rows, and passes over rows that are not numbers', () => {
    expect(nearest([1], [])).toBe(-1);
    expect(nearest([1], [[Number.NaN], [-2]])).toBe(1);
    expect(nearest([1], [[Number.NaN]])).toBe(-1);
    expect(nearest([Number.NaN], [[1]])).toBe(-1);
  });
});
