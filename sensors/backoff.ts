/**
 * How long to wait before the next try: twice as long each time, from the first wait to the longest, and up to half of
 * it less by chance, so that clients of one server do not all come back in the same moment.
 */
export interface BackoffOptions {
  /** Default 1 s. */
  firstMs?: number;
  /** Default 30 s. */
  maxMs?: number;
}

const FIRST_MS = 1000;
const LONGEST_MS = 30_000;
/** As long as the longest wait: of two that throw each other out by turns, neither ever has a good connection. */
const GOOD_MS = 30_000;

export class Backoff {
  readonly #firstMs: number;
  readonly #maxMs: number;
  #next: number;

  constructor({ firstMs = FIRST_MS, maxMs = LONGEST_MS }: BackoffOptions = {}) {
    this.#firstMs = firstMs;
    this.#maxMs = maxMs;
    this.#next = firstMs;
  }

  /** @param chance  from [0, 1) */
  delayMs(chance: number = Math.random()): number {
    const delay = this.#next * (1 - chance / 2);
    this.#next = Math.min(this.#maxMs, this.#next * 2);
    return delay;
  }

  /** A connection that is granted and dropped again and again is no reason for haste. */
  lasted(ms: number): void {
    if (ms >= GOOD_MS) this.reset();
  }

  reset(): void {
    this.#next = this.#firstMs;
  }
}
