/** A learner that hears the truth and learns nothing: what the pipeline around the network does by itself. */
import type { Cell } from '../../../models/cells/cell.ts';
import type { Random } from '../../../models/random.ts';
import type { Head } from '../../../models/training/head.ts';
import type { Learner, Region } from '../../../models/training/learner.ts';

export class Untrained implements Learner {
  readonly cell: Cell;
  readonly head: Head;
  readonly size: number;
  readonly weightCount: number;
  readonly regions: readonly Region[];
  readonly #learner: Learner;

  constructor(learner: Learner) {
    this.#learner = learner;
    this.cell = learner.cell;
    this.head = learner.head;
    this.size = learner.size;
    this.weightCount = learner.weightCount;
    this.regions = learner.regions;
  }

  initialise(memory: Float64Array, at: number, random: Random): void {
    this.#learner.initialise(memory, at, random);
  }

  initialiseLearned(memory: Float64Array, weights: number, random: Random): void {
    this.#learner.initialiseLearned(memory, weights, random);
  }

  initialiseOwn(memory: Float64Array, at: number): void {
    this.#learner.initialiseOwn(memory, at);
  }

  nextInput(memory: Float64Array, at: number): number {
    return this.#learner.nextInput(memory, at);
  }

  forward(memory: Float64Array, at: number, weights = at): number {
    return this.#learner.forward(memory, at, weights);
  }

  lossGradient(memory: Float64Array, at: number): number {
    return this.#learner.lossGradient(memory, at);
  }

  learn(): number {
    return 0;
  }

  newest(memory: Float64Array, at: number): { state: number; row: number } {
    return this.#learner.newest(memory, at);
  }
}
