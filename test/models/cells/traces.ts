/** The run of run.ts without its way back: the gradient by traces, and what it is the derivative of. */
import type { Cell, TraceCell } from '../../../models/cells/cell.ts';
import { gaussian, type Random } from '../../../models/random.ts';
import type { CellProblem } from './run.ts';

export function randomProblem(cell: Cell, steps: number, outputs: number, random: Random): CellProblem {
  const numbers = (count: number, scale: number) => Array.from({ length: count }, () => scale * gaussian(random));
  return {
    params: numbers(cell.paramCount, 0.5),
    V: numbers(outputs * cell.hidden, 0.5),
    bv: numbers(outputs, 0.5),
    x: numbers(steps * cell.inputs, 1),
    target: numbers(steps * outputs, 1),
    state: numbers(cell.stateSize, 0.5),
  };
}

/** The gradient with respect to the parameters, gathered while the run goes on. Everything lies at odd places. */
export function runTraces(cell: TraceCell, { params, V, bv, x, target, state: start }: CellProblem): Float64Array {
  const { inputs: I, hidden: H } = cell;
  const O = bv.length;
  const traces = 3;
  const row = traces + cell.traceSize + 2;
  const at = row + cell.cacheSize + 1;
  const state = at + cell.paramCount + 5;
  const memory = new Float64Array(state + cell.stateSize + 1);
  memory.set(params, at);
  memory.set(start, state);
  const dh = cell.paramCount + 1;
  const work = new Float64Array(dh + H);
  for (let t = 0; t < target.length / O; t++) {
    memory.set(x.slice(t * I, (t + 1) * I), row);
    cell.step(memory, at, state, row);
    cell.trace(memory, at, row, traces);
    work.fill(0, dh);
    for (let k = 0; k < O; k++) {
      let y = bv[k];
      for (let u = 0; u < H; u++) y += V[k * H + u] * memory[state + u];
      for (let u = 0; u < H; u++) work[dh + u] += (y - target[t * O + k]) * V[k * H + u];
    }
    cell.traceGradient(memory, at, row, traces, work, 0, dh);
  }
  return work.slice(0, cell.paramCount);
}

/**
 * Central differences of the loss with respect to the parameters, while the first `frozen` numbers of the state before
 * each step are held at what they are where no parameter is moved.
 */
export function frozenDifferences(cell: Cell, problem: CellProblem, frozen: number): number[] {
  const recorded: Float64Array[] = [];
  lossOf(cell, problem, (state) => void recorded.push(state.slice(0, frozen)));
  const frozenLoss = () => lossOf(cell, problem, (state, t) => state.set(recorded[t]));
  return problem.params.map((number, i) => {
    problem.params[i] = number + 1e-5;
    const above = frozenLoss();
    problem.params[i] = number - 1e-5;
    const below = frozenLoss();
    problem.params[i] = number;
    return (above - below) / 2e-5;
  });
}

function lossOf(
  cell: Cell,
  { params, V, bv, x, target, state: start }: CellProblem,
  beforeStep: (state: Float64Array, t: number) => void,
): number {
  const { inputs: I, hidden: H, paramCount, stateSize } = cell;
  const O = bv.length;
  const row = paramCount + stateSize;
  const memory = new Float64Array(row + cell.cacheSize);
  memory.set([...params, ...start]);
  let loss = 0;
  for (let t = 0; t < target.length / O; t++) {
    beforeStep(memory.subarray(paramCount, row), t);
    memory.set(x.slice(t * I, (t + 1) * I), row);
    cell.step(memory, 0, paramCount, row);
    for (let k = 0; k < O; k++) {
      let y = bv[k];
      for (let u = 0; u < H; u++) y += V[k * H + u] * memory[paramCount + u];
      loss += (y - target[t * O + k]) ** 2 / 2;
    }
  }
  return loss;
}
