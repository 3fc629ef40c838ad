/**
 * No cell at all: no units, no parameters, nothing remembered. Under a head with a skip path, y = U·x + b, it is the
 * linear model of the same inputs, taught by the same learner with the same optimiser: what a recurrence has to beat.
 *
 * Memory, I inputs: nothing but the cache row  x [I]
 */
import type { Cell, Tensor } from './cell.ts';

export class NoCell implements Cell {
  readonly name = 'linear';
  readonly inputs: number;
  readonly hidden = 0;
  readonly paramCount = 0;
  readonly stateSize = 0;
  readonly cacheSize: number;
  readonly tensors: readonly Tensor[] = [];

  constructor(inputs: number) {
    this.inputs = inputs;
    this.cacheSize = inputs;
  }

  initialise(): void {
    // No parameters.
  }

  step(): void {
    // The row holds x already, and that is all there is.
  }

  backward(): void {
    // Nothing depends on x here; the head keeps the gradient of its skip path.
  }
}
