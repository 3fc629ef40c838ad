/**
 * Puts the samples of one series in order of event time, or drops them with a reason.
 *
 *   t < last                 late, dropped
 *   t = last, same value     duplicate, dropped
 *   t = last, other value    the next sample
 *   t > arrival + 5 min      future, dropped: one wrong clock must not make every later sample late
 *
 * A row of a recorded file is never dropped: a repeated or rewound time becomes the time before plus one cadence. A row
 * of text is no sample: it is there in the series' own time, so that nothing after it is late, and the sensor is heard.
 *
 * Memory: samples kept; time, value and arrival of the last; time of the first; arrival of the last row of any kind.
 */
import { type Batch, ROW } from './batch.ts';
import { cadenceOf, cadenceStep } from './cadence.ts';
import { dropCode } from './drop.ts';

export const ORDER_SIZE = 6;

const FUTURE_MS_MAX = 5 * 60_000;
const PERIOD_MS = 1000;
const LATE = dropCode('late');
const DUPLICATE = dropCode('duplicate');
const FUTURE = dropCode('future');

export function sampleCountOf(memory: Float64Array, at: number): number {
  return memory[at];
}

export function firstTimeOf(memory: Float64Array, at: number): number {
  return memory[at + 4];
}

export function lastTimeOf(memory: Float64Array, at: number): number {
  return memory[at + 1];
}

export function lastArrivalOf(memory: Float64Array, at: number): number {
  return memory[at + 3];
}

/** When the series was last heard, be it with text. */
export function lastHeardOf(memory: Float64Array, at: number): number {
  return memory[at + 5];
}

/** The series' own time at `now`: its clock may be off, and stays as far off as at its last sample. */
export function ownTimeOf(memory: Float64Array, at: number, now: number): number {
  return lastTimeOf(memory, at) + now - lastArrivalOf(memory, at);
}

/** Fills time, gap, cadence and drop of one row. Allocates nothing. */
export function orderStep(memory: Float64Array, at: number, cadenceAt: number, batch: Batch, row: number): void {
  const count = memory[at];
  const last = memory[at + 1];
  const value = batch.value[row];
  const arrival = batch.arrival[row];
  if ((batch.flags[row] & ROW.text) !== 0) {
    if (count > 0) batch.time[row] = Math.max(last, last + arrival - memory[at + 3]);
    batch.cadence[row] = cadenceOf(memory, cadenceAt);
    memory[at + 5] = arrival;
    return;
  }
  let time = batch.time[row];
  if ((batch.flags[row] & ROW.recorded) !== 0) {
    if (count > 0 && time <= last) {
      time = last + (cadenceOf(memory, cadenceAt) || PERIOD_MS);
      batch.time[row] = time;
      batch.flags[row] |= ROW.repaired;
    }
  } else {
    const drop =
      count > 0 ? verdict(time, value, last, memory[at + 2], arrival) : verdict(time, value, -Infinity, 0, arrival);
    if (drop !== 0) {
      batch.drop[row] = drop;
      return;
    }
  }
  const gap = count > 0 ? time - last : 0;
  if (gap > 0) cadenceStep(memory, cadenceAt, gap);
  else if (count > 0) batch.flags[row] |= ROW.sameTime;
  batch.gap[row] = gap;
  batch.cadence[row] = cadenceOf(memory, cadenceAt);
  if (count === 0) memory[at + 4] = time;
  memory[at] = count + 1;
  memory[at + 1] = time;
  memory[at + 2] = value;
  memory[at + 3] = arrival;
  memory[at + 5] = arrival;
}

function verdict(time: number, value: number, last: number, lastValue: number, arrival: number): number {
  if (time > arrival + FUTURE_MS_MAX) return FUTURE;
  if (time < last) return LATE;
  if (time === last && value === lastValue) return DUPLICATE;
  return 0;
}
