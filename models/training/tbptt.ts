/**
 * Streaming truncated backpropagation through time, TBPTT(k1, k2).
 *
 * The ring keeps the last k2 steps as they were computed. When the truth about the newest forecast arrives, its error
 * is stored with its row; after every k1 of them one walk goes back over the ring, feeding in the errors of the newest
 * k1 rows only, so each sample counts in exactly one update. What flows past the oldest row is dropped: that is the
 * truncation. The state is carried on for ever, never reset.
 *
 * The walk costs k2 backward steps at once. Spread, it takes ⌈k2/k1⌉ of them with each sample while the stream goes
 * on, over a ring of k2 + k1 rows, and its update comes when the next walk begins: one update late, and no sample
 * pays for the others.
 *
 * Memory, W weights, R = k2 rows (spread: k2 + k1), H hidden units, O outputs:
 *
 *   weights   cell [..]  head [..]        W in all
 *   moments                               of the optimiser
 *   state     [cell.stateSize]
 *   ring      R rows of: cache row [cell.cacheSize]  h after the step [H]  y [O]  ∂loss/∂y [O]
 *   counters  newest row, rows filled, errors since the last boundary
 *   walk      spread only: newest row, rows to walk, rows walked, gradient [W], dState [cell.stateSize]
 *
 * Source: Williams & Peng 1990.
 */
import type { Cell } from '../cells/cell.ts';
import type { Random } from '../random.ts';
import { Head, type HeadOptions } from './head.ts';
import { type Descent, descend, layRegions, type Learner, type Region } from './learner.ts';
import { momentsSize } from './optimizer.ts';

export interface Training extends Descent {
  /** Update after every k1 errors. */
  k1: number;
  /** Look back k2 steps; k2 ≥ k1. */
  k2: number;
  /** The backward walk in equal parts over the next k1 samples. */
  spread: boolean;
}

/** Rows of the ring, and so the steps that a cell's own history must outlast. */
export function ringRows({ k1, k2, spread }: Training): number {
  return spread ? k2 + k1 : k2;
}

const FILLED = 1;
const SINCE = 2;
const WALK_ROWS = 1;
const WALKED = 2;
const WALK_COUNTERS = 3;

export class Tbptt implements Learner {
  readonly cell: Cell;
  readonly head: Head;
  readonly training: Training;
  readonly size: number;
  readonly weightCount: number;
  readonly regions: readonly Region[];

  readonly #rows: number;
  readonly #rowSize: number;
  readonly #moments: number;
  readonly #state: number;
  readonly #ring: number;
  readonly #counters: number;
  readonly #walk: number;
  /** Gradient [W] and dState of a walk that is not spread; empty between calls. */
  readonly #scratch: Float64Array;

