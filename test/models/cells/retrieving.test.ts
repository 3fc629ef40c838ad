import { describe, expect, test } from 'vitest';
import type { Cell } from '../../../models/cells/cell.ts';
import { Lstm } from '../../../models/cells/lstm.ts';
import { Retrieving } from '../../../models/cells/retrieving.ts';
import { createRandom, gaussian } from '../../../models/random.ts';
import { retrievalSize, retrieve } from '../../../models/retrieval.ts';
import { Tbptt, type Training } from '../../../models/training/tbptt.ts';
import { cellContract } from '../../contracts/cell.ts';
import { expectClose, expectSameBits } from '../difference.ts';
import { historyContract, measured, warmProblem, zeros } from './history.ts';
import { type CellProblem, runCell } from './run.ts';

const SHORT = { history: 12, key: 3, beta: 10 };

cellContract('lstm with retrieval', (I, H) => new Retrieving(new Lstm(I, H), SHORT), { exact: false, history: true });
historyContract('lstm with retrieval', (I, H, history) => new Retrieving(new Lstm(I, H), { ...SHORT, history }), {
  exact: false,
});

/** The loss of the inner cell under the same head, which is told what the forecasts were. */
function lossWith(
  inner: Cell,
  told: readonly number[],
  { V, target, ...problem }: CellProblem,
  state: number[],
): number {
  const H = inner.hidden;
  const O = V.length / (H + 1);
  const ownV = V.filter((_, i) => i % (H + 1) < H);
  const { y } = runCell(inner, { ...problem, V: ownV, target, state });
  return y.reduce((sum, value, i) => {
    const forecast = told[Math.floor(i / O)] * V[(i % O) * (H + 1) + H];
    return sum + (value + forecast - target[i]) ** 2 / 2;
  }, 0);
}

test.each([0, 1, 40])('is the derivative of its cell with the forecasts held fixed, after %i steps', (before) => {
  const inner = new Lstm(2, 3);
  const cell = new Retrieving(inner, SHORT);
  const problem = warmProblem(cell, Math.max(1, before), 20, 6);
  if (before === 0) problem.state.fill(0);
  const innerAt = cell.stateSize - inner.stateSize;
  const { gradients, loss, states } = runCell(cell, problem);
  const told = states.map((state) => state[inner.hidden]);
  const innerState = problem.state.slice(innerAt);
  const lossOf = () => lossWith(inner, told, problem, innerState);
  expect(lossOf()).toBeCloseTo(loss, 12);
  for (const key of ['params', 'V', 'bv', 'x'] as const) {
    expectClose(key, gradients[key], measured(problem, problem[key], lossOf), 1e-7);
  }
  expectClose('state', gradients.state.subarray(innerAt), measured(problem, innerState, lossOf), 1e-7);
  expect(gradients.state.subarray(0, innerAt).every((d) => d === 0)).toBe(true);
});

test('is to the rest one cell: h, then the forecast of its first input', () => {
  const inner = new Lstm(2, 4);
  const cell = new Retrieving(inner, SHORT);
  expect(cell.name).toBe('lstm+retrieval');
  expect([cell.inputs, cell.hidden, cell.paramCount]).toEqual([2, 5, inner.paramCount]);
  expect(cell.tensors).toEqual(inner.tensors);
  const problem = warmProblem(cell, 1, 50, 2);
  problem.state.fill(0);
  const { states } = runCell(cell, problem);
  const alone = runCell(inner, { ...problem, state: zeros(8) });
  const memory = new Float64Array(retrievalSize(SHORT));
  for (const [t, state] of states.entries()) {
    expectSameBits('h', state.subarray(0, 4), alone.states[t].subarray(0, 4));
    expect(state[4]).toBe(retrieve(SHORT, memory, 0, problem.x[2 * t]));
  }
});

test('says of the memory of its cell what the cell says', () => {
  const inner = new Lstm(2, 3);
  const cell = new Retrieving(inner, SHORT);
  const memory = new Float64Array(cell.paramCount + cell.stateSize + cell.cacheSize);
  const state = cell.paramCount;
  const row = state + cell.stateSize;
  cell.initialise(memory, 0, createRandom(1));
  memory[row - 3] = 70;
  cell.step(memory, 0, state, row);
  expect(cell.watch!(memory, state, row)).toEqual(inner.watch(memory, row - inner.stateSize, row));
});

test('a key of no samples is refused', () => {
  expect(() => new Retrieving(new Lstm(1, 1), { ...SHORT, key: 0 })).toThrow(RangeError);
});

describe('a noisy shape that comes back after 96 samples', () => {
  const training: Training = {
    k1: 8,
    k2: 32,
    spread: true,
    optimizer: { name: 'rmsprop', rate: 1e-3, alpha: 0.999, epsilon: 1e-8, corrected: true },
    clipNorm: 1,
  };

  /** Mean square against the clean shape over the last of 6000 samples. */
  function errorOf(cell: Cell): number {
    const random = createRandom(3);
    const shape = Array.from({ length: 96 }, () => gaussian(random));
    const learner = new Tbptt(cell, { outputs: 1, skip: false, bias: true }, training);
    const memory = new Float64Array(learner.size);
    learner.initialise(memory, 0, createRandom(4));
    let sum = 0;
    let truth = shape[0];
    for (let t = 0; t < 6000; t++) {
      memory[learner.nextInput(memory, 0)] = truth;
      const y = memory[learner.forward(memory, 0)];
      const clean = shape[(t + 1) % 96];
      truth = clean + 0.1 * gaussian(random);
      if (t >= 4000) sum += (y - clean) ** 2 / 2000;
      memory[learner.lossGradient(memory, 0)] = y - truth;
      learner.learn(memory, 0);
    }
    return sum;
  }

  test('is learned five times better with retrieval than without', () => {
    const lstm = new Lstm(1, 16, { span: 256, share: 0.25 });
    const alone = errorOf(lstm);
    expect(errorOf(new Retrieving(lstm, { history: 200, key: 8, beta: 100 }))).toBeLessThan(alone / 5);
  });
});
