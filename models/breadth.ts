/**
 * How broad the lengths of something are, gaps or runs, and so how much of a long one is to be believed.
 *
 *   d = mean of ln(length/usual) where above 0, at most 1      0.3 where lengths are random (exponential, log-normal),
 *                                                              0.05 where all are alike but a few
 *   breadth = 0 at d ≤ 0.1 … 1 at d ≥ 0.25
 *
 * A series of like lengths has outages, which must not become its usual; one of random lengths has long ones now and
 * then, and they are its usual. So the longest usual length grows to 1.5 to 3 times itself at most, by the breadth, and
 * fades with the lengths that follow:
 *
 *   longest ← max(min(length, cap·longest), usual + (longest − usual)·(1 − 1/memory))
 *
 * Memory: d, lengths seen.
 */
export const BREADTH_SIZE = 2;

const LENGTHS = 64;
/** Everything is believed to be alike until shown otherwise: so many like lengths stand before the first. */
const PRIOR = 16;
const ALIKE = 0.1;
const RANDOM = 0.25;

/** Takes in a length, as a multiple of the usual one, and returns the breadth, 0..1. */
export function breadthStep(memory: Float64Array, at: number, ratio: number): number {
  const seen = memory[at + 1] + 1;
  memory[at + 1] = seen;
  const excess = ratio > 1 ? Math.min(1, Math.log(ratio)) : 0;
  memory[at] += (excess - memory[at]) / Math.min(seen + PRIOR, LENGTHS);
  return Math.min(1, Math.max(0, (memory[at] - ALIKE) / (RANDOM - ALIKE)));
}

/** How much of a length is believed. */
export function believed(length: number, longest: number, breadth: number): number {
  return Math.min(length, (1.5 + 1.5 * breadth) * longest);
}

/** The longest usual length after one that is believed. @param memory in lengths */
export function longestAfter(longest: number, length: number, usual: number, memory: number): number {
  return Math.max(length, usual + (longest - usual) * (1 - 1 / memory));
}
