/** A clock that stands until it is told to go on: timers run in the order of their time, each at its own. */
import type { Cancel, Clock } from '../../models/ports.ts';

interface Timer {
  at: number;
  /** Undefined: once. */
  every: number | undefined;
  action: () => void;
}

export class SimulatedClock implements Clock {
  #now: number;
  readonly #timers = new Set<Timer>();

  constructor(now = Date.UTC(2026, 10, 20, 12)) {
    this.#now = now;
  }

  now(): number {
    return this.#now;
  }

  every(intervalMs: number, action: () => void): Cancel {
    return this.#add({ at: this.#now + intervalMs, every: intervalMs, action });
  }

  after(delayMs: number, action: () => void): Cancel {
    return this.#add({ at: this.#now + delayMs, every: undefined, action });
  }

  /** Timers that wait. */
  get pending(): number {
    return this.#timers.size;
  }

  advance(ms: number): void {
    const until = this.#now + ms;
    for (;;) {
      let next: Timer | undefined;
      for (const timer of this.#timers) if (timer.at <= until && !(timer.at >= (next?.at ?? Infinity))) next = timer;
      if (next === undefined) break;
      this.#now = next.at;
      if (next.every === undefined) this.#timers.delete(next);
      else next.at += next.every;
      next.action();
    }
    this.#now = until;
  }

  /** Nobody is served for a while, as in a busy process or a sleeping machine: what is due runs once, late. */
  stall(ms: number): void {
    this.#now += ms;
    for (const timer of this.#timers) {
      if (timer.at > this.#now) continue;
      if (timer.every === undefined) this.#timers.delete(timer);
      else timer.at = this.#now + timer.every;
      timer.action();
    }
  }

  #add(timer: Timer): Cancel {
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }
}
