/** A cell under a linear head, y = V·h + bv, loss Σ|y − target|²/2, run forward and back over T steps. */
import type { Cell } from '../../../models/cells/cell.ts';

export interface CellProblem {
  params: number[];
  V: number[];
  bv: number[];
  /** [T, I] and [T, O]. */
  x: number[];
  target: number[];
  /** Before the first step [stateSize]. */
  state: number[];
}

export interface CellRun {
  loss: number;
  /** [T, O] */
  y: number[];
  /** Cache row and state after each step. */
  rows: Float64Array[];
  states: Float64Array[];
  gradients: Record<'params' | 'V' | 'bv' | 'x' | 'state', Float64Array>;
}

/** Rows first, then parameters, then state, all at odd places: the cell must believe its offsets. */
export function runCell(cell: Cell, { params, V, bv, x, target, state: start }: CellProblem): CellRun {
  const { inputs: I, hidden: H, cacheSize } = cell;
  const O = bv.length;
  const T = target.length / O;
  const rows = 5;
  const at = rows + T * cacheSize + 3;
  const state = at + cell.paramCount + 1;
  const memory = new Float64Array(state + cell.stateSize + 2);
  memory.set(params, at);
  memory.set(start, state);
  const run: Omit<CellRun, 'gradients'> = { loss: 0, y: [], rows: [], states: [] };
  const dy: number[] = [];
  for (let t = 0; t < T; t++) {
    const row = rows + t * cacheSize;
    memory.set(x.slice(t * I, (t + 1) * I), row);
    cell.step(memory, at, state, row);
    run.rows.push(memory.slice(row, row + cacheSize));
    run.states.push(memory.slice(state, state + cell.stateSize));
    for (let k = 0; k < O; k++) {
      let y = bv[k];
      for (let u = 0; u < H; u++) y += V[k * H + u] * memory[state + u];
      const error = y - target[t * O + k];
      run.y.push(y);
      dy.push(error);
      run.loss += error ** 2 / 2;
    }
  }

  const gradients = {
    params: new Float64Array(cell.paramCount),
    V: new Float64Array(O * H),
    bv: new Float64Array(O),
    x: new Float64Array(T * I),
    state: new Float64Array(cell.stateSize),
  };
  const dState = cell.paramCount;
  const dX = dState + cell.stateSize;
  const work = new Float64Array(dX + I);
  for (let t = T - 1; t >= 0; t--) {
    for (let k = 0; k < O; k++) {
      gradients.bv[k] += dy[t * O + k];
      for (let u = 0; u < H; u++) {
        gradients.V[k * H + u] += dy[t * O + k] * run.states[t][u];
        work[dState + u] += dy[t * O + k] * V[k * H + u];
      }
    }
    work.fill(0, dX);
    cell.backward(memory, at, state, rows + t * cacheSize, work, 0, dState, dX);
    gradients.x.set(work.subarray(dX), t * I);
  }
  gradients.params.set(work.subarray(0, cell.paramCount));
  gradients.state.set(work.subarray(dState, dX));
  return { ...run, gradients };
}
