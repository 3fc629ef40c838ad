/**
 * A learner for streams that share their weights: each takes smaller steps, the more the others have moved the weights
 * meanwhile.
 *
 *   step ← step/τ,   τ = errors that all streams have learned from since this one's last, its own among them
 *
 * A gradient is of weights that were. Of N streams that report alike, each takes its step N updates late, and all N say
 * much the same: full steps would go N times too far. Alone, τ = 1 and nothing changes.
 *
 * Memory: as of the learner, with the errors of all streams [1] behind what is learned, and that number as it was at the
 * stream's last error [1] behind what is its own.
 *
 * Source: Zhang, Gupta, Lian & Liu 2016 (staleness-aware asynchronous descent).
 */
import type { Cell } from '../cells/cell.ts';
import type { Random } from '../random.ts';
import type { Head } from './head.ts';
import { learnedSize, type Learner, type Region } from './learner.ts';

export class Sharing implements Learner {
  /** What it does without others; its own part begins one number later. */
  readonly learner: Learner;
  readonly cell: Cell;
  readonly head: Head;
  readonly size: number;
  readonly weightCount: number;
  readonly regions: readonly Region[];
  readonly #errors: number;
  readonly #last: number;

  constructor(learner: Learner) {
    this.learner = learner;
    this.cell = learner.cell;
    this.head = learner.head;
    this.weightCount = learner.weightCount;
    this.#errors = learnedSize(learner);
    this.#last = learner.size + 1;
    this.size = learner.size + 2;
    const learned = learner.regions.filter(({ at }) => at < this.#errors);
    const own = learner.regions
      .filter(({ at }) => at >= this.#errors)
      .map((region) => ({ ...region, at: region.at + 1 }));
    const [weights] = learned;
    this.regions = [
      weights,
      { name: 'moments', at: weights.size, size: this.#errors + 1 - weights.size },
      ...own,
      { name: 'last', at: this.#last, size: 1 },
    ];
  }

  initialise(memory: Float64Array, at: number, random: Random): void {
    this.initialiseLearned(memory, at, random);
    this.initialiseOwn(memory, at);
  }

  initialiseLearned(memory: Float64Array, weights: number, random: Random): void {
    this.learner.initialiseLearned(memory, weights, random);
    memory[weights + this.#errors] = 0;
  }

  initialiseOwn(memory: Float64Array, at: number): void {
    this.learner.initialiseOwn(memory, at + 1);
    memory[at + this.#last] = 0;
  }

  nextInput(memory: Float64Array, at: number): number {
    return this.learner.nextInput(memory, at + 1);
  }

  forward(memory: Float64Array, at: number, weights = at): number {
    return this.learner.forward(memory, at + 1, weights);
  }

  lossGradient(memory: Float64Array, at: number): number {
    return this.learner.lossGradient(memory, at + 1);
  }

  learn(memory: Float64Array, at: number, weights = at): number {
    return this.learner.learn(memory, at + 1, weights, 1 / this.#stale(memory, at, weights));
  }

  newest(memory: Float64Array, at: number): { state: number; row: number } {
    return this.learner.newest(memory, at + 1);
  }

  /** τ. Weights that were drawn anew know of no errors yet. */
  #stale(memory: Float64Array, at: number, weights: number): number {
    const errors = memory[weights + this.#errors] + 1;
    const last = memory[at + this.#last];
    memory[weights + this.#errors] = errors;
    memory[at + this.#last] = errors;
    return last < errors ? errors - last : errors;
  }
}
