/**
 * Physical limits: what a sensor cannot measure, and how fast what it measures cannot change. They are known from the
 * first sample on and need no model.
 *
 *   value outside min..max      excess = d/(d + span)    d how far outside, span = max − min, or |limit| where one is given
 *   |Δvalue/Δt| > rate          excess = 1 − rate/|Δvalue/Δt|
 *
 * The excess lies in 0..1; 0 is within. An excess scores 12 and itself: no chance explains it, and the further out, the
 * worse. A step in no time (two samples of one millisecond) has no rate.
 *
 * Memory: whether the last value was beyond a limit, so that a value which stays there is one event.
 */
export const LIMITS_SIZE = 1;

export interface Limits {
  /** −Infinity, Infinity, Infinity where there is none. */
  min: number;
  max: number;
  /** Per second. */
  rate: number;
}

export const NO_LIMITS: Limits = { min: -Infinity, max: Infinity, rate: Infinity };

/** How far a value lies outside min..max, 0..1. */
export function excessOf(value: number, { min, max }: Limits): number {
  const beyond = Math.max(value - max, min - value);
  if (!(beyond > 0)) return 0;
  const span = max - min;
  const unit = Number.isFinite(span) ? span : Math.abs(value > max ? max : min);
  return unit > 0 ? beyond / (beyond + unit) : 1;
}

/** How much faster than the limit a change within `gapMs` was, 0..1. */
export function rateExcessOf(change: number, gapMs: number, { rate }: Limits): number {
  const speed = gapMs > 0 ? Math.abs(change / gapMs) * 1000 : 0;
  return speed > rate ? 1 - rate / speed : 0;
}

/** Takes in whether a value is beyond a limit; true where that begins. */
export function limitStep(memory: Float64Array, at: number, isBeyond: boolean): boolean {
  const begins = isBeyond && memory[at] === 0;
  memory[at] = isBeyond ? 1 : 0;
  return begins;
}
