/**
 * Floors for sessions of events: tables of how often, learned online, that know nothing but counts.
 *
 *   pairs    the rarest step of the session, −ln p(next | key), the end being a key as well
 *   counts   how often each key occurs in the session, Σ −ln p(count | key): no order at all
 */
const END = '$';
const PAIR_PRIOR = 0.03;
const KEYS = 30;
const COUNT_PRIOR = 0.1;
const COUNTS = 10; // that a key may have, for the prior

/** @param id  `pairs` or `counts` */
export function eventFloor(sessions: readonly string[], id: string): Float64Array {
  const events = sessions.map((session) => session.trim().split(/\s+/));
  return id === 'pairs' ? pairScores(events) : countScores(events);
}

function pairScores(sessions: readonly string[][]): Float64Array {
  const pairs = new Tally();
  const firsts = new Tally();
  return Float64Array.from(sessions, (session) => {
    const keys = [...session, END];
    const steps = keys.slice(1).map((key, i) => [keys[i], `${keys[i]} ${key}`] as const);
    let worst = 0;
    for (const [first, pair] of steps) {
      const p = (pairs.of(pair) + PAIR_PRIOR) / (firsts.of(first) + PAIR_PRIOR * KEYS);
      worst = Math.max(worst, -Math.log(p));
    }
    for (const [first, pair] of steps) {
      pairs.add(pair);
      firsts.add(first);
    }
    return worst;
  });
}

function countScores(sessions: readonly string[][]): Float64Array {
  const counts = new Tally();
  const known = new Set<string>();
  return Float64Array.from(sessions, (session, seen) => {
    const own = new Tally();
    for (const key of session) own.add(key);
    for (const key of session) {
      if (!known.has(key)) counts.add(`${key}:0`, seen); // so often it did not occur
      known.add(key);
    }
    const states = [...known].map((key) => `${key}:${own.of(key)}`);
    let sum = 0;
    for (const state of states) sum -= Math.log((counts.of(state) + COUNT_PRIOR) / (seen + COUNT_PRIOR * COUNTS));
    for (const state of states) counts.add(state);
    return sum;
  });
}

class Tally {
  readonly #counts = new Map<string, number>();

  of(key: string): number {
    return this.#counts.get(key) ?? 0;
  }

  add(key: string, times = 1): void {
    this.#counts.set(key, this.of(key) + times);
  }
}
