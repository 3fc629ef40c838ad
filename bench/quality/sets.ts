/** The sets: what a detector gets to see of each, what it is measured by, and the bars. */
import {
  alarmsPerDay,
  aucPr,
  aucRoc,
  bestF1,
  calibration,
  calibrationOff,
  delay,
  eventsFound,
  faultyShare,
  type FigureOf,
  healthyShare,
  nab,
  oneStepError,
  recall,
  smoothAucPr,
  vusPr,
} from './figures.ts';

export interface Measure {
  /** After the set's name in the id of a row. */
  id: string;
  unit: string;
  better: 'higher' | 'lower';
  figure: FigureOf;
  bar?: number;
  stretch?: number;
  /** Of the detector's lanes or alarms: a floor has no such figure. */
  own?: boolean;
  /** Not for the table: said otherwise there. */
  rowOnly?: boolean;
  /** Not a thing in which more or less than others means better. */
  uncompared?: boolean;
  /** Must reach the z-score on every half of the streams. */
  overZ?: boolean;
  /** Must stay below the best control by a margin. */
  overControls?: boolean;
}

export interface SetSpec {
  name: string;
  title: string;
  /** What the detector gets to see; all channels where absent. */
  channels?: readonly string[];
  /** Folder of its streams, where that is not its name. */
  data?: string;
  /** Channels that it does not watch are inputs beside those it does. */
  context?: true;
  /** Several channels, which the detector watches as one group. */
  wide?: boolean;
  /** Why there is nothing to run yet. */
  unavailable?: string;
  /** Controls that can stand in the detector's place; all where absent. */
  controls?: readonly string[];
  floors: readonly string[];
  measures: readonly Measure[];
}

const FLOORS = ['random', 'z', 'difference', 'lags'];
const higher = { unit: 'of 1', better: 'higher' } as const;
const lower = { unit: '', better: 'lower' } as const;

const CALIBRATION: readonly Measure[] = [2, 3, 4].flatMap((k): Measure[] => [
  { id: `rows_p${k}`, ...lower, unit: `× 10^-${k}`, figure: calibration(k), own: true },
  { id: `calibration_${k}`, ...lower, unit: 'factor off', figure: calibrationOff(k), bar: 2, own: true, rowOnly: true },
]);

/** What a user feels of one channel: are the odds true, and how often is he called for nothing. */
const LIVE: readonly Measure[] = [
  ...CALIBRATION,
  { id: 'alarms_per_day', ...lower, unit: '/day', figure: alarmsPerDay, bar: 2, own: true, uncompared: true },
];

const error = (bar?: number, stretch?: number): Measure => ({
  id: 'error',
  ...lower,
  unit: '× persistence',
  figure: oneStepError,
  own: true,
  ...(bar === undefined ? {} : { bar }),
  ...(stretch === undefined ? {} : { stretch }),
});

