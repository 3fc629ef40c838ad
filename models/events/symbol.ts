/**
 * The name of an event as one number, so that a block holds numbers alone: 52 bits of two hashes, exact in a double.
 *
 * Names are attacker's text. A long one is known by its beginning, its end and its length, so that it costs no more
 * than a short one. Two names that share a number share a class, which blurs a forecast and breaks nothing; by chance
 * that happens once in 10¹² among a hundred names.
 */
import { hash32 } from '../hash.ts';

const LENGTH_MAX = 128;
const HEAD = 64;
const TAIL = 48;
const HIGH_SEED = 0x5bd1e995;
const HIGH_BITS = 20;

/** A whole number, 0..2^52 − 1. */
export function symbolOf(name: string): number {
  const known = name.length <= LENGTH_MAX ? name : `${name.slice(0, HEAD)}…${name.slice(-TAIL)}…${name.length}`;
  return (hash32(known, HIGH_SEED) >>> (32 - HIGH_BITS)) * 4294967296 + hash32(known);
}
