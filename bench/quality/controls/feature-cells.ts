/**
 * Cells without a memory, for a readout that is solved instead of descended to: h is a fixed map of the inputs x.
 *
 *   Inputs    h = [x, 1]
 *   Fourier   h = [x, 1, √(2/D)·cos(Ωx + b)]      Ω ~ N(0, 1/ℓ²), b uniform in 0..2π, both drawn once
 *
 * A linear readout of D random cosines comes near to a Gaussian kernel of width ℓ (Rahimi & Recht 2007).
 *
 * Memory, I inputs: parameters Ω [D, I]  b [D], none for Inputs; the state is h; the cache row is x [I]
 */
import type { Cell, Tensor } from '../../../models/cells/cell.ts';
import type { Random } from '../../../models/random.ts';

abstract class FeatureCell implements Cell {
  abstract readonly name: string;
  abstract readonly tensors: readonly Tensor[];
  readonly inputs: number;
  readonly hidden: number;
  readonly paramCount: number;
  readonly stateSize: number;
  readonly cacheSize: number;

  constructor(inputs: number, hidden: number, paramCount: number) {
    this.inputs = inputs;
    this.hidden = hidden;
    this.paramCount = paramCount;
    this.stateSize = hidden;
    this.cacheSize = inputs;
  }

  abstract initialise(memory: Float64Array, params: number, random: Random): void;

  step(memory: Float64Array, _params: number, state: number, row: number): void {
    memory.copyWithin(state, row, row + this.inputs);
    memory[state + this.inputs] = 1;
  }

  backward(): void {
    // The map is fixed.
  }
}

export class InputCell extends FeatureCell {
  readonly name = 'inputs';
  readonly tensors: readonly Tensor[] = [];

  constructor(inputs: number) {
    super(inputs, inputs + 1, 0);
  }

  initialise(): void {
    // No parameters.
  }
}

export class FourierCell extends FeatureCell {
  readonly name = 'fourier';
  readonly tensors: readonly Tensor[];
  readonly #cosines: number;
  readonly #width: number;

  constructor(inputs: number, cosines: number, width: number) {
    super(inputs, inputs + 1 + cosines, cosines * (inputs + 1));
    this.tensors = [
      { name: 'frequency', shape: [cosines, inputs] },
      { name: 'phase', shape: [cosines] },
    ];
    this.#cosines = cosines;
    this.#width = width;
  }

  initialise(memory: Float64Array, params: number, random: Random): void {
    const frequencies = this.#cosines * this.inputs;
    for (let i = 0; i < frequencies; i++) memory[params + i] = gaussian(random) / this.#width;
    for (let i = 0; i < this.#cosines; i++) memory[params + frequencies + i] = 2 * Math.PI * random();
  }

  override step(memory: Float64Array, params: number, state: number, row: number): void {
    super.step(memory, params, state, row);
    const { inputs: I } = this;
    const D = this.#cosines;
    const scale = Math.sqrt(2 / D);
    for (let k = 0; k < D; k++) {
      let angle = memory[params + D * I + k];
      for (let j = 0; j < I; j++) angle += memory[params + k * I + j] * memory[row + j];
      memory[state + I + 1 + k] = scale * Math.cos(angle);
    }
  }
}

/** Box & Muller. */
function gaussian(random: Random): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}
