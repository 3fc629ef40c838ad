import { describe, expect, test } from 'vitest';
import { Lstm97, type Lstm97Options } from '../../../models/cells/lstm97.ts';
import { sigmoid } from '../../../models/activation.ts';
import { createRandom } from '../../../models/random.ts';
import { Head } from '../../../models/training/head.ts';
import { Trace } from '../../../models/training/trace.ts';
import { cellContract } from '../../contracts/cell.ts';
import { traceCellContract } from '../../contracts/trace-cell.ts';
import { readGolden } from '../../golden/golden.ts';
import { expectClose } from '../difference.ts';
import { runCell } from './run.ts';
import { frozenDifferences, randomProblem, runTraces } from './traces.ts';

type Weights = Record<'W_cell' | 'W_in' | 'W_out' | 'W_k', number[]> & { W_forget?: number[] };
interface Golden {
  runs: {
    forgetGate: boolean;
    gateSources: 'cells' | 'all';
    sizes: { I: number; blocks: number; cellsPerBlock: number; O: number; T: number };
    params: Weights;
    inputs: { x: number[]; target: number[] };
    forward: { y: number[]; s: number[] };
    loss: number;
    grads: Weights;
    onlineSgd: { lr: number; y: number[]; s: number[]; loss: number; params: Weights };
  }[];
}
const golden = readGolden('lstm97') as Golden;

/** W_k has the bias in its last column; the head keeps it apart. */
function flat({ W_cell, W_in, W_out, W_forget = [], W_k }: Weights, cells: number): number[] {
  const isBias = (i: number) => i % (cells + 1) === cells;
  const V = W_k.filter((_, i) => !isBias(i));
  const b = W_k.filter((_, i) => isBias(i));
  return [...W_cell, ...W_in, ...W_out, ...W_forget, ...V, ...b];
}

const PLAIN: Lstm97Options = { blocks: 2, cellsPerBlock: 2, gateSources: 'cells', forget: false, cellBias: true };
const VARIANTS = [
  ['cells', PLAIN],
  ['all', { ...PLAIN, gateSources: 'all' }],
  ['forget', { ...PLAIN, forget: true }],
  ['all, forget, no bias of cells', { ...PLAIN, gateSources: 'all', forget: true, cellBias: false }],
] as const;

for (const [variant, options] of VARIANTS) {
  const make = (I: number, H: number) => new Lstm97(I, { ...options, blocks: Math.ceil(H / 2) });
  cellContract(`lstm97, ${variant}`, make, { exact: false });
  traceCellContract(`lstm97, ${variant}`, make);
}

describe.each(golden.runs)('golden run: sources $gateSources, forget gate $forgetGate', (run) => {
  const { I, O, T, ...blocks } = run.sizes;
  const options = { ...blocks, gateSources: run.gateSources, forget: run.forgetGate, cellBias: true };
  const cell = new Lstm97(I, options);
  const N = cell.hidden;

  /** Squared error behind sigmoid outputs. */
  function play(rate: number, k1: number) {
    const learner = new Trace(
      cell,
      { outputs: O, skip: false, bias: true },
      { k1, optimizer: { name: 'sgd', rate }, clipNorm: Infinity },
    );
    const memory = new Float64Array(learner.size);
    memory.set(flat(run.params, N));
    const y: number[] = [];
    const s: number[] = [];
    let loss = 0;
    for (let t = 0; t < T; t++) {
      memory.set(run.inputs.x.slice(t * I, (t + 1) * I), learner.nextInput(memory, 0));
      const a = learner.forward(memory, 0);
      const d = learner.lossGradient(memory, 0);
      for (let k = 0; k < O; k++) {
        const output = sigmoid(memory[a + k]);
        const error = output - run.inputs.target[t * O + k];
        memory[d + k] = error * output * (1 - output);
        loss += error ** 2 / 2;
        y.push(output);
      }
      const { state } = learner.newest(memory, 0);
      s.push(...memory.subarray(state + cell.stateSize - N, state + cell.stateSize));
      learner.learn(memory, 0);
    }
    return { y, s, loss, weights: memory.slice(0, learner.weightCount) };
  }

  test('outputs, states, loss and gradients at fixed weights', () => {
    const { y, s, loss, weights } = play(1, T);
    expectClose('y', y, run.forward.y, 1e-9);
    expectClose('s', s, run.forward.s, 1e-9);
    expectClose('loss', [loss], [run.loss], 1e-9);
    expectClose(
      'gradients',
      flat(run.params, N).map((before, i) => before - weights[i]),
      flat(run.grads, N),
      1e-9,
    );
  });

  test('outputs, states, loss and weights while it learns with every sample', () => {
    const { lr, params, ...wanted } = run.onlineSgd;
    const { y, s, loss, weights } = play(lr, 1);
    expectClose('y', y, wanted.y, 1e-9);
    expectClose('s', s, wanted.s, 1e-9);
    expectClose('loss', [loss], [wanted.loss], 1e-9);
    expectClose('weights', weights, flat(params, N), 1e-9);
  });
});

