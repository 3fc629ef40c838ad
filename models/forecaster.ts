/**
 * One forecast: a recurrent cell under a linear head with a skip path, trained by streaming truncated BPTT(k1, k2).
 *
 *   y = V·h + U·x + b
 *
 * The skip path U starts at 0 and carries what is linear in the inputs, so that the recurrence is free for the rest.
 *
 * Training (Williams & Peng 1990). The ring keeps the last k2 steps as they were computed. When the truth about the
 * newest forecast arrives, its error is stored with its row; after every k1 of them one walk goes back over the ring,
 * feeding in the errors of the newest k1 rows only, so each sample counts in exactly one update. What flows past
 * the oldest row is dropped: that is the truncation. The state is carried on for ever, never reset.
 *
 * Memory, W = cell.paramCount + H + I + 1:
 *
 *   parameters  cell [..]  V [H]  U [I]  b [1]      W in all
 *   moments     [W]                                 of the optimiser
 *   state       [cell.stateSize]
 *   ring        k2 rows of: cache row [cell.cacheSize]  h after the step [H]  loss gradient dy [1]
 *   counters    newest row, rows filled, errors since the last update
 */
import type { Cell } from './cell.ts';
import { xavier } from './initial.ts';
import { clipNorm, rmsprop, sgd } from './optimizer.ts';
import type { Random } from './random.ts';

export interface Training {
  /** Update after every k1 errors. */
  k1: number;
  /** Look back k2 steps; k2 ≥ k1. */
  k2: number;
  optimizer: { name: 'rmsprop'; rate: number; alpha: number; epsilon: number } | { name: 'sgd'; rate: number };
  /** Limit of the gradient's Euclidean norm; Infinity for none. */
  clipNorm: number;
}

export class Forecaster {
  readonly cell: Cell;
  readonly training: Training;
  /** Numbers of memory a forecaster needs. */
  readonly size: number;
  readonly weightCount: number;

  readonly #head: number;
  readonly #moments: number;
  readonly #state: number;
  readonly #ring: number;
  readonly #rowSize: number;
  readonly #counters: number;
  /** Scratch, empty between calls. */
  readonly #gradient: Float64Array;
  readonly #cellGradient: Float64Array;
  readonly #dState: Float64Array;

  /** @throws RangeError when k2 < k1 or k1 < 1 */
  constructor(cell: Cell, training: Training) {
    if (!(training.k1 >= 1 && training.k2 >= training.k1)) {
      throw new RangeError(`training: expected 1 <= k1 <= k2, got k1 ${training.k1}, k2 ${training.k2}`);
    }
    this.cell = cell;
    this.training = training;
    this.weightCount = cell.paramCount + cell.hidden + cell.inputs + 1;
    this.#head = cell.paramCount;
    this.#moments = this.weightCount;
    this.#state = this.#moments + this.weightCount;
    this.#ring = this.#state + cell.stateSize;
    this.#rowSize = cell.cacheSize + cell.hidden + 1;
    this.#counters = this.#ring + training.k2 * this.#rowSize;
    this.size = this.#counters + 3;
    this.#gradient = new Float64Array(this.weightCount);
    this.#cellGradient = this.#gradient.subarray(0, cell.paramCount);
    this.#dState = new Float64Array(cell.stateSize);
  }

  initialise(memory: Float64Array, at: number, random: Random): void {
    memory.fill(0, at, at + this.size);
    this.cell.initialise(memory, at, random);
    xavier(memory, at + this.#head, this.cell.hidden, this.cell.hidden, 1, random);
    memory[at + this.#counters] = this.training.k2 - 1;
  }

  /** Moves on to the next row of the ring and returns where its input x [I] goes; then call `forward`. */
  nextInput(memory: Float64Array, at: number): number {
    const counters = at + this.#counters;
    const newest = (memory[counters] + 1) % this.training.k2;
    memory[counters] = newest;
    if (memory[counters + 1] < this.training.k2) memory[counters + 1] += 1;
    return this.#row(at, newest);
  }

  /** Steps the cell on the input of the newest row and returns the forecast y. Allocates nothing. */
  forward(memory: Float64Array, at: number): number {
    const { inputs: I, hidden: H, cacheSize } = this.cell;
    const row = this.#row(at, memory[at + this.#counters]);
    const state = at + this.#state;
    this.cell.step(memory, at, state, row);
    memory.copyWithin(row + cacheSize, state, state + H);
    memory[row + cacheSize + H] = 0;
    const V = at + this.#head;
    const U = V + H;
    let y = memory[U + I];
    for (let u = 0; u < H; u++) y += memory[V + u] * memory[state + u];
    for (let j = 0; j < I; j++) y += memory[U + j] * memory[row + j];
    return y;
  }

  /**
   * Takes dy = ∂loss/∂y of the newest forecast; every k1-th call updates the weights. An update whose gradient is not
   * finite is left out. Returns the gradient's norm at an update, else 0. Allocates nothing.
   */
  learn(memory: Float64Array, at: number, dy: number): number {
    const counters = at + this.#counters;
    const { cacheSize, hidden } = this.cell;
    memory[this.#row(at, memory[counters]) + cacheSize + hidden] = dy;
    memory[counters + 2] += 1;
    if (memory[counters + 2] < this.training.k1) return 0;
    memory[counters + 2] = 0;
    this.#walk(memory, at);
    return this.#update(memory, at);
  }

  #row(at: number, index: number): number {
    return at + this.#ring + index * this.#rowSize;
  }

  /** Backward over the ring, newest to oldest, into the gradient. */
  #walk(memory: Float64Array, at: number): void {
    const { inputs: I, hidden: H, cacheSize } = this.cell;
    const { k1, k2 } = this.training;
    const gradient = this.#gradient;
    const dState = this.#dState;
    gradient.fill(0);
    dState.fill(0);
    const newest = memory[at + this.#counters];
    const filled = memory[at + this.#counters + 1];
    const V = this.#head;
    const U = V + H;
    for (let age = 0; age < filled; age++) {
      const row = this.#row(at, (newest - age + k2) % k2);
      const dy = age < k1 ? memory[row + cacheSize + H] : 0;
      if (dy !== 0) {
        for (let u = 0; u < H; u++) {
          gradient[V + u] += dy * memory[row + cacheSize + u];
          dState[u] += dy * memory[at + V + u];
        }
        for (let j = 0; j < I; j++) gradient[U + j] += dy * memory[row + j];
        gradient[U + I] += dy;
      }
      this.cell.backward(memory, at, row, this.#cellGradient, dState);
    }
  }

  #update(memory: Float64Array, at: number): number {
    const { optimizer, clipNorm: limit } = this.training;
    const norm = clipNorm(this.#gradient, limit);
    if (!Number.isFinite(norm)) return norm;
    if (optimizer.name === 'sgd') sgd(memory, at, this.#gradient, optimizer.rate);
    else {
      const { rate, alpha, epsilon } = optimizer;
      rmsprop(memory, at, at + this.#moments, this.#gradient, rate, alpha, epsilon);
    }
    return norm;
  }

  /** Where the parameters of the cell, of V, of U and b begin; for tests and for the exchange of weights. */
  parts(at: number): { cell: number; V: number; U: number; b: number; state: number } {
    const V = at + this.#head;
    const U = V + this.cell.hidden;
    return { cell: at, V, U, b: U + this.cell.inputs, state: at + this.#state };
  }
}
