/**
 * Truncated backpropagation over windows that do not overlap: TBPTT(k, k), cut short where a session ends.
 *
 * Every step of a window is kept as it was computed. After the last, or when the session ends, one walk goes back over
 * all of them and one update follows, so the weights stand still within a window and each event counts in exactly one
 * update. The state goes on from window to window; a session ends with the state at rest, all zero.
 *
 *   x = nextInput(..)   fill memory[x..x+I]
 *   y = forward(..)     read memory[y..y+O], then write ∂loss/∂y over it
 *   learn(..)           or finish(..) after the last step of a session
 *
 * Memory, W weights, H hidden units, O outputs:
 *
 *   weights   cell [..]  head [..]        W in all
 *   moments                               of the optimiser
 *   state     [cell.stateSize]
 *   window    k rows of: cache row [cell.cacheSize]  h after the step [H]  y [O], then ∂loss/∂y [O] in its place
 *   filled    rows of the window in use
 *
 * Source: Williams & Peng 1990.
 */
import type { Cell } from '../cells/cell.ts';
import type { Random } from '../random.ts';
import { Head, type HeadOptions } from '../training/head.ts';
import { type Descent, descend, layRegions } from '../training/learner.ts';
import { momentsSize } from '../training/optimizer.ts';

export interface WindowTraining extends Descent {
  /** Steps in a window, k: of sessions about their length, of a series without any fewer, or it learns seldom. */
  window: number;
}

export class WindowLearner {
  readonly cell: Cell;
  readonly head: Head;
  readonly training: WindowTraining;
  readonly size: number;
  readonly weightCount: number;

  readonly #rowSize: number;
  readonly #moments: number;
  readonly #state: number;
  readonly #window: number;
  readonly #filled: number;
  /** Gradient [W] and dState; empty between calls. */
  readonly #scratch: Float64Array;

  /** @throws RangeError unless window ≥ 1 */
  constructor(cell: Cell, head: HeadOptions, training: WindowTraining) {
    const { window } = training;
    if (!(Number.isSafeInteger(window) && window >= 1)) {
      throw new RangeError(`training: expected a window of at least one step, got ${window}`);
    }
    this.cell = cell;
    this.head = new Head(cell.hidden, cell.inputs, head);
    this.training = training;
    this.weightCount = cell.paramCount + this.head.paramCount;
    this.#rowSize = cell.cacheSize + cell.hidden + head.outputs;
    const { regions, size } = layRegions({
      weights: this.weightCount,
      moments: momentsSize(training.optimizer, this.weightCount),
      state: cell.stateSize,
      window: window * this.#rowSize,
      filled: 1,
    });
    [, this.#moments, this.#state, this.#window, this.#filled] = regions.map(({ at }) => at);
    this.size = size;
    this.#scratch = new Float64Array(this.weightCount + cell.stateSize);
  }

  initialise(memory: Float64Array, at: number, random: Random): void {
    memory.fill(0, at, at + this.size);
    this.cell.initialise(memory, at, random);
    this.head.initialise(memory, at + this.cell.paramCount, random);
  }

  nextInput(memory: Float64Array, at: number): number {
    return this.#row(at, memory[at + this.#filled]);
  }

  /** Allocates nothing. */
  forward(memory: Float64Array, at: number): number {
    const { cell } = this;
    const state = at + this.#state;
    const row = this.#row(at, memory[at + this.#filled]);
    const h = row + cell.cacheSize;
    const y = h + cell.hidden;
    cell.step(memory, at, state, row);
    memory.copyWithin(h, state, state + cell.hidden);
    this.head.forward(memory, at + cell.paramCount, h, row, y);
    memory[at + this.#filled] += 1;
    return y;
  }

  /** Updates the weights when the window is full. Allocates nothing. */
  learn(memory: Float64Array, at: number): void {
    if (memory[at + this.#filled] >= this.training.window) this.#update(memory, at);
  }

  /** Updates the weights with what the window holds; what comes next has nothing to do with it. */
  finish(memory: Float64Array, at: number): void {
    if (memory[at + this.#filled] > 0) this.#update(memory, at);
    memory.fill(0, at + this.#state, at + this.#state + this.cell.stateSize);
  }

  /** Where the state lies, and the row of the newest step. */
  newest(memory: Float64Array, at: number): { state: number; row: number } {
    const { window } = this.training;
    const row = this.#row(at, (memory[at + this.#filled] + window - 1) % window);
    return { state: at + this.#state, row };
  }

  #update(memory: Float64Array, at: number): void {
    const { cell, head, weightCount } = this;
    const gradient = this.#scratch;
    gradient.fill(0);
    for (let step = memory[at + this.#filled] - 1; step >= 0; step--) {
      const row = this.#row(at, step);
      const h = row + cell.cacheSize;
      const dy = h + cell.hidden;
      head.backward(memory, at + cell.paramCount, h, row, dy, gradient, cell.paramCount, weightCount);
      cell.backward(memory, at, at + this.#state, row, gradient, 0, weightCount, -1);
    }
    descend(this.training, memory, at, at + this.#moments, weightCount, gradient, 0);
    memory[at + this.#filled] = 0;
  }

  #row(at: number, step: number): number {
    return at + this.#window + step * this.#rowSize;
  }
}
