import { describe, expect, test } from 'vitest';
import { Covariance } from '../../../models/group/covariance.ts';
import { createRandom, gaussian } from '../../../models/random.ts';
import { expectClose, expectSameBits } from '../difference.ts';

const AT = 2;
const RIDGE = 0.1;
const MEMORY = 5000;

/** Rows whose channels hang together by a random mixture. */
function mixed(seed: number, rows: number, channels: number): Float64Array[] {
  const random = createRandom(seed);
  const mix = Array.from({ length: channels }, () => Array.from({ length: channels }, () => gaussian(random)));
  return Array.from({ length: rows }, () => {
    const e = Array.from({ length: channels }, () => gaussian(random));
    return Float64Array.from(mix, (weights) => weights.reduce((sum, w, k) => sum + w * e[k], 0) / channels);
  });
}

/** Mean of zzᵀ. */
function meanProducts(rows: readonly Float64Array[]): number[][] {
  const m = rows[0].length;
  const mean = (i: number, j: number) => rows.reduce((sum, z) => sum + z[i] * z[j], 0) / rows.length;
  return Array.from({ length: m }, (_, i) => Array.from({ length: m }, (__, j) => mean(i, j)));
}

/** (C + λI)⁻¹ by Gauss and Jordan. */
function inverse(C: number[][]): number[][] {
  const m = C.length;
  const A = C.map((row, i) => [...row.map((c, j) => c + (i === j ? RIDGE : 0)), ...row.map((_, j) => Number(i === j))]);
  for (let k = 0; k < m; k++) {
    const pivot = A[k][k];
    A[k] = A[k].map((a) => a / pivot);
    for (let i = 0; i < m; i++) {
      const factor = A[i][k];
      if (i !== k) A[i] = A[i].map((a, j) => a - factor * A[k][j]);
    }
  }
  return A.map((row) => row.slice(m));
}

/** d² and |rⱼ| as they are written. */
function wanted(C: number[][], z: ArrayLike<number>): { distance: number; residuals: number[] } {
  const P = inverse(C);
  const Pz = P.map((row) => row.reduce((sum, p, j) => sum + p * z[j], 0));
  const square = Pz.reduce((sum, p, j) => sum + p * z[j], 0);
  return { distance: square / C.length, residuals: Pz.map((p, j) => Math.abs(p) / Math.sqrt(P[j][j])) };
}

function learned(rows: readonly Float64Array[], rowsMax = MEMORY) {
  const covariance = new Covariance(rows[0].length);
  const memory = new Float64Array(AT + covariance.size + 3);
  for (const z of rows) covariance.enter(memory, AT, z, rowsMax);
  const residualsOf = (z: Float64Array) => {
    const r = new Float64Array(z.length);
    covariance.residuals(memory, AT, z, r);
    return r;
  };
  return { covariance, memory, residualsOf, distanceOf: (z: Float64Array) => covariance.distance(memory, AT, z) };
}

describe.each([1, 2, 3, 5, 8, 13, 38])('of %i channels', (channels) => {
  const rows = mixed(channels, 200, channels);
  const { memory, residualsOf, distanceOf } = learned(rows);
  const C = meanProducts(rows);

  test('distance and residuals are those of the inverse', () => {
    const random = createRandom(99);
    for (let i = 0; i < 5; i++) {
      const z = Float64Array.from({ length: channels }, () => 3 * gaussian(random));
      const { distance, residuals } = wanted(C, z);
      expectClose('distance', [distanceOf(z)], [distance], 1e-9 * Math.max(1, distance));
      expectClose('residuals', residualsOf(z), residuals, 1e-9 * Math.max(1, ...residuals));
    }
  });

  test('neither writes to the block, and what lies around it is nobody’s', () => {
    const before = memory.slice();
    distanceOf(rows[0]);
    residualsOf(rows[0]);
    expectSameBits('block', memory, before);
    expectSameBits('around', [...memory.subarray(0, AT), ...memory.subarray(-3)], [0, 0, 0, 0, 0]);
  });

  test('what is missing is left out: the others are judged as if there were no more of them', () => {
    const random = createRandom(channels);
    const gone = Array.from({ length: channels }, () => random() < 0.4);
    const there = gone.flatMap((isGone, j) => (isGone ? [] : [j]));
    const z = Float64Array.from(gone, (isGone, j) => (isGone ? Number.NaN : 2 * gaussian(random) - j / channels));
    if (there.length === 0) return;
    const part = wanted(
      there.map((i) => there.map((j) => C[i][j])),
      there.map((j) => z[j]),
    );
    expectClose('distance', [distanceOf(z)], [part.distance], 1e-9 * Math.max(1, part.distance));
    const residuals = gone.map((isGone, j) => (isGone ? 0 : part.residuals[there.indexOf(j)]));
    expectClose('residuals', residualsOf(z), residuals, 1e-9 * Math.max(1, ...residuals));
  });
});

