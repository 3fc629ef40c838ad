import { describe, expect, test } from 'vitest';
import {
  addProduct,
  addProductBackward,
  addTransposed,
  attend,
  attendBackward,
  type Look,
  lookSize,
} from '../../../models/cells/attend.ts';
import { createRandom, gaussian } from '../../../models/random.ts';
import { readGolden } from '../../golden/golden.ts';
import { expectClose, expectSameBits } from '../difference.ts';

type Weights = 'W_q' | 'W_k' | 'W_v' | 'W_c' | 'b_c';
interface Golden {
  sizes: { H: number; D: number; N: number; O: number };
  params: Record<Weights, number[]>;
  inputs: { h: number[]; ring: number[]; target: number[] };
  forward: { weights: number[]; context: number[]; y: number[] };
  loss: number;
  grads: Record<Weights | 'h' | 'ring', number[]>;
}

/** Keys, values and a look, each at an odd place of one memory. */
interface Scene {
  shape: Look;
  memory: Float64Array;
  keys: number;
  values: number;
  look: number;
}

function scene(shape: Look, first: number, count: number): Scene {
  const ring = shape.rows * shape.width;
  const [keys, values] = [3, 5 + ring];
  const look = values + ring + 1;
  const memory = new Float64Array(look + lookSize(shape) + 2);
  memory.set([first, count], look + 2 * shape.width);
  return { shape, memory, keys, values, look };
}

const forward = ({ shape, memory, keys, values, look }: Scene) => attend(shape, memory, keys, values, look);

/** Gradients of dcontext·context. */
function backward({ shape, memory, keys, values, look }: Scene, dContext: readonly number[]) {
  const ring = shape.rows * shape.width;
  const dLook = Float64Array.of(...dContext.map(() => 0), ...dContext);
  const work = new Float64Array(2 * ring);
  attendBackward(shape, memory, keys, values, look, dLook, work, 0, ring);
  return { q: dLook.subarray(0, shape.width), keys: work.subarray(0, ring), values: work.subarray(ring) };
}

describe.each([0, 3, 6])('golden run, its oldest row at %i of 7', (first) => {
  const { sizes, params, inputs, forward: wanted, grads, loss } = readGolden('attention') as Golden;
  const { H, D, N, O } = sizes;
  const R = N + 2;
  const it = scene({ history: N, rows: R, width: D, scale: 1 / Math.sqrt(D), slope: 0 }, first, N);
  const place = (s: number) => ((first + s) % R) * D;

  // What the shared arithmetic needs to make keys, values and y: weights and inputs, one after the other.
  const lists = [params.W_q, params.W_k, params.W_v, params.W_c, inputs.h, inputs.ring];
  const starts = lists.map((_, i) => lists.slice(0, i).flat().length);
  const [wQ, wK, wV, wC, h, ring] = starts;
  const joined = lists.flat().length;
  const y = joined + H + D;
  const source = new Float64Array(y + O + 3 * D);
  source.set(lists.flat());
  const project = (weights: number, x: number) => {
    source.fill(0, y + O);
    addProduct(source, weights, D, H, x, y + O);
    return source.slice(y + O, y + O + D);
  };
  it.memory.set(project(wQ, h), it.look);
  for (let s = 0; s < N; s++) {
    it.memory.set(project(wK, ring + s * H), it.keys + place(s));
    it.memory.set(project(wV, ring + s * H), it.values + place(s));
  }
  forward(it);
  const context = it.memory.slice(it.look + D, it.look + 2 * D);
  source.set([...inputs.h, ...context], joined);
  source.set(params.b_c, y);
  addProduct(source, wC, O, H + D, joined, y);
  const dy = source.slice(y, y + O).map((value, k) => value - inputs.target[k]);

  test('forward: weights, context, y, loss', () => {
    const weights = it.look + 2 * D + 2;
    expectClose('weights', it.memory.subarray(weights, weights + N), wanted.weights, 1e-9);
    expectClose('context', context, wanted.context, 1e-9);
    expectClose('y', source.subarray(y, y + O), wanted.y, 1e-9);
    expectClose('loss', [dy.reduce((sum, d) => sum + (d * d) / 2, 0)], [loss], 1e-9);
  });

  test('gradients', () => {
    const gradient = new Float64Array(joined);
    const dJoined = new Float64Array(H + D);
    addProductBackward(source, wC, O, H + D, joined, dy, 0, gradient, wC, dJoined, 0);
    const d = backward(it, [...dJoined.subarray(H)]);
    const back = (weights: number, x: number, dys: Float64Array, from: number) =>
      addProductBackward(source, weights, D, H, x, dys, from, gradient, weights, gradient, x);
    back(wQ, h, d.q, 0);
    for (let s = 0; s < N; s++) {
      back(wK, ring + s * H, d.keys, place(s));
      back(wV, ring + s * H, d.values, place(s));
    }
    for (let j = 0; j < H; j++) gradient[h + j] += dJoined[j];
    for (const [i, name] of (['W_q', 'W_k', 'W_v', 'W_c', 'h', 'ring'] as const).entries()) {
      expectClose(name, gradient.subarray(starts[i], starts[i] + lists[i].length), grads[name], 1e-9);
    }
    expectClose('b_c', dy, grads.b_c, 1e-9);
  });
});

/** A ring of 7 rows of width 3 full of random numbers. */
function randomScene(first: number, count: number, slope: number): Scene {
  const random = createRandom(100 * first + count);
  const it = scene({ history: 5, rows: 7, width: 3, scale: 0.7, slope }, first, count);
  for (let i = it.keys; i < it.look + 3; i++) it.memory[i] = gaussian(random);
  return it;
}

