/**
 * The LSTM with traces instead of a window (e-prop): h' inside the gates is taken for a constant, what c carries on is
 * exact. Forward and backward are the LSTM's own.
 *
 *   E_i ← f·E_i + g·i(1−i)·z   E_f ← f·E_f + c'·f(1−f)·z   E_g ← f·E_g + i(1−g²)·z     z = [x, h', 1]
 *
 * Given dh, tc = tanh(c):
 *
 *   dW_q += dh·o(1−tc²)·E_q for q = i, f, g   dW_o += dh·tc·o(1−o)·z
 *
 * Memory, I inputs, H units:  E_i, E_f, E_g  [H, I+H+1] each, rows like z.
 *
 * Sources: Gers, Schmidhuber & Cummins 2000; Bellec et al. 2020.
 */
import type { Chrono } from '../initial.ts';
import { addRow, carry, kept } from './carry.ts';
import type { TraceCell } from './cell.ts';
import { Lstm } from './lstm.ts';

export class TracedLstm extends Lstm implements TraceCell {
  readonly traceSize: number;

  /** @param chrono  units that start out to remember for long; none where undefined */
  constructor(inputs: number, hidden: number, chrono?: Chrono) {
    super(inputs, hidden, chrono);
    this.traceSize = 3 * hidden * (inputs + hidden + 1);
  }

  trace(memory: Float64Array, _params: number, row: number, traces: number): void {
    const H = this.hidden;
    const cBefore = row + this.inputs + H;
    const gates = cBefore + H;
    for (let u = 0; u < H; u++) {
      const i = memory[gates + u];
      const f = memory[gates + H + u];
      const g = memory[gates + 2 * H + u];
      this.#carryRow(memory, row, traces, u, f, g * i * (1 - i));
      this.#carryRow(memory, row, traces, H + u, f, memory[cBefore + u] * f * (1 - f));
      this.#carryRow(memory, row, traces, 2 * H + u, f, i * (1 - g * g));
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
    const I = this.inputs;
    const H = this.hidden;
    const width = I + H + 1;
    const o = row + I + 5 * H;
    const tc = o + H;
    for (let u = 0; u < H; u++) {
      const output = memory[o + u];
      const t = memory[tc + u];
      const dc = work[dh + u] * output * (1 - t * t);
      for (let k = u; k < 3 * H; k += H) {
        const E = traces + k * width;
        addGate(this, work, gradient, k, dc, memory, E, memory[E + width - 1]);
      }
      addGate(this, work, gradient, 3 * H + u, work[dh + u] * t * output * (1 - output), memory, row, 1);
    }
  }

  /** Row k of the traces; x and h' lie side by side in the cache row. */
  #carryRow(memory: Float64Array, row: number, traces: number, k: number, keep: number, gain: number): void {
    const sources = this.inputs + this.hidden;
    const E = traces + k * (sources + 1);
    carry(memory, E, keep, gain, row, sources);
    memory[E + sources] = kept(keep * memory[E + sources] + gain);
  }
}

/** Adds d·[x, h', one] of memory[z..] to the gradient of row k of W_ih, W_hh and b. */
export function addGate(
  { inputs: I, hidden: H }: Lstm,
  work: Float64Array,
  gradient: number,
  k: number,
  d: number,
  memory: Float64Array,
  z: number,
  one: number,
): void {
  addRow(work, gradient + k * I, d, memory, z, I);
  addRow(work, gradient + 4 * H * I + k * H, d, memory, z + I, H);
  work[gradient + 4 * H * (I + H) + k] += d * one;
}
