/**
 * How fast a backlog may be sent: so many a second beyond what comes in, so that after an outage neither the server is
 * flooded nor scoring starved, and whoever keeps up is never held back.
 */
import type { Clock } from '../../models/ports.ts';

export class Pace {
  readonly #perSecond: number;
  readonly #clock: Clock;
  /** What may be sent at once; below 0, what was sent too early. */
  #allowance: number;
  #at: number;

  constructor(perSecond: number, clock: Clock) {
    this.#perSecond = perSecond;
    this.#clock = clock;
    this.#allowance = perSecond;
    this.#at = clock.now();
  }

  came(count: number): void {
    this.#allow(count);
  }

  sent(count: number): void {
    this.#allowance -= count;
  }

  /** ms until something may be sent. */
  waitMs(): number {
    const now = this.#clock.now();
    // A clock that is set back allows nothing.
    this.#allow((Math.max(0, now - this.#at) / 1000) * this.#perSecond);
    this.#at = now;
    return this.#allowance >= 0 ? 0 : (-this.#allowance / this.#perSecond) * 1000;
  }

  /** Never more than a second's worth is saved up. */
  #allow(count: number): void {
    this.#allowance = Math.min(this.#perSecond, this.#allowance + count);
  }
}