const contextOf = ({ memory, look }: Scene) => [...memory.subarray(look + 3, look + 6)];
const weightsOf = ({ memory, look }: Scene, count: number) => [...memory.subarray(look + 8, look + 8 + count)];

test.each([
  [0, 5],
  [5, 4],
  [6, 1],
  [4, 5],
])('gradients agree with central differences, from row %i on %i rows', (first, count) => {
  const it = randomScene(first, count, 0.3);
  forward(it);
  const d = [0.4, -1.1, 0.8];
  const got = backward(it, d);
  const measure = (from: number, length: number) =>
    Array.from({ length }, (_, i) => {
      const lossAt = (shift: number) => {
        const memory = it.memory.slice();
        memory[from + i] += shift;
        forward({ ...it, memory });
        return contextOf({ ...it, memory }).reduce((sum, c, j) => sum + c * d[j], 0);
      };
      return (lossAt(1e-6) - lossAt(-1e-6)) / 2e-6;
    });
  expectClose('q', got.q, measure(it.look, 3), 1e-8);
  expectClose('keys', got.keys, measure(it.keys, 21), 1e-8);
  expectClose('values', got.values, measure(it.values, 21), 1e-8);
});

test('the gradient is added to what is there, for keys and values that are the same rows as well', () => {
  const apart = randomScene(6, 5, 0.2);
  apart.memory.copyWithin(apart.values, apart.keys, apart.keys + 21);
  const same = { ...apart, memory: apart.memory.slice(), values: apart.keys };
  forward(apart);
  forward(same);
  expect(contextOf(same)).toEqual(contextOf(apart));
  const d = backward(apart, [1, -2, 3]);
  const work = new Float64Array(21).fill(0.5);
  const dLook = Float64Array.of(7, 8, 9, 1, -2, 3);
  attendBackward(same.shape, same.memory, same.keys, same.keys, same.look, dLook, work, 0, 0);
  expectClose(
    'rows',
    work,
    d.keys.map((key, i) => 0.5 + key + d.values[i]),
    1e-14,
  );
  expectClose('q', dLook, [7 + d.q[0], 8 + d.q[1], 9 + d.q[2], 1, -2, 3], 1e-14);
});

test('rows that are not looked at may hold anything', () => {
  const it = randomScene(5, 4, 0.1);
  forward(it);
  const context = contextOf(it);
  const d = backward(it, [1, 1, 1]);
  for (const row of [2, 3, 4]) {
    it.memory.fill(Number.NaN, it.keys + row * 3, it.keys + row * 3 + 3);
    it.memory.fill(Number.NaN, it.values + row * 3, it.values + row * 3 + 3);
  }
  forward(it);
  expect(contextOf(it)).toEqual(context);
  expectSameBits('keys', backward(it, [1, 1, 1]).keys, d.keys);
  expect([...d.keys.subarray(6, 15), ...d.values.subarray(6, 15)]).toEqual(Array.from({ length: 18 }, () => 0));
});

test('the slope takes off its score for every step of age, and nothing else does', () => {
  const it = randomScene(3, 5, 0.5);
  it.memory.fill(0, it.look, it.look + 3);
  forward(it);
  const raw = [-2, -1.5, -1, -0.5, 0].map(Math.exp);
  const sum = raw.reduce((a, b) => a + b, 0);
  expectClose(
    'weights',
    weightsOf(it, 5),
    raw.map((w) => w / sum),
    1e-15,
  );
});

test('no row at all is a context of 0', () => {
  const it = randomScene(2, 0, 0.5);
  it.memory.fill(9, it.look + 3, it.look + 6);
  forward(it);
  expect(contextOf(it)).toEqual([0, 0, 0]);
  expect([...backward(it, [1, 1, 1]).q]).toEqual([0, 0, 0]);
});

test.each([1e6, 1e160, 1e300])('weights stay weights with queries and keys of size %d', (size) => {
  const it = randomScene(6, 5, 0.5);
  for (let i = it.keys; i < it.values; i++) it.memory[i] *= size;
  for (let i = it.look; i < it.look + 3; i++) it.memory[i] *= -size;
  forward(it);
  const weights = weightsOf(it, 5);
  expect(weights.every((w) => w >= 0 && w <= 1)).toBe(true);
  expect(weights.reduce((a, b) => a + b, 0)).toBeCloseTo(1, 12);
  expect(contextOf(it).every(Number.isFinite)).toBe(true);
});

test('a product, its transpose and its derivative', () => {
  // W [2, 3], x [3], y [2], t [3]
  const memory = Float64Array.of(1, 2, 3, 4, 5, 6, 1, -1, 2, 10, 20, 100, 200, 300);
  addProduct(memory, 0, 2, 3, 6, 9);
  expect([...memory.subarray(9, 11)]).toEqual([10 + 5, 20 + 11]);
  addTransposed(memory, 0, 2, 3, 9, 11);
  expect([...memory.subarray(11)]).toEqual([100 + 15 + 4 * 31, 200 + 30 + 5 * 31, 300 + 45 + 6 * 31]);
  const work = new Float64Array(6).fill(1);
  const dx = Float64Array.of(0, 0, 1);
  const dy = Float64Array.of(9, 2, -1);
  addProductBackward(memory, 0, 2, 3, 6, dy, 1, work, 0, dx, 0);
  expect([...work]).toEqual([3, -1, 5, 0, 2, -1]);
  expect([...dx]).toEqual([-2, -1, 1]);
  addProductBackward(memory, 0, 2, 3, 6, dy, 1, work, 0, dx, -1);
  expect([...dx]).toEqual([-2, -1, 1]);
});
