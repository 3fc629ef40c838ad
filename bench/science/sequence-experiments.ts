/** Experiments on finite sequences: the adding problem and the embedded Reber grammar. */
import type { Cell } from '../../models/cells/cell.ts';
import { Elstm } from '../../models/cells/elstm.ts';
import { Gru } from '../../models/cells/gru.ts';
import { Lstm97 } from '../../models/cells/lstm97.ts';
import { Lstm } from '../../models/cells/lstm.ts';
import { Rnn } from '../../models/cells/rnn.ts';
import { TracedLstm } from '../../models/cells/traced-lstm.ts';
import { logisticCrossEntropy, softmax } from '../../models/training/softmax.ts';
import { figure } from '../rows.ts';
import { learnAdding, learnClassic } from './adding.ts';
import { learnReber } from './embedded-reber.ts';
import { type Episodes, Traced, Unrolled } from './episode.ts';
import type { Experiment } from './experiment.ts';
import {
  adam,
  adding97,
  descent,
  long,
  NEXT_SYMBOL,
  ONE_NUMBER,
  REBER_97,
  SGD_97,
  startAdding97,
  startHead97,
} from './recipes.ts';
import { LONGEST } from './reber.ts';

const H = 8;

/** Sequences until MSE < 0.01. The bar is the limit. */
function addingRow(
  cell: string,
  setting: string,
  { T, limit, reference, seeds = 1 }: { T: number; limit: number; reference: string; seeds?: number },
  make: (T: number) => Episodes,
): Experiment {
  return {
    id: `adding_${T}_${cell}`,
    setting: `adding T=${T}, ${setting}`,
    unit: 'sequences',
    better: 'lower',
    bar: limit,
    limit,
    reference,
    seeds,
    run: (seed) => learnAdding(make(T), { T, seed, limit }).sequences,
  };
}

const unrolled = (cell: Cell, rate: number, T: number) => new Unrolled(cell, ONE_NUMBER, descent(adam(rate)), T);
const lstm = (T: number) => unrolled(new Lstm(2, H, long(T)), 1e-2, T);
const gru = (T: number) => unrolled(new Gru(2, H, { reset: 'after', chrono: long(T) }), 1e-2, T);
const elstm = (T: number) => new Traced(new Elstm(2, H, long(T)), ONE_NUMBER, descent(adam(1e-2)));
const traces = (T: number) => new Traced(new TracedLstm(2, H, long(T)), ONE_NUMBER, descent(adam(1e-2)));

/** One look, on enough sequences to tell the mean square error to some percent. */
const AT_THE_END = { lookEvery: 20_000, fresh: 3000 };

const RNN: Experiment = {
  id: 'adding_100_rnn',
  setting: 'adding T=100, RNN, Adam 2e-3: MSE after 20 000 sequences',
  unit: 'MSE',
  better: 'higher',
  bar: 0.15,
  reference: '.168-.171 (the mean gives .167)',
  seeds: 3,
  run: (seed) => learnAdding(unrolled(new Rnn(2, H), 2e-3, 100), { T: 100, seed, limit: 20_000, ...AT_THE_END }).mse,
};

const ADDING_97: Experiment = {
  id: 'adding_97',
  setting: 'adding of 1997, T=100, 93 weights, 100 000 sequences: mean error / wrong',
  unit: 'error',
  better: 'lower',
  reference: '.0087/1.1% after 80 000, wrong .7% after 100 000',
  seeds: 3,
  long: true,
  run(seed) {
    const { error, wrong } = learnClassic(adding97(), { T: 100, seed, limit: 100_000 }, startAdding97);
    return { value: error, text: `${figure(error)}/${(100 * wrong).toFixed(1)}%` };
  },
};

function reberRows(): Experiment[] {
  const common = { unit: 'strings', better: 'lower', seeds: 5 } as const;
  const lstmRun = { limit: 8000, lookEvery: 250, loss: softmax(7), everySymbol: false, fixedSet: false };
  const oldRun = { limit: 15_000, lookEvery: 100, loss: logisticCrossEntropy(7), everySymbol: true, fixedSet: true };
  return [
    {
      ...common,
      id: 'reber_lstm',
      setting: 'embedded Reber, LSTM H=8, Adam 1e-2, update after every string',
      bar: lstmRun.limit,
      limit: lstmRun.limit,
      reference: '1 750-4 500',
      run: (seed) =>
        learnReber(new Unrolled(new Lstm(7, 8), NEXT_SYMBOL, descent(adam(1e-2)), LONGEST), { ...lstmRun, seed }),
    },
    {
      ...common,
      id: 'reber_lstm97',
      setting: 'embedded Reber, 1997 cell, 8 blocks of 1, SGD .1 after every symbol',
      bar: oldRun.limit,
      limit: oldRun.limit,
      reference: '1 800-7 200',
      run: (seed) =>
        learnReber(new Traced(new Lstm97(7, REBER_97), NEXT_SYMBOL, SGD_97), { ...oldRun, seed, prepare: startHead97 }),
    },
  ];
}

export function sequenceExperiments(): Experiment[] {
  return [
    addingRow(
      'lstm',
      'LSTM, forget bias 1, Adam 2e-2',
      { T: 50, limit: 20_000, reference: '7 000-13 000', seeds: 3 },
      (T) => unrolled(new Lstm(2, H), 2e-2, T),
    ),
    addingRow('lstm', 'LSTM, chrono', { T: 100, limit: 15_000, reference: '7 000-9 000', seeds: 3 }, lstm),
    RNN,
    addingRow('lstm', 'LSTM, chrono', { T: 400, limit: 20_000, reference: '15 000-20 000' }, lstm),
    addingRow('gru', 'GRU, chrono', { T: 400, limit: 35_000, reference: '30 000-35 000' }, gru),
    addingRow('lstm', 'LSTM, chrono', { T: 1000, limit: 20_000, reference: '15 000' }, lstm),
    addingRow('gru', 'GRU, chrono', { T: 1000, limit: 50_000, reference: '50 000' }, gru),
    addingRow('elstm', 'eLSTM, chrono, traces', { T: 1000, limit: 20_000, reference: '20 000' }, elstm),
    addingRow('traces', 'LSTM, chrono, traces', { T: 1000, limit: 20_000, reference: '20 000' }, traces),
    ADDING_97,
    ...reberRows(),
  ];
}
