import { describe, expect, test } from 'vitest';
import type { Cell, Tensor } from '../../../models/cells/cell.ts';
import { Lstm } from '../../../models/cells/lstm.ts';
import { MemoryAttention } from '../../../models/cells/memory-attention.ts';
import { WindowedAttention } from '../../../models/cells/windowed-attention.ts';
import { createRandom } from '../../../models/random.ts';
import { cellContract } from '../../contracts/cell.ts';
import { readGolden } from '../../golden/golden.ts';
import { expectClose, expectSameBits } from '../difference.ts';
import { historyContract, warmProblem, zeros } from './history.ts';
import { type CellProblem, runCell } from './run.ts';

/** h = x, and no memory of its own. */
class Echo implements Cell {
  readonly name = 'echo';
  readonly inputs: number;
  readonly hidden: number;
  readonly paramCount = 0;
  readonly stateSize: number;
  readonly cacheSize: number;
  readonly tensors: readonly Tensor[] = [];

  constructor(size: number) {
    this.inputs = size;
    this.hidden = size;
    this.stateSize = size;
    this.cacheSize = size;
  }

  initialise(): void {
    // No parameters.
  }

  step(memory: Float64Array, _params: number, state: number, row: number): void {
    memory.copyWithin(state, row, row + this.inputs);
  }

  backward(...[, , , , work, , dState, dInput]: Parameters<Cell['backward']>): void {
    if (dInput >= 0) for (let j = 0; j < this.inputs; j++) work[dInput + j] += work[dState + j];
    work.fill(0, dState, dState + this.stateSize);
  }
}

const over = (cell: Cell, history: number, rows: number) => new MemoryAttention(cell, { history, width: 3, rows });

cellContract('attention over an lstm', (I, H, steps) => over(new Lstm(I, H), steps + 1, steps), { history: true });
cellContract('attention over two states', (I, H, steps) => over(new Lstm(I, H), 2, steps), { history: true });
cellContract(
  'attention over attention',
  (I, H, steps) => over(new WindowedAttention(I, H, { history: 3, rows: steps }), 2, steps),
  { history: true },
);
historyContract('attention over an lstm', (I, H, history, rows) => over(new Lstm(I, H), history, rows));

describe('golden run: five hidden states, then the one that looks back', () => {
  type Weights = 'W_q' | 'W_k' | 'W_v' | 'W_c' | 'b_c';
  interface Golden {
    sizes: { H: number; D: number; N: number; O: number };
    params: Record<Weights, number[]>;
    inputs: { h: number[]; ring: number[]; target: number[] };
    forward: { weights: number[]; context: number[]; y: number[] };
    loss: number;
    grads: Record<Weights | 'h' | 'ring', number[]>;
  }
  const { sizes, params, inputs, forward, loss, grads } = readGolden('attention') as Golden;
  const { H, D, N, O } = sizes;
  const cell = new MemoryAttention(new Echo(H), { history: N, width: D, rows: N + 1 });
  const problem: CellProblem = {
    params: [...params.W_q, ...params.W_k, ...params.W_v],
    V: params.W_c,
    bv: params.b_c,
    x: [...inputs.ring, ...inputs.h],
    target: zeros(O * (N + 1)),
    state: zeros(cell.stateSize),
  };
  // Only the last step is to have an error.
  problem.target = [...runCell(cell, problem).y.slice(0, O * N), ...inputs.target];
  const run = runCell(cell, problem);

  test('forward: weights, context, y, loss', () => {
    expectClose('weights', run.rows[N].subarray(-N), forward.weights, 1e-9);
    expectClose('context', run.states[N].subarray(H, H + D), forward.context, 1e-9);
    expectClose('y', run.y.slice(-O), forward.y, 1e-9);
    expectClose('loss', [run.loss], [loss], 1e-9);
  });

  test('gradients', () => {
    const { gradients } = run;
    expectClose('params', gradients.params, [...grads.W_q, ...grads.W_k, ...grads.W_v], 1e-9);
    expectClose('W_c', gradients.V, grads.W_c, 1e-9);
    expectClose('b_c', gradients.bv, grads.b_c, 1e-9);
    expectClose('ring, h', gradients.x, [...grads.ring, ...grads.h], 1e-9);
  });
});

