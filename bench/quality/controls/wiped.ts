/**
 * A cell that forgets: its state is wiped before every step, so that nothing but the inputs of the moment reaches the
 * forecast. What a recurrence is worth is what it does better than this.
 */
import type { Cell, Tensor } from '../../../models/cells/cell.ts';
import type { Random } from '../../../models/random.ts';

export class Wiped implements Cell {
  readonly name: string;
  readonly inputs: number;
  readonly hidden: number;
  readonly paramCount: number;
  readonly stateSize: number;
  readonly cacheSize: number;
  readonly tensors: readonly Tensor[];
  readonly #cell: Cell;

  constructor(cell: Cell) {
    this.#cell = cell;
    this.name = `${cell.name} wiped`;
    this.inputs = cell.inputs;
    this.hidden = cell.hidden;
    this.paramCount = cell.paramCount;
    this.stateSize = cell.stateSize;
    this.cacheSize = cell.cacheSize;
    this.tensors = cell.tensors;
  }

  initialise(memory: Float64Array, params: number, random: Random): void {
    this.#cell.initialise(memory, params, random);
  }

  step(memory: Float64Array, params: number, state: number, row: number): void {
    memory.fill(0, state, state + this.stateSize);
    this.#cell.step(memory, params, state, row);
  }

  backward(
    memory: Float64Array,
    params: number,
    state: number,
    row: number,
    work: Float64Array,
    gradient: number,
    dState: number,
    dInput: number,
  ): void {
    this.#cell.backward(memory, params, state, row, work, gradient, dState, dInput);
    work.fill(0, dState, dState + this.stateSize); // nothing came from the step before
  }
}
