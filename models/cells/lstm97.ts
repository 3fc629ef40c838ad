/**
 * Memory cell blocks, the LSTM of 1997: cells that keep their state with weight 1, and a gradient cut so that nothing
 * but that state carries it.
 *
 * B blocks of C cells; the cells c of a block j share its gates. ' = the step before, Γ = what the gates were:
 *
 *   z = [x, y', 1]   or, where all units hear each other,   z = [x, y', Γ', 1]
 *   in, out, φ = σ(W·z)   per block; φ = 1 without forget gates
 *   g = 4σ(w_c·z) − 2   s = φ·s' + in·g   q = 2σ(s) − 1   y = out·q
 *
 * y' and Γ' inside z are taken for constants, which makes the gradient a matter of s alone. Given dy and ds after the
 * step:
 *
 *   d = ds + dy·out·(1−q²)/2   ds' = φ·d
 *   da_c = d·in·(1−g²/4)   da_in = Σ_c d·g·in(1−in)   da_φ = Σ_c d·s'·φ(1−φ)   da_out = Σ_c dy·q·out(1−out)
 *   dw += da·zᵀ   dx = Wᵀ·da   dy' = dΓ' = 0
 *
 * The same gradient without a window, e = dy·out·(1−q²)/2:
 *
 *   S_c ← φ·S_c + in·(1−g²/4)·z   S_in ← φ·S_in + g·in(1−in)·z   S_φ ← φ·S_φ + s'·φ(1−φ)·z     one row for each cell
 *   dw_c += e·S_c   dw_in += Σ_c e·S_in   dw_φ += Σ_c e·S_φ   dw_out += da_out·z
 *
 * Memory, I inputs, N = B·C cells (the hidden units), G = 2 gates for each block, with forget gates 3:
 *
 *   parameters  W_cell [N, z]  W_in [B, z]  W_out [B, z]  (W_φ [B, z])
 *   state       y [N]  (Γ [G·B])  s [N]
 *   cache row   z = x [I]  y' [N]  (Γ' [G·B])  1,  s' [N]  g [N]  q [N]  in [B]  out [B]  (φ [B])
 *   traces      S_c [N, z]  S_in [N, z]  (S_φ [N, z])
 *
 * The last column is that of the 1, the bias; W_cell and S_c do without where the cells have none.
 *
 * Without forget gates s only ever adds up: for streams that never end, ask for them.
 * Sources: Hochreiter & Schmidhuber 1997; forget gates: Gers, Schmidhuber & Cummins 2000.
 */
import { sigmoid } from '../activation.ts';
import type { Random } from '../random.ts';
import { addRow, carry } from './carry.ts';
import type { StateWatch, Tensor, TraceCell } from './cell.ts';
import { watchGates } from './watch.ts';

export interface Lstm97Options {
  blocks: number;
  cellsPerBlock: number;
  /** Whom cells and gates hear besides the inputs: the cells, or all, that is the gates too. */
  gateSources: 'cells' | 'all';
  forget: boolean;
  /** Whether w_c has a bias; the gates always have one. */
  cellBias: boolean;
}

export class Lstm97 implements TraceCell {
  readonly name = 'lstm97';
  readonly inputs: number;
  readonly hidden: number;
  readonly paramCount: number;
  readonly stateSize: number;
  readonly cacheSize: number;
  readonly traceSize: number;
  readonly tensors: readonly Tensor[];
  readonly #blocks: number;
  readonly #perBlock: number;
  readonly #forget: boolean;
  /** Gates in all, G·B. */
  readonly #gates: number;
  /** Numbers in z, which are the columns of W_in, W_out, W_φ. */
  readonly #z: number;
  /** Columns of W_cell: without a bias it leaves the 1 out. */
  readonly #columns: number;
  /** Gradient with respect to the cells [N] and gates [G·B] before squashing; scratch, empty between calls. */
  readonly #da: Float64Array;

  constructor(inputs: number, { blocks, cellsPerBlock, gateSources, forget, cellBias }: Lstm97Options) {
    const N = blocks * cellsPerBlock;
    const gates = (forget ? 3 : 2) * blocks;
    const heard = N + (gateSources === 'all' ? gates : 0);
    const z = inputs + heard + 1;
    const columns = cellBias ? z : z - 1;
    this.inputs = inputs;
    this.hidden = N;
    this.paramCount = N * columns + gates * z;
    this.stateSize = heard + N;
    this.cacheSize = z + 3 * N + gates;
    this.traceSize = N * (columns + (forget ? 2 : 1) * z);
    this.tensors = [
      { name: 'weight_cell', shape: [N, columns] },
      { name: 'weight_in', shape: [blocks, z] },
      { name: 'weight_out', shape: [blocks, z] },
      ...(forget ? [{ name: 'weight_forget', shape: [blocks, z] }] : []),
    ];
    this.#blocks = blocks;
    this.#perBlock = cellsPerBlock;
    this.#forget = forget;
    this.#gates = gates;
    this.#z = z;
    this.#columns = columns;
    this.#da = new Float64Array(N + gates);
  }

