/**
 * GRU, in two variants. z is the gate that keeps; a text that writes (1−z)∘h' + z∘n has the rows of z negated.
 *
 *   r, z = σ(W·x + b_ih + R·h' + b_hh)      rows in blocks r, z, n (that order everywhere); ' = the step before
 *   reset after   q = R_n·h' + b_hn   n = tanh(W_n·x + b_in + r∘q)
 *   reset before  s = r∘h'            n = tanh(W_n·x + b_in + R_n·s + b_hn)
 *   h = (1−z)∘n + z∘h'
 *
 * Backward, given dh after the step:
 *
 *   da_n = dh∘(1−z)∘(1−n²)   da_z = dh∘(h'−n)∘z(1−z)
 *   reset after   da_r = da_n∘q∘r(1−r)   e = da, but e_n = da_n∘r   dh' = dh∘z + Rᵀ·e
 *   reset before  u = R_nᵀ·da_n   da_r = u∘h'∘r(1−r)   e = da   dh' = dh∘z + u∘r + R_rᵀ·da_r + R_zᵀ·da_z
 *   dW += da·xᵀ   dR += e·h'ᵀ, but before dR_n += e_n·sᵀ   db_ih += da   db_hh += e   dx = Wᵀ·da
 *
 * Memory, I inputs, H units:
 *
 *   parameters  W [3H, I]  R [3H, H]  b_ih [3H]  b_hh [3H]
 *   state       h [H]
 *   cache row   x [I]  h' [H]  r [H]  z [H]  n [H]  q or s [H]
 *
 * Source: Cho et al. 2014. Reset after is what the usual libraries run: all of R·h' is one product.
 */
import { sigmoid } from '../activation.ts';
import { chronoBias, type Chrono, longUnits, orthogonal, xavier } from '../initial.ts';
import type { Random } from '../random.ts';
import type { Cell, Tensor } from './cell.ts';

export interface GruOptions {
  /** Whether the reset gate works on R_n·h' or on h' before that product. */
  reset: 'after' | 'before';
  /** Units that start out to remember for long; none where undefined. */
  chrono?: Chrono | undefined;
}

export class Gru implements Cell {
  readonly name: 'gru' | 'gru_before';
  readonly inputs: number;
  readonly hidden: number;
  readonly paramCount: number;
  readonly stateSize: number;
  readonly cacheSize: number;
  readonly tensors: readonly Tensor[];
  readonly #after: boolean;
  readonly #chrono: Chrono | undefined;
  /** Gradient with respect to the gates before squashing [3H]; scratch, empty between calls. */
  readonly #da: Float64Array;
  /** Gradient with respect to r∘h' [H], where that is what R_n takes; scratch too. */
  readonly #u: Float64Array;

  constructor(inputs: number, hidden: number, { reset, chrono }: GruOptions) {
    this.name = reset === 'after' ? 'gru' : 'gru_before';
    this.inputs = inputs;
    this.hidden = hidden;
    this.paramCount = 3 * hidden * (inputs + hidden + 2);
    this.stateSize = hidden;
    this.cacheSize = inputs + 5 * hidden;
    this.tensors = [
      { name: 'weight_ih', shape: [3 * hidden, inputs] },
      { name: 'weight_hh', shape: [3 * hidden, hidden] },
      { name: 'bias_ih', shape: [3 * hidden] },
      { name: 'bias_hh', shape: [3 * hidden] },
    ];
    this.#after = reset === 'after';
    this.#chrono = chrono;
    this.#da = new Float64Array(3 * hidden);
    this.#u = new Float64Array(hidden);
  }

  /** W Xavier per gate, R orthogonal per gate, biases 0; long units b_z = ln u, all of it in b_ih. */
  initialise(memory: Float64Array, params: number, random: Random): void {
    const I = this.inputs;
    const H = this.hidden;
    const R = params + 3 * H * I;
    const bIh = R + 3 * H * H;
    xavier(memory, params, 3 * H * I, I, H, random);
    for (let gate = 0; gate < 3; gate++) orthogonal(memory, R + gate * H * H, H, random);
    memory.fill(0, bIh, bIh + 6 * H);
    const chrono = this.#chrono;
    if (chrono === undefined) return;
    for (let u = H - longUnits(H, chrono); u < H; u++) memory[bIh + H + u] = chronoBias(chrono, random);
  }

