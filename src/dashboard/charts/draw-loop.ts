/**
 * One heartbeat for everything that moves: at most four times a second, in one animation frame, all charts in view.
 *
 * A hidden tab gets no animation frames, so it costs nothing.
 */
const TICK_MS = 250;
const CALM_TICK_MS = 1000;

export class DrawLoop {
  readonly #painters = new Set<() => void>();
  readonly #tickMs = matchMedia('(prefers-reduced-motion: reduce)').matches ? CALM_TICK_MS : TICK_MS;
  #last = -Infinity;

  start(): void {
    const frame = (time: number) => {
      requestAnimationFrame(frame);
      if (time - this.#last < this.#tickMs) return;
      this.#last = time;
      for (const paint of this.#painters) paint();
    };
    requestAnimationFrame(frame);
  }

  /** Returns how to stop. */
  add(paint: () => void): () => void {
    this.#painters.add(paint);
    return () => this.#painters.delete(paint);
  }
}
