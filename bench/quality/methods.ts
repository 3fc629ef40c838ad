/**
 * All that is held against the detector. Controls are the detector itself with another forecaster in it, same lanes,
 * same calibration, same alarms; floors are detectors of a few lines.
 */
import { NoCell } from '../../models/cells/no-cell.ts';
import { createLearner } from '../../models/training/create-learner.ts';
import { Tbptt } from '../../models/training/tbptt.ts';
import { FourierCell, InputCell } from './controls/feature-cells.ts';
import { Readout } from './controls/readout.ts';
import { Untrained } from './controls/untrained.ts';
import { Wiped } from './controls/wiped.ts';

export type LearnerFactory = typeof createLearner;

export interface Method {
  id: string;
  note: string;
  kind: 'detector' | 'control' | 'floor';
  /** Seeds that are worth running: 1 where there is no chance in it, or where it is too slow for more. */
  seedsMax: number;
  /** About how long a sample takes, against the detector's. */
  cost: number;
  learner?: LearnerFactory;
  /** Has one output: not for a group. */
  narrow?: boolean;
}

/** The best of those tried on the NAB files, 0.999 to 1 and 0.01 to 1. */
const RLS = { forgetting: 0.9995, ridge: 1 };
const FOURIER_RLS = { forgetting: 0.9999, ridge: 1 };
const COSINES = 200;
const WIDTH = 4;

export const METHODS: readonly Method[] = [
  { id: 'detector', note: 'as it is shipped', kind: 'detector', seedsMax: Infinity, cost: 1 },
  {
    id: 'untrained',
    note: 'the network learns nothing',
    kind: 'control',
    seedsMax: Infinity,
    cost: 0.6,
    learner: (...shape) => new Untrained(createLearner(...shape)),
  },
  {
    id: 'linear',
    note: 'no cell; same inputs, lags and optimiser',
    kind: 'control',
    seedsMax: 1,
    cost: 0.3,
    learner: (_name, inputs, _hidden, head, training) => new Tbptt(new NoCell(inputs), head, training),
  },
  {
    id: 'wiped',
    note: 'the state is wiped every step',
    kind: 'control',
    seedsMax: Infinity,
    cost: 1,
    learner: (name, inputs, hidden, head, training) =>
      new Tbptt(new Wiped(createLearner(name, inputs, hidden, head, training).cell), head, training),
  },
  {
    id: 'rls',
    note: 'no cell; recursive least squares over the inputs',
    kind: 'control',
    seedsMax: 1,
    cost: 0.5,
    learner: (_name, inputs) => new Readout(new InputCell(inputs), RLS),
    narrow: true,
  },
  {
    id: 'fourier',
    note: `${COSINES} random Fourier features of the inputs under recursive least squares; one seed`,
    kind: 'control',
    seedsMax: 1,
    cost: 10,
    learner: (_name, inputs) => new Readout(new FourierCell(inputs, COSINES, WIDTH), FOURIER_RLS),
    narrow: true,
  },
  { id: 'random', note: 'a random number', kind: 'floor', seedsMax: Infinity, cost: 0.01 },
  { id: 'z', note: 'exponential z-score', kind: 'floor', seedsMax: 1, cost: 0.01 },
  { id: 'difference', note: 'last difference, scaled', kind: 'floor', seedsMax: 1, cost: 0.01 },
  { id: 'lags', note: 'linear prediction from 16 lags, error scaled', kind: 'floor', seedsMax: 1, cost: 0.1 },
  { id: 'pca', note: 'T² in the principal components of the first rows', kind: 'floor', seedsMax: 1, cost: 0.1 },
  { id: 'covariance', note: 'distance from a covariance that always learns', kind: 'floor', seedsMax: 1, cost: 0.1 },
  { id: 'pairs', note: 'the rarest pair of events', kind: 'floor', seedsMax: 1, cost: 0.01 },
  { id: 'counts', note: 'how often each event occurs, no order', kind: 'floor', seedsMax: 1, cost: 0.01 },
];

export function methodOf(id: string): Method {
  const method = METHODS.find((candidate) => candidate.id === id);
  if (method === undefined) throw new RangeError(`expected a method, got "${id}"`);
  return method;
}
