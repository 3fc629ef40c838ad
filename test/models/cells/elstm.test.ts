import { describe, expect, test } from 'vitest';
import { Elstm } from '../../../models/cells/elstm.ts';
import { createRandom } from '../../../models/random.ts';
import { cellContract } from '../../contracts/cell.ts';
import { traceCellContract } from '../../contracts/trace-cell.ts';
import { readGolden } from '../../golden/golden.ts';
import { expectClose } from '../difference.ts';
import { type CellProblem, runCell } from './run.ts';
import { randomProblem, runTraces } from './traces.ts';

const ORDER = ['W_f', 'b_f', 'w_f', 'W_z', 'b_z', 'w_z', 'W_o', 'Q_o', 'b_o'] as const;
type Weights = Record<(typeof ORDER)[number] | 'V' | 'bv', number[]>;
interface Golden {
  sizes: { I: number; H: number; O: number; T: number };
  params: Weights;
  inputs: { x: number[]; target: number[]; c0: number[] };
  forward: { c: number[]; y: number[] };
  loss: number;
  grads: Weights;
}
const golden = readGolden('elstm') as Golden;

const flat = (weights: Weights) => ORDER.flatMap((name) => weights[name]);

cellContract('elstm', (I, H) => new Elstm(I, H));
cellContract('elstm with long units', (I, H) => new Elstm(I, H, { span: 100, share: 0.25 }));
traceCellContract('elstm', (I, H) => new Elstm(I, H));

describe('golden run', () => {
  const { sizes, params, inputs, forward, grads } = golden;
  const { I, H } = sizes;
  const cell = new Elstm(I, H);
  const { V, bv } = params;
  const { x, target, c0 } = inputs;
  const problem: CellProblem = { params: flat(params), V, bv, x, target, state: [...c0.map(() => 0), ...c0] };
  const run = runCell(cell, problem);

  test('forward: y, c, loss', () => {
    expectClose('y', run.y, forward.y, 1e-9);
    expectClose(
      'c',
      run.states.flatMap((state) => [...state.subarray(H)]),
      forward.c,
      1e-9,
    );
    expectClose('loss', [run.loss], [golden.loss], 1e-9);
  });

  test('gradients, back through time', () => {
    expectClose('params', run.gradients.params, flat(grads), 1e-9);
    for (const name of ['V', 'bv'] as const) expectClose(name, run.gradients[name], grads[name], 1e-9);
  });

  test('gradients, by traces', () => expectClose('params', runTraces(cell, problem), flat(grads), 1e-9));
});

/** Where the recurrent weights lie: w_f, then w_z. */
const recurrent = (I: number, H: number) => [H * (I + 1), H * (I + 2) + H * (I + 1)];

test.each([
  [1, 1, 20],
  [3, 5, 12],
  [2, 8, 40],
])('the traces are back-propagation through time: %i inputs, %i units, %i steps', (I, H, T) => {
  const cell = new Elstm(I, H);
  const random = createRandom(I + 10 * H);
  const problem = randomProblem(cell, T, 2, random);
  // Within ±1 for c and ±0.3 for w, ∂c/∂c' stays within ±1, where the traces are not held back.
  problem.state = problem.state.map(Math.tanh);
  for (const from of recurrent(I, H)) for (let u = 0; u < H; u++) problem.params[from + u] = 0.6 * random() - 0.3;
  expectClose('gradient', runTraces(cell, problem), runCell(cell, problem).gradients.params, 1e-12);
});

test.each([
  [3, 10.5],
  [-8, -9.5],
  [1, 10.5],
  [-1, 0.5],
])('a trace does not grow by itself, however large the recurrent weight: w_z = %d', (weight, wanted) => {
  const cell = new Elstm(1, 1);
  const state = cell.paramCount;
  const row = state + cell.stateSize;
  const traces = row + cell.cacheSize;
  const memory = new Float64Array(traces + cell.traceSize);
  memory[recurrent(1, 1)[1]] = weight;
  cell.step(memory, 0, state, row);
  // At rest f = 0.5 and z = c' = 0, so that A = 0.5 + 0.5·w_z, and the trace of b_z moves by 0.5.
  const bias = traces + 3 + 1;
  memory[bias] = 10;
  cell.trace(memory, 0, row, traces);
  expect(memory[bias]).toBe(wanted);
});

test('starts with forget bias 1, no recurrence, Xavier inputs, and its last quarter made to remember', () => {
  const I = 3;
  const H = 8;
  const cell = new Elstm(I, H, { span: 100, share: 0.25 });
  const at = 2;
  const memory = new Float64Array(at + cell.paramCount).fill(9);
  cell.initialise(memory, at, createRandom(4));
  const read = new Map<string, Float64Array>();
  let from = at;
  for (const { name, shape } of cell.tensors) {
    const count = shape.reduce((a, b) => a * b, 1);
    read.set(name, memory.subarray(from, from + count));
    from += count;
  }
  const forget = [...read.get('bias_f')!];
  expect(forget.slice(0, 6)).toEqual([1, 1, 1, 1, 1, 1]);
  for (const bias of forget.slice(6)) {
    expect(bias).toBeGreaterThan(0);
    expect(bias).toBeLessThanOrEqual(Math.log(99));
  }
  for (const name of ['recurrent_f', 'bias_z', 'recurrent_z', 'bias_o']) {
    expect(
      read.get(name)!.every((w) => w === 0),
      name,
    ).toBe(true);
  }
  const limit = Math.sqrt(6 / (I + H));
  for (const name of ['weight_f', 'weight_z', 'weight_o']) {
    const largest = Math.max(...read.get(name)!.map(Math.abs));
    expect(largest, name).toBeLessThanOrEqual(limit);
    expect(largest, name).toBeGreaterThan(0.7 * limit);
  }
  const row = (u: number) => read.get('peephole_o')!.subarray(u * H, (u + 1) * H);
  for (let u = 0; u < H; u++) {
    expect(row(u).reduce((sum, w) => sum + w * w, 0)).toBeCloseTo(1, 12);
    if (u > 0) expect(row(u).reduce((sum, w, v) => sum + w * row(u - 1)[v], 0)).toBeCloseTo(0, 12);
  }
});

test('says how far its memory has gone and how many gates are shut or wide open', () => {
  const H = 3;
  const cell = new Elstm(1, H);
  const state = cell.paramCount;
  const row = state + cell.stateSize;
  const memory = new Float64Array(row + cell.cacheSize);
  memory.set([-0.75, 0.5, 0], state + H);
  memory.fill(9, H, H + 2); // b_f of the first two units: they keep
  memory.fill(-9, cell.paramCount - H, cell.paramCount); // b_o of all: they show nothing
  cell.step(memory, 0, state, row);
  const { largest, saturated } = cell.watch(memory, state, row);
  expect(largest).toBeCloseTo(0.75, 3);
  expect(saturated).toBe(5 / 6);
});
