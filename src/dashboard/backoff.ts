/**
 * How long to wait before attempt n (0 first) to reach the server again: 0.5 s, doubling up to 10 s.
 *
 * Jitter takes away up to a third, so that the tabs of a whole control room do not return in the same instant.
 */
const FIRST_MS = 500;
const LONGEST_MS = 10_000;
const JITTER = 1 / 3;

export function backoffMs(attempt: number, random: () => number = Math.random): number {
  const longest = Math.min(LONGEST_MS, FIRST_MS * 2 ** attempt);
  return Math.round(longest * (1 - JITTER * random()));
}
