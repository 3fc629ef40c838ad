/**
 * What reads the hidden state: a linear map, with a path past the cell for what is linear in the inputs.
 *
 *   y = V·h + U·x + b
 *
 * The skip path U starts at 0, so that the recurrence is free for the rest. Losses with a shape of their own (softmax,
 * Gaussian, quantiles) take y as it is and give back ∂loss/∂y; see loss.ts.
 *
 * Memory, H hidden units, I inputs, O outputs:  V [O, H]  U [O, I]  b [O], without U or b where there is none.
 */
import type { Tensor } from '../cells/cell.ts';
import { xavier } from '../initial.ts';
import type { Random } from '../random.ts';

export interface HeadOptions {
  /** Numbers in y. */
  outputs: number;
  /** A path from the inputs past the cell. */
  skip: boolean;
  bias: boolean;
  /** Share of the Xavier limit that V starts at, 1 where absent; small = y starts near what is added to it. */
  gain?: number;
}

export class Head {
  readonly hidden: number;
  /** Inputs of the skip path; 0 = there is none. */
  readonly skip: number;
  readonly outputs: number;
  readonly bias: boolean;
  readonly #gain: number;
  readonly paramCount: number;
  readonly tensors: readonly Tensor[];

  constructor(hidden: number, inputs: number, options: HeadOptions) {
    this.hidden = hidden;
    this.skip = options.skip ? inputs : 0;
    this.outputs = options.outputs;
    this.bias = options.bias;
    this.#gain = options.gain ?? 1;
    this.paramCount = this.outputs * (hidden + this.skip + (options.bias ? 1 : 0));
    this.tensors = [
      { name: 'weight', shape: [this.outputs, hidden] },
      ...(this.skip > 0 ? [{ name: 'skip', shape: [this.outputs, this.skip] }] : []),
      ...(options.bias ? [{ name: 'bias', shape: [this.outputs] }] : []),
    ];
  }

  initialise(memory: Float64Array, at: number, random: Random): void {
    const { hidden: H, outputs: O } = this;
    memory.fill(0, at, at + this.paramCount);
    xavier(memory, at, O * H, H, O, random);
    for (let i = at; i < at + O * H; i++) memory[i] *= this.#gain;
  }

  /** Writes y [O] to memory[y..]. Allocates nothing. */
  forward(memory: Float64Array, at: number, h: number, x: number, y: number): void {
    const { hidden: H, skip: I, outputs: O } = this;
    const U = at + O * H;
    const b = U + O * I;
    for (let k = 0; k < O; k++) {
      let sum = this.bias ? memory[b + k] : 0;
      for (let u = 0; u < H; u++) sum += memory[at + k * H + u] * memory[h + u];
      for (let j = 0; j < I; j++) sum += memory[U + k * I + j] * memory[x + j];
      memory[y + k] = sum;
    }
  }

  /** Takes ∂loss/∂y from memory[dy..]; adds to gradient [paramCount] and to dh [H], both in `work`. */
  backward(
    memory: Float64Array,
    at: number,
    h: number,
    x: number,
    dy: number,
    work: Float64Array,
    gradient: number,
    dh: number,
  ): void {
    const { hidden: H, skip: I, outputs: O } = this;
    const gradU = gradient + O * H;
    const gradB = gradU + O * I;
    for (let k = 0; k < O; k++) {
      const d = memory[dy + k];
      if (d === 0) continue;
      for (let u = 0; u < H; u++) {
        work[gradient + k * H + u] += d * memory[h + u];
        work[dh + u] += d * memory[at + k * H + u];
      }
      for (let j = 0; j < I; j++) work[gradU + k * I + j] += d * memory[x + j];
      if (this.bias) work[gradB + k] += d;
    }
  }
}