export const SETS: readonly SetSpec[] = [
  {
    name: 'nab',
    title: 'NAB, 29 files, one threshold',
    floors: FLOORS,
    measures: [
      { id: 'standard', ...higher, unit: 'points', figure: nab('standard'), bar: 71, stretch: 76 },
      { id: 'low_fp', ...higher, unit: 'points', figure: nab('reward_low_FP_rate'), bar: 63, stretch: 70 },
      { id: 'low_fn', ...higher, unit: 'points', figure: nab('reward_low_FN_rate'), bar: 76, stretch: 81 },
      { ...error(0.757, 0.72), overControls: true },
      ...LIVE,
    ],
  },
  {
    name: 'cloud',
    title: 'cloud, service metrics; level',
    floors: FLOORS,
    measures: [
      { id: 'auc_pr', ...higher, figure: aucPr('level'), bar: 0.55, stretch: 0.62, overZ: true },
      { id: 'recall', ...higher, figure: recall('level'), bar: 0.6, stretch: 0.75, overZ: true },
      { id: 'delay', ...lower, unit: 'rows', figure: delay('level') },
      { id: 'vus_pr', ...higher, figure: vusPr('level') },
      { id: 'auc_roc', ...higher, figure: aucRoc('level') },
      { id: 'surprise_auc_pr', ...higher, figure: aucPr('surprise'), own: true },
      { id: 'surprise_recall', ...higher, figure: recall('surprise'), own: true },
      error(),
      ...LIVE,
    ],
  },
  {
    name: 'telemetry',
    title: 'telemetry, spacecraft, its value alone; level',
    channels: ['value'],
    floors: FLOORS,
    measures: [
      { id: 'vus_pr', ...higher, figure: vusPr('level'), bar: 0.5, stretch: 0.6 },
      { id: 'auc_pr', ...higher, figure: aucPr('level') },
      { id: 'recall', ...higher, figure: recall('level') },
      { id: 'delay', ...lower, unit: 'rows', figure: delay('level') },
      { id: 'auc_roc', ...higher, figure: aucRoc('level') },
      { id: 'surprise_vus_pr', ...higher, figure: vusPr('surprise'), own: true },
      { id: 'surprise_recall', ...higher, figure: recall('surprise'), own: true },
      error(),
      ...LIVE,
    ],
  },
  {
    name: 'commands',
    data: 'telemetry',
    title: 'telemetry, with the commands sent as context; level',
    channels: ['value'],
    context: true,
    floors: [],
    measures: [
      { id: 'vus_pr', ...higher, figure: vusPr('level'), bar: 0.5, stretch: 0.6 },
      { id: 'auc_pr', ...higher, figure: aucPr('level') },
      { id: 'recall', ...higher, figure: recall('level') },
      error(),
    ],
  },
  {
    name: 'mgab',
    title: 'mgab, chaotic series with invisible cuts; surprise',
    floors: FLOORS,
    measures: [
      { id: 'auc_pr', ...higher, figure: aucPr('surprise'), bar: 0.38, stretch: 0.55 },
      { id: 'events', ...higher, figure: eventsFound('surprise'), bar: 0.8, stretch: 0.95 },
      { id: 'recall', ...higher, figure: recall('surprise') },
      { id: 'vus_pr', ...higher, figure: vusPr('surprise') },
      { id: 'auc_roc', ...higher, figure: aucRoc('surprise') },
      { id: 'level_auc_pr', ...higher, figure: aucPr('level'), own: true },
      { id: 'mean100_auc_pr', ...higher, figure: smoothAucPr('surprise', 100) },
      error(),
      ...LIVE,
    ],
  },
  {
    name: 'asd',
    title: 'asd, application servers; AUC-PR of surprise, VUS-PR of level',
    wide: true,
    floors: [...FLOORS, 'covariance'],
    measures: [
      { id: 'auc_pr', ...higher, figure: aucPr('surprise'), bar: 0.6, stretch: 0.68 },
      { id: 'vus_pr', ...higher, figure: vusPr('level'), bar: 0.58, stretch: 0.7 },
      { id: 'level_auc_pr', ...higher, figure: aucPr('level') },
      { id: 'recall', ...higher, figure: recall('level') },
      { id: 'auc_roc', ...higher, figure: aucRoc('level') },
    ],
  },
  {
    name: 'smd',
    title: 'smd, server metrics; level',
    wide: true,
    floors: [...FLOORS, 'covariance'],
    measures: [
      { id: 'auc_pr', ...higher, figure: aucPr('level'), bar: 0.55, stretch: 0.62 },
      { id: 'recall', ...higher, figure: recall('level') },
      { id: 'vus_pr', ...higher, figure: vusPr('level') },
      { id: 'auc_roc', ...higher, figure: aucRoc('level') },
    ],
  },
  {
    name: 'tep',
    title: 'tep, chemical process, lasting faults; level',
    wide: true,
    floors: [...FLOORS, 'covariance', 'pca'],
    measures: [
      { id: 'faulty', ...higher, figure: faultyShare, bar: 0.6, stretch: 0.72 },
      { id: 'healthy', ...lower, figure: healthyShare, bar: 0.01 },
    ],
  },
  {
    name: 'skab',
    title: 'skab, pump rig; level',
    wide: true,
    floors: [...FLOORS, 'covariance', 'pca'],
    measures: [
      { id: 'auc_roc', ...higher, figure: aucRoc('level'), bar: 0.75, stretch: 0.85 },
      { id: 'auc_pr', ...higher, figure: aucPr('level') },
      { id: 'best_f1', ...higher, figure: bestF1('level') },
    ],
  },
  {
    name: 'hdfs',
    title: 'hdfs, sessions of events; level',
    controls: ['linear', 'wiped'],
    floors: ['random', 'pairs', 'counts'],
    measures: [
      { id: 'auc_pr', ...higher, figure: aucPr('level'), bar: 0.82, stretch: 0.92 },
      { id: 'auc_roc', ...higher, figure: aucRoc('level'), bar: 0.97, stretch: 0.99 },
    ],
  },
];
