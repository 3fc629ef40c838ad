/** Experiments with one-step forecasts of an endless series: drifting sines, spikes in them, a long season. */
import type { Cell, TraceCell } from '../../models/cells/cell.ts';
import { Elstm } from '../../models/cells/elstm.ts';
import { Gru } from '../../models/cells/gru.ts';
import { Lstm } from '../../models/cells/lstm.ts';
import { Retrieving } from '../../models/cells/retrieving.ts';
import { Rnn } from '../../models/cells/rnn.ts';
import { TracedLstm } from '../../models/cells/traced-lstm.ts';
import type { Learner } from '../../models/training/learner.ts';
import type { Optimizer } from '../../models/training/optimizer.ts';
import { Tbptt } from '../../models/training/tbptt.ts';
import { Trace } from '../../models/training/trace.ts';
import { figure } from '../rows.ts';
import type { Experiment } from './experiment.ts';
import { adam, long, ONE_NUMBER, rmsprop, streaming } from './recipes.ts';
import { learnSeason } from './season.ts';
import { learnSines } from './sines.ts';
import { learnSpikes } from './spikes.ts';

const H = 16;
const SAMPLES = 60_000;
const SEASON_SAMPLES = 30_000;

export function forecastExperiments(): Experiment[] {
  return [...sineRows(), ...SPIKES, ...SEASON];
}

function windowed(cell: Cell, optimizer: Optimizer = rmsprop(1e-3), k1?: number, k2?: number): Learner {
  return new Tbptt(cell, ONE_NUMBER, streaming(optimizer, k1, k2));
}

const traced = (cell: TraceCell) => new Trace(cell, ONE_NUMBER, streaming(rmsprop(1e-3)));
const atOnce = (cell: Cell) => new Tbptt(cell, ONE_NUMBER, { ...streaming(rmsprop(1e-3)), spread: false });

function row(id: string, setting: string, unit: string, reference: string, run: Experiment['run']): Experiment {
  return { id, setting, unit, better: 'lower', reference, seeds: 3, run };
}

function sines(name: string, setting: string, reference: string, make: () => Learner): Experiment {
  const task = `sines, ${setting}: steady/after a change`;
  return row(`sines_${name}`, task, 'excess MSE', reference, (seed) => {
    const { steady, after } = learnSines(make(), seed, SAMPLES);
    return { value: steady, text: `${figure(steady)}/${figure(after)}` };
  });
}

const lstm = () => new Lstm(1, H);

function sineRows(): Experiment[] {
  const quarter = { span: 256, share: 0.25 };
  const after = { rmsprop: '.0018/.0118 .0021/.0142 .0024/.0085', adam: '.0027/.0172 .0026/.0207 .0032/.0128' };
  return [
    sines('lstm', 'LSTM, RMSprop 1e-3, k1=8, k2=32', '.0019/.0112 .0023/.0126 .0023/.0082', () => windowed(lstm())),
    sines('at_once', 'the walk back not spread', after.rmsprop, () => atOnce(lstm())),
    sines('quarter', 'chrono on 1/4, M=256', '.0020 .0023 .0015', () => windowed(new Lstm(1, H, quarter))),
    sines('long', 'chrono on all, M=100', '.0041 .0092 .0084', () => windowed(new Lstm(1, H, long(100)))),
    sines('h_8', 'H=8', '.0034-.0045', () => windowed(new Lstm(1, 8))),
    sines('adam', 'Adam 2e-3', after.adam, () => windowed(lstm(), adam(2e-3))),
    sines('sgd', 'SGD .03', '.0047/.0134', () => windowed(lstm(), { name: 'sgd', rate: 0.03 })),
    sines('k1_1', 'RMSprop 3e-4, k1=1', '.0024/.0097 .0019/.0113 .0026/.0084', () =>
      windowed(lstm(), rmsprop(3e-4), 1),
    ),
    sines('k2_8', 'Adam 3e-3, k2=8', '.0037', () => windowed(lstm(), adam(3e-3), 8, 8)),
    sines('k2_128', 'Adam 3e-3, k2=128', '.0026', () => windowed(lstm(), adam(3e-3), 8, 128)),
    sines('rnn', 'RNN', '.0031-.0033', () => windowed(new Rnn(1, H))),
    sines('gru', 'GRU', '.0031-.0034', () => windowed(new Gru(1, H, { reset: 'after' }))),
    sines('traces', 'LSTM traces', '.0037-.0084', () => traced(new TracedLstm(1, H))),
    sines('elstm', 'eLSTM', '.0096-.0171', () => traced(new Elstm(1, H))),
  ];
}

const spikes = (clipped: boolean, seed: number) => learnSpikes(windowed(lstm()), clipped, seed, SAMPLES);

function spikeRow(name: string, setting: string, reference: string, clipped: boolean): Experiment {
  const task = `spikes, ${setting}: all clean samples/20 after a spike`;
  return row(`spikes_${name}`, task, 'excess MSE', reference, (seed) => {
    const { steady, shadow } = spikes(clipped, seed);
    return { value: shadow, text: `${figure(steady)}/${figure(shadow)}` };
  });
}

const SPIKES: readonly Experiment[] = [
  spikeRow('raw', 'input as it is', '.0073/.050 .0072/.048 .0071/.045', false),
  spikeRow('clipped', 'input clipped', '.0024/.0046 .0026/.0059 .0026/.0048', true),
  {
    ...row('spikes_gain', 'spikes, how much lower after them when clipped', 'ratio', '8-11', (seed) => {
      return spikes(false, seed).shadow / spikes(true, seed).shadow;
    }),
    better: 'higher',
    bar: 4,
  },
];

function season(history: number, seed: number): ReturnType<typeof learnSeason> {
  const cell = history === 0 ? lstm() : new Retrieving(lstm(), { history, key: 8, beta: 100 });
  return learnSeason(windowed(cell), seed, SEASON_SAMPLES);
}

const seasonRow = (name: string, setting: string, reference: string, run: (seed: number) => number): Experiment =>
  row(`season_${name}`, `season of 288, ${setting}`, 'MSE', reference, run);

const SEASON: readonly Experiment[] = [
  seasonRow('lstm', 'LSTM alone', '.26 .22 .27', (seed) => season(0, seed).learner),
  seasonRow('retrieval', 'with retrieval from 600 samples', '.023 .016 .022', (seed) => season(600, seed).learner),
  seasonRow('short', 'with retrieval from 200 samples', 'no gain', (seed) => season(200, seed).learner),
  seasonRow('persistence', 'persistence', '.34 .30 .33', (seed) => season(0, seed).persistence),
  seasonRow('seasonal', 'the value of a season ago', '.010', (seed) => season(0, seed).seasonal),
  {
    ...seasonRow('gain', 'how much lower with retrieval', '11-14', (seed) => {
      return season(0, seed).learner / season(600, seed).learner;
    }),
    unit: 'ratio',
    better: 'higher',
    bar: 5,
  },
];
