/**
 * Training without a window: the gradient comes from traces that the cell carries forward, every sample costs the
 * same, and how far back it learns is not bounded by a ring.
 *
 * Memory, W weights, H hidden units, O outputs:
 *
 *   weights   cell [..]  head [..]                          W in all
 *   moments                                                 of the optimiser
 *   state     [cell.stateSize]
 *   row       cache row [cell.cacheSize]  h after the step [H]  y [O]  ∂loss/∂y [O]  ∂loss/∂h [H]
 *   traces    [cell.traceSize]
 *   gradient  [W], gathered since the last update, and the number of errors in it
 *
 * Sources: Hochreiter & Schmidhuber 1997; Bellec et al. 2020 (e-prop); Irie et al. 2023 (real-time recurrent learning).
 */
import type { TraceCell } from '../cells/cell.ts';
import type { Random } from '../random.ts';
import { Head, type HeadOptions } from './head.ts';
import { type Descent, descend, layRegions, type Learner, type Region } from './learner.ts';
import { momentsSize } from './optimizer.ts';

export interface TraceTraining extends Descent {
  /** Update after every k1 errors. */
  k1: number;
}

export class Trace implements Learner {
  readonly cell: TraceCell;
  readonly head: Head;
  readonly training: TraceTraining;
  readonly size: number;
  readonly weightCount: number;
  readonly regions: readonly Region[];

  readonly #moments: number;
  readonly #state: number;
  readonly #row: number;
  readonly #traces: number;
  readonly #gradient: number;

  /** @throws RangeError when k1 < 1 */
  constructor(cell: TraceCell, head: HeadOptions, training: TraceTraining) {
    if (!(training.k1 >= 1)) throw new RangeError(`training: expected 1 <= k1, got k1 ${training.k1}`);
    this.cell = cell;
    this.head = new Head(cell.hidden, cell.inputs, head);
    this.training = training;
    this.weightCount = cell.paramCount + this.head.paramCount;
    const { regions, size } = layRegions({
      weights: this.weightCount,
      moments: momentsSize(training.optimizer, this.weightCount),
      state: cell.stateSize,
      row: cell.cacheSize + 2 * cell.hidden + 2 * head.outputs,
      traces: cell.traceSize,
      gradient: this.weightCount + 1,
    });
    this.regions = regions;
    this.size = size;
    [, this.#moments, this.#state, this.#row, this.#traces, this.#gradient] = regions.map(({ at }) => at);
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
  }

  nextInput(_memory: Float64Array, at: number): number {
    return at + this.#row;
  }

  forward(memory: Float64Array, at: number, weights = at): number {
    const { cell, head } = this;
    const row = at + this.#row;
    const state = at + this.#state;
    const h = row + cell.cacheSize;
    const y = h + cell.hidden;
    cell.step(memory, weights, state, row);
    cell.trace(memory, weights, row, at + this.#traces);
    memory.copyWithin(h, state, state + cell.hidden);
    head.forward(memory, weights + cell.paramCount, h, row, y);
    memory.fill(0, y + head.outputs, y + 2 * head.outputs);
    return y;
  }

  lossGradient(_memory: Float64Array, at: number): number {
    return at + this.#row + this.cell.cacheSize + this.cell.hidden + this.head.outputs;
  }

  learn(memory: Float64Array, at: number, weights = at, step = 1): number {
    const { cell, head, weightCount } = this;
    const row = at + this.#row;
    const gradient = at + this.#gradient;
    const dy = this.lossGradient(memory, at);
    const dh = dy + head.outputs;
    memory.fill(0, dh, dh + cell.hidden);
    const h = row + cell.cacheSize;
    head.backward(memory, weights + cell.paramCount, h, row, dy, memory, gradient + cell.paramCount, dh);
    cell.traceGradient(memory, weights, row, at + this.#traces, memory, gradient, dh);
    memory[gradient + weightCount] += 1;
    if (memory[gradient + weightCount] < this.training.k1) return 0;
    const norm = descend(this.training, memory, weights, weights + this.#moments, weightCount, memory, gradient, step);
    memory.fill(0, gradient, gradient + weightCount + 1);
    return norm;
  }

  newest(_memory: Float64Array, at: number): { state: number; row: number } {
    return { state: at + this.#state, row: at + this.#row };
  }
}
