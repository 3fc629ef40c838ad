/**
 * How long to wait before the next try: twice as long each time, from one second to thirty, and half of that by chance,
 * so that clients of one server do not all come back in the same moment.
 */
const FIRST_MS = 1000;
const LONGEST_MS = 30_000;
/** A connection that lasted this long was a good one. */
const GOOD_MS = 10_000;

export class Backoff {
  #next = FIRST_MS;

  /** @param chance  from [0, 1) */
  delayMs(chance: number = Math.random()): number {
    const delay = this.#next * (1 - chance / 2);
    this.#next = Math.min(LONGEST_MS, this.#next * 2);
    return delay;
  }

  /** One that is accepted and dropped again and again is no reason for haste. */
  lasted(ms: number): void {
    if (ms >= GOOD_MS) this.reset();
  }

  reset(): void {
    this.#next = FIRST_MS;
  }
}
