import { describe, expect, test } from 'vitest';
import { WindowedAttention } from '../../../models/cells/windowed-attention.ts';
import { createRandom, gaussian } from '../../../models/random.ts';
import { cellContract } from '../../contracts/cell.ts';
import { expectClose, expectSameBits } from '../difference.ts';
import { historyContract, numbers, warmProblem, zeros } from './history.ts';
import { runCell } from './run.ts';

const make = (I: number, H: number, history: number, rows: number) => new WindowedAttention(I, H, { history, rows });

cellContract('attention', (I, H, steps) => make(I, H, steps + 1, steps), { history: true });
cellContract('attention over two steps', (I, H, steps) => make(I, H, 2, steps), { history: true });
historyContract('attention', make);

const dot = (a: readonly number[], b: readonly number[]) => a.reduce((sum, number, j) => sum + number * b[j], 0);

test('computes what its formulas say', () => {
  const [I, H, N, T] = [2, 3, 4, 11];
  const cell = make(I, H, N, 1);
  const problem = warmProblem(cell, 1, T, 3);
  problem.state.fill(0);
  const { params, x } = problem;
  const product = (from: number, columns: number, v: readonly number[]) =>
    Array.from({ length: H }, (_, k) => v.reduce((sum, number, j) => sum + params[from + k * columns + j] * number, 0));
  const inputs = Array.from({ length: T }, (_, t) => x.slice(t * I, (t + 1) * I));
  const wanted = inputs.flatMap((input, t) => {
    const q = product(0, I, input);
    const seen = inputs.slice(Math.max(0, t + 1 - N), t + 1);
    const raw = seen.map((past, i) => {
      const age = seen.length - 1 - i;
      return Math.exp(dot(q, product(H * I, I, past)) / Math.sqrt(H) - age);
    });
    const sum = raw.reduce((a, b) => a + b, 0);
    const values = seen.map((past) => product(2 * H * I, I, past));
    const context = q.map((_, j) => values.reduce((total, v, i) => total + (raw[i] / sum) * v[j], 0));
    const b = params.slice(-H);
    const fromContext = product(3 * H * I, H, context);
    const fromInput = product(3 * H * I + H * H, I, input);
    return b.map((bias, u) => Math.tanh(bias + fromContext[u] + fromInput[u]));
  });
  const h = runCell(cell, problem).states.flatMap((state) => [...state.subarray(0, H)]);
  expectClose('h', h, wanted, 1e-13);
});

describe('its window', () => {
  const N = 5;
  const H = 3;
  const cell = make(2, H, N, 4);

  /** h of every step, after a first input of this size. */
  function outputs(first: number): Float64Array[] {
    const problem = warmProblem(cell, 1, 4 * N, 8);
    problem.state.fill(0);
    problem.x[0] = first;
    return runCell(cell, problem).states.map((state) => state.slice(0, H));
  }

  test('has forgotten the first input by the step after N, to the last bit', () => {
    const [one, other] = [outputs(0.3), outputs(-2)];
    for (let t = 0; t < N; t++) expect([...one[t]]).not.toEqual([...other[t]]);
    for (let t = N; t < one.length; t++) expectSameBits(`step ${t}`, one[t], other[t]);
  });

  test('holds min(t, N) rows, at the thousandth step as at the Nth', () => {
    const problem = warmProblem(cell, 1, 1000, 9);
    problem.state.fill(0);
    const counts = runCell(cell, problem).rows.map((row) => row[2 + 2 * H + 1]);
    expect(counts).toEqual(counts.map((_, t) => Math.min(t + 1, N)));
  });

  test('is all that a step reads', () => {
    const problem = warmProblem(cell, 40, 1, 10);
    const R = N + 4;
    const next = problem.state[H];
    const { y } = runCell(cell, problem);
    for (let age = N; age <= R; age++) {
      const row = (next + R - age) % R;
      problem.state.fill(Number.NaN, H + 2 + row * H, H + 2 + (row + 1) * H);
      problem.state.fill(Number.NaN, H + 2 + (R + row) * H, H + 2 + (R + row + 1) * H);
    }
    expect(runCell(cell, problem).y).toEqual(y);
  });

  test('has an order: the same inputs in another order give another output', () => {
    const random = createRandom(2);
    const params = numbers(cell.paramCount, random, 0.5);
    const [a, b, c] = [numbers(2, random), numbers(2, random), numbers(2, random)];
    const last = (x: number[]) =>
      runCell(cell, { params, V: [1, 1, 1], bv: [0], x, target: [0, 0, 0], state: zeros(cell.stateSize) }).y[2];
    expect(Math.abs(last([...a, ...b, ...c]) - last([...b, ...a, ...c]))).toBeGreaterThan(1e-3);
  });
});

test('starts with Xavier weights and no bias', () => {
  const [I, H] = [4, 6];
  const cell = make(I, H, 8, 4);
  const memory = new Float64Array(cell.paramCount);
  cell.initialise(memory, 0, createRandom(1));
  const largest = (from: number, to: number) => Math.max(...memory.subarray(from, to).map(Math.abs));
  const wC = 3 * H * I;
  const limits = [
    [0, wC, Math.sqrt(6 / (I + H))],
    [wC, cell.paramCount - H, Math.sqrt(6 / (I + 2 * H))],
  ] as const;
  for (const [from, to, limit] of limits) {
    expect(largest(from, to)).toBeLessThanOrEqual(limit);
    expect(largest(from, to)).toBeGreaterThan(0.8 * limit);
  }
  expect([...memory.subarray(cell.paramCount - H)]).toEqual([0, 0, 0, 0, 0, 0]);
});

test('a walk that cannot go back a single step is refused', () => {
  expect(() => make(1, 1, 3, 0)).toThrow(RangeError);
});

test('after one key like the query among many unlike it, the context is its value', () => {
  // One input names the row (a unit vector of 4), another carries what is to be found again.
  const cell = make(5, 4, 10, 1);
  const I = 5;
  const params = zeros(cell.paramCount);
  for (let u = 0; u < 4; u++) {
    params[u * I + u] = 20; // W_q
    params[4 * I + u * I + u] = 20; // W_k
  }
  params[2 * 4 * I + 4] = 1; // W_v: the fifth input into the first unit
  params[3 * 4 * I] = 1; // W_c
  const random = createRandom(3);
  const rows = [0, 1, 2, 3].map((name) => [...[0, 1, 2, 3].map((u) => (u === name ? 1 : 0)), gaussian(random) / 2]);
  const run = runCell(cell, {
    params,
    V: [1, 0, 0, 0],
    bv: [0],
    x: [...rows.flat(), 0, 1, 0, 0, rows[1][4]],
    target: [0, 0, 0, 0, 0],
    state: zeros(cell.stateSize),
  });
  expect(run.y[4]).toBeCloseTo(Math.tanh(rows[1][4]), 10);
});
