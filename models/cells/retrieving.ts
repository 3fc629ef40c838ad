/**
 * A cell whose head reads one more number: what followed the last times the first input looked like now (retrieval.ts).
 *
 *   output: h, forecast of x₀
 *
 * The forecast is a fact about the past and has no weights: no gradient flows through it. The whole is the derivative
 * of the cell with the forecasts held fixed.
 *
 * Memory, inner cell of H units:
 *
 *   parameters  of the cell
 *   state       h [H]  forecast  retrieval [..]  state of the cell [..], which has h once more
 *   cache row   of the cell
 */
import type { Random } from '../random.ts';
import { type Retrieval, retrievalSize, retrieve } from '../retrieval.ts';
import type { Cell, StateWatch, Tensor } from './cell.ts';

export class Retrieving implements Cell {
  readonly name: string;
  readonly inputs: number;
  readonly hidden: number;
  readonly paramCount: number;
  readonly stateSize: number;
  readonly cacheSize: number;
  readonly tensors: readonly Tensor[];
  readonly watch?: (memory: Float64Array, state: number, row: number) => StateWatch;
  readonly #cell: Cell;
  readonly #retrieval: Retrieval;
  /** Where the state of the cell lies in the state. */
  readonly #inner: number;

  /** @throws RangeError when the history or the key is shorter than 1 */
  constructor(cell: Cell, retrieval: Retrieval) {
    const { history, key } = retrieval;
    if (!(history >= 1 && key >= 1)) {
      throw new RangeError(`retrieval: expected history >= 1 and key >= 1, got ${history} and ${key}`);
    }
    this.#cell = cell;
    this.#retrieval = retrieval;
    this.#inner = cell.hidden + 1 + retrievalSize(retrieval);
    this.name = `${cell.name}+retrieval`;
    this.inputs = cell.inputs;
    this.hidden = cell.hidden + 1;
    this.paramCount = cell.paramCount;
    this.stateSize = this.#inner + cell.stateSize;
    this.cacheSize = cell.cacheSize;
    this.tensors = cell.tensors;
    if (cell.watch !== undefined) {
      this.watch = (memory, state, row) => cell.watch!(memory, state + this.#inner, row);
    }
  }

  initialise(memory: Float64Array, params: number, random: Random): void {
    this.#cell.initialise(memory, params, random);
  }

  step(memory: Float64Array, params: number, state: number, row: number): void {
    const H = this.#cell.hidden;
    const inner = state + this.#inner;
    this.#cell.step(memory, params, inner, row);
    memory.copyWithin(state, inner, inner + H);
    memory[state + H] = retrieve(this.#retrieval, memory, state + H + 1, memory[row]);
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
    const H = this.#cell.hidden;
    const dInner = dState + this.#inner;
    for (let u = 0; u < H; u++) work[dInner + u] += work[dState + u];
    work.fill(0, dState, dState + H + 1);
    this.#cell.backward(memory, params, state + this.#inner, row, work, gradient, dInner, dInput);
  }
}
