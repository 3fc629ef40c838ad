/**
 * How sure a difference between two detectors is: streams are drawn anew with replacement, both detectors are held
 * against the same draw, and the middle 90 % of the differences is the interval.
 */
import { createRandom } from '../../models/random.ts';

/** A figure of a whole set, for streams that count any number of times. */
export type Figure = (weights: readonly number[]) => number;

export interface Interval {
  low: number;
  high: number;
}

const SHARE = 0.9;

/** Weights of `draws` sets of as many streams as there are. */
export function drawStreams(streams: number, draws: number, seed: number): number[][] {
  const random = createRandom(seed);
  return Array.from({ length: draws }, () => {
    const weights = Array.from({ length: streams }, () => 0);
    for (let i = 0; i < streams; i++) weights[Math.floor(random() * streams)] += 1;
    return weights;
  });
}

/** The figure at each draw, over the seeds of a detector. */
export function drawn(seeds: readonly Figure[], draws: readonly (readonly number[])[]): Float64Array {
  return Float64Array.from(draws, (weights) => seeds.reduce((sum, seed) => sum + seed(weights), 0) / seeds.length);
}

/** Of the differences a − b; a draw in which either has no figure is left out. */
export function intervalOf(a: Float64Array, b: Float64Array): Interval {
  const differences = a.map((value, k) => value - b[k]).filter(Number.isFinite);
  differences.sort();
  const at = (share: number): number => differences[Math.round(share * (differences.length - 1))] ?? Number.NaN;
  return { low: at((1 - SHARE) / 2), high: at((1 + SHARE) / 2) };
}

/** Streams cut in two at random, several times over: weights of the halves. */
export function halvesOf(streams: number, times: number, seed: number): number[][] {
  const random = createRandom(seed);
  return Array.from({ length: times }, () => {
    const order = Array.from({ length: streams }, (_, s) => ({ s, at: random() })).sort((a, b) => a.at - b.at);
    const half = Array.from({ length: streams }, () => 0);
    for (const { s } of order.slice(0, streams >> 1)) half[s] = 1;
    return [half, half.map((weight) => 1 - weight)];
  }).flat();
}
