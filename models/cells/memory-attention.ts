/**
 * A recurrent cell that looks back over its own last N hidden states, and hands the head what it found beside h.
 *
 *   q = W_q·h   k_s = W_k·h_s   v_s = W_v·h_s   for the N steps s before this one, at first none: context = 0
 *   context = Σ w_s·v_s, w = softmax(q·k_s/√D)   output: h, context
 *
 * Keys and values are never formed. q·k_s = (W_kᵀ·q)·h_s and Σ w_s·v_s = W_v·Σ w_s·h_s, so the look goes over the
 * hidden states themselves: N·H numbers kept instead of 2·N·D, all seen through the weights as they are, and W_k and
 * W_v learn from states that lie further back than any walk.
 *
 *   p = W_kᵀ·q   m = Σ w_s·h_s   context = W_v·m
 *
 * Backward: dm = W_vᵀ·dcontext, through the look into p and into every h_s it saw; dq = W_k·dp; dh += W_qᵀ·dq. What
 * comes in for a kept h_s waits in the gradient of the state until the walk reaches the step that wrote it, where it
 * joins the gradient of the cell's own state. What comes in for one written before the walk's last step is dropped.
 *
 * A walk may lag `rows` steps behind the state, and must still find all that its steps saw: the ring has N + rows rows.
 *
 * Memory, inner cell of H units, R = N + rows:
 *
 *   parameters  of the cell [..]  W_q [D, H]  W_k [D, H]  W_v [D, H]
 *   state       h [H]  context [D]  row of the ring to be written next  rows in sight, at most N  ring [R, H]
 *               state of the cell [..], which has h once more
 *   cache row   of the cell [..]  q [D]  look [..] with p and m
 *
 * Source: Vaswani et al. 2017.
 */
import { xavier } from '../initial.ts';
import type { Random } from '../random.ts';
import {
  addProduct,
  addProductBackward,
  addTransposed,
  attend,
  attendBackward,
  type Look,
  lookSize,
  turn,
} from './attend.ts';
import type { Cell, StateWatch, Tensor } from './cell.ts';

export class MemoryAttention implements Cell {
  readonly name: string;
  readonly inputs: number;
  readonly hidden: number;
  readonly paramCount: number;
  readonly stateSize: number;
  readonly cacheSize: number;
  readonly tensors: readonly Tensor[];
  readonly watch?: (memory: Float64Array, state: number, row: number) => StateWatch;
  readonly #cell: Cell;
  readonly #width: number;
  readonly #look: Look;
  /** Where the state of the cell lies in the state. */
  readonly #inner: number;
  /** dp [H], dm [H], dq [D]; scratch, empty between calls. */
  readonly #d: Float64Array;

  /**
   * @param history  N; @param width  D; @param rows  steps that may be walked back, see ringRows
   * @throws RangeError when one is less than 1
   */
  constructor(cell: Cell, { history, width, rows }: { history: number; width: number; rows: number }) {
    if (!(history >= 1 && width >= 1 && rows >= 1)) {
      const got = `${history}, ${width} and ${rows}`;
      throw new RangeError(`attention: expected history >= 1, width >= 1 and rows >= 1, got ${got}`);
    }
    const H = cell.hidden;
    this.#cell = cell;
    this.#width = width;
    this.#look = { history, rows: history + rows, width: H, scale: 1 / Math.sqrt(width), slope: 0 };
    this.#inner = H + width + 2 + this.#look.rows * H;
    this.name = `${cell.name}+attention`;
    this.inputs = cell.inputs;
    this.hidden = H + width;
    this.paramCount = cell.paramCount + 3 * width * H;
    this.stateSize = this.#inner + cell.stateSize;
    this.cacheSize = cell.cacheSize + width + lookSize(this.#look);
    this.tensors = [
      ...cell.tensors,
      { name: 'attention_q', shape: [width, H] },
      { name: 'attention_k', shape: [width, H] },
      { name: 'attention_v', shape: [width, H] },
    ];
    this.#d = new Float64Array(2 * H + width);
    if (cell.watch !== undefined) {
      this.watch = (memory, state, row) => cell.watch!(memory, state + this.#inner, row);
    }
  }

  initialise(memory: Float64Array, params: number, random: Random): void {
    const cell = this.#cell;
    cell.initialise(memory, params, random);
    const size = this.#width * cell.hidden;
    for (let map = 0; map < 3; map++) {
      xavier(memory, params + cell.paramCount + map * size, size, cell.hidden, this.#width, random);
    }
  }

  step(memory: Float64Array, params: number, state: number, row: number): void {
    const cell = this.#cell;
    const H = cell.hidden;
    const D = this.#width;
    const R = this.#look.rows;
    const wQ = params + cell.paramCount;
    const wK = wQ + D * H;
    const wV = wK + D * H;
    const context = state + H;
    const counters = context + D;
    const ring = counters + 2;
    const q = row + cell.cacheSize;
    const look = q + D;
    const slot = memory[counters];
    const count = memory[counters + 1];

    cell.step(memory, params, state + this.#inner, row);
    memory.copyWithin(state, state + this.#inner, state + this.#inner + H);
    memory.fill(0, context, context + D);
    memory.fill(0, q, look + H);
    addProduct(memory, wQ, D, H, state, q);
    addTransposed(memory, wK, D, H, q, look);
    memory[look + 2 * H] = turn(slot - count + R, R);
    memory[look + 2 * H + 1] = count;
    attend(this.#look, memory, ring, ring, look);
    addProduct(memory, wV, D, H, look + H, context);

    memory.copyWithin(ring + slot * H, state, state + H);
    memory[counters] = turn(slot + 1, R);
    memory[counters + 1] = Math.min(count + 1, this.#look.history);
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
    const cell = this.#cell;
    const H = cell.hidden;
    const D = this.#width;
    const toQ = cell.paramCount;
    const toK = toQ + D * H;
    const toV = toK + D * H;
    const ring = state + H + D + 2;
    const dRing = dState + H + D + 2;
    const dInner = dState + this.#inner;
    const q = row + cell.cacheSize;
    const look = q + D;
    const slot = turn(memory[look + 2 * H] + memory[look + 2 * H + 1], this.#look.rows);
    const h = ring + slot * H;
    const d = this.#d;

    d.fill(0);
    addProductBackward(memory, params + toV, D, H, look + H, work, dState + H, work, gradient + toV, d, H);
    attendBackward(this.#look, memory, ring, ring, look, d, work, dRing, dRing);
    for (let k = 0; k < D; k++) {
      const w = params + toK + k * H;
      const g = gradient + toK + k * H;
      for (let j = 0; j < H; j++) {
        d[2 * H + k] += memory[w + j] * d[j];
        work[g + j] += memory[q + k] * d[j];
      }
    }
    addProductBackward(memory, params + toQ, D, H, h, d, 2 * H, work, gradient + toQ, work, dInner);
    for (let j = 0; j < H; j++) work[dInner + j] += work[dState + j] + work[dRing + slot * H + j];
    work.fill(0, dState, dState + H + D);
    work.fill(0, dRing + slot * H, dRing + (slot + 1) * H);
    cell.backward(memory, params, state + this.#inner, row, work, gradient, dInner, dInput);
  }
}