test('is to the rest one cell: h, then the context', () => {
  const inner = new Lstm(2, 4);
  const cell = over(inner, 5, 6);
  expect(cell.name).toBe('lstm+attention');
  expect([cell.inputs, cell.hidden]).toEqual([2, 7]);
  expect(cell.tensors.slice(inner.tensors.length)).toEqual([
    { name: 'attention_q', shape: [3, 4] },
    { name: 'attention_k', shape: [3, 4] },
    { name: 'attention_v', shape: [3, 4] },
  ]);
  const problem = warmProblem(cell, 1, 9, 2);
  problem.state.fill(0);
  const alone = runCell(inner, {
    ...problem,
    params: problem.params.slice(0, inner.paramCount),
    state: zeros(8),
  });
  const { states } = runCell(cell, problem);
  for (const [t, state] of states.entries()) expectSameBits('h', state.subarray(0, 4), alone.states[t].subarray(0, 4));
  expect([...states[0].subarray(4, 7)]).toEqual([0, 0, 0]);
  expect(states[1].subarray(4, 7).every((c) => c !== 0)).toBe(true);
});

describe('its window', () => {
  const N = 5;
  const H = 3;
  const cell = over(new Echo(H), N, 4);

  /** h and context of every step, after a first input of this size. */
  function outputs(first: number): Float64Array[] {
    const problem = warmProblem(cell, 1, 4 * N, 8);
    problem.state.fill(0);
    problem.x[0] = first;
    return runCell(cell, problem).states.map((state) => state.slice(0, cell.hidden));
  }

  test('is the N steps before: after one more the first is forgotten to the last bit', () => {
    const [one, other] = [outputs(0.3), outputs(-2)];
    for (let t = 0; t <= N; t++) expect([...one[t]]).not.toEqual([...other[t]]);
    for (let t = N + 1; t < one.length; t++) expectSameBits(`step ${t}`, one[t], other[t]);
  });

  test('holds min(t, N) states, at the thousandth step as at the Nth', () => {
    const problem = warmProblem(cell, 1, 1000, 9);
    problem.state.fill(0);
    const counts = runCell(cell, problem).rows.map((row) => row.at(-N - 1));
    expect(counts).toEqual(counts.map((_, t) => Math.min(t, N)));
  });

  test('is all that a step reads', () => {
    const problem = warmProblem(cell, 40, 1, 10);
    const R = N + 4;
    const counters = cell.hidden;
    const next = problem.state[counters];
    const { y } = runCell(cell, problem);
    for (let age = N + 1; age <= R; age++) {
      const row = counters + 2 + ((next + R - age) % R) * H;
      problem.state.fill(Number.NaN, row, row + H);
    }
    expect(runCell(cell, problem).y).toEqual(y);
  });
});

test('the maps into keys and values learn from states that no walk reaches', () => {
  const cell = over(new Echo(3), 6, 2);
  const problem = warmProblem(cell, 30, 1, 5);
  const { gradients } = runCell(cell, problem);
  for (const map of [0, 1, 2])
    expect(Math.hypot(...gradients.params.subarray(9 * map, 9 * map + 9))).toBeGreaterThan(1e-3);
});

test('says of the memory of its cell what the cell says', () => {
  const inner = new Lstm(2, 3);
  const cell = over(inner, 4, 2);
  const memory = new Float64Array(cell.paramCount + cell.stateSize + cell.cacheSize);
  const state = cell.paramCount;
  const row = state + cell.stateSize;
  cell.initialise(memory, 0, createRandom(1));
  memory[row - 3] = 70;
  cell.step(memory, 0, state, row);
  expect(cell.watch!(memory, state, row).largest).toBeGreaterThan(40);
  expect(cell.watch!(memory, state, row)).toEqual(inner.watch(memory, row - inner.stateSize, row));
  expect('watch' in over(new Echo(2), 3, 3) && over(new Echo(2), 3, 3).watch !== undefined).toBe(false);
});

test.each([
  [3, 0, 2],
  [3, 2, 0],
])('a history of %i, a width of %i and %i rows are refused', (history, width, rows) => {
  expect(() => new MemoryAttention(new Echo(2), { history, width, rows })).toThrow(RangeError);
});
