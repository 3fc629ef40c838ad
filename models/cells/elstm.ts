/**
 * LSTM with element-wise recurrence: a unit hears only itself, which makes the exact gradient affordable without a
 * window (real-time recurrent learning).
 *
 *   f = σ(W_f·x + b_f + w_f∘c')   z = tanh(W_z·x + b_z + w_z∘c')   ' = the step before
 *   c = f∘c' + (1−f)∘z   o = σ(W_o·x + Q_o·c + b_o)   h = o∘c
 *
 * What a step does to c, for each unit:
 *
 *   p = (c'−z)∘f(1−f)   r = (1−f)∘(1−z²)   A = ∂c/∂c' = f + p∘w_f + r∘w_z
 *
 * Backward, given dh and dc after the step:
 *
 *   do = dh∘c∘o(1−o)   d = dc + dh∘o + Q_oᵀ·do   dc' = A∘d
 *   dW_o += do·xᵀ   dQ_o += do·cᵀ   db_o += do
 *   da_f = d∘p   da_z = d∘r   dW += da·xᵀ   db += da   dw += da∘c'   dx = W_fᵀ·da_f + W_zᵀ·da_z + W_oᵀ·do
 *
 * Traces, given dh alone, with d = dh∘o + Q_oᵀ·do; exact as long as the weights stand still:
 *
 *   E_W ← A·E_W + p·xᵀ   E_b ← A·E_b + p   E_w ← A·E_w + p∘c'   for f, the same with r for z   |A| ≤ 1
 *   dW += d·E_W   db += d·E_b   dw += d·E_w
 *
 * Unbounded, |A| > 1 for long would carry a trace out of sight.
 *
 * Memory, I inputs, H units:
 *
 *   parameters  W_f [H, I]  b_f [H]  w_f [H]  W_z [H, I]  b_z [H]  w_z [H]  W_o [H, I]  Q_o [H, H]  b_o [H]
 *   state       h [H]  c [H]
 *   cache row   x [I]  c' [H]  c [H]  f [H]  o [H]  p [H]  r [H]  A [H]
 *   traces      E_W [H, I]  E_b [H]  E_w [H] for f, the same for z: one for each parameter before W_o
 *
 * Source: Irie, Gopalakrishnan & Schmidhuber 2023.
 */
import { clip, sigmoid } from '../activation.ts';
import { chronoBias, type Chrono, longUnits, orthogonal, xavier } from '../initial.ts';
import type { Random } from '../random.ts';
import { addRow, carry, kept } from './carry.ts';
import type { StateWatch, Tensor, TraceCell } from './cell.ts';
import { watchGates } from './watch.ts';

export class Elstm implements TraceCell {
  readonly name = 'elstm';
  readonly inputs: number;
  readonly hidden: number;
  readonly paramCount: number;
  readonly stateSize: number;
  readonly cacheSize: number;
  readonly traceSize: number;
  readonly tensors: readonly Tensor[];
  readonly #chrono: Chrono | undefined;
  /** do [H] and d [H]; scratch, empty between calls. */
  readonly #do: Float64Array;
  readonly #d: Float64Array;

  /** @param chrono  units that start out to remember for long; none where undefined */
  constructor(inputs: number, hidden: number, chrono?: Chrono) {
    this.inputs = inputs;
    this.hidden = hidden;
    this.traceSize = 2 * hidden * (inputs + 2);
    this.paramCount = this.traceSize + hidden * (inputs + hidden + 1);
    this.stateSize = 2 * hidden;
    this.cacheSize = inputs + 7 * hidden;
    this.tensors = [
      ...['f', 'z'].flatMap((gate) => [
        { name: `weight_${gate}`, shape: [hidden, inputs] },
        { name: `bias_${gate}`, shape: [hidden] },
        { name: `recurrent_${gate}`, shape: [hidden] },
      ]),
      { name: 'weight_o', shape: [hidden, inputs] },
      { name: 'peephole_o', shape: [hidden, hidden] },
      { name: 'bias_o', shape: [hidden] },
    ];
    this.#chrono = chrono;
    this.#do = new Float64Array(hidden);
    this.#d = new Float64Array(hidden);
  }

  /** W Xavier, Q_o orthogonal, w 0, b_f 1, other biases 0; long units b_f = ln u. */
  initialise(memory: Float64Array, params: number, random: Random): void {
    const I = this.inputs;
    const H = this.hidden;
    const bF = params + H * I;
    const wO = params + this.traceSize;
    memory.fill(0, params, params + this.paramCount);
    for (const w of [params, params + H * (I + 2), wO]) xavier(memory, w, H * I, I, H, random);
    orthogonal(memory, wO + H * I, H, random);
    memory.fill(1, bF, bF + H);
    const chrono = this.#chrono;
    if (chrono === undefined) return;
    for (let u = H - longUnits(H, chrono); u < H; u++) memory[bF + u] = chronoBias(chrono, random);
  }

