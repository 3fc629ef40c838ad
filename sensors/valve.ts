/**
 * Holds a connection back for as long as it is asked to, but never for long at a time: who does not read does not see
 * that the peer is alive, nor answers when it asks.
 *
 *   asked   ────┐                              ┌────
 *               └──────────────────────────────┘
 *   held        ████████████ ████████████ █████          at most `holdMs` at a time
 */
const BREATH_MS = 100;

export class Valve {
  readonly #holdMs: number;
  readonly #set: (held: boolean) => void;
  #asked = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(holdMs: number, set: (held: boolean) => void) {
    this.#holdMs = holdMs;
    this.#set = set;
  }

  get asked(): boolean {
    return this.#asked;
  }

  hold(): void {
    if (this.#asked) return;
    this.#asked = true;
    this.#begin();
  }

  release(): void {
    if (!this.#asked) return;
    this.#asked = false;
    clearTimeout(this.#timer);
    this.#set(false);
  }

  #begin(): void {
    this.#set(true);
    this.#timer = setTimeout(() => {
      this.#set(false);
      this.#timer = setTimeout(() => this.#begin(), BREATH_MS).unref();
    }, this.#holdMs).unref();
  }
}
