/**
 * What a score is worth as an alarm: one threshold for a whole set, so many alarms, so many stretches found, so late.
 *
 * An alarm is a row at or above the threshold; while the score stays high it is repeated after ten rows. False alarms
 * are counted outside the labelled stretches; a stretch is found by any row of its own, and the delay is the rows from
 * its first to that one. From the highest score down, the threshold is the last one before the alarms exceed what is
 * allowed.
 *
 * Everything is counted once for each threshold and stream, so that streams can be drawn anew (see bootstrap.ts)
 * without going through rows again.
 */
import type { Stretch } from './data.ts';

/** The rows of a stream that count, and how it was scored. */
export interface Scored {
  labels: Uint8Array;
  stretches: readonly Stretch[];
  scores: Float64Array;
}

export interface Called {
  threshold: number;
  /** Share of the stretches found; NaN where there are none. */
  found: number;
  /** Mean delay of those found, rows; NaN where none is. */
  delay: number;
  alarms: number;
}

export interface AlarmRules {
  /** `false`: only alarms outside the stretches count as alarms; `all`: every one does. */
  counted: 'false' | 'all';
  /** Alarms allowed for each row, or for each stretch. */
  perRow?: number;
  perStretch?: number;
}

const REPEAT_ROWS = 10;
/** Streams drawn anew may need a lower threshold than the set as it is. */
const SLACK = 2;

export class AlarmCurve {
  readonly #streams: readonly Scored[];
  readonly #rules: AlarmRules;
  readonly #thresholds: Float64Array;
  /** Alarms and stretches found, by threshold and stream. */
  readonly #alarms: Uint32Array[];
  readonly #found: Uint32Array[];

  constructor(streams: readonly Scored[], rules: AlarmRules) {
    this.#streams = streams;
    this.#rules = rules;
    const once = streams.map(() => 1);
    this.#thresholds = this.#candidates(SLACK * REPEAT_ROWS * this.#allowed(once));
    this.#alarms = streams.map((stream) => this.#alarmsOf(stream));
    this.#found = streams.map((stream) => this.#foundOf(stream));
  }

  /** @param weights  how often each stream counts */
  at(weights: readonly number[]): Called {
    const k = this.#last(weights);
    const threshold = k < 0 ? Infinity : this.#thresholds[k];
    let [stretches, found, alarms, delays] = [0, 0, 0, 0];
    for (const [s, weight] of weights.entries()) {
      if (weight === 0) continue;
      stretches += weight * this.#streams[s].stretches.length;
      if (k < 0) continue;
      found += weight * this.#found[s][k];
      alarms += weight * this.#alarms[s][k];
      delays += weight * totalDelay(this.#streams[s], threshold);
    }
    return { threshold, found: found / stretches, delay: delays / found, alarms };
  }

  #allowed(weights: readonly number[]): number {
    const { perRow = 0, perStretch = 0 } = this.#rules;
    return this.#streams.reduce(
      (sum, { labels, stretches }, s) => sum + weights[s] * (perRow * labels.length + perStretch * stretches.length),
      0,
    );
  }

  #last(weights: readonly number[]): number {
    const allowed = this.#allowed(weights);
    for (let k = 0; k < this.#thresholds.length; k++) {
      let alarms = 0;
      for (let s = 0; s < weights.length; s++) alarms += weights[s] * this.#alarms[s][k];
      if (alarms > allowed) return k - 1;
    }
    return this.#thresholds.length - 1;
  }

  /**
   * Scores of rows that may raise an alarm, and the highest of each stretch. An alarm stands for ten rows at most: below
   * the score that so many rows reach the alarms are too many in any case.
   */
  #candidates(rowsMax: number): Float64Array {
    const counted = this.#streams.flatMap((stream) => this.#alarmRows(stream).map((row) => stream.scores[row]));
    const lowest = counted.sort((a, b) => b - a)[Math.min(counted.length - 1, Math.ceil(rowsMax))] ?? Infinity;
    const best = this.#streams.flatMap(highestOf);
    const all = Float64Array.from([...counted, ...best].filter((score) => score >= lowest));
    return all
      .sort()
      .reverse()
      .filter((score, k) => k === 0 || score !== all[k - 1]);
  }

  #alarmRows({ labels, scores }: Scored): number[] {
    return Array.from(scores.keys()).filter((row) => this.#rules.counted === 'all' || labels[row] === 0);
  }

  /** A stream's alarms change at its own scores only. */
  #alarmsOf(stream: Scored): Uint32Array {
    const thresholds = this.#thresholds;
    const { scores } = stream;
    const rows = this.#alarmRows(stream).filter((row) => scores[row] >= thresholds[thresholds.length - 1]);
    const own = new Set(rows.map((row) => scores[row]));
    let alarms = 0;
    return Uint32Array.from(thresholds, (threshold) => {
      if (own.has(threshold)) alarms = alarmsAt(rows, scores, threshold);
      return alarms;
    });
  }

  #foundOf(stream: Scored): Uint32Array {
    const best = highestOf(stream);
    return Uint32Array.from(this.#thresholds, (threshold) => best.filter((score) => score >= threshold).length);
  }
}

function alarmsAt(rows: readonly number[], scores: Float64Array, threshold: number): number {
  let alarms = 0;
  let last = -Infinity;
  for (const row of rows) {
    if (scores[row] < threshold || row - last < REPEAT_ROWS) continue;
    alarms++;
    last = row;
  }
  return alarms;
}

/** The highest score in each stretch. */
function highestOf({ stretches, scores }: Scored): number[] {
  return stretches.map(({ first, last }) => scores.subarray(first, last + 1).reduce((a, b) => Math.max(a, b)));
}

function totalDelay({ stretches, scores }: Scored, threshold: number): number {
  let total = 0;
  for (const { first, last } of stretches) {
    const rows = scores.subarray(first, last + 1).findIndex((score) => score >= threshold);
    if (rows > 0) total += rows;
  }
  return total;
}
