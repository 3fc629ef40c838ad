/**
 * Series as they come from healthy sensors, made from a seed, oldest sample first.
 *
 *   daily       two harmonics of a day, noise, now and then a little more of it       a heated building, a load
 *   machine     ramps up, works, comes to rest, waits; no two cycles of one length    a press, a filling line
 *   wander      walks at random and is drawn back over some hours, in coarse steps    a cellar, a tank
 *   noise       nothing else                                                          a sensor at rest
 *   switching   on and off for some time each, reported when it changes               a thermostat
 *   changing    a value that is reported when it changes, some hours apart            a set point, a door
 */
import { ROW } from '../../models/batch.ts';
import { createRandom, gaussian, type Random } from '../../models/random.ts';
import type { Sample } from '../models/play.ts';

export const SECOND = 1000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;
/** A Monday, midnight in UTC. */
export const START = Date.UTC(2026, 2, 2);

interface Span {
  from?: number;
  duration: number;
  cadence?: number;
}

/** Samples from..from + duration, `cadence` apart. */
export function sampled(
  id: string,
  { from = START, duration, cadence = MINUTE }: Span,
  valueAt: (time: number) => number,
): Sample[] {
  return Array.from({ length: Math.floor(duration / cadence) }, (_, i) => {
    const time = from + i * cadence;
    return { id, time, value: valueAt(time) };
  });
}

/** To the resolution of a sensor. */
export function rounded(value: number, step: number): number {
  return step * Math.round(value / step);
}

const dayAt = (time: number): number => (2 * Math.PI * time) / DAY;

/** The shape of a day alone, about −1..1. */
export function dayShape(time: number): number {
  return 0.8 * Math.sin(dayAt(time) - 2) + 0.3 * Math.sin(2 * dayAt(time) + 1);
}

export function daily(
  id: string,
  seed: number,
  span: Span,
  { mean = 40, swing = 6, noise = 0.5, step = 0.01 } = {},
): Sample[] {
  const random = createRandom(seed);
  let slow = 0;
  return sampled(id, span, (time) => {
    slow = 0.98 * slow + 0.2 * noise * gaussian(random);
    return rounded(mean + swing * dayShape(time) + slow + noise * gaussian(random), step);
  });
}

export function machine(id: string, seed: number, span: Span): Sample[] {
  const random = createRandom(seed);
  const begin = span.from ?? START;
  let cycle = begin;
  let next = cycleLength(random);
  return sampled(id, { cadence: SECOND, ...span }, (time) => {
    if (time >= cycle + next) {
      cycle += next;
      next = cycleLength(random);
    }
    const seconds = (time - cycle) / SECOND;
    const up = Math.min(1, seconds / 12);
    const down = Math.min(1, Math.max(0, (seconds - 60) / 8));
    return rounded(2 + 18 * (up - down) + (0.15 + 0.1 * (up - down)) * gaussian(random), 0.01);
  });
}

/** 80 s and a pause of 10 to 20. */
function cycleLength(random: Random): number {
  return (90 + Math.floor(11 * random())) * SECOND;
}

export function wander(id: string, seed: number, span: Span): Sample[] {
  const random = createRandom(seed);
  const { cadence = MINUTE } = span;
  const pull = cadence / (6 * HOUR);
  let value = 0;
  return sampled(id, span, (time) => {
    value += -pull * value + 1.5 * Math.sqrt(2 * pull) * gaussian(random);
    return rounded(21 + dayShape(time) + value, 0.1);
  });
}

export function noise(id: string, seed: number, span: Span, { mean = 0, sd = 1 } = {}): Sample[] {
  const random = createRandom(seed);
  return sampled(id, span, () => mean + sd * gaussian(random));
}

export function switching(id: string, seed: number, { from = START, duration }: Span): Sample[] {
  const random = createRandom(seed);
  const samples: Sample[] = [];
  let on = 0;
  for (let time = from; time < from + duration; on = 1 - on) {
    samples.push({ id, time, value: on, flags: ROW.onOff });
    time += Math.round((on === 1 ? 8 : 25) * (0.6 + 0.8 * random()) * 60) * SECOND;
  }
  return samples;
}

/** Gaps by a log-normal law: half of them under three hours, one in eleven over twelve. */
export function changing(id: string, seed: number, { from = START, duration }: Span): Sample[] {
  const random = createRandom(seed);
  const samples: Sample[] = [];
  let step = 0;
  for (let time = from; time < from + duration;) {
    step = (step + 1 + Math.floor(7 * random())) % 8;
    samples.push({ id, time, value: 18 + step });
    time += Math.round(3 * 60 * Math.exp(1.04 * gaussian(random))) * MINUTE;
  }
  return samples;
}
