/**
 * What the channels of a healthy plant show: functions of (seed, time) only, so any moment can be computed without the
 * ones before it, and a restarted plant goes on in the same world.
 */
import { BATTERY_CADENCE_MS, TICK_MS } from './channels.ts';
import type { CounterSpec, GaugeSpec, LoadShape } from './channels.ts';
import { gaussian, hash, uniform } from './hash.ts';
import { dailyRange, harmonic, lagged, scaled, shiftPulse, wander, waveAt } from './wave.ts';
import type { Wave } from './wave.ts';

/** Streams of chance. Channels and machines add their number; the gaps leave room for both. */
export const STREAM = {
  noise: 0,
  ownWander: 100,
  sharedNoise: 200,
  loadWander: 300,
  door: 400,
  battery: 500,
  fault: 600,
  schedule: 700,
} as const;

/** A channel that moves around a level; `sd` and `range` give faults their size. */
export interface Signal {
  /** What the machine does to the channel. */
  readonly driven: Wave;
  /** What the channel does by itself. */
  readonly own: Wave;
  readonly idle: number;
  readonly sdOwn: number;
  readonly sdShared: number;
  readonly ownStream: number;
  readonly sharedStream: number;
  readonly decimals: number;
  /** Noise of both origins together, at least one step of the resolution. */
  readonly sd: number;
  /** Peak to peak over the day. */
  readonly range: number;
}

/** sd of the load's wander: the part of the load that no clock foretells. */
const LOAD_WANDER = 0.045;

/** Load of a machine, about 0.1..0.95. */
export function loadWave(shape: LoadShape, seed: number, machine: number, seasonMs: number): Wave {
  return {
    mean: shape.mean,
    daily: [
      harmonic(seasonMs, 1, ...shape.first),
      harmonic(seasonMs, 2, ...shape.second),
      ...shiftPulse(seasonMs, ...shape.shift),
    ],
    wander: wander(seed, STREAM.loadWander + machine, seasonMs, LOAD_WANDER),
  };
}

export function gaugeSignal(
  spec: GaugeSpec,
  load: Wave,
  seed: number,
  channel: number,
  machine: number,
  seasonMs: number,
): Signal {
  const driven = scaled(lagged(load, (spec.lagHours / 24) * seasonMs), spec.gain, spec.base);
  return {
    driven,
    own: { mean: 0, daily: [], wander: wander(seed, STREAM.ownWander + channel, seasonMs, 0.7 * spec.sd) },
    idle: spec.idle,
    sdOwn: spec.sd,
    sdShared: spec.shared,
    ownStream: STREAM.noise + channel,
    sharedStream: STREAM.sharedNoise + machine,
    decimals: spec.decimals,
    sd: Math.max(Math.hypot(spec.sd, spec.shared), stepOf(spec.decimals)),
    range: dailyRange(driven, seasonMs),
  };
}

/** A level without load: a battery, or, with no noise at all, a set point. */
export function restingSignal(
  level: number,
  sd: number,
  decimals: number,
  seed: number,
  channel: number,
  seasonMs: number,
): Signal {
  return {
    driven: { mean: level, daily: [], wander: [] },
    own: { mean: 0, daily: [], wander: sd > 0 ? wander(seed, STREAM.ownWander + channel, 30 * seasonMs, 2 * sd) : [] },
    idle: level,
    sdOwn: sd,
    sdShared: 0,
    ownStream: STREAM.noise + channel,
    sharedStream: 0,
    decimals,
    sd: Math.max(sd, stepOf(decimals)),
    range: 0,
  };
}

/** Noise of a signal at a time, in its unit. */
export function noiseAt(signal: Signal, seed: number, time: number): number {
  const second = Math.floor(time / TICK_MS);
  let noise = 0;
  if (signal.sdOwn !== 0) noise += signal.sdOwn * gaussian(seed, signal.ownStream, second);
  if (signal.sdShared !== 0) noise += signal.sdShared * gaussian(seed, signal.sharedStream, second);
  return noise;
}

/** Power behind a counter, kW. Follows the motor current, so it lags as that does. */
export function powerWave(spec: CounterSpec, load: Wave, seasonMs: number): Wave {
  return scaled(lagged(load, (0.15 / 24) * seasonMs), spec.gain, spec.base);
}

const DOOR_SLOTS_PER_DAY = 12;

/** The day has twelve slots of two hours; in most of them, by day, the door opens once for a while. */
export function doorIsOpen(seed: number, seasonMs: number, time: number): boolean {
  const slotMs = seasonMs / DOOR_SLOTS_PER_DAY;
  const slot = Math.floor(time / slotMs);
  const hour = (slot % DOOR_SLOTS_PER_DAY) * (24 / DOOR_SLOTS_PER_DAY);
  const chance = hour >= 4 && hour < 22 ? 0.95 : 0.4;
  if (uniform(seed, STREAM.door, slot) > chance) return false;
  const opens = 0.1 + 0.4 * uniform(seed, STREAM.door + 1, slot);
  const lasts = 0.12 + 0.2 * uniform(seed, STREAM.door + 2, slot);
  const at = time / slotMs - slot;
  return at >= opens && at < opens + lasts;
}

/** Whether the battery reports at this whole second: once a minute, up to 3 s early or late, as cheap clocks do. */
export function batteryReports(seed: number, time: number): boolean {
  const minute = Math.floor(time / BATTERY_CADENCE_MS);
  const second = 27 + (hash(seed, STREAM.battery, minute) % 7);
  return time - minute * BATTERY_CADENCE_MS === second * TICK_MS;
}

/** The level without noise. Times differ only under the faults that confuse times. */
export function levelAt(signal: Signal, time: number, dayTime: number = time, wanderTime: number = time): number {
  return waveAt(signal.driven, dayTime, wanderTime) + waveAt(signal.own, time);
}

// Powers of ten by decimals; a table, since parsing and printing numbers cost more than all the sines.
const STEPS_PER_UNIT = [1, 10, 100, 1000];

export function rounded(value: number, decimals: number): number {
  const steps = STEPS_PER_UNIT[decimals];
  return Math.round(value * steps) / steps;
}

function stepOf(decimals: number): number {
  return 1 / STEPS_PER_UNIT[decimals];
}