  /** @throws RangeError when k2 < k1 or k1 < 1 */
  constructor(cell: Cell, head: HeadOptions, training: Training) {
    const { k1, k2, spread } = training;
    if (!(k1 >= 1 && k2 >= k1)) throw new RangeError(`training: expected 1 <= k1 <= k2, got k1 ${k1}, k2 ${k2}`);
    this.cell = cell;
    this.head = new Head(cell.hidden, cell.inputs, head);
    this.training = training;
    this.weightCount = cell.paramCount + this.head.paramCount;
    this.#rows = ringRows(training);
    this.#rowSize = cell.cacheSize + cell.hidden + 2 * head.outputs;
    const walk = this.weightCount + cell.stateSize;
    const { regions, size } = layRegions({
      weights: this.weightCount,
      moments: momentsSize(training.optimizer, this.weightCount),
      state: cell.stateSize,
      ring: this.#rows * this.#rowSize,
      counters: 3,
      walk: spread ? WALK_COUNTERS + walk : 0,
    });
    this.regions = regions;
    this.size = size;
    [, this.#moments, this.#state, this.#ring, this.#counters, this.#walk] = regions.map(({ at }) => at);
    this.#scratch = new Float64Array(spread ? 0 : walk);
  }

  initialise(memory: Float64Array, at: number, random: Random): void {
    this.initialiseLearned(memory, at, random);
    this.initialiseOwn(memory, at);
  }

  initialiseLearned(memory: Float64Array, weights: number, random: Random): void {
    memory.fill(0, weights, weights + this.#state);
    this.cell.initialise(memory, weights, random);
    this.head.initialise(memory, weights + this.cell.paramCount, random);
  }

  initialiseOwn(memory: Float64Array, at: number): void {
    memory.fill(0, at + this.#state, at + this.size);
    memory[at + this.#counters] = this.#rows - 1;
  }

  nextInput(memory: Float64Array, at: number): number {
    const counters = at + this.#counters;
    const newest = (memory[counters] + 1) % this.#rows;
    memory[counters] = newest;
    if (memory[counters + FILLED] < this.#rows) memory[counters + FILLED] += 1;
    return this.#row(at, newest);
  }

  forward(memory: Float64Array, at: number, weights = at): number {
    const { cacheSize, hidden } = this.cell;
    const { outputs } = this.head;
    const row = this.#newestRow(memory, at);
    const state = at + this.#state;
    const h = row + cacheSize;
    const y = h + hidden;
    this.cell.step(memory, weights, state, row);
    memory.copyWithin(h, state, state + hidden);
    this.head.forward(memory, weights + this.cell.paramCount, h, row, y);
    memory.fill(0, y + outputs, y + 2 * outputs);
    return y;
  }

  lossGradient(memory: Float64Array, at: number): number {
    return this.#newestRow(memory, at) + this.cell.cacheSize + this.cell.hidden + this.head.outputs;
  }

  learn(memory: Float64Array, at: number, weights = at, step = 1): number {
    const { k1, spread } = this.training;
    const counters = at + this.#counters;
    memory[counters + SINCE] += 1;
    if (spread) this.#walkOn(memory, at, weights);
    if (memory[counters + SINCE] < k1) return 0;
    memory[counters + SINCE] = 0;
    return spread ? this.#turn(memory, at, weights, step) : this.#walkAll(memory, at, weights, step);
  }

  newest(memory: Float64Array, at: number): { state: number; row: number } {
    return { state: at + this.#state, row: this.#newestRow(memory, at) };
  }

  #walkAll(memory: Float64Array, at: number, weights: number, step: number): number {
    const scratch = this.#scratch;
    const newest = memory[at + this.#counters];
    const filled = memory[at + this.#counters + FILLED];
    scratch.fill(0);
    for (let age = 0; age < filled; age++) this.#back(memory, at, weights, newest, age, scratch, 0);
    return descend(this.training, memory, weights, weights + this.#moments, this.weightCount, scratch, 0, step);
  }

  /** The next part of a walk that is under way. */
  #walkOn(memory: Float64Array, at: number, weights: number): void {
    const { k1, k2 } = this.training;
    const walk = at + this.#walk;
    const until = Math.min(memory[walk + WALK_ROWS], memory[walk + WALKED] + Math.ceil(k2 / k1));
    for (let age = memory[walk + WALKED]; age < until; age++) {
      this.#back(memory, at, weights, memory[walk], age, memory, walk + WALK_COUNTERS);
    }
    memory[walk + WALKED] = until;
  }

  /** Ends one walk with its update and begins the next. */
  #turn(memory: Float64Array, at: number, weights: number, step: number): number {
    const counters = at + this.#counters;
    const walk = at + this.#walk;
    const gradient = walk + WALK_COUNTERS;
    const norm =
      memory[walk + WALK_ROWS] === 0
        ? 0
        : descend(this.training, memory, weights, weights + this.#moments, this.weightCount, memory, gradient, step);
    memory[walk] = memory[counters];
    memory[walk + WALK_ROWS] = Math.min(memory[counters + FILLED], this.training.k2);
    memory[walk + WALKED] = 0;
    memory.fill(0, gradient, gradient + this.weightCount + this.cell.stateSize);
    return norm;
  }

  /** One step back, `age` rows behind the newest of the walk. */
  #back(
    memory: Float64Array,
    at: number,
    weights: number,
    newest: number,
    age: number,
    work: Float64Array,
    gradient: number,
  ): void {
    const { cell, head, training } = this;
    const row = this.#row(at, (newest - age + this.#rows) % this.#rows);
    const dState = gradient + this.weightCount;
    if (age < training.k1) {
      const h = row + cell.cacheSize;
      const dy = h + cell.hidden + head.outputs;
      head.backward(memory, weights + cell.paramCount, h, row, dy, work, gradient + cell.paramCount, dState);
    }
    cell.backward(memory, weights, at + this.#state, row, work, gradient, dState, -1);
  }

  #newestRow(memory: Float64Array, at: number): number {
    return this.#row(at, memory[at + this.#counters]);
  }

  #row(at: number, index: number): number {
    return at + this.#ring + index * this.#rowSize;
  }
}
