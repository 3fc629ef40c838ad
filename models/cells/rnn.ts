/**
 * The plain recurrent network: no gates, one squashed sum. What the others are measured against.
 *
 *   h = tanh(W_ih·x + W_hh·h' + b)      ' = the step before
 *
 * Backward, given dh after the step:
 *
 *   da = dh∘(1−h²)   dW_ih += da·xᵀ   dW_hh += da·h'ᵀ   db += da   dx = W_ihᵀ·da   dh' = W_hhᵀ·da
 *
 * Memory, I inputs, H units:
 *
 *   parameters  W_ih [H, I]  W_hh [H, H]  b [H]
 *   state       h [H]
 *   cache row   x [I]  h' [H]  h [H]
 *
 * Source: Elman 1990.
 */
import { orthogonal, xavier } from '../initial.ts';
import type { Random } from '../random.ts';
import type { Cell, Tensor } from './cell.ts';

export class Rnn implements Cell {
  readonly name = 'rnn';
  readonly inputs: number;
  readonly hidden: number;
  readonly paramCount: number;
  readonly stateSize: number;
  readonly cacheSize: number;
  readonly tensors: readonly Tensor[];
  /** Gradient with respect to the sum before squashing [H]; scratch, empty between calls. */
  readonly #da: Float64Array;

  constructor(inputs: number, hidden: number) {
    this.inputs = inputs;
    this.hidden = hidden;
    this.paramCount = hidden * (inputs + hidden + 1);
    this.stateSize = hidden;
    this.cacheSize = inputs + 2 * hidden;
    this.tensors = [
      { name: 'weight_ih', shape: [hidden, inputs] },
      { name: 'weight_hh', shape: [hidden, hidden] },
      { name: 'bias', shape: [hidden] },
    ];
    this.#da = new Float64Array(hidden);
  }

  /** W_ih Xavier, W_hh orthogonal, biases 0. */
  initialise(memory: Float64Array, params: number, random: Random): void {
    const I = this.inputs;
    const H = this.hidden;
    const wHh = params + H * I;
    const b = wHh + H * H;
    xavier(memory, params, H * I, I, H, random);
    orthogonal(memory, wHh, H, random);
    memory.fill(0, b, b + H);
  }

  step(memory: Float64Array, params: number, state: number, row: number): void {
    const I = this.inputs;
    const H = this.hidden;
    const wHh = params + H * I;
    const b = wHh + H * H;
    const hBefore = row + I;
    const h = hBefore + H;
    memory.copyWithin(hBefore, state, state + H);
    for (let k = 0; k < H; k++) {
      let a = memory[b + k];
      const wx = params + k * I;
      for (let j = 0; j < I; j++) a += memory[wx + j] * memory[row + j];
      const wh = wHh + k * H;
      for (let j = 0; j < H; j++) a += memory[wh + j] * memory[hBefore + j];
      memory[h + k] = Math.tanh(a);
    }
    memory.copyWithin(state, h, h + H);
  }

  backward(
    memory: Float64Array,
    params: number,
    _state: number,
    row: number,
    work: Float64Array,
    gradient: number,
    dState: number,
    dInput: number,
  ): void {
    const I = this.inputs;
    const H = this.hidden;
    const wHh = params + H * I;
    const hBefore = row + I;
    const h = hBefore + H;
    const gradHh = gradient + H * I;
    const gradB = gradHh + H * H;
    const da = this.#da;
    for (let k = 0; k < H; k++) {
      const after = memory[h + k];
      da[k] = work[dState + k] * (1 - after * after);
      work[dState + k] = 0; // becomes dh' below
    }
    for (let k = 0; k < H; k++) {
      const d = da[k];
      work[gradB + k] += d;
      const gx = gradient + k * I;
      const wx = params + k * I;
      for (let j = 0; j < I; j++) work[gx + j] += d * memory[row + j];
      if (dInput >= 0) for (let j = 0; j < I; j++) work[dInput + j] += d * memory[wx + j];
      const gh = gradHh + k * H;
      const wh = wHh + k * H;
      for (let j = 0; j < H; j++) {
        work[gh + j] += d * memory[hBefore + j];
        work[dState + j] += d * memory[wh + j];
      }
    }
  }
}
