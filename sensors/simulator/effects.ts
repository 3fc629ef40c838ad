/**
 * What a fault does to the numbers. An effect is the fault plus one number that is fixed when it is put in, so that the
 * plant stays a function of time:
 *
 *   spike, shift, drift   what is added at the full extent        correlation    how far back the foreign load lies, ms
 *   noise                 the factor                              counter_reset  the meter reading that became zero
 *   stuck                 the value that is repeated              time           the shift of the day, ms
 */
import { TICK_MS } from './channels.ts';
import type { Fault, FaultKind } from './faults.ts';
import { uniform } from './hash.ts';
import { levelAt, STREAM } from './signals.ts';
import type { Signal } from './signals.ts';
import { waveAt } from './wave.ts';

export interface Effect {
  readonly fault: Fault;
  readonly amount: number;
}

const NOISE_FACTOR = 6;
const SPIKE_MS_MAX = 2 * TICK_MS;

/** A spike is over after two samples, whatever was asked for. */
export function effectiveMs(kind: FaultKind, durationMs: number): number {
  return kind === 'spike' ? Math.min(durationMs, SPIKE_MS_MAX) : durationMs;
}

/**
 * Size of a fault on a level. Large enough that the ground truth is true: nobody could call it noise.
 *
 * @param stream  number of the channel, so that two channels draw apart
 */
export function amountFor(fault: Fault, signal: Signal, seed: number, stream: number, seasonMs: number): number {
  const chance = (n: number): number => uniform(seed, STREAM.fault + stream, n);
  const second = Math.floor(fault.startedAtMs / TICK_MS);
  const directed = (size: number): number => {
    // Nothing here can be negative, so what has no room below goes up.
    const lowest = Math.min(levelAt(signal, fault.startedAtMs), levelAt(signal, fault.endedAtMs));
    return chance(second) < 0.5 && size < lowest ? -size : size;
  };
  if (fault.kind === 'spike') return directed((10 + 4 * chance(-second)) * signal.sd);
  if (fault.kind === 'shift') return directed(Math.max(0.4 * signal.range, 8 * signal.sd));
  if (fault.kind === 'drift') return directed(Math.max(signal.range, 8 * signal.sd));
  if (fault.kind === 'correlation') return foreignDayMs(fault, signal, seasonMs);
  if (fault.kind === 'time') return seasonMs / 2;
  return fault.kind === 'noise' ? NOISE_FACTOR : 0;
}

/** What spike, shift and drift add at a time within the fault; 0 for every other kind. */
export function addedAt({ fault, amount }: Effect, time: number): number {
  if (fault.kind === 'spike' || fault.kind === 'shift') return amount;
  if (fault.kind !== 'drift') return 0;
  return (amount * (time + TICK_MS - fault.startedAtMs)) / (fault.endedAtMs - fault.startedAtMs);
}

/**
 * 0 outside the fault, 1 well inside it, a smooth ramp between. Correlation and planned stop fade, since what makes them
 * special would otherwise hide behind a jump that any limit finds.
 */
export function fade(fault: Fault, rampMs: number, time: number): number {
  const ramp = Math.min(rampMs, (fault.endedAtMs - fault.startedAtMs) / 3);
  const x = Math.min(time - fault.startedAtMs, fault.endedAtMs - time) / ramp;
  if (x <= 0) return 0;
  return x >= 1 ? 1 : x * x * (3 - 2 * x);
}

const DAYS_BACK_MIN = 3;
const DAYS_BACK_MAX = 40;

/**
 * Whole days back to the load that differs most from today's while the fault lasts. Whole days, so that the channel
 * shows what is normal for the hour, and only its neighbours give it away.
 */
function foreignDayMs(fault: Fault, signal: Signal, seasonMs: number): number {
  const strideMs = Math.max(TICK_MS, (fault.endedAtMs - fault.startedAtMs) / 60);
  const wanderOnly = { ...signal.driven, daily: [] };
  let best = DAYS_BACK_MIN;
  let bestDifference = -1;
  for (let days = DAYS_BACK_MIN; days <= DAYS_BACK_MAX; days++) {
    let difference = 0;
    for (let time = fault.startedAtMs; time < fault.endedAtMs; time += strideMs) {
      difference += Math.abs(waveAt(wanderOnly, time - days * seasonMs) - waveAt(wanderOnly, time));
    }
    if (difference <= bestDifference) continue;
    best = days;
    bestDifference = difference;
  }
  return best * seasonMs;
}
