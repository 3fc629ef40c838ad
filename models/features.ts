/**
 * What the network sees of a series when it forecasts the next sample, all in the units of the frame:
 *
 *   z, Δz, z − e8, z − e64, e64            where it is, and against its recent means over 8 and 64 samples
 *   sin, cos of the season's phase and of its double, S(τ), S(τ) − z       what is usual when the next sample is due
 *   ln(Δt / cadence)                       0 for a regular series
 *   z of the L samples before              (as valuable as the recurrence)
 *
 * Everything is clipped to ±6.
 * Memory: e8, e64, samples seen, the last L values of z, newest first.
 */
import { clip } from './activation.ts';

const OWN_INPUTS = 12;
const LIMIT = 6;

export function featuresSize(lags: number): number {
  return 3 + Math.max(1, lags);
}

export function inputCount(lags: number): number {
  return OWN_INPUTS + lags;
}

/** z of the sample before, 0 before the first. */
export function newestOf(memory: Float64Array, at: number): number {
  return memory[at + 3];
}

/** Sees the past as if every z in it had been higher by this much. */
export function featuresShift(memory: Float64Array, at: number, lags: number, by: number): void {
  if (memory[at + 2] === 0) return;
  const past = at + 3;
  memory[at] += by;
  memory[at + 1] += by;
  for (let i = past; i < past + Math.max(1, lags); i++) memory[i] += by;
}

/**
 * Takes in z and writes the inputs [12 + L] to memory[to..]. Allocates nothing.
 * @param phase of the season when the next sample is due, 0..1; @param usual S at that phase
 * @param logGap ln(Δt / cadence) of this sample
 */
export function featuresStep(
  memory: Float64Array,
  at: number,
  lags: number,
  z: number,
  phase: number,
  usual: number,
  logGap: number,
  to: number,
): void {
  const past = at + 3;
  const first = memory[at + 2] === 0;
  memory[at + 2] += 1;
  if (first) {
    memory[at] = z;
    memory[at + 1] = z;
    memory.fill(z, past, past + Math.max(1, lags));
  }
  const before = memory[past];
  memory[at] += (z - memory[at]) / 8;
  memory[at + 1] += (z - memory[at + 1]) / 64;
  const e8 = memory[at];
  const e64 = memory[at + 1];
  const angle = 2 * Math.PI * phase;
  memory[to] = clip(z, LIMIT);
  memory[to + 1] = clip(z - before, LIMIT);
  memory[to + 2] = clip(z - e8, LIMIT);
  memory[to + 3] = clip(z - e64, LIMIT);
  memory[to + 4] = clip(e64, LIMIT);
  memory[to + 5] = Math.sin(angle);
  memory[to + 6] = Math.cos(angle);
  memory[to + 7] = Math.sin(2 * angle);
  memory[to + 8] = Math.cos(2 * angle);
  memory[to + 9] = clip(usual, LIMIT);
  memory[to + 10] = clip(usual - z, LIMIT);
  memory[to + 11] = clip(logGap, LIMIT);
  for (let lag = 0; lag < lags; lag++) memory[to + OWN_INPUTS + lag] = clip(memory[past + lag], LIMIT);
  if (lags > 1) memory.copyWithin(past + 1, past, past + lags - 1);
  memory[past] = z;
}