  step(memory: Float64Array, params: number, state: number, row: number): void {
    const I = this.inputs;
    const H = this.hidden;
    const after = this.#after;
    const R = params + 3 * H * I;
    const bIh = R + 3 * H * H;
    const bHh = bIh + 3 * H;
    const hBefore = row + I;
    const r = hBefore + H;
    const z = r + H;
    const n = z + H;
    const last = n + H;
    memory.copyWithin(hBefore, state, state + H);

    for (let k = 0; k < 2 * H; k++) {
      const fromX = memory[bIh + k] + dot(memory, params + k * I, row, I);
      memory[r + k] = sigmoid(fromX + memory[bHh + k] + dot(memory, R + k * H, hBefore, H));
    }
    for (let u = 0; u < H; u++) {
      const k = 2 * H + u;
      memory[last + u] = after
        ? memory[bHh + k] + dot(memory, R + k * H, hBefore, H)
        : memory[r + u] * memory[hBefore + u];
    }
    for (let u = 0; u < H; u++) {
      const k = 2 * H + u;
      const fromX = memory[bIh + k] + dot(memory, params + k * I, row, I);
      const fromH = after ? memory[r + u] * memory[last + u] : memory[bHh + k] + dot(memory, R + k * H, last, H);
      const candidate = Math.tanh(fromX + fromH);
      const keep = memory[z + u];
      memory[n + u] = candidate;
      memory[state + u] = (1 - keep) * candidate + keep * memory[hBefore + u];
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
    const after = this.#after;
    const R = params + 3 * H * I;
    const hBefore = row + I;
    const r = hBefore + H;
    const last = r + 3 * H;
    const da = this.#da;
    this.#throughGates(memory, R + 2 * H * H, hBefore, work, dState);

    const gradR = gradient + 3 * H * I;
    const gradBIh = gradR + 3 * H * H;
    const gradBHh = gradBIh + 3 * H;
    for (let k = 0; k < 3 * H; k++) {
      const ofN = k >= 2 * H;
      const d = da[k];
      const e = ofN && after ? d * memory[r + k - 2 * H] : d;
      work[gradBIh + k] += d;
      work[gradBHh + k] += e;
      addScaled(work, gradient + k * I, d, memory, row, I);
      if (dInput >= 0) addScaled(work, dInput, d, memory, params + k * I, I);
      addScaled(work, gradR + k * H, e, memory, ofN && !after ? last : hBefore, H);
      if (!ofN || after) addScaled(work, dState, e, memory, R + k * H, H);
    }
  }

  /** Fills da; turns dh into what of dh' does not come through the rows of R: dh∘z, and u∘r where there is a u. */
  #throughGates(memory: Float64Array, Rn: number, hBefore: number, work: Float64Array, dState: number): void {
    const H = this.hidden;
    const after = this.#after;
    const r = hBefore + H;
    const last = r + 3 * H;
    const da = this.#da;
    const u = this.#u;
    u.fill(0);
    for (let k = 0; k < H; k++) {
      const z = memory[r + H + k];
      const n = memory[r + 2 * H + k];
      const dh = work[dState + k];
      const dn = dh * (1 - z) * (1 - n * n);
      da[H + k] = dh * (memory[hBefore + k] - n) * z * (1 - z);
      da[2 * H + k] = dn;
      work[dState + k] = dh * z;
      if (!after) addScaled(u, 0, dn, memory, Rn + k * H, H);
    }
    for (let k = 0; k < H; k++) {
      const reset = memory[r + k];
      const dReset = after ? da[2 * H + k] * memory[last + k] : u[k] * memory[hBefore + k];
      da[k] = dReset * reset * (1 - reset);
      work[dState + k] += u[k] * reset;
    }
  }
}

function dot(memory: Float64Array, a: number, b: number, count: number): number {
  let sum = 0;
  for (let j = 0; j < count; j++) sum += memory[a + j] * memory[b + j];
  return sum;
}

function addScaled(
  work: Float64Array,
  at: number,
  scale: number,
  memory: Float64Array,
  from: number,
  count: number,
): void {
  for (let j = 0; j < count; j++) work[at + j] += scale * memory[from + j];
}
