import { describe, expect, test } from 'vitest';
import type { Cell, StateWatch } from '../../../models/cells/cell.ts';
import { Gru } from '../../../models/cells/gru.ts';
import { Lstm } from '../../../models/cells/lstm.ts';
import { Rnn } from '../../../models/cells/rnn.ts';
import { Stacked } from '../../../models/cells/stacked.ts';
import { createRandom, gaussian } from '../../../models/random.ts';
import { Tbptt } from '../../../models/training/tbptt.ts';
import { cellContract } from '../../contracts/cell.ts';
import { readGolden } from '../../golden/golden.ts';
import { expectClose, expectSameBits } from '../difference.ts';
import { runCell } from './run.ts';

type Weights = 'l0.W_ih' | 'l0.W_hh' | 'l0.b' | 'l1.W_ih' | 'l1.W_hh' | 'l1.b' | 'V' | 'bv';
interface Golden {
  sizes: { I: number; H: number; O: number; T: number };
  params: Record<Weights, number[]>;
  inputs: Record<'x' | 'target' | 'h0' | 'c0', number[]>;
  forward: Record<'h.l0' | 'h.l1' | 'y', number[]>;
  loss: number;
  grads: Record<Weights | 'x', number[]>;
}
const golden = readGolden('stacked') as Golden;

const gruOn = (I: number, H: number) => new Gru(I, H, { reset: 'after' });

cellContract('two lstm', (I, H) => new Stacked([new Lstm(I, H + 1), new Lstm(H + 1, H)]));
cellContract('gru on an rnn', (I, H) => new Stacked([new Rnn(I, H), gruOn(H, H)]));
cellContract('three of three kinds', (I, H) => new Stacked([gruOn(I, H), new Lstm(H, 2), new Rnn(2, H)]));

const ofCell = (weights: Record<Weights, number[]>) =>
  (['l0.W_ih', 'l0.W_hh', 'l0.b', 'l1.W_ih', 'l1.W_hh', 'l1.b'] as const).flatMap((name) => weights[name]);

describe('golden run of two LSTMs', () => {
  const { sizes, params, inputs, forward, grads } = golden;
  const { I, H } = sizes;
  const { V, bv } = params;
  const { x, target, h0, c0 } = inputs;
  const run = runCell(new Stacked([new Lstm(I, H), new Lstm(H, H)]), {
    params: ofCell(params),
    V,
    bv,
    x,
    target,
    state: [...h0, ...c0, ...h0, ...c0],
  });

  test('forward: y, loss', () => {
    expectClose('y', run.y, forward.y, 1e-9);
    expectClose('loss', [run.loss], [golden.loss], 1e-9);
  });

  test.each([
    ['h.l1', 0],
    ['h.l0', 2 * H],
  ] as const)('forward: %s', (name, from) => {
    const states = run.states.flatMap((state) => [...state.subarray(from, from + H)]);
    expectClose(name, states, forward[name], 1e-9);
  });

  test('gradients', () => {
    const { gradients } = run;
    expectClose('params', gradients.params, ofCell(grads), 1e-9);
    for (const name of ['V', 'bv', 'x'] as const) expectClose(name, gradients[name], grads[name], 1e-9);
  });
});

test('is to the rest one cell: the inputs of the bottom, the h of the top, the tensors of all', () => {
  const cell = new Stacked([new Rnn(2, 3), new Lstm(3, 4), new Gru(4, 5, { reset: 'before' })]);
  expect(cell.name).toBe('rnn+lstm+gru_before');
  expect([cell.inputs, cell.hidden]).toEqual([2, 5]);
  expect(cell.stateSize).toBe(3 + 8 + 5);
  expect(cell.tensors).toEqual([
    { name: 'weight_ih_l0', shape: [3, 2] },
    { name: 'weight_hh_l0', shape: [3, 3] },
    { name: 'bias_l0', shape: [3] },
    { name: 'weight_ih_l1', shape: [16, 3] },
    { name: 'weight_hh_l1', shape: [16, 4] },
    { name: 'bias_l1', shape: [16] },
    { name: 'weight_ih_l2', shape: [15, 4] },
    { name: 'weight_hh_l2', shape: [15, 5] },
    { name: 'bias_ih_l2', shape: [15] },
    { name: 'bias_hh_l2', shape: [15] },
  ]);
});

