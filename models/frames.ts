/**
 * The frames of several channels: mean and deviation of each, learned as rows come, in which everything else is counted.
 *
 *   z = (x − m)/s, clipped      a = 1/min(n, memory)      m += a(x−m)      v = (1−a)(v + a(x−m)²)
 *
 * s is at least 1 % of the range seen: a channel that hardly ever moves must not shout when it does. What enters is kept
 * within 100 deviations. A missing value teaches nothing and has no z.
 *
 * Memory, for each channel: samples n, m, v, least, greatest.
 */
import { clip } from './activation.ts';

const FRAME = 5;
const LEAST = 3;
const GREATEST = 4;
const RANGE_SHARE = 0.01;
/** One reading of 65535 must not widen the frame for days, a new level must. */
const DEVIATIONS_MAX = 100;
const LIMITED_AFTER = 20;
/** Beyond it a square would overflow. */
const VALUE_MAX = 1e100;

export function framesSize(channels: number): number {
  return FRAME * channels;
}

export function framesScale(memory: Float64Array, at: number, channel: number): number {
  const f = at + FRAME * channel;
  const range = memory[f + GREATEST] - memory[f + LEAST];
  return Math.max(Math.sqrt(memory[f + 2]), RANGE_SHARE * range, 1e-9 + 1e-6 * Math.abs(memory[f + 1]));
}

export function framesMean(memory: Float64Array, at: number, channel: number): number {
  return memory[at + FRAME * channel + 1];
}

/** Writes z of the row to z[0..]; NaN where a value is missing, 0 where its channel was never seen. */
export function framesRead(
  memory: Float64Array,
  at: number,
  row: Float64Array,
  from: number,
  channels: number,
  limit: number,
  z: Float64Array,
): void {
  for (let j = 0; j < channels; j++) {
    const isNew = memory[at + FRAME * j] === 0;
    const x = row[from + j];
    if (Number.isNaN(x)) z[j] = Number.NaN;
    else z[j] = isNew ? 0 : clip((x - framesMean(memory, at, j)) / framesScale(memory, at, j), limit);
  }
}

/** Takes in a row. */
export function framesEnter(
  memory: Float64Array,
  at: number,
  row: Float64Array,
  from: number,
  channels: number,
  samplesMax: number,
): void {
  for (let j = 0; j < channels; j++) {
    const given = row[from + j];
    if (Number.isNaN(given)) continue;
    const f = at + FRAME * j;
    const n = memory[f] + 1;
    memory[f] = n;
    const a = 1 / Math.min(n, samplesMax);
    const limit = n > LIMITED_AFTER ? DEVIATIONS_MAX * framesScale(memory, at, j) : VALUE_MAX;
    const x = n === 1 ? clip(given, VALUE_MAX) : memory[f + 1] + clip(given - memory[f + 1], limit);
    const d = x - memory[f + 1];
    memory[f + 1] += a * d;
    memory[f + 2] = (1 - a) * (memory[f + 2] + a * d * d);
    if (n === 1 || x < memory[f + LEAST]) memory[f + LEAST] = x;
    if (n === 1 || x > memory[f + GREATEST]) memory[f + GREATEST] = x;
  }
}

/** Believes the past no more than so many rows: what comes next weighs more. */
export function framesForget(memory: Float64Array, at: number, channels: number, rows: number): void {
  for (let j = 0; j < channels; j++) {
    const f = at + FRAME * j;
    memory[f] = Math.min(memory[f], rows);
  }
}
