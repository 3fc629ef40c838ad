/** Experiments that ask one endless stream for memory: a lag, and the continual Reber grammar. */
import { Elstm } from '../../models/cells/elstm.ts';
import { Gru } from '../../models/cells/gru.ts';
import { Lstm97 } from '../../models/cells/lstm97.ts';
import { Lstm } from '../../models/cells/lstm.ts';
import { TracedLstm } from '../../models/cells/traced-lstm.ts';
import type { Learner } from '../../models/training/learner.ts';
import { logisticCrossEntropy, softmax } from '../../models/training/softmax.ts';
import { Tbptt } from '../../models/training/tbptt.ts';
import { Trace } from '../../models/training/trace.ts';
import { ReberStream, type Violation } from './continual-reber.ts';
import type { Experiment } from './experiment.ts';
import { learnLag } from './lag.ts';
import { adam, long, NEXT_SYMBOL, ONE_NUMBER, REBER_97, SGD_97, startForget97, streaming } from './recipes.ts';

const H = 16;
const CYCLES = 15_000;
const STRINGS = 10_000;
const RUNAWAY_STRINGS = 50_000;
const NEVER = 'never';

export function memoryExperiments(): Experiment[] {
  return [...lagRows(), ...reberRows()];
}

function lagRow(lag: number, name: string, setting: string, reference: string, make: () => Learner): Experiment {
  return {
    id: `lag_${lag}_${name}`,
    setting: `lag L=${lag}, ${setting}`,
    unit: 'cycles',
    better: reference === NEVER ? 'higher' : 'lower',
    // What is quoted to fail for some seeds is shown, not judged.
    ...(reference.endsWith(` ${NEVER}`) ? {} : { bar: CYCLES }),
    limit: CYCLES,
    reference,
    seeds: 1,
    run: (seed) => learnLag(make(), lag, seed, CYCLES),
  };
}

function lagRows(): Experiment[] {
  const M = long(100);
  const lstm = (k2: number, rate: number) => () =>
    new Tbptt(new Lstm(2, H, M), ONE_NUMBER, streaming(adam(rate), 32, k2));
  const gru = (k1: number, k2: number) => () =>
    new Tbptt(new Gru(2, H, { reset: 'after', chrono: M }), ONE_NUMBER, streaming(adam(5e-3), k1, k2));
  const traces = () => new Trace(new TracedLstm(2, H, M), ONE_NUMBER, streaming(adam(1e-2), 32));
  const elstm = () => new Trace(new Elstm(2, H, M), ONE_NUMBER, streaming(adam(1e-2), 32));
  return [
    lagRow(40, 'lstm_128', 'LSTM, k2=128', '2588 4289 2162', lstm(128, 1e-2)),
    lagRow(40, 'lstm_32', 'LSTM, k2=32, shorter than the lag', NEVER, lstm(32, 5e-3)),
    lagRow(40, 'traces', 'LSTM traces', '4919 3714 5257', traces),
    lagRow(40, 'elstm', 'eLSTM', '6190 12539 4087', elstm),
    lagRow(40, 'gru_128', 'GRU, k2=128', 'none', gru(32, 128)),
    lagRow(100, 'lstm_256', 'LSTM, k2=256', '2695 13588 1577', lstm(256, 1e-2)),
    lagRow(100, 'lstm_64', 'LSTM, k2=64, shorter than the lag', NEVER, lstm(64, 5e-3)),
    lagRow(100, 'traces', 'LSTM traces', '10203 2482 never', traces),
    lagRow(100, 'gru_256', 'GRU, k1=128, k2=256', '4585 2249 2081', gru(128, 256)),
  ];
}

const lstmStream = (seed: number) =>
  new ReberStream(new Tbptt(new Lstm(7, H), NEXT_SYMBOL, streaming(adam(3e-3))), softmax(7), seed);

function reberRows(): Experiment[] {
  return [
    {
      id: 'continual_reber',
      setting: 'continual Reber, LSTM H=16, k1=8, k2=32, Adam 3e-3: until 990 of 1000',
      unit: 'strings',
      better: 'lower',
      bar: STRINGS,
      limit: STRINGS,
      reference: '2 700-4 750',
      seeds: 5,
      run: (seed) => lstmStream(seed).learnAll(STRINGS),
    },
    violation('closing', 'a wrong closing symbol', '.968-.9998', 0.95),
    violation('illegal', 'an illegal symbol', '>= .9999', 0.99),
    runaway(false, 'no forget gate', '49 000-151 000', { better: 'higher', bar: 1000 }),
    runaway(true, 'forget gate', '<= 59', { better: 'lower', bar: 200 }),
  ];
}

function violation(kind: Violation, what: string, reference: string, bar: number): Experiment {
  return {
    id: `continual_reber_${kind}`,
    setting: `then ${what} in 10 % of 5000 strings, learning off`,
    unit: 'AUC',
    better: 'higher',
    bar,
    reference,
    seeds: 3,
    run(seed) {
      const stream = lstmStream(seed);
      stream.learnAll(STRINGS);
      const value = stream.violationAuc(kind, 5000);
      return { value, text: value.toFixed(5) };
    },
  };
}

/** The largest |s| at the end of a string, and how many strings in a row were right. */
function runaway(
  forget: boolean,
  setting: string,
  reference: string,
  judged: { better: 'higher' | 'lower'; bar: number },
): Experiment {
  return {
    ...judged,
    id: forget ? 'runaway_forget' : 'runaway',
    setting: `1997 cell on the same stream, ${setting}, 50 000 strings: largest |s|/right in a row`,
    unit: '|s|',
    reference,
    seeds: 1,
    run(seed) {
      const cell = new Lstm97(7, { ...REBER_97, gateSources: 'cells', forget });
      const learner = new Trace(cell, NEXT_SYMBOL, { ...SGD_97, k1: 1 });
      const stream = new ReberStream(learner, logisticCrossEntropy(7), seed, (memory, random) => {
        if (forget) startForget97(cell, memory, random);
      });
      let largest = 0;
      let inARow = 0;
      let longest = 0;
      for (let n = 0; n < RUNAWAY_STRINGS; n++) {
        inARow = stream.learnString() ? inARow + 1 : 0;
        longest = Math.max(longest, inARow);
        largest = Math.max(largest, stream.largest());
      }
      return { value: largest, text: `${largest.toFixed(0)}/${longest}` };
    },
  };
}