test('a layer takes h of the one below at the same step, to the last bit', () => {
  const layers = [new Rnn(2, 3), new Lstm(3, 4), gruOn(4, 2)];
  const cell = new Stacked(layers);
  const random = createRandom(3);
  const memory = new Float64Array(cell.paramCount + cell.stateSize + cell.cacheSize);
  for (let i = 0; i < cell.paramCount; i++) memory[i] = gaussian(random);
  const state = cell.paramCount;
  const row = state + cell.stateSize;

  let taken = 0;
  const alone = layers.map((layer) => {
    const own = new Float64Array(layer.paramCount + layer.stateSize + layer.cacheSize);
    own.set(memory.subarray(taken, taken + layer.paramCount));
    taken += layer.paramCount;
    return own;
  });
  for (let t = 0; t < 6; t++) {
    const input = [gaussian(random), gaussian(random)];
    let x = Float64Array.from(input);
    for (const [l, layer] of layers.entries()) {
      const at = layer.paramCount;
      alone[l].set(x, at + layer.stateSize);
      layer.step(alone[l], 0, at, at + layer.stateSize);
      x = alone[l].slice(at, at + layer.hidden);
    }
    memory.set(input, row);
    cell.step(memory, 0, state, row);
    const states = layers.map((layer, l) => alone[l].subarray(layer.paramCount, layer.paramCount + layer.stateSize));
    const topFirst = states.toReversed().flatMap((part) => [...part]);
    expectSameBits('state', memory.subarray(state, row), topFirst);
    const rows = layers.flatMap((layer, l) => [...alone[l].subarray(layer.paramCount + layer.stateSize)]);
    expectSameBits('row', memory.subarray(row), rows);
  }
});

test('goes back from the top down and shows each layer its own state as it stands, for one that keeps a history', () => {
  const shown: [units: number, state: number][] = [];
  class Recording extends Rnn {
    override backward(...args: Parameters<Cell['backward']>): void {
      const [, , state] = args;
      shown.push([this.hidden, state]);
      super.backward(...args);
    }
  }
  const cell = new Stacked([new Recording(1, 3), new Recording(3, 4), new Recording(4, 2)]);
  const memory = new Float64Array(cell.paramCount + cell.stateSize + cell.cacheSize);
  const state = cell.paramCount;
  const work = new Float64Array(cell.paramCount + cell.stateSize);
  cell.backward(memory, 0, state, state + cell.stateSize, work, 0, cell.paramCount, -1);
  expect(shown).toEqual([
    [2, state],
    [4, state + 2],
    [3, state + 2 + 4],
  ]);
});

test('one layer alone is that cell, to the last bit', () => {
  const [I, H, T] = [2, 3, 5];
  const random = createRandom(8);
  const numbers = (count: number) => Array.from({ length: count }, () => gaussian(random));
  const lstm = new Lstm(I, H);
  const problem = {
    params: numbers(lstm.paramCount),
    V: numbers(H),
    bv: numbers(1),
    x: numbers(T * I),
    target: numbers(T),
    state: numbers(2 * H),
  };
  const wanted = runCell(lstm, problem);
  const got = runCell(new Stacked([lstm]), problem);
  expectSameBits('y', got.y, wanted.y);
  for (const key of ['params', 'x', 'state'] as const) expectSameBits(key, got.gradients[key], wanted.gradients[key]);
});

test('each layer starts as its kind does, and no two alike', () => {
  const H = 4;
  const lstm = new Lstm(H, H);
  const cell = new Stacked([lstm, lstm]);
  const memory = new Float64Array(cell.paramCount);
  cell.initialise(memory, 0, createRandom(1));
  const [bottom, top] = [0, lstm.paramCount].map((at) => memory.subarray(at, at + lstm.paramCount));
  const alone = new Float64Array(lstm.paramCount);
  lstm.initialise(alone, 0, createRandom(1));
  expectSameBits('bottom', bottom, alone);
  expectSameBits('biases of the top', top.subarray(8 * H * H), alone.subarray(8 * H * H));
  expect(top[0]).not.toBe(bottom[0]);
});

