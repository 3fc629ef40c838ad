/**
 * A learner that solves for its readout after every sample: recursive least squares over the state of a cell without
 * parameters to learn.
 *
 *   y = w·h   target = y − ∂loss/∂y
 *
 * so the loss that the detector descends, a cut-off error, is the error that is squared here.
 *
 * Memory, n = H units:  parameters of the cell, w [n]  S [n, n]  turn [1]  h [n]  cache row  y [1]  ∂loss/∂y [1]
 */
import type { Cell } from '../../../models/cells/cell.ts';
import type { Random } from '../../../models/random.ts';
import { Head } from '../../../models/training/head.ts';
import { layRegions, type Learner, type Region } from '../../../models/training/learner.ts';
import { Rls, type RlsOptions } from '../../../models/training/rls.ts';

export class Readout implements Learner {
  readonly cell: Cell;
  readonly head: Head;
  readonly size: number;
  readonly weightCount: number;
  readonly regions: readonly Region[];
  readonly #rls: Rls;
  readonly #state: number;
  readonly #row: number;
  readonly #y: number;

  constructor(cell: Cell, options: RlsOptions) {
    this.cell = cell;
    this.head = new Head(cell.hidden, cell.inputs, { outputs: 1, skip: false, bias: false });
    this.#rls = new Rls(cell.hidden, options);
    this.weightCount = cell.paramCount + cell.hidden;
    const { regions, size } = layRegions({
      weights: this.weightCount,
      moments: this.#rls.size - cell.hidden,
      state: cell.stateSize,
      row: cell.cacheSize,
      output: 2,
    });
    this.regions = regions;
    this.size = size;
    [, , this.#state, this.#row, this.#y] = regions.map(({ at }) => at);
  }

  initialise(memory: Float64Array, at: number, random: Random): void {
    this.initialiseLearned(memory, at, random);
    this.initialiseOwn(memory, at);
  }

  initialiseLearned(memory: Float64Array, weights: number, random: Random): void {
    this.cell.initialise(memory, weights, random);
    this.#rls.initialise(memory, weights + this.cell.paramCount);
  }

  initialiseOwn(memory: Float64Array, at: number): void {
    memory.fill(0, at + this.#state, at + this.size);
  }

  nextInput(_memory: Float64Array, at: number): number {
    return at + this.#row;
  }

  forward(memory: Float64Array, at: number, weights = at): number {
    this.cell.step(memory, weights, at + this.#state, at + this.#row);
    memory[at + this.#y] = this.#rls.predict(memory, weights + this.cell.paramCount, at + this.#state);
    return at + this.#y;
  }

  lossGradient(_memory: Float64Array, at: number): number {
    return at + this.#y + 1;
  }

  learn(memory: Float64Array, at: number, weights = at): number {
    const y = at + this.#y;
    this.#rls.learn(memory, weights + this.cell.paramCount, at + this.#state, memory[y] - memory[y + 1]);
    return 0;
  }

  newest(_memory: Float64Array, at: number): { state: number; row: number } {
    return { state: at + this.#state, row: at + this.#row };
  }
}
