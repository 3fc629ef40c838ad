/**
 * LSTM with forget gate: one step forward, one step backward.
 *
 *   a = W_ih·x + W_hh·h' + b      rows in blocks i, f, g, o (that order everywhere); ' = the step before
 *   i, f, o = σ(a)   g = tanh(a)
 *   c = f∘c' + i∘g   h = o∘tanh(c)
 *
 * Backward, given dh and dc after the step, tc = tanh(c):
 *
 *   d = dc + dh∘o∘(1−tc²)
 *   da_i = d∘g∘i(1−i)   da_f = d∘c'∘f(1−f)   da_g = d∘i∘(1−g²)   da_o = dh∘tc∘o(1−o)
 *   dW_ih += da·xᵀ   dW_hh += da·h'ᵀ   db += da   dx = W_ihᵀ·da   dh' = W_hhᵀ·da   dc' = d∘f
 *
 * Memory, I inputs, H units:
 *
 *   parameters  W_ih [4H, I]  W_hh [4H, H]  b [4H]
 *   state       h [H]  c [H]
 *   cache row   x [I]  h' [H]  c' [H]  i [H]  f [H]  g [H]  o [H]  tc [H]
 *
 * Written for the eye, in double precision: this is the kernel the fast one is held against.
 * Source: Hochreiter & Schmidhuber 1997; forget gate: Gers, Schmidhuber & Cummins 2000.
 */
import { sigmoid } from '../activation.ts';
import { chronoBias, type Chrono, longUnits, orthogonal, xavier } from '../initial.ts';
import type { Random } from '../random.ts';
import type { Cell, StateWatch, Tensor } from './cell.ts';
import { watchGates } from './watch.ts';

export class Lstm implements Cell {
  readonly name = 'lstm';
  readonly inputs: number;
  readonly hidden: number;
  readonly paramCount: number;
  readonly stateSize: number;
  readonly cacheSize: number;
  readonly tensors: readonly Tensor[];
  readonly #chrono: Chrono | undefined;
  /** Gradient with respect to the gates before squashing [4H]; scratch, empty between calls. */
  readonly #da: Float64Array;

  /** @param chrono  units that start out to remember for long; none where undefined */
  constructor(inputs: number, hidden: number, chrono?: Chrono) {
    this.inputs = inputs;
    this.hidden = hidden;
    this.paramCount = 4 * hidden * (inputs + hidden + 1);
    this.stateSize = 2 * hidden;
    this.cacheSize = inputs + 7 * hidden;
    this.tensors = [
      { name: 'weight_ih', shape: [4 * hidden, inputs] },
      { name: 'weight_hh', shape: [4 * hidden, hidden] },
      { name: 'bias', shape: [4 * hidden] },
    ];
    this.#chrono = chrono;
    this.#da = new Float64Array(4 * hidden);
  }

  /** W_ih Xavier per gate, W_hh orthogonal per gate, forget bias 1, other biases 0; long units b_f = −b_i = ln u. */
  initialise(memory: Float64Array, params: number, random: Random): void {
    const I = this.inputs;
    const H = this.hidden;
    const wHh = params + 4 * H * I;
    const b = wHh + 4 * H * H;
    xavier(memory, params, 4 * H * I, I, H, random);
    for (let gate = 0; gate < 4; gate++) orthogonal(memory, wHh + gate * H * H, H, random);
    memory.fill(0, b, b + 4 * H);
    memory.fill(1, b + H, b + 2 * H);
    const chrono = this.#chrono;
    if (chrono === undefined) return;
    for (let u = H - longUnits(H, chrono); u < H; u++) {
      const bias = chronoBias(chrono, random);
      memory[b + u] = -bias;
      memory[b + H + u] = bias;
    }
  }

  step(memory: Float64Array, params: number, state: number, row: number): void {
    const I = this.inputs;
    const H = this.hidden;
    const wHh = params + 4 * H * I;
    const b = wHh + 4 * H * H;
    const hBefore = row + I;
    const cBefore = hBefore + H;
    const gates = cBefore + H;
    const tc = gates + 4 * H;
    memory.copyWithin(hBefore, state, state + 2 * H);

    for (let k = 0; k < 4 * H; k++) {
      let a = memory[b + k];
      const wx = params + k * I;
      for (let j = 0; j < I; j++) a += memory[wx + j] * memory[row + j];
      const wh = wHh + k * H;
      for (let j = 0; j < H; j++) a += memory[wh + j] * memory[hBefore + j];
      memory[gates + k] = k >= 2 * H && k < 3 * H ? Math.tanh(a) : sigmoid(a);
    }
    for (let u = 0; u < H; u++) {
      const i = memory[gates + u];
      const f = memory[gates + H + u];
      const g = memory[gates + 2 * H + u];
      const o = memory[gates + 3 * H + u];
      const c = f * memory[cBefore + u] + i * g;
      const t = Math.tanh(c);
      memory[tc + u] = t;
      memory[state + u] = o * t;
      memory[state + H + u] = c;
    }
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
    const wHh = params + 4 * H * I;
    const hBefore = row + I;
    const cBefore = hBefore + H;
    const gates = cBefore + H;
    const tc = gates + 4 * H;
    const da = this.#da;

    for (let u = 0; u < H; u++) {
      const i = memory[gates + u];
      const f = memory[gates + H + u];
      const g = memory[gates + 2 * H + u];
      const o = memory[gates + 3 * H + u];
      const t = memory[tc + u];
      const dh = work[dState + u];
      const d = work[dState + H + u] + dh * o * (1 - t * t);
      da[u] = d * g * i * (1 - i);
      da[H + u] = d * memory[cBefore + u] * f * (1 - f);
      da[2 * H + u] = d * i * (1 - g * g);
      da[3 * H + u] = dh * t * o * (1 - o);
      work[dState + H + u] = d * f;
      work[dState + u] = 0; // becomes dh' below
    }
    const gradHh = gradient + 4 * H * I;
    const gradB = gradHh + 4 * H * H;
    for (let k = 0; k < 4 * H; k++) {
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

  watch(memory: Float64Array, state: number, row: number): StateWatch {
    const H = this.hidden;
    const gates = row + this.inputs + 2 * H;
    // i and f lie side by side, then g, which is no gate, then o.
    return watchGates(memory, state + H, H, gates, 2 * H, gates + 3 * H, H);
  }
}
