/**
 * What every recurrent cell is to the rest: one time step forward, one backward, over flat memory.
 *
 * A cell owns no numbers. Parameters, state and cache rows live in the caller's memory and are named by their offset,
 * so that a detector is one flat block that can be saved as it stands. The same code serves any number of streams.
 *
 * Sizes: I inputs, H hidden units.
 */
import type { Random } from './random.ts';

export interface Cell {
  /** Stable name, as in `cell:` of the configuration. */
  readonly name: string;
  readonly inputs: number;
  readonly hidden: number;
  readonly paramCount: number;
  /** The state starts with h [H], what the head reads. */
  readonly stateSize: number;
  /** What one step leaves behind for its backward step; a row starts with the input x [I]. */
  readonly cacheSize: number;

  /** Draws initial parameters into memory[params..]. */
  initialise(memory: Float64Array, params: number, random: Random): void;

  /**
   * One step. Reads x from the start of the cache row, reads and replaces the state, fills the rest of the row.
   * Allocates nothing.
   */
  step(memory: Float64Array, params: number, state: number, row: number): void;

  /**
   * One step backward through the row. Adds to gradient [paramCount]; turns dState [stateSize], the loss gradient
   * with respect to the state after the step, into the one before it; adds to dInput [I] where given.
   */
  backward(
    memory: Float64Array,
    params: number,
    row: number,
    gradient: Float64Array,
    dState: Float64Array,
    dInput?: Float64Array,
  ): void;
}