describe.each(VARIANTS)('the truncated gradient: %s', (_, options) => {
  test.each([
    [1, 1, 1, 9],
    [3, 2, 2, 6],
    [2, 3, 1, 12],
  ])('%i inputs, %i blocks of %i, %i steps', (I, blocks, cellsPerBlock, T) => {
    const cell = new Lstm97(I, { ...options, blocks, cellsPerBlock });
    const problem = randomProblem(cell, T, 2, createRandom(I + T));
    const back = runCell(cell, problem).gradients;
    const sources = cell.stateSize - cell.hidden;
    expectClose('frozen', back.params, frozenDifferences(cell, problem, sources), 1e-8);
    expectClose('traces', runTraces(cell, problem), back.params, 1e-12);
    expect(back.state.subarray(0, sources).every((d) => d === 0)).toBe(true);
    expect(back.state.subarray(sources).every((d) => d !== 0)).toBe(true);
  });
});

test('the input of a step gets its gradient, as a layer below needs it', () => {
  const cell = new Lstm97(3, { ...PLAIN, gateSources: 'all', forget: true });
  const problem = randomProblem(cell, 1, 2, createRandom(5));
  const measured = problem.x.map((number, i) => {
    const lossAt = (shift: number) => runCell(cell, { ...problem, x: problem.x.with(i, number + shift) }).loss;
    return (lossAt(1e-6) - lossAt(-1e-6)) / 2e-6;
  });
  expectClose('dx', runCell(cell, problem).gradients.x, measured, 1e-8);
});

test.each([
  [264, 7, 7, { blocks: 4, cellsPerBlock: 1, cellBias: false }, false],
  [276, 7, 7, { blocks: 3, cellsPerBlock: 2, cellBias: false }, false],
  [93, 2, 1, { blocks: 2, cellsPerBlock: 2, cellBias: true }, true],
])('has the %i weights of the published networks', (weights, inputs, outputs, sizes, bias) => {
  const cell = new Lstm97(inputs, { ...sizes, gateSources: 'all', forget: false });
  const head = new Head(cell.hidden, inputs, { outputs, skip: false, bias });
  expect(cell.paramCount + head.paramCount).toBe(weights);
});

test('starts within ±0.2, its output gates shut in turn, its forget gates open', () => {
  const cell = new Lstm97(3, { ...PLAIN, blocks: 6, forget: true });
  const at = 2;
  const memory = new Float64Array(at + cell.paramCount).fill(9);
  cell.initialise(memory, at, createRandom(4));
  const z = 3 + 12 + 1;
  const cells = 12 * z;
  const biases = (gate: number) => Array.from({ length: 6 }, (_, j) => memory[at + cells + (gate * 6 + j) * z + z - 1]);
  expect(biases(1)).toEqual([-1, -2, -3, -4, -1, -2]);
  expect(biases(2)).toEqual([1, 1, 1, 1, 1, 1]);
  const sizes = memory
    .subarray(at)
    .map(Math.abs)
    .filter((size) => size < 1);
  expect(sizes).toHaveLength(cell.paramCount - 12);
  expect(Math.max(...sizes)).toBeLessThanOrEqual(0.2);
  expect(Math.max(...sizes)).toBeGreaterThan(0.19);
  expect(new Set(biases(0)).size).toBe(6);
});

test('says how far its memory has gone and how many gates are shut or wide open', () => {
  const cell = new Lstm97(1, { ...PLAIN, cellsPerBlock: 1, forget: true });
  const state = cell.paramCount;
  const row = state + cell.stateSize;
  const memory = new Float64Array(row + cell.cacheSize);
  memory.set([0, 0, -70, 3], state);
  const z = 1 + 2 + 1;
  const bias = (gate: number, block: number) => 2 * z + (2 * gate + block) * z + z - 1;
  memory[bias(0, 0)] = -9;
  memory[bias(2, 0)] = 9;
  cell.step(memory, 0, state, row);
  const { largest, saturated } = cell.watch(memory, state, row);
  expect(largest).toBeCloseTo(70, 1);
  expect(saturated).toBeCloseTo(2 / 6, 12);
});
