/** What the sets are measured by: from labels and scores of all streams to one figure, for any drawing of the streams. */
import { PROFILES } from '../nab-score.ts';
import { AlarmCurve, type AlarmRules, type Scored } from './alarms.ts';
import type { Figure } from './bootstrap.ts';
import type { Stream } from './data.ts';
import { areasOf, volumesOf } from './measures.ts';
import { NabFigure } from './nab-figure.ts';
import type { Scores } from './score.ts';

export type Column = 'level' | 'surprise' | 'anomaly';
/** @param scores  of the streams, in the same order */
export type FigureOf = (streams: readonly Stream[], scores: readonly Scores[]) => Figure;

const DAY_MS = 24 * 3600_000;

/** The rows that count. */
export function countedRows({ labels, stretches, warmup }: Stream, scores: Float64Array): Scored {
  return {
    labels: labels.subarray(warmup),
    stretches: stretches.map(({ first, last }) => ({ first: first - warmup, last: last - warmup })),
    scores: scores.subarray(warmup),
  };
}

/** The mean over the streams that have an anomaly. */
function meanOver(of: (rows: Scored) => number, column: Column): FigureOf {
  return (streams, scores) => {
    const each = streams.map((stream, s) => {
      const rows = countedRows(stream, scores[s][column]);
      return rows.stretches.length === 0 ? Number.NaN : of(rows);
    });
    return (weights) => weightedMean(each, weights);
  };
}

/** NaN is of a stream that has no figure. */
function weightedMean(each: readonly number[], weights: readonly number[]): number {
  let [sum, count] = [0, 0];
  for (const [s, value] of each.entries()) {
    if (Number.isNaN(value)) continue;
    sum += weights[s] * value;
    count += weights[s];
  }
  return sum / count;
}

export const aucPr = (column: Column): FigureOf => meanOver((rows) => areasOf(rows.labels, rows.scores).pr, column);
export const aucRoc = (column: Column): FigureOf => meanOver((rows) => areasOf(rows.labels, rows.scores).roc, column);
export const bestF1 = (column: Column): FigureOf => meanOver((rows) => areasOf(rows.labels, rows.scores).f1, column);
export const vusPr = (column: Column): FigureOf =>
  meanOver((rows) => volumesOf(rows.labels, rows.stretches, rows.scores).pr, column);

/** The same of a score's exponential mean over so many rows. */
export const smoothAucPr = (column: Column, window: number): FigureOf =>
  meanOver(({ labels, scores }) => areasOf(labels, smoothed(scores, window)).pr, column);

function smoothed(scores: Float64Array, window: number): Float64Array {
  let mean = 0;
  return scores.map((score) => (mean += (score - mean) / window));
}

/** False alarms that the detector is allowed where one recall is to stand for all. */
const FALSE_PER_ROW = 1 / 1000;

function alarms(column: Column, rules: AlarmRules, pick: 'found' | 'delay'): FigureOf {
  return (streams, scores) => {
    const curve = new AlarmCurve(
      streams.map((stream, s) => countedRows(stream, scores[s][column])),
      rules,
    );
    return (weights) => curve.at(weights)[pick];
  };
}

/** Share of the labelled stretches found at so many false alarms, one threshold for the set. */
export const recall = (column: Column, perRow = FALSE_PER_ROW): FigureOf =>
  alarms(column, { counted: 'false', perRow }, 'found');
export const delay = (column: Column, perRow = FALSE_PER_ROW): FigureOf =>
  alarms(column, { counted: 'false', perRow }, 'delay');
/** Share of the events found by as many alarms as there are events. */
export const eventsFound = (column: Column): FigureOf => alarms(column, { counted: 'all', perStretch: 1 }, 'found');

export const nab =
  (profile: keyof typeof PROFILES): FigureOf =>
  (streams, scores) => {
    const figure = new NabFigure(streams.map((stream, s) => ({ ...stream, scores: scores[s].anomaly })));
    return (weights) => figure.at(PROFILES[profile], weights);
  };

/** Geometric mean of the one-step error against persistence. */
export const oneStepError: FigureOf = (_, scores) => {
  const logs = scores.map(({ error }) => Math.log(error));
  return (weights) => Math.exp(weightedMean(logs, weights));
};

/** Rows that count and lie outside the labelled stretches. */
function cleanRows({ labels, warmup }: Stream): number[] {
  return Array.from(labels.keys()).filter((row) => row >= warmup && labels[row] === 0);
}

/** How many times as many clean rows as 10^−k have a surprise of k or more. */
export const calibration =
  (k: number): FigureOf =>
  (streams, scores) => {
    const rows = streams.map((stream) => cleanRows(stream));
    const above = rows.map((clean, s) => clean.filter((row) => scores[s].surprise[row] >= k).length);
    return (weights) => sum(above, weights) / (sum(lengths(rows), weights) * 10 ** -k);
  };

/** By which factor the calibration is off, either way. */
export const calibrationOff =
  (k: number): FigureOf =>
  (streams, scores) => {
    const ratio = calibration(k)(streams, scores);
    const rows = streams.map((stream) => cleanRows(stream).length);
    return (weights) => {
      // No row at all may mean that there were too few: half a row is as little as can be told.
      const least = 0.5 / (sum(rows, weights) * 10 ** -k);
      const times = Math.max(ratio(weights), least);
      return Math.max(times, 1 / times);
    };
  };

export const alarmsPerDay: FigureOf = (streams, scores) => {
  const rows = streams.map((stream) => cleanRows(stream));
  const raised = rows.map((clean, s) => clean.filter((row) => scores[s].alarm[row] === 1).length);
  const days = rows.map((clean, s) => (clean.length * streams[s].periodMs) / DAY_MS);
  return (weights) => sum(raised, weights) / sum(days, weights);
};

/** Share of rows of lasting faults above the level that 1 % of the second half of the normal run exceeds. */
export const faultyShare: FigureOf = (streams, scores) => sharesAbove(streams, scores, 1);
/** The same of the rows before the faults: what the threshold costs. */
export const healthyShare: FigureOf = (streams, scores) => sharesAbove(streams, scores, 0);

function sharesAbove(streams: readonly Stream[], scores: readonly Scores[], label: 0 | 1): Figure {
  const normal = streams.findIndex(({ runAfter }) => runAfter === undefined);
  const { level } = scores[normal];
  const sorted = level.slice(level.length >> 1).sort();
  const threshold = sorted[Math.floor(0.99 * sorted.length)];
  const shares = streams.map(({ labels }, s) => {
    if (s === normal) return Number.NaN;
    const rows = Array.from(labels.keys()).filter((row) => labels[row] === label);
    return rows.filter((row) => scores[s].level[row] > threshold).length / rows.length;
  });
  return (weights) => weightedMean(shares, weights);
}

function sum(numbers: readonly number[], weights: readonly number[]): number {
  return numbers.reduce((total, x, s) => total + weights[s] * x, 0);
}

function lengths(lists: readonly (readonly unknown[])[]): number[] {
  return lists.map(({ length }) => length);
}
