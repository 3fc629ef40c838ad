/**
 * What every recurrent cell is to the rest: one time step forward, one backward, over flat memory.
 *
 * A cell owns no numbers. Parameters, state and cache rows live in the caller's memory and are named by their offset,
 * so that a learner is one flat block that can be saved as it stands. The same code serves any number of streams.
 *
 * Sizes: I inputs, H hidden units.
 */
import type { Random } from '../random.ts';

export interface Cell {
  /** Stable name, as in `cell:` of the configuration. */
  readonly name: string;
  readonly inputs: number;
  readonly hidden: number;
  readonly paramCount: number;
  /** The state starts with h [H], what the head reads. All zero is a stream at rest. */
  readonly stateSize: number;
  /** What one step leaves behind for its backward step; a row starts with the input x [I]. */
  readonly cacheSize: number;
  /** The parameters, one tensor after another, row-major; together paramCount numbers. */
  readonly tensors: readonly Tensor[];

  /** Draws initial parameters into memory[params..]. */
  initialise(memory: Float64Array, params: number, random: Random): void;

  /**
   * One step. Reads x from the start of the cache row, reads and replaces the state, fills the rest of the row.
   * Allocates nothing.
   */
  step(memory: Float64Array, params: number, state: number, row: number): void;

  /**
   * One step backward through the row: adds to the gradient [paramCount] and to dInput [I], and turns dState
   * [stateSize], the loss gradient with respect to the state after the step, into the one before it. All three lie in
   * `work`, which may be the memory itself. Allocates nothing.
   *
   * @param state  as it stands now, steps later: for cells whose state keeps a history
   * @param dInput  −1 where nobody wants it
   */
  backward(
    memory: Float64Array,
    params: number,
    state: number,
    row: number,
    work: Float64Array,
    gradient: number,
    dState: number,
    dInput: number,
  ): void;

  /** How far the memory of a stream has gone; a cell without such a memory has none. */
  watch?(memory: Float64Array, state: number, row: number): StateWatch;
}

export interface Tensor {
  name: string;
  shape: readonly number[];
}

export interface StateWatch {
  /** The largest |c| among the memory cells. Beyond 50 a cell has stopped telling one input from another. */
  largest: number;
  /** Share of gates that stand below 0.01 or above 0.99, 0..1. */
  saturated: number;
}

/**
 * A cell that can learn without a window: for every parameter it carries a trace of what that parameter did to the
 * state so far, at a constant cost for each step.
 */
export interface TraceCell extends Cell {
  readonly traceSize: number;

  /** Moves the traces on over the step that this row was left by. All zero at rest. Allocates nothing. */
  trace(memory: Float64Array, params: number, row: number, traces: number): void;

  /**
   * Adds to the gradient [paramCount] what dh [H], the loss gradient with respect to h after the step of this row,
   * makes of the traces. Both lie in `work`. Allocates nothing.
   */
  traceGradient(
    memory: Float64Array,
    params: number,
    row: number,
    traces: number,
    work: Float64Array,
    gradient: number,
    dh: number,
  ): void;
}
