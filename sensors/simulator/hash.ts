/**
 * Chance without a generator: every number is a function of (seed, stream, n), so it can be asked for in any order.
 *
 * A stream is one use of chance (the noise of one channel, the jitter of the schedule), n its position, mostly a second.
 * The mixer is a 32-bit permutation; source: Chris Wellons, hash-prospector ("lowbias32", the variant of lowest bias).
 */
function mix(x: number): number {
  x = Math.imul(x ^ (x >>> 16), 0x21f0aaad);
  x = Math.imul(x ^ (x >>> 15), 0x735a2d97);
  return x ^ (x >>> 15);
}

/** An integer 0..2³² − 1. */
export function hash(seed: number, stream: number, n: number): number {
  return mix(mix(mix(seed ^ 0x9e3779b9) ^ Math.imul(stream + 1, 0x85ebca6b)) ^ n) >>> 0;
}

/** Strictly between 0 and 1. */
export function uniform(seed: number, stream: number, n: number): number {
  return (hash(seed, stream, n) + 0.5) / 0x100000000;
}

/** Mean 0, sd 1. The cosine half of Box and Muller 1958; 32 bits reach 6.8 sd. */
export function gaussian(seed: number, stream: number, n: number): number {
  const h = hash(seed, stream, n);
  const u = (h + 0.5) / 0x100000000;
  const v = ((mix(h ^ 0x68bc21eb) >>> 0) + 0.5) / 0x100000000;
  return Math.sqrt(-2 * Math.log(u)) * Math.cos(2 * Math.PI * v);
}