  step(memory: Float64Array, params: number, state: number, row: number): void {
    const I = this.inputs;
    const H = this.hidden;
    const cBefore = row + I;
    const c = cBefore + H;
    const forZ = H * (I + 2);
    memory.copyWithin(cBefore, state + H, state + 2 * H);
    for (let u = 0; u < H; u++) {
      const before = memory[cBefore + u];
      const bias = params + H * I + u;
      const wF = memory[bias + H];
      const wZ = memory[bias + forZ + H];
      let aF = memory[bias] + wF * before;
      let aZ = memory[bias + forZ] + wZ * before;
      const w = params + u * I;
      for (let j = 0; j < I; j++) {
        aF += memory[w + j] * memory[row + j];
        aZ += memory[w + forZ + j] * memory[row + j];
      }
      const f = sigmoid(aF);
      const z = Math.tanh(aZ);
      const p = (before - z) * f * (1 - f);
      const r = (1 - f) * (1 - z * z);
      memory[c + u] = f * before + (1 - f) * z;
      memory[c + H + u] = f;
      memory[c + 3 * H + u] = p;
      memory[c + 4 * H + u] = r;
      memory[c + 5 * H + u] = f + p * wF + r * wZ;
    }
    this.#show(memory, params + 2 * forZ, state, row);
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
    const forZ = H * (I + 2);
    const cBefore = row + I;
    const p = cBefore + 4 * H;
    this.#backThroughOutput(memory, params, row, work, gradient, dState, dInput);
    for (let u = 0; u < H; u++) {
      const d = work[dState + H + u] + this.#d[u];
      const before = memory[cBefore + u];
      const daF = d * memory[p + u];
      const daZ = d * memory[p + H + u];
      const w = u * I;
      const bias = H * I + u;
      addRow(work, gradient + w, daF, memory, row, I);
      addRow(work, gradient + forZ + w, daZ, memory, row, I);
      work[gradient + bias] += daF;
      work[gradient + forZ + bias] += daZ;
      work[gradient + bias + H] += daF * before;
      work[gradient + forZ + bias + H] += daZ * before;
      if (dInput >= 0) {
        addRow(work, dInput, daF, memory, params + w, I);
        addRow(work, dInput, daZ, memory, params + forZ + w, I);
      }
      work[dState + H + u] = d * memory[p + 2 * H + u];
      work[dState + u] = 0; // nobody hears h'
    }
  }

  trace(memory: Float64Array, _params: number, row: number, traces: number): void {
    const I = this.inputs;
    const H = this.hidden;
    const forZ = H * (I + 2);
    const p = row + I + 4 * H;
    for (let u = 0; u < H; u++) {
      const keep = clip(memory[p + 2 * H + u], 1);
      this.#carryUnit(memory, traces, keep, memory[p + u], row, u);
      this.#carryUnit(memory, traces + forZ, keep, memory[p + H + u], row, u);
    }
  }

  traceGradient(
    memory: Float64Array,
    params: number,
    row: number,
    traces: number,
    work: Float64Array,
    gradient: number,
    dh: number,
  ): void {
    const I = this.inputs;
    const H = this.hidden;
    const forZ = H * (I + 2);
    this.#backThroughOutput(memory, params, row, work, gradient, dh, -1);
    for (let u = 0; u < H; u++) {
      const d = this.#d[u];
      for (let half = 0; half <= forZ; half += forZ) {
        addRow(work, gradient + half + u * I, d, memory, traces + half + u * I, I);
        const bias = half + H * I + u;
        work[gradient + bias] += d * memory[traces + bias];
        work[gradient + bias + H] += d * memory[traces + bias + H];
      }
    }
  }

  watch(memory: Float64Array, state: number, row: number): StateWatch {
    const H = this.hidden;
    const gates = row + this.inputs + 2 * H;
    return watchGates(memory, state + H, H, gates, 2 * H, gates, 0);
  }

  /** o and h, once all of c is known. */
  #show(memory: Float64Array, wO: number, state: number, row: number): void {
    const I = this.inputs;
    const H = this.hidden;
    const c = row + I + H;
    const qO = wO + H * I;
    for (let u = 0; u < H; u++) {
      let a = memory[qO + H * H + u];
      for (let j = 0; j < I; j++) a += memory[wO + u * I + j] * memory[row + j];
      for (let v = 0; v < H; v++) a += memory[qO + u * H + v] * memory[c + v];
      const o = sigmoid(a);
      memory[c + 2 * H + u] = o;
      memory[state + u] = o * memory[c + u];
      memory[state + H + u] = memory[c + u];
    }
  }

  /** From dh to d, what it makes of c; the gradient of W_o, Q_o and b_o on the way. */
  #backThroughOutput(
    memory: Float64Array,
    params: number,
    row: number,
    work: Float64Array,
    gradient: number,
    dh: number,
    dInput: number,
  ): void {
    const I = this.inputs;
    const H = this.hidden;
    const c = row + I + H;
    const o = c + 2 * H;
    const wO = this.traceSize;
    const qO = wO + H * I;
    for (let u = 0; u < H; u++) {
      const output = memory[o + u];
      this.#do[u] = work[dh + u] * memory[c + u] * output * (1 - output);
      this.#d[u] = work[dh + u] * output;
    }
    for (let u = 0; u < H; u++) {
      const d = this.#do[u];
      addRow(work, gradient + wO + u * I, d, memory, row, I);
      addRow(work, gradient + qO + u * H, d, memory, c, H);
      work[gradient + qO + H * H + u] += d;
      addRow(this.#d, 0, d, memory, params + qO + u * H, H);
      if (dInput >= 0) addRow(work, dInput, d, memory, params + wO + u * I, I);
    }
  }

  #carryUnit(memory: Float64Array, traces: number, keep: number, gain: number, row: number, u: number): void {
    const I = this.inputs;
    const bias = traces + this.hidden * I + u;
    const recurrent = bias + this.hidden;
    carry(memory, traces + u * I, keep, gain, row, I);
    memory[bias] = kept(keep * memory[bias] + gain);
    memory[recurrent] = kept(keep * memory[recurrent] + gain * memory[row + I + u]);
  }
}
