/**
 * All cells side by side on one stream: the same parameter budget, the same training, the same samples in the same run.
 *
 * Every contender forecasts the next sample, scaled by its own past, and learns from it. The stream goes by in rounds
 * and every contender takes its turn in each, so that a busy machine slows them all; times are medians of rounds.
 */
import type { Cell } from '../models/cells/cell.ts';
import { Elstm } from '../models/cells/elstm.ts';
import { Gru } from '../models/cells/gru.ts';
import { Lstm } from '../models/cells/lstm.ts';
import { Lstm97 } from '../models/cells/lstm97.ts';
import { MemoryAttention } from '../models/cells/memory-attention.ts';
import { NoCell } from '../models/cells/no-cell.ts';
import { Retrieving } from '../models/cells/retrieving.ts';
import { Rnn } from '../models/cells/rnn.ts';
import { Stacked } from '../models/cells/stacked.ts';
import { TracedLstm } from '../models/cells/traced-lstm.ts';
import { WindowedAttention } from '../models/cells/windowed-attention.ts';
import { FRAME_SIZE, frameStep, meanOf, scaleOf } from '../models/frame.ts';
import { createRandom } from '../models/random.ts';
import { Head } from '../models/training/head.ts';
import type { Learner } from '../models/training/learner.ts';
import { ringRows, Tbptt, type Training } from '../models/training/tbptt.ts';
import { Trace } from '../models/training/trace.ts';
import type { CompareStream } from './compare-stream.ts';

/** What a bare forecaster learns with where nothing was said. */
const TRAINING: Training = {
  k1: 8,
  k2: 32,
  spread: true,
  optimizer: { name: 'rmsprop', rate: 1e-3, alpha: 0.999, epsilon: 1e-8, corrected: true },
  clipNorm: 1,
};
const HEAD = { outputs: 1, skip: true, bias: true };
const ROWS = ringRows(TRAINING);
const HISTORY = 64;
/** The budget: parameters of an LSTM of 16 units with its head. */
const BUDGET_UNITS = 16;
const LAGS = 20;
const ROUNDS = 24;
const FORWARD_STEPS = 512;
const SCALE_MEMORY = 4000; // samples
/** Steps until the compiler has settled. */
const WARM_UP = 2000;
const TIMED_STEPS = 8;
/** A forecast further off than this is no forecast, and a single one would hide all others in a mean. */
const Z_LIMIT = 50;

interface Contender {
  name: string;
  /** What to know about it when reading its row. */
  note: string;
  learner: Learner;
  /** Past values it is shown with each step. */
  lags: number;
}

export interface Compared {
  name: string;
  note: string;
  hidden: number;
  parameters: number;
  bytes: number;
  /** Median of rounds. */
  stepMicroseconds: number;
  trainedMicroseconds: number;
  /** Mean |error| in the second half of the stream, over that of persistence. */
  error: number;
}

export interface Growth {
  name: string;
  /** µs a step after so many samples, one for each of `Comparison.histories`. */
  microseconds: number[];
}

export interface Comparison {
  stream: string;
  samples: number;
  budget: number;
  cells: Compared[];
  histories: readonly number[];
  growth: Growth[];
}

export const COMPARE_SAMPLES_MIN = ROUNDS * 40;
const HISTORIES = [16, 64, 256, 1024, 4096] as const;

/** @param onProgress  told the share that is done, 0..1 */
export function compare(stream: CompareStream, seed: number, onProgress: (share: number) => void): Comparison {
  const runs = contenders().map((contender) => new Run(contender, seed));
  const z = scaled(stream.values);
  const roundLength = Math.floor(z.length / ROUNDS);
  for (let round = 0; round < ROUNDS; round++) {
    for (const run of runs) run.train(z, round * roundLength, (round + 1) * roundLength);
    for (const run of runs) run.timeForward(z, round * roundLength);
    onProgress((0.9 * (round + 1)) / ROUNDS);
  }
  const from = Math.floor(ROUNDS / 2) * roundLength;
  const persistence = meanChange(z, from, ROUNDS * roundLength);
  return {
    stream: stream.name,
    samples: stream.values.length,
    budget: budget(),
    cells: runs.map((run) => run.result(from, persistence)),
    histories: HISTORIES,
    growth: growth(seed),
  };
}

