/**
 * What flows: a struct of arrays, one row per sample, at most 4,096 rows, in the order of the log.
 *
 * A station fills its own columns and leaves the others alone, so a row can be read at the end of the way as the
 * story of one sample. What a later station needs of an earlier one's state is a column as well: state moves on with
 * every row, and a batch must give the same results however the log was cut into batches.
 *
 *   from the door    series, time, arrival, value, flags
 *   align            members
 *   order            time (repaired), gap, cadence, drop
 *   detect           flags (forgotten, accepted), expected, lower, upper, surprise, level, score, anomaly, alarm, changes
 */
import type { AlertChange } from './alert.ts';

export const BATCH_ROWS_MAX = 4096;

/** Bits of the `flags` column. */
export const ROW = {
  /** A boolean or an on/off word. */
  onOff: 1,
  /** From a recorded file: never dropped for its time, which is repaired instead. */
  recorded: 2,
  /** Made by the clock for an overdue series: there is no value. */
  overdue: 4,
  /** Same time as the sample before, another value. */
  sameTime: 8,
  /** The time was repeated or went back in a recorded file and has been repaired. */
  repaired: 16,
  /** The sensor sent text; there is no value, and no time of its own is believed. */
  text: 64,
  /** What the series had learned could no longer be computed with; it was forgotten, and this row is its first. */
  forgotten: 32,
  /** A change that lasted is the new normal from this row on. */
  accepted: 128,
} as const;

export interface Batch {
  length: number;
  /** Epoch ms when this is a tick of the clock and carries no rows; NaN otherwise. */
  tick: number;
  /** Index of the track in the registry. */
  series: Int32Array;
  /** Event time, epoch ms. */
  time: Float64Array;
  /** When it reached us, epoch ms. */
  arrival: Float64Array;
  /** NaN = missing. */
  value: Float64Array;
  flags: Uint8Array;

  /** Of a row of a group the values of its channels, else what the context says; a hole where there is neither. */
  members: (Float64Array | undefined)[];

  /** What siblings say now: their mean, each in its own frame; NaN = there are none. */
  siblings: Float64Array;

  /** 0 = kept, else `dropCode`. */
  drop: Uint8Array;
  /** Event time since the sample before, ms; 0 for the first. */
  gap: Float64Array;
  /** Learned cadence at this row, ms; 0 until known. */
  cadence: Float64Array;

  /** Expectation before the value came, and the band outside which the row alarms by itself; NaN = not known yet. */
  expected: Float64Array;
  lower: Float64Array;
  upper: Float64Array;
  /** −log10 p of this sample, unsmoothed. */
  surprise: Float64Array;
  /** −log10 p, smoothed; stays up while a fault lasts. */
  level: Float64Array;
  /** What the alert acts on: the higher of T and the sensor's health. */
  score: Float64Array;
  /** T where an event opens or fires again at the benchmark threshold, else 0. */
  anomaly: Float64Array;
  /** 1 where an alert turns firing. */
  alarm: Uint8Array;
  /** Changes of alert phase in this batch, in row order. */
  changes: AlertChange[];
}

/** A batch with room for `capacity` rows, length 0. @throws RangeError above 4,096 rows */
export function createBatch(capacity: number): Batch {
  if (!(capacity >= 0 && capacity <= BATCH_ROWS_MAX)) {
    throw new RangeError(`batch capacity: expected 0..${BATCH_ROWS_MAX}, got ${capacity}`);
  }
  const column = () => new Float64Array(capacity);
  return {
    length: 0,
    tick: Number.NaN,
    series: new Int32Array(capacity),
    time: column(),
    arrival: column(),
    value: column(),
    flags: new Uint8Array(capacity),
    members: [],
    siblings: column().fill(Number.NaN),
    drop: new Uint8Array(capacity),
    gap: column(),
    cadence: column(),
    expected: column(),
    lower: column(),
    upper: column(),
    surprise: column(),
    level: column(),
    score: column(),
    anomaly: column(),
    alarm: new Uint8Array(capacity),
    changes: [],
  };
}

/** A tick of the clock: no rows, only a time. */
export function createTick(time: number): Batch {
  const batch = createBatch(0);
  batch.tick = time;
  return batch;
}

/** Appends one row; the caller has seen to it that there is room. */
export function pushRow(
  batch: Batch,
  series: number,
  time: number,
  arrival: number,
  value: number,
  flags: number,
): void {
  const row = batch.length++;
  batch.series[row] = series;
  batch.time[row] = time;
  batch.arrival[row] = arrival;
  batch.value[row] = value;
  batch.flags[row] = flags;
}

/** Appends what is known of a row before it is scored. */
export function copyRow(from: Batch, row: number, to: Batch): void {
  const at = to.length;
  pushRow(to, from.series[row], from.time[row], from.arrival[row], from.value[row], from.flags[row]);
  to.drop[at] = from.drop[row];
  to.gap[at] = from.gap[row];
  to.cadence[at] = from.cadence[row];
  const members = from.members[row];
  if (members !== undefined) to.members[at] = members;
}

/** A row for which there is no expectation and no band. */
export function expectNothing(batch: Batch, row: number): void {
  batch.expected[row] = Number.NaN;
  batch.lower[row] = Number.NaN;
  batch.upper[row] = Number.NaN;
}
