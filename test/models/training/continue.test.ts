/**
 * A learner that was stopped, copied elsewhere and continued says the same as one that never stopped, to the last bit; and
 * so does one whose weights lie apart from the rest.
 */
import { describe, expect, test } from 'vitest';
import type { TraceCell } from '../../../models/cells/cell.ts';
import { Elstm } from '../../../models/cells/elstm.ts';
import { Gru } from '../../../models/cells/gru.ts';
import { Lstm } from '../../../models/cells/lstm.ts';
import { Lstm97 } from '../../../models/cells/lstm97.ts';
import { MemoryAttention } from '../../../models/cells/memory-attention.ts';
import { NoCell } from '../../../models/cells/no-cell.ts';
import { Retrieving } from '../../../models/cells/retrieving.ts';
import { Rnn } from '../../../models/cells/rnn.ts';
import { SnapLstm } from '../../../models/cells/snap-lstm.ts';
import { Stacked } from '../../../models/cells/stacked.ts';
import { TracedLstm } from '../../../models/cells/traced-lstm.ts';
import { WindowedAttention } from '../../../models/cells/windowed-attention.ts';
import { createRandom, gaussian } from '../../../models/random.ts';
import { type Learner, learnedSize } from '../../../models/training/learner.ts';
import type { Optimizer } from '../../../models/training/optimizer.ts';
import { Tbptt } from '../../../models/training/tbptt.ts';
import { Trace } from '../../../models/training/trace.ts';
import { expectSameBits } from '../difference.ts';

const HEAD = { outputs: 1, skip: true, bias: true };
const K1 = 3;
const K2 = 7;
const ROWS = K1 + K2;
const RMSPROP: Optimizer = { name: 'rmsprop', rate: 1e-3, alpha: 0.99, epsilon: 1e-8, corrected: true };

const random = createRandom(21);
const STREAM = Array.from({ length: 160 }, (_, t) => Math.sin(t / 4) + 0.2 * gaussian(random));

/** Forecasts of STREAM[from + 1 .. to], learning from each. */
function run(learner: Learner, memory: Float64Array, at: number, from: number, to: number, weights = at): number[] {
  const forecasts: number[] = [];
  for (let t = from; t < to; t++) {
    const x = learner.nextInput(memory, at);
    for (let j = 0; j < learner.cell.inputs; j++) memory[x + j] = STREAM[Math.max(0, t - j)];
    const y = memory[learner.forward(memory, at, weights)];
    forecasts.push(y);
    // Now and then the truth does not come.
    if (t % 11 === 5) continue;
    memory[learner.lossGradient(memory, at)] = y - STREAM[t + 1];
    learner.learn(memory, at, weights);
  }
  return forecasts;
}

function expectContinues(learner: Learner): void {
  const start = () => {
    const memory = new Float64Array(learner.size);
    learner.initialise(memory, 0, createRandom(9));
    return memory;
  };
  const end = STREAM.length - 1;
  const memory = start();
  const whole = run(learner, memory, 0, 0, end);
  expect(new Set(whole).size).toBeGreaterThan(end / 2);
  for (const n of [1, 20, 77, 130]) {
    const before = start();
    run(learner, before, 0, 0, n);
    const at = 13;
    const after = new Float64Array(at + learner.size + 3).fill(Number.NaN);
    after.set(before, at);
    expectSameBits(`after ${n}`, run(learner, after, at, n, end), whole.slice(n));
    expectSameBits('block', after.subarray(at, at + learner.size), memory);
  }
}

function expectSameApart(learner: Learner): void {
  const end = STREAM.length - 1;
  const learned = learnedSize(learner);
  const whole = new Float64Array(learner.size);
  learner.initialise(whole, 0, createRandom(9));
  const forecasts = run(learner, whole, 0, 0, end);
  const [own, weights] = [3, learner.size + 7];
  const apart = new Float64Array(weights + learned + 2).fill(Number.NaN);
  learner.initialiseLearned(apart, weights, createRandom(9));
  learner.initialiseOwn(apart, own - learned);
  expectSameBits('forecasts', run(learner, apart, own - learned, 0, end, weights), forecasts);
  expectSameBits('learned', apart.subarray(weights, weights + learned), whole.subarray(0, learned));
  const behind = own + learner.size - learned;
  expectSameBits('own', apart.subarray(own, behind), whole.subarray(learned));
  const between = [...apart.subarray(0, own), ...apart.subarray(behind, weights), ...apart.slice(-2)];
  expect(between.every(Number.isNaN)).toBe(true);
}

const lstm97 = (forget: boolean, gateSources: 'cells' | 'all') =>
  new Lstm97(2, { blocks: 2, cellsPerBlock: 2, gateSources, forget, cellBias: true });

describe('by truncated backpropagation', () => {
  const cells = [
    new Lstm(2, 4),
    new Gru(2, 4, { reset: 'after' }),
    new Gru(2, 4, { reset: 'before' }),
    new Rnn(2, 4),
    new Elstm(2, 4),
    lstm97(true, 'all'),
    new Stacked([new Lstm(2, 4), new Gru(4, 3, { reset: 'after' })]),
    new WindowedAttention(2, 4, { history: 6, rows: ROWS }),
    new MemoryAttention(new Lstm(2, 4), { history: 6, width: 3, rows: ROWS }),
    new Retrieving(new Lstm(2, 4), { history: 40, key: 8, beta: 100 }),
    new NoCell(2),
  ];
  test.each(cells.flatMap((cell) => [false, true].map((spread) => ({ name: cell.name, cell, spread }))))(
    '$name, walks spread: $spread',
    ({ cell, spread }) => {
      const learner = new Tbptt(cell, HEAD, { k1: K1, k2: K2, spread, optimizer: RMSPROP, clipNorm: 1 });
      expectContinues(learner);
      expectSameApart(learner);
    },
  );
});

describe('by traces', () => {
  const cells: [string, TraceCell][] = [
    ['lstm', new TracedLstm(2, 4)],
    ['lstm, SnAp-1', new SnapLstm(2, 4)],
    ['elstm', new Elstm(2, 4)],
    ['lstm97', lstm97(false, 'cells')],
    ['lstm97 with forget gates', lstm97(true, 'all')],
  ];
  test.each(cells)('%s', (_, cell) => {
    const learner = new Trace(cell, HEAD, { k1: K1, optimizer: RMSPROP, clipNorm: 1 });
    expectContinues(learner);
    expectSameApart(learner);
  });
});

const OPTIMIZERS: Optimizer[] = [
  { name: 'sgd', rate: 0.01 },
  { name: 'momentum', rate: 0.01, momentum: 0.9 },
  { name: 'rmsprop', rate: 1e-3, alpha: 0.99, epsilon: 1e-4 },
  { name: 'adam', rate: 1e-3, beta1: 0.9, beta2: 0.999, epsilon: 1e-8 },
  { name: 'adamw', rate: 1e-3, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, decay: 0.01 },
];
test.each(OPTIMIZERS)('under $name', (optimizer) => {
  expectContinues(new Tbptt(new Lstm(2, 4), HEAD, { k1: K1, k2: K2, spread: true, optimizer, clipNorm: 1 }));
});
