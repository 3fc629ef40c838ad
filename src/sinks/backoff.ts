/**
 * How long to wait before the next attempt: doubling from the first wait up to the longest, and up to half of it taken
 * away at random, so that many who lost the same server do not return in the same instant.
 */
export interface BackoffOptions {
  firstMs: number;
  maxMs: number;
}

export class Backoff {
  readonly #options: BackoffOptions;
  #ms: number;

  constructor(options: BackoffOptions) {
    this.#options = options;
    this.#ms = options.firstMs;
  }

  next(): number {
    const ms = this.#ms;
    this.#ms = Math.min(this.#options.maxMs, ms * 2);
    return ms * (1 - Math.random() / 2);
  }

  reset(): void {
    this.#ms = this.#options.firstMs;
  }
}