/** Each value in units of the mean and deviation of the values before it. */
function scaled(values: Float64Array): Float64Array {
  const frame = new Float64Array(FRAME_SIZE);
  return values.map((x) => {
    const z = frame[0] > 1 ? (x - meanOf(frame, 0)) / scaleOf(frame, 0) : 0;
    frameStep(frame, 0, x, SCALE_MEMORY);
    return Math.max(-Z_LIMIT, Math.min(Z_LIMIT, z));
  });
}

function meanChange(z: Float64Array, from: number, to: number): number {
  let sum = 0;
  for (let t = from; t < to; t++) sum += Math.abs(z[t] - z[t - 1]);
  return sum / (to - from);
}

/** One contender on its way through the stream. */
class Run {
  readonly #contender: Contender;
  readonly #memory: Float64Array;
  /** Another stream under the same weights, for steps that are timed without training. */
  readonly #idle: Float64Array;
  readonly #errors: number[] = [];
  readonly #trained: number[] = [];
  readonly #stepped: number[] = [];

  constructor(contender: Contender, seed: number) {
    this.#contender = contender;
    this.#memory = new Float64Array(contender.learner.size);
    this.#idle = new Float64Array(contender.learner.size);
    contender.learner.initialise(this.#memory, 0, createRandom(seed));
  }

  train(z: Float64Array, from: number, to: number): void {
    const { learner, lags } = this.#contender;
    const memory = this.#memory;
    const started = performance.now();
    for (let t = from; t < to; t++) {
      fill(memory, learner.nextInput(memory, 0), z, t, lags);
      const error = memory[learner.forward(memory, 0)] + z[t] - (z[t + 1] ?? z[t]);
      memory[learner.lossGradient(memory, 0)] = error;
      learner.learn(memory, 0);
      this.#errors.push(Math.abs(error));
    }
    this.#trained.push(((performance.now() - started) * 1000) / (to - from));
  }

  timeForward(z: Float64Array, from: number): void {
    const { learner, lags } = this.#contender;
    const memory = this.#idle;
    if (this.#stepped.length === 0) memory.set(this.#memory);
    memory.set(this.#memory.subarray(0, learner.weightCount));
    const started = performance.now();
    for (let i = 0; i < FORWARD_STEPS; i++) {
      fill(memory, learner.nextInput(memory, 0), z, Math.min(z.length - 1, from + i), lags);
      learner.forward(memory, 0);
    }
    this.#stepped.push(((performance.now() - started) * 1000) / FORWARD_STEPS);
  }

  /** @param from  errors before this sample are of a cell that still learns its first steps */
  result(from: number, persistence: number): Compared {
    const { name, note, learner } = this.#contender;
    const late = this.#errors.slice(from, -1); // the truth of the last forecast never came
    return {
      name,
      note,
      hidden: learner.cell.hidden,
      parameters: learner.weightCount,
      bytes: learner.size * Float64Array.BYTES_PER_ELEMENT,
      stepMicroseconds: median(this.#stepped),
      trainedMicroseconds: median(this.#trained),
      error: late.reduce((sum, error) => sum + error, 0) / late.length / persistence,
    };
  }
}

/** x(t) and the values before it, newest first. */
function fill(memory: Float64Array, at: number, z: Float64Array, t: number, lags: number): void {
  for (let lag = 0; lag <= lags; lag++) memory[at + lag] = z[Math.max(0, t - lag)];
}

/** What a step costs once so many samples have gone by. Attention here forgets nothing, as its ring is the longest. */
function growth(seed: number): Growth[] {
  const cells: Cell[] = [
    new WindowedAttention(1, BUDGET_UNITS, { history: HISTORIES.at(-1)!, rows: 1 }),
    new Lstm(1, BUDGET_UNITS),
    new Gru(1, BUDGET_UNITS, { reset: 'after' }),
    new Rnn(1, BUDGET_UNITS),
  ];
  return cells.map((cell) => ({ name: cell.name, microseconds: stepTimes(cell, seed) }));
}

function stepTimes(cell: Cell, seed: number): number[] {
  const random = createRandom(seed);
  const row = cell.paramCount + cell.stateSize;
  const memory = new Float64Array(row + cell.cacheSize);
  cell.initialise(memory, 0, random);
  const run = (from: number, to: number): void => {
    for (let t = from; t < to; t++) {
      memory[row] = Math.sin(t / 5);
      cell.step(memory, 0, cell.paramCount, row);
    }
  };
  run(0, WARM_UP);
  memory.fill(0, cell.paramCount);
  return HISTORIES.map((history, k) => {
    run(HISTORIES[k - 1] ?? 0, history);
    // Again and again from the same state, so that the history is this long in every one of them.
    const here = memory.slice();
    const rounds = Array.from({ length: 9 }, () => {
      const started = performance.now();
      run(history, history + TIMED_STEPS);
      const microseconds = ((performance.now() - started) * 1000) / TIMED_STEPS;
      memory.set(here);
      return microseconds;
    });
    return median(rounds);
  });
}

function median(numbers: readonly number[]): number {
  return numbers.toSorted((a, b) => a - b)[numbers.length >> 1];
}

function budget(): number {
  return weightsOf(new Lstm(1, BUDGET_UNITS));
}

function weightsOf(cell: Cell): number {
  return cell.paramCount + new Head(cell.hidden, cell.inputs, HEAD).paramCount;
}

/** The size of a cell that comes nearest to the budget. */
function fitted<C extends Cell>(make: (units: number) => C, step = 1): C {
  let best = make(step);
  for (let units = 2 * step; ; units += step) {
    const next = make(units);
    if (Math.abs(weightsOf(next) - budget()) > Math.abs(weightsOf(best) - budget())) return best;
    best = next;
  }
}

function contenders(): Contender[] {
  const window = { history: HISTORY, rows: ROWS };
  const windowed = (name: string, note: string, cell: Cell): Contender => ({
    name,
    note,
    learner: new Tbptt(cell, HEAD, TRAINING),
    lags: cell.inputs - 1,
  });
  return [
    windowed('lstm', 'the default', fitted(lstm)),
    windowed('lstm, long memory', 'a quarter of the units starts out to remember', fitted(longLstm)),
    windowed(
      'lstm, two layers',
      '',
      fitted((units) => new Stacked([lstm(units), new Lstm(units, units)])),
    ),
    { name: 'lstm, traces', note: 'no window', learner: new Trace(fitted(tracedLstm), HEAD, TRAINING), lags: 0 },
    {
      name: 'lstm97',
      note: 'no forget gate, no window',
      learner: new Trace(fitted(lstm97, 2), HEAD, TRAINING),
      lags: 0,
    },
    windowed(
      'gru',
      '',
      fitted((units) => new Gru(1, units, { reset: 'after' })),
    ),
    windowed(
      'gru_before',
      '',
      fitted((units) => new Gru(1, units, { reset: 'before' })),
    ),
    windowed(
      'rnn',
      '',
      fitted((units) => new Rnn(1, units)),
    ),
    {
      name: 'elstm',
      note: 'exact gradient, no window',
      learner: new Trace(
        fitted((units) => new Elstm(1, units)),
        HEAD,
        TRAINING,
      ),
      lags: 0,
    },
    windowed(
      'attention',
      `looks back ${HISTORY} samples`,
      fitted((units) => new WindowedAttention(1, units, window)),
    ),
    windowed(
      'lstm + attention',
      `over its last ${HISTORY} hidden states`,
      fitted((units) => new MemoryAttention(lstm(units), { ...window, width: 4 })),
    ),
    windowed(
      'lstm + retrieval',
      'of what followed the most similar stretch among the last 600 samples',
      fitted((units) => new Retrieving(lstm(units), { history: 600, key: 8, beta: 100 })),
    ),
    windowed('linear', `no cell; the last ${LAGS + 1} samples, same optimiser`, new NoCell(1 + LAGS)),
  ];
}

const lstm = (units: number) => new Lstm(1, units);
const longLstm = (units: number) => new Lstm(1, units, { span: 256, share: 0.25 });
const tracedLstm = (units: number) => new TracedLstm(1, units);
const lstm97 = (units: number) =>
  new Lstm97(1, { blocks: units / 2, cellsPerBlock: 2, gateSources: 'cells', forget: false, cellBias: true });
