/**
 * A forecast far ahead, learned online: the truth about it comes h steps later, when the ring of a window would long be
 * full of other things.
 *
 * So the weights live twice. The *live* state is fed with what comes in and forecasts from it; nothing is kept of its
 * steps. The *twin* is fed with the inputs of h steps ago, and its forecast of now can be held against the truth at
 * once: it learns as any learner does. Both step under the same weights. What it costs is a second forward step, and a
 * ring of h samples that the caller keeps to make the old inputs from.
 *
 *   live   x(t) ──▶ y(t+h)                      forecast
 *   twin   x(t−h) ──▶ y(t), truth v(t)          learn
 *
 * Memory: the twin's learner, then of the live one  state [cell.stateSize]  cache row [cell.cacheSize]  y [O].
 */
import type { Random } from '../random.ts';
import type { Learner } from './learner.ts';

export class DelayedTwin {
  /** Takes the inputs of h steps ago and the truth of now; see Learner. */
  readonly twin: Learner;
  readonly size: number;
  readonly #row: number;

  constructor(twin: Learner) {
    this.twin = twin;
    this.#row = twin.size + twin.cell.stateSize;
    this.size = this.#row + twin.cell.cacheSize + twin.head.outputs;
  }

  initialise(memory: Float64Array, at: number, random: Random): void {
    memory.fill(0, at, at + this.size);
    this.twin.initialise(memory, at, random);
  }

  /** Where the input x [I] of now goes; then call `forecast`. */
  liveInput(at: number): number {
    return at + this.#row;
  }

  /** Steps the live state and returns where the forecast y [O] lies. Allocates nothing. */
  forecast(memory: Float64Array, at: number): number {
    const { cell, head, size } = this.twin;
    const state = at + size;
    const row = at + this.#row;
    const y = row + cell.cacheSize;
    cell.step(memory, at, state, row);
    head.forward(memory, at + cell.paramCount, state, row, y);
    return y;
  }
}
