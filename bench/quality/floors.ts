/**
 * Detectors of a few lines that learn online from zero: what any other has to beat.
 *
 *   random          a number in 0..1 for each row
 *   z               distance from a running mean in running standard deviations, at the rate of 1 % (see ruleB)
 *   difference      |d − m|/√v of the last difference d, m and v running at the rate of 0.2 %
 *   lags            the same of the error of a linear prediction from 16 lags by recursive least squares
 *
 * Of several channels a row's score is the mean of theirs, each capped at 50. A missing value is the one before it and
 * scores 0.
 */
import { clip } from '../../models/activation.ts';
import { FRAME_SIZE, frameStep, meanOf, scaleOf } from '../../models/frame.ts';
import { createRandom } from '../../models/random.ts';
import { Rls } from '../../models/training/rls.ts';

const CHANNEL_SCORE_MAX = 50;
const UNSCORED_ROWS = 10;
const SLOW_RATE = 0.002;

export function randomFloor(rows: number, seed: number): Float64Array {
  const random = createRandom(seed);
  return Float64Array.from({ length: rows }, random);
}

/** One channel's score for all rows of a stream. */
export type ChannelFloor = (values: Float64Array) => Float64Array;

export const zFloor: ChannelFloor = (values) => scaled(values, values, 0.01, true);

export const differenceFloor: ChannelFloor = (values) => {
  const held = hold(values);
  return scaled(
    held.map((x, t) => (t === 0 ? 0 : x - held[t - 1])),
    values,
    SLOW_RATE,
    false,
  );
};

export const lagsFloor: ChannelFloor = (values) => scaled(lagErrors(hold(values)), values, SLOW_RATE, false);

/** Of one channel its own score; of several the mean. */
export function rowFloor(columns: readonly Float64Array[], floor: ChannelFloor): Float64Array {
  if (columns.length === 1) return floor(columns[0]);
  const mean = new Float64Array(columns[0].length);
  for (const column of columns) {
    const scores = floor(column);
    for (let t = 0; t < mean.length; t++) mean[t] += Math.min(scores[t], CHANNEL_SCORE_MAX) / columns.length;
  }
  return mean;
}

/**
 * |e − m|/√v, m and v running: the score first, then the step.
 * @param relative  a floor of v that grows with the mean; else a fixed one
 */
function scaled(errors: Float64Array, values: Float64Array, rate: number, relative: boolean): Float64Array {
  let m = Number.NaN;
  let v = 0;
  let seen = 0;
  return errors.map((error, t) => {
    if (Number.isNaN(values[t])) return 0;
    if (Number.isNaN(m)) m = relative ? error : 0;
    const e = error - m;
    const z = Math.abs(e) / Math.sqrt(v + 1e-12 * (relative ? 1 + m * m : 1));
    const a = Math.max(rate, 1 / ++seen);
    m += a * e;
    v = (1 - a) * (v + a * e * e);
    return t < UNSCORED_ROWS ? 0 : z;
  });
}

/** A missing value is the one before it; before the first there is none. */
function hold(values: Float64Array): Float64Array {
  let last = Number.NaN;
  return values.map((x) => (Number.isNaN(x) ? last : (last = x)));
}

const LAGS = 16;
const LAG_LIMIT = 50;

/** In the units of the running frame, so that one ridge fits every series. */
function lagErrors(values: Float64Array): Float64Array {
  const rls = new Rls(LAGS, { forgetting: 0.9995, ridge: 1 });
  const lags = rls.size;
  const frame = lags + LAGS;
  const memory = new Float64Array(frame + FRAME_SIZE);
  rls.initialise(memory, 0);
  const z = (x: number): number => clip((x - meanOf(memory, frame)) / scaleOf(memory, frame), LAG_LIMIT);
  return values.map((x) => {
    if (Number.isNaN(x)) return 0;
    const error = memory[frame] === 0 ? 0 : rls.learn(memory, 0, lags, z(x));
    frameStep(memory, frame, x, 4000);
    memory.copyWithin(lags + 1, lags, lags + LAGS - 1);
    memory[lags] = z(x);
    return error;
  });
}
