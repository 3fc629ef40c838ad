/**
 * Seeded chance: the same seed gives the same weights on every machine. Used when a model is made, never in a step.
 *
 * mulberry32 (a 32-bit state, period 2^32), enough to draw a few thousand initial weights; not for secrets.
 */
export type Random = () => number;

/** Uniform numbers in [0, 1). */
export function createRandom(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** One standard normal number (Box & Muller 1958). */
export function gaussian(random: Random): number {
  const u = 1 - random(); // (0, 1], so the logarithm is finite
  return Math.sqrt(-2 * Math.log(u)) * Math.cos(2 * Math.PI * random());
}