test('before 20 rows nothing is far', () => {
  const rows = mixed(1, 20, 3);
  const far = Float64Array.of(30, -30, 30);
  expect(learned(rows.slice(0, 19)).distanceOf(far)).toBe(0);
  expect(learned(rows).distanceOf(far)).toBeGreaterThan(100);
  const covariance = new Covariance(3);
  const r = new Float64Array(3).fill(9);
  covariance.residuals(new Float64Array(covariance.size), 0, far, r);
  expect(Array.from(r)).toEqual([0, 0, 0]);
});

describe('the past', () => {
  const together = Array.from({ length: 500 }, (_, i) => Float64Array.of(Math.sin(i), Math.sin(i)));
  const against = together.map(([x]) => Float64Array.of(x, -x));
  const odd = Float64Array.of(1, -1);

  test('fades: what breaks a relation becomes the relation', () => {
    const before = learned(together, 100).distanceOf(odd);
    const after = learned([...together, ...against], 100).distanceOf(odd);
    expect(before).toBeGreaterThan(5);
    expect(after).toBeLessThan(1.2);
  });

  test('is kept as long as its memory', () => {
    const short = learned([...together, ...against.slice(0, 100)], 100).distanceOf(odd);
    const long = learned([...together, ...against.slice(0, 100)], 5000).distanceOf(odd);
    expect(long).toBeGreaterThan(2 * short);
  });
});

describe('residuals', () => {
  const random = createRandom(5);
  const machine = () => {
    const load = gaussian(random);
    return Float64Array.from({ length: 6 }, (_, j) => (j % 2 === 0 ? load : -load) + 0.1 * gaussian(random));
  };
  const { residualsOf } = learned(Array.from({ length: 1000 }, machine));

  test.each([0, 1, 2, 3, 4, 5])('blame channel %i where it left the others', (broken) => {
    for (let i = 0; i < 20; i++) {
      const z = machine();
      z[broken] += i % 2 === 0 ? 1.5 : -1.5;
      const r = residualsOf(z);
      expect(r.indexOf(Math.max(...r))).toBe(broken);
    }
  });

  test('blame nobody for what all do together, however far', () => {
    const all = residualsOf(Float64Array.of(3, -3, 3, -3, 3, -3));
    const one = residualsOf(Float64Array.of(3, -3, 0, -3, 3, -3));
    expect(Math.max(...all)).toBeLessThan(Math.max(...one) / 4);
  });
});

describe('a missing value', () => {
  const random = createRandom(6);
  const rows = Array.from({ length: 300 }, () => {
    const load = gaussian(random);
    return Float64Array.of(load, load + 0.1 * gaussian(random), load + 0.1 * gaussian(random));
  });

  test('breaks no relation: the row is as near as without it, where its mean would be far', () => {
    const { distanceOf } = learned(rows);
    expect(distanceOf(Float64Array.of(3, 3, Number.NaN))).toBeLessThan(5);
    expect(distanceOf(Float64Array.of(3, 3, 0))).toBeGreaterThan(10);
  });

  test('teaches nothing of its channel, and the others go on', () => {
    const { covariance, memory } = learned(rows);
    const before = memory.slice();
    covariance.enter(memory, AT, Float64Array.of(2, 2, Number.NaN), MEMORY);
    // Rows, then 00, 10, 11, 20, 21, 22.
    const changed = Array.from(memory.subarray(AT, AT + 7), (number, i) => number !== before[AT + i]);
    expect(changed).toEqual([true, true, true, true, false, false, false]);
  });

  test('of every channel is a row of which nothing is known', () => {
    const { distanceOf, residualsOf } = learned(rows);
    const nothing = new Float64Array(3).fill(Number.NaN);
    expect(distanceOf(nothing)).toBe(0);
    expect(Array.from(residualsOf(nothing))).toEqual([0, 0, 0]);
  });

  test('here and there, for long, leaves every distance a finite one', () => {
    const gappy = rows.map((z, i) => z.map((x, j) => ((i >> 5) % 3 === j || random() < 0.3 ? Number.NaN : x)));
    const { distanceOf } = learned(gappy, 50);
    const distances = [...rows, ...gappy].map(distanceOf);
    expect(distances.every((d) => d >= 0 && d < 1000)).toBe(true);
    const usual = rows.map(distanceOf).reduce((sum, d) => sum + d, 0) / rows.length;
    expect(usual).toBeGreaterThan(0.2);
    expect(usual).toBeLessThan(3);
  });
});