test.each([
  ['no cell at all', []],
  ['a layer that takes more than the one below gives', [new Lstm(2, 3), new Lstm(4, 3)]],
  ['a layer that takes less, further up', [new Lstm(2, 3), new Rnn(3, 3), new Lstm(2, 3)]],
])('refuses %s', (_, cells) => {
  expect(() => new Stacked(cells)).toThrow(RangeError);
});

test('says which layer does not fit', () => {
  expect(() => new Stacked([new Rnn(1, 2), new Rnn(2, 3), new Rnn(4, 1)])).toThrow(
    'stacked: expected layer 2 to take 3 inputs, got 4',
  );
});

/** The watch of an LSTM on an RNN on an LSTM; c of the two LSTMs, and biases i, f, g, o of the lower one. */
function watched(below: number, above: number, gates: number[]): StateWatch {
  const cell = new Stacked([new Lstm(1, 1), new Rnn(1, 1), new Lstm(1, 1)]);
  const memory = new Float64Array(cell.paramCount + cell.stateSize + cell.cacheSize);
  const state = cell.paramCount;
  memory.set([0, above, 0, 0, below], state);
  memory.set(gates, 8);
  cell.step(memory, 0, state, state + cell.stateSize);
  return cell.watch!(memory, state, state + cell.stateSize);
}

describe('the watch', () => {
  test.each([
    [-90, 20],
    [20, 90],
  ])('finds the largest memory in whichever layer it is: %d below, %d above', (below, above) => {
    expect(watched(below, above, [0, 0, 0, 0]).largest).toBeCloseTo(45, 6); // a forget gate of one half
  });

  test('says the mean of the saturated shares of the layers that have gates to watch', () => {
    expect(watched(0, 0, [-9, 9, 0, 0]).saturated).toBeCloseTo((2 / 3 + 0) / 2, 12);
    expect(watched(0, 0, [-9, 9, 0, 9]).saturated).toBeCloseTo(1 / 2, 12);
  });

  test('shows a memory that is not a number in the lowest layer', () => {
    expect(watched(Number.NaN, 3, [0, 0, 0, 0]).largest).toBeNaN();
  });

  test('is not there where no layer has one', () => {
    expect(new Stacked([new Rnn(1, 2), gruOn(2, 2)]).watch).toBeUndefined();
    expect(new Stacked([new Rnn(1, 2), new Lstm(2, 2)]).watch).toBeDefined();
  });
});

test('learns a product of neighbours in a stream: a GRU on an RNN, the error falls tenfold', () => {
  const cell = new Stacked([new Rnn(1, 6), gruOn(6, 6)]);
  const learner = new Tbptt(
    cell,
    { outputs: 1, skip: true, bias: true },
    {
      k1: 8,
      k2: 16,
      spread: true,
      optimizer: { name: 'rmsprop', rate: 3e-3, alpha: 0.99, epsilon: 1e-4 },
      clipNorm: 1,
    },
  );
  const memory = new Float64Array(learner.size);
  const random = createRandom(2);
  learner.initialise(memory, 0, random);
  const squares: number[] = [];
  let before = 0;
  for (let t = 0; t < 12_000; t++) {
    const x = 2 * random() - 1;
    memory[learner.nextInput(memory, 0)] = x;
    const error = memory[learner.forward(memory, 0)] - x * before;
    before = x;
    squares.push(error * error);
    memory[learner.lossGradient(memory, 0)] = error;
    learner.learn(memory, 0);
  }
  const mean = (from: number, to: number) =>
    squares.slice(from, to).reduce((sum, square) => sum + square, 0) / (to - from);
  expect(mean(11_000, 12_000)).toBeLessThan(1 / 9 / 10); // guessing 0 costs 1/9
});
