/**
 * How well a score tells anomalous rows from others, over all thresholds.
 *
 *   AUC-PR    Σ (recall − recall before)·precision, over the distinct scores from the highest down
 *   AUC-ROC   area under the true share over the false share, by trapezia
 *   best F1   2·true/(called + anomalous), the highest of all thresholds
 *
 * By rows a detector that is a little early or late gets nothing. The range areas put a buffer of ℓ/2 rows on either
 * side of each labelled stretch, where a row at distance d is anomalous to the extent e = √(1 − d/ℓ); VUS is their
 * mean over the buffers ℓ = 0..L. With P labelled rows, C called rows, E = Σ e over the called rows of the buffers:
 *
 *   P' = P + E/2   TP = labelled rows called + E   precision = TP/C   false share = (C − TP)/(n − P')
 *   true share = min(TP/P', 1)·(buffered stretches with a called row / buffered stretches)
 *
 * Thresholds are the scores at evenly spaced ranks. Buffers that meet make one stretch.
 * Source: Paparrizos et al. 2022, in the form of the TSB-AD benchmark, whose P' counts called rows of the buffers only.
 */
import type { Stretch } from './data.ts';

export interface Areas {
  pr: number;
  roc: number;
  f1: number;
}

export function areasOf(labels: Uint8Array, scores: Float64Array): Areas {
  const n = labels.length;
  const order = byScore(scores);
  const anomalous = labels.reduce((sum, label) => sum + label, 0);
  const area = { pr: 0, roc: 0, f1: 0 };
  let [hits, hitsBefore, calledBefore] = [0, 0, 0];
  for (let k = 0; k < n; k++) {
    hits += labels[order[k]];
    if (k + 1 < n && scores[order[k + 1]] === scores[order[k]]) continue; // equal scores are called together
    const called = k + 1;
    const misses = called - hits - (calledBefore - hitsBefore);
    area.pr += ((hits - hitsBefore) / anomalous) * (hits / called);
    area.roc += (misses / (n - anomalous)) * ((hits + hitsBefore) / 2 / anomalous);
    area.f1 = Math.max(area.f1, (2 * hits) / (called + anomalous));
    hitsBefore = hits;
    calledBefore = called;
  }
  return area;
}

/** Rows, highest score first. */
export function byScore(scores: Float64Array): Uint32Array {
  return Uint32Array.from(scores, (_, row) => row).sort((a, b) => scores[b] - scores[a]);
}

const THRESHOLDS = 250;

/** @param stretches  of the labels, in order; @param buffer  L */
export function volumesOf(
  labels: Uint8Array,
  stretches: readonly Stretch[],
  scores: Float64Array,
  buffer = 100,
): { pr: number; roc: number } {
  const n = labels.length;
  const rank = ranks(scores);
  const called = cumulated(rank, () => 1);
  const hits = cumulated(rank, (row) => labels[row]);
  const sum = { pr: 0, roc: 0 };
  for (let length = 0; length <= buffer; length++) {
    const half = Math.floor(length / 2);
    const soft = softRows(labels, stretches, length, half);
    const extra = new Float64Array(THRESHOLDS);
    for (const [row, extent] of soft) extra[rank[row]] += extent;
    const reached = reachedBy(rank, buffered(stretches, half, n));
    let [softCalled, prec, truly, falsely] = [0, 1, 0, 0];
    for (let k = 0; k < THRESHOLDS; k++) {
      softCalled += extra[k];
      const anomalous = hits[THRESHOLDS - 1] + softCalled / 2;
      const found = hits[k] + softCalled;
      const trueShare = Math.min(found / anomalous, 1) * reached[k];
      const falseShare = (called[k] - found) / (n - anomalous);
      prec = found / called[k];
      sum.pr += (trueShare - truly) * prec;
      sum.roc += ((falseShare - falsely) * (trueShare + truly)) / 2;
      truly = trueShare;
      falsely = falseShare;
    }
    sum.roc += ((1 - falsely) * (1 + truly)) / 2; // the curve ends in the corner
  }
  return { pr: sum.pr / (buffer + 1), roc: sum.roc / (buffer + 1) };
}

/** Of each row the number of the first threshold, from the highest down, that calls it. */
function ranks(scores: Float64Array): Uint16Array {
  const sorted = scores.slice().sort().reverse();
  const step = (sorted.length - 1) / (THRESHOLDS - 1);
  const thresholds = Float64Array.from({ length: THRESHOLDS }, (_, k) => sorted[Math.floor(k * step)]);
  thresholds[THRESHOLDS - 1] = sorted[sorted.length - 1];
  return Uint16Array.from(scores, (score) => {
    let [low, high] = [0, THRESHOLDS - 1];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (score >= thresholds[middle]) high = middle;
      else low = middle + 1;
    }
    return low;
  });
}

/** For each threshold the sum over the rows that it calls. */
function cumulated(rank: Uint16Array, of: (row: number) => number): Float64Array {
  const sums = new Float64Array(THRESHOLDS);
  for (let row = 0; row < rank.length; row++) sums[rank[row]] += of(row);
  for (let k = 1; k < THRESHOLDS; k++) sums[k] += sums[k - 1];
  return sums;
}

/** Rows of the buffers that are not labelled themselves, and the extent to which they are anomalous. */
function softRows(
  labels: Uint8Array,
  stretches: readonly Stretch[],
  length: number,
  half: number,
): Map<number, number> {
  const soft = new Map<number, number>();
  for (const { first, last } of stretches) {
    for (let d = 1; d <= half; d++) {
      const extent = Math.sqrt(1 - d / length);
      for (const row of [first - d, last + d]) {
        if (labels[row] === 0) soft.set(row, Math.min(1, (soft.get(row) ?? 0) + extent));
      }
    }
  }
  return soft;
}

function buffered(stretches: readonly Stretch[], half: number, n: number): Stretch[] {
  const joined: Stretch[] = [];
  for (const { first, last } of stretches) {
    const before = joined.at(-1);
    if (before !== undefined && before.last >= first - half) before.last = last + half;
    else joined.push({ first: Math.max(0, first - half), last: last + half });
  }
  for (const stretch of joined) stretch.last = Math.min(stretch.last, n - 1);
  return joined;
}

/** For each threshold the share of stretches in which it calls a row. */
function reachedBy(rank: Uint16Array, stretches: readonly Stretch[]): Float64Array {
  const share = new Float64Array(THRESHOLDS);
  for (const { first, last } of stretches) {
    let lowest = THRESHOLDS - 1;
    for (let row = first; row <= last; row++) if (rank[row] < lowest) lowest = rank[row];
    share[lowest] += 1 / stretches.length;
  }
  for (let k = 1; k < THRESHOLDS; k++) share[k] += share[k - 1];
  return share;
}
