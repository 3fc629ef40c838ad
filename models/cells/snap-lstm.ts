/**
 * The LSTM with traces that follow each parameter through the unit it belongs to (SnAp-1): beyond e-prop they know the
 * unit's own recurrent weight. Forward and backward are the LSTM's own.
 *
 * For each row of W_ih, W_hh and b, of gate q and unit u, what it did to c and to h of that unit, z = [x, h', 1]:
 *
 *   E^c ← f·E^c + ρ·E^h + m·z            m = m_q for q = i, f, g; 0 for q = o
 *   E^h ← o(1−tc²)·E^c + ρ_o·E^h + n·z   n = m_o for q = o; else 0, with the new E^c and the old E^h
 *
 *   m_i = g·i(1−i)   m_f = c'·f(1−f)   m_g = i(1−g²)   m_o = tc·o(1−o)   tc = tanh(c)
 *   ρ = Σ m_q·W_hh,q[u,u] over i, f, g   ρ_o = m_o·W_hh,o[u,u]
 *
 * Given dh:  dW += dh·E^h.  Twice the memory of e-prop and more; no gain over it has been measured.
 *
 * Memory, I inputs, H units:  E^c [4H, I+H+1]  E^h [4H, I+H+1], rows like z.
 *
 * Source: Menick et al. 2021.
 */
import type { Chrono } from '../initial.ts';
import { kept } from './carry.ts';
import type { TraceCell } from './cell.ts';
import { Lstm } from './lstm.ts';
import { addGate } from './traced-lstm.ts';

export class SnapLstm extends Lstm implements TraceCell {
  readonly traceSize: number;
  /** m_i, m_f, m_g, m_o of one unit; scratch, empty between calls. */
  readonly #gains = new Float64Array(4);

  /** @param chrono  units that start out to remember for long; none where undefined */
  constructor(inputs: number, hidden: number, chrono?: Chrono) {
    super(inputs, hidden, chrono);
    this.traceSize = 8 * hidden * (inputs + hidden + 1);
  }

  trace(memory: Float64Array, params: number, row: number, traces: number): void {
    const H = this.hidden;
    const wHh = params + 4 * H * this.inputs;
    const gains = this.#gains;
    for (let u = 0; u < H; u++) {
      const cBefore = row + this.inputs + H + u;
      const i = memory[cBefore + H];
      const f = memory[cBefore + 2 * H];
      const g = memory[cBefore + 3 * H];
      const o = memory[cBefore + 4 * H];
      const t = memory[cBefore + 5 * H];
      gains[0] = g * i * (1 - i);
      gains[1] = memory[cBefore] * f * (1 - f);
      gains[2] = i * (1 - g * g);
      gains[3] = t * o * (1 - o);
      let rho = 0;
      for (let q = 0; q < 3; q++) rho += gains[q] * memory[wHh + (q * H + u) * H + u];
      const rhoO = gains[3] * memory[wHh + (3 * H + u) * H + u];
      for (let q = 0; q < 4; q++) this.#carryRow(memory, row, traces, q, u, f, rho, o * (1 - t * t), rhoO);
    }
  }

  traceGradient(
    memory: Float64Array,
    _params: number,
    _row: number,
    traces: number,
    work: Float64Array,
    gradient: number,
    dh: number,
  ): void {
    const H = this.hidden;
    const width = this.inputs + H + 1;
    for (let k = 0; k < 4 * H; k++) {
      const Eh = traces + (4 * H + k) * width;
      addGate(this, work, gradient, k, work[dh + (k % H)], memory, Eh, memory[Eh + width - 1]);
    }
  }

  /** The pair of rows of gate q, unit u. */
  #carryRow(
    memory: Float64Array,
    row: number,
    traces: number,
    q: number,
    u: number,
    f: number,
    rho: number,
    open: number,
    rhoO: number,
  ): void {
    const H = this.hidden;
    const sources = this.inputs + H;
    const toC = q < 3 ? this.#gains[q] : 0;
    const toH = q < 3 ? 0 : this.#gains[q];
    const Ec = traces + (q * H + u) * (sources + 1);
    const Eh = Ec + 4 * H * (sources + 1);
    for (let j = 0; j <= sources; j++) {
      const z = j < sources ? memory[row + j] : 1;
      const before = memory[Eh + j];
      memory[Ec + j] = kept(f * memory[Ec + j] + rho * before + toC * z);
      memory[Eh + j] = kept(open * memory[Ec + j] + rhoO * before + toH * z);
    }
  }
}
