/**
 * Cells on top of each other: a layer takes h of the layer below, of the same step, for its input. To the rest they
 * are one cell, whose h is that of the top.
 *
 *   x_0 = x   x_l = h_(l−1)      l counts from the bottom, 0
 *
 * One step backward runs from the top down, and what a layer gives back for its input joins dh of the layer below.
 *
 * Memory:
 *
 *   parameters  of the layers, bottom first
 *   state       of the layers, top first: it starts with h of the top
 *   cache row   of the layers, bottom first: it starts with x
 */
import type { Random } from '../random.ts';
import type { Cell, StateWatch, Tensor } from './cell.ts';

/** A cell and where its share of each stretch of memory begins. */
interface Layer {
  cell: Cell;
  params: number;
  state: number;
  row: number;
}

export class Stacked implements Cell {
  readonly name: string;
  readonly inputs: number;
  readonly hidden: number;
  readonly paramCount: number;
  readonly stateSize: number;
  readonly cacheSize: number;
  readonly tensors: readonly Tensor[];
  /** There where a layer has one: the largest of all, the mean of what is saturated. */
  readonly watch?: (memory: Float64Array, state: number, row: number) => StateWatch;
  /** Bottom first. */
  readonly #layers: readonly Layer[];

  /**
   * @param cells  bottom first
   * @throws RangeError when there is none, or one does not take what the one below gives
   */
  constructor(cells: readonly Cell[]) {
    checkFit(cells);
    const total = (sizeOf: (cell: Cell) => number) => cells.reduce((sum, cell) => sum + sizeOf(cell), 0);
    this.name = cells.map(({ name }) => name).join('+');
    this.inputs = cells[0].inputs;
    this.hidden = cells[cells.length - 1].hidden;
    this.paramCount = total(({ paramCount }) => paramCount);
    this.stateSize = total(({ stateSize }) => stateSize);
    this.cacheSize = total(({ cacheSize }) => cacheSize);
    this.tensors = cells.flatMap(({ tensors }, l) =>
      tensors.map(({ name, shape }) => ({ name: `${name}_l${l}`, shape })),
    );
    this.#layers = layersOf(cells, this.stateSize);
    if (cells.some((cell) => cell.watch !== undefined)) {
      this.watch = (memory, state, row) => watchLayers(this.#layers, memory, state, row);
    }
  }

  initialise(memory: Float64Array, params: number, random: Random): void {
    for (const layer of this.#layers) layer.cell.initialise(memory, params + layer.params, random);
  }

  step(memory: Float64Array, params: number, state: number, row: number): void {
    const layers = this.#layers;
    for (let l = 0; l < layers.length; l++) {
      const layer = layers[l];
      if (l > 0) {
        const h = state + layers[l - 1].state;
        memory.copyWithin(row + layer.row, h, h + layer.cell.inputs);
      }
      layer.cell.step(memory, params + layer.params, state + layer.state, row + layer.row);
    }
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
    const layers = this.#layers;
    for (let l = layers.length - 1; l >= 0; l--) {
      const layer = layers[l];
      layer.cell.backward(
        memory,
        params + layer.params,
        state + layer.state,
        row + layer.row,
        work,
        gradient + layer.params,
        dState + layer.state,
        l > 0 ? dState + layers[l - 1].state : dInput,
      );
    }
  }
}

function checkFit(cells: readonly Cell[]): void {
  if (cells.length === 0) throw new RangeError('stacked: expected at least one cell, got none');
  for (let l = 1; l < cells.length; l++) {
    const { inputs } = cells[l];
    const { hidden } = cells[l - 1];
    if (inputs !== hidden) throw new RangeError(`stacked: expected layer ${l} to take ${hidden} inputs, got ${inputs}`);
  }
}

function layersOf(cells: readonly Cell[], stateSize: number): Layer[] {
  let params = 0;
  let state = stateSize;
  let row = 0;
  return cells.map((cell) => {
    state -= cell.stateSize;
    const layer = { cell, params, state, row };
    params += cell.paramCount;
    row += cell.cacheSize;
    return layer;
  });
}

function watchLayers(layers: readonly Layer[], memory: Float64Array, state: number, row: number): StateWatch {
  const watches = layers.flatMap((layer) => layer.cell.watch?.(memory, state + layer.state, row + layer.row) ?? []);
  return {
    largest: Math.max(...watches.map(({ largest }) => largest)),
    saturated: watches.reduce((sum, { saturated }) => sum + saturated, 0) / watches.length,
  };
}