  /**
   * U(±0.2), but for the output gates, whose biases −1, −2, −3, −4, −1, .. open one block after the other, and the
   * forget gates, whose bias 1 lets them start out to keep.
   */
  initialise(memory: Float64Array, params: number, random: Random): void {
    for (let i = 0; i < this.paramCount; i++) memory[params + i] = 0.4 * random() - 0.2;
    const B = this.#blocks;
    const z = this.#z;
    const outBias = params + this.hidden * this.#columns + (B + 1) * z - 1;
    for (let j = 0; j < B; j++) {
      memory[outBias + j * z] = -1 - (j % 4);
      if (this.#forget) memory[outBias + (B + j) * z] = 1;
    }
  }

  step(memory: Float64Array, params: number, state: number, row: number): void {
    const N = this.hidden;
    const B = this.#blocks;
    const z = this.#z;
    const columns = this.#columns;
    const wGates = params + N * columns;
    const sBefore = row + z;
    const g = sBefore + N;
    const q = g + N;
    const gates = q + N;
    const s = state + this.stateSize - N;
    memory.copyWithin(row + this.inputs, state, s);
    memory[sBefore - 1] = 1;
    memory.copyWithin(sBefore, s, s + N);

    for (let k = 0; k < this.#gates; k++) memory[gates + k] = sigmoid(dot(memory, wGates + k * z, row, z));
    for (let c = 0; c < N; c++) {
      const j = Math.floor(c / this.#perBlock);
      const keep = this.#forget ? memory[gates + 2 * B + j] : 1;
      memory[g + c] = 4 * sigmoid(dot(memory, params + c * columns, row, columns)) - 2;
      memory[s + c] = keep * memory[sBefore + c] + memory[gates + j] * memory[g + c];
      memory[q + c] = 2 * sigmoid(memory[s + c]) - 1;
      memory[state + c] = memory[gates + B + j] * memory[q + c];
    }
    if (this.stateSize > 2 * N) memory.copyWithin(state + N, gates, gates + this.#gates);
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
    const N = this.hidden;
    this.#backThroughGates(memory, row, work, dState);
    for (let k = 0; k < N + this.#gates; k++) {
      const d = this.#da[k];
      const columns = k < N ? this.#columns : this.#z;
      const w = k < N ? k * columns : N * this.#columns + (k - N) * columns;
      addRow(work, gradient + w, d, memory, row, columns);
      if (dInput >= 0) for (let j = 0; j < this.inputs; j++) work[dInput + j] += d * memory[params + w + j];
    }
  }

  trace(memory: Float64Array, _params: number, row: number, traces: number): void {
    const N = this.hidden;
    const B = this.#blocks;
    const z = this.#z;
    const columns = this.#columns;
    const sBefore = row + z;
    const g = sBefore + N;
    const gates = g + 2 * N;
    const sIn = traces + N * columns;
    const sForget = sIn + N * z;
    for (let c = 0; c < N; c++) {
      const j = Math.floor(c / this.#perBlock);
      const input = memory[gates + j];
      const keep = this.#forget ? memory[gates + 2 * B + j] : 1;
      const squashed = memory[g + c];
      carry(memory, traces + c * columns, keep, input * (1 - (squashed * squashed) / 4), row, columns);
      carry(memory, sIn + c * z, keep, squashed * input * (1 - input), row, z);
      if (this.#forget) carry(memory, sForget + c * z, keep, memory[sBefore + c] * keep * (1 - keep), row, z);
    }
  }

  traceGradient(
    memory: Float64Array,
    _params: number,
    row: number,
    traces: number,
    work: Float64Array,
    gradient: number,
    dh: number,
  ): void {
    const N = this.hidden;
    const B = this.#blocks;
    const z = this.#z;
    const columns = this.#columns;
    const q = row + z + 2 * N;
    const gates = q + N;
    const cells = N * columns;
    for (let c = 0; c < N; c++) {
      const j = Math.floor(c / this.#perBlock);
      const output = memory[gates + B + j];
      const tq = memory[q + c];
      const dy = work[dh + c];
      const e = (dy * output * (1 - tq * tq)) / 2;
      addRow(work, gradient + c * columns, e, memory, traces + c * columns, columns);
      addRow(work, gradient + cells + j * z, e, memory, traces + cells + c * z, z);
      addRow(work, gradient + cells + (B + j) * z, dy * tq * output * (1 - output), memory, row, z);
      if (this.#forget) addRow(work, gradient + cells + (2 * B + j) * z, e, memory, traces + cells + (N + c) * z, z);
    }
  }

  watch(memory: Float64Array, state: number, row: number): StateWatch {
    const N = this.hidden;
    const gates = row + this.#z + 3 * N;
    return watchGates(memory, state + this.stateSize - N, N, gates, this.#gates, gates, 0);
  }

  /** Fills da and turns dState into the one before the step. */
  #backThroughGates(memory: Float64Array, row: number, work: Float64Array, dState: number): void {
    const N = this.hidden;
    const B = this.#blocks;
    const sBefore = row + this.#z;
    const g = sBefore + N;
    const q = g + N;
    const gates = q + N;
    const ds = dState + this.stateSize - N;
    const da = this.#da;
    da.fill(0, N);
    for (let c = 0; c < N; c++) {
      const j = Math.floor(c / this.#perBlock);
      const input = memory[gates + j];
      const output = memory[gates + B + j];
      const squashed = memory[g + c];
      const tq = memory[q + c];
      const dy = work[dState + c];
      const d = work[ds + c] + (dy * output * (1 - tq * tq)) / 2;
      da[c] = d * input * (1 - (squashed * squashed) / 4);
      da[N + j] += d * squashed * input * (1 - input);
      da[N + B + j] += dy * tq * output * (1 - output);
      const keep = this.#forget ? memory[gates + 2 * B + j] : 1;
      if (this.#forget) da[N + 2 * B + j] += d * memory[sBefore + c] * keep * (1 - keep);
      work[ds + c] = keep * d;
    }
    work.fill(0, dState, ds);
  }
}

/** Σ wⱼ·zⱼ over count numbers. */
function dot(memory: Float64Array, w: number, z: number, count: number): number {
  let sum = 0;
  for (let j = 0; j < count; j++) sum += memory[w + j] * memory[z + j];
  return sum;
}
