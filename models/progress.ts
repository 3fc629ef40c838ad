/**
 * How much of what it needs a series has seen, 0..1: 200 samples for the calibration and two seasons for the profile. A
 * series younger than that says so with its alerts. One that only explains others needs nothing.
 */
import { ContextTrack } from './context-track.ts';
import { firstTimeOf, lastTimeOf, sampleCountOf } from './order.ts';
import type { Track } from './registry.ts';

const SAMPLES_NEEDED = 200;
const SEASONS_NEEDED = 2;

export function learningOf(track: Track): number {
  const { memory, at, model } = track;
  const order = at + model.detector.layout.order;
  return learningAt(track, sampleCountOf(memory, order), lastTimeOf(memory, order));
}

/** The same as of a sample: so many there were then, at that time. */
export function learningAt({ memory, at, model }: Track, samples: number, time: number): number {
  if (model.detector instanceof ContextTrack) return 1;
  if (samples === 0) return 0;
  const age = time - firstTimeOf(memory, at + model.detector.layout.order);
  return Math.min(1, samples / SAMPLES_NEEDED, age / (SEASONS_NEEDED * model.detector.options.season));
}
