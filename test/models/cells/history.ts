/** What every cell promises whose state keeps a history. Each such cell's own test runs it whole. */
import { describe, expect, test } from 'vitest';
import type { Cell } from '../../../models/cells/cell.ts';
import { createRandom, gaussian, type Random } from '../../../models/random.ts';
import type { Learner } from '../../../models/training/learner.ts';
import { ringRows, Tbptt, type Training } from '../../../models/training/tbptt.ts';
import { expectClose, expectSameBits } from '../difference.ts';
import { type CellProblem, runCell } from './run.ts';

const HEAD = { outputs: 1, skip: true, bias: true };

export const numbers = (count: number, random: Random, scale = 1) =>
  Array.from({ length: count }, () => scale * gaussian(random));

export const zeros = (count: number) => Array.from({ length: count }, () => 0);

/** Central differences of the loss with respect to one list of the problem. */
export function measured(problem: CellProblem, list: number[], lossOf: (problem: CellProblem) => number): number[] {
  return list.map((number, i) => {
    list[i] = number + 1e-6;
    const above = lossOf(problem);
    list[i] = number - 1e-6;
    const below = lossOf(problem);
    list[i] = number;
    return (above - below) / 2e-6;
  });
}

/** T steps from a state that `before` steps have left behind. */
export function warmProblem(cell: Cell, before: number, steps: number, seed: number): CellProblem {
  const random = createRandom(seed);
  const problem = {
    params: numbers(cell.paramCount, random, 0.5),
    V: numbers(2 * cell.hidden, random, 0.5),
    bv: numbers(2, random),
    state: zeros(cell.stateSize),
  };
  const draw = (count: number) => ({ x: numbers(count * cell.inputs, random), target: numbers(2 * count, random) });
  const warmUp = runCell(cell, { ...problem, ...draw(before) });
  return { ...problem, ...draw(steps), state: [...warmUp.states.at(-1)!] };
}

/** Gradient [paramCount] of Σ h over T steps, walked back when the state is `late` steps further on. */
function lateGradient(cell: Cell, { params, x, state }: CellProblem, steps: number, late: number): Float64Array {
  const { inputs: I, hidden: H, cacheSize, paramCount } = cell;
  const at = (steps + late) * cacheSize;
  const stateAt = at + paramCount;
  const memory = new Float64Array(stateAt + cell.stateSize);
  memory.set(params, at);
  memory.set(state, stateAt);
  for (let t = 0; t < steps + late; t++) {
    memory.set(x.slice(t * I, (t + 1) * I), t * cacheSize);
    cell.step(memory, at, stateAt, t * cacheSize);
  }
  const work = new Float64Array(paramCount + cell.stateSize);
  for (let t = steps - 1; t >= 0; t--) {
    for (let u = 0; u < H; u++) work[paramCount + u] += 1;
    cell.backward(memory, at, stateAt, t * cacheSize, work, 0, paramCount, -1);
  }
  return work.subarray(0, paramCount);
}

const training = (spread: boolean, rate: number): Training => ({
  k1: 3,
  k2: 7,
  spread,
  optimizer: { name: 'sgd', rate },
  clipNorm: Infinity,
});

/** One sample through a learner: forecasts the first input of the next step. Returns the norm of an update. */
function sample(learner: Learner, memory: Float64Array, at: number, t: number): { y: number; norm: number } {
  const x = learner.nextInput(memory, at);
  memory[x] = Math.sin(t / 3) + Math.cos(t * t) / 5;
  memory[x + 1] = Math.cos(t / 7);
  const y = memory[learner.forward(memory, at)];
  memory[learner.lossGradient(memory, at)] = y - Math.sin((t + 1) / 3);
  return { y, norm: learner.learn(memory, at) };
}

/** @param make  a cell of I inputs and about H units that sees N steps, of which `rows` may be walked back */
export function historyContract(
  name: string,
  make: (inputs: number, hidden: number, history: number, rows: number) => Cell,
  { exact = true } = {},
): void {
  describe(`${name} with a history`, () => {
    test.runIf(exact).each([
      [5, 8, 8],
      [9, 4, 4],
      [3, 6, 9],
      [1, 5, 5],
    ])('that has turned many times has the gradients of central differences: N %i, %i of %i rows', (N, T, rows) => {
      const cell = make(2, 3, N, rows);
      const problem = warmProblem(cell, 3 * (N + rows), T, 10 * N + T);
      const { gradients } = runCell(cell, problem);
      for (const key of ['params', 'x'] as const) {
        const wanted = measured(problem, problem[key], () => runCell(cell, problem).loss);
        expect(Math.max(...wanted.map(Math.abs))).toBeGreaterThan(1e-3);
        expectClose(key, gradients[key], wanted, 1e-7);
      }
    });

    test.runIf(exact)('gives back the gradient of the state before: of what was written over, 0', () => {
      const cell = make(2, 3, 5, 6);
      const problem = warmProblem(cell, 34, 4, 9);
      // The two counters behind h are places, not quantities.
      const counters = [cell.hidden, cell.hidden + 1];
      const before = problem.state.slice();
      const wanted = before.map((number, i) => {
        if (counters.includes(i)) return 0;
        const lossAt = (shift: number) => {
          problem.state = before.with(i, number + shift);
          return runCell(cell, problem).loss;
        };
        return (lossAt(1e-6) - lossAt(-1e-6)) / 2e-6;
      });
      const got = runCell(cell, { ...problem, state: before }).gradients.state;
      expect(Math.max(...wanted.map(Math.abs))).toBeGreaterThan(1e-3);
      expectClose('state', got, wanted, 1e-7);
    });

    test('finds in the state all that its steps saw, as long as a walk may lag', () => {
      const [T, rows] = [5, 12];
      const cell = make(2, 3, 6, rows);
      const problem = warmProblem(cell, 3 * (6 + rows) + 1, rows, 4);
      const atOnce = lateGradient(cell, problem, T, 0);
      expectSameBits('gradient', lateGradient(cell, problem, T, rows - T), atOnce);
    });

    test('has the same gradients when the walk is spread, one update late', () => {
      const [whole, parts] = [false, true].map((spread) => {
        const plan = training(spread, 0);
        const learner = new Tbptt(make(2, 4, 5, ringRows(plan)), HEAD, plan);
        const memory = new Float64Array(learner.size);
        learner.initialise(memory, 0, createRandom(5));
        return Array.from({ length: 90 }, (_, t) => sample(learner, memory, 0, t).norm);
      });
      expect(whole.filter((norm) => norm > 0)).toHaveLength(30);
      expectClose('late', parts.slice(3), whole.slice(0, -3), 1e-12);
    });

    test.each([4, 31, 100])('goes on bit for bit when saved after %i samples and loaded elsewhere', (saved) => {
      const plan = training(true, 0.05);
      const fresh = () => new Tbptt(make(2, 4, 5, ringRows(plan)), HEAD, plan);
      const learner = fresh();
      const memory = new Float64Array(learner.size);
      learner.initialise(memory, 0, createRandom(6));
      for (let t = 0; t < saved; t++) sample(learner, memory, 0, t);
      const again = fresh();
      const elsewhere = new Float64Array(again.size + 3).fill(9);
      elsewhere.set(memory, 3);
      for (let t = saved; t < saved + 60; t++) {
        expect(sample(again, elsewhere, 3, t).y).toBe(sample(learner, memory, 0, t).y);
      }
      expectSameBits('block', elsewhere.subarray(3), memory);
    });

    test.each([1e6, 1e100, 1e300])('is finite while an input of %d goes through it, and after', (spike) => {
      const cell = make(2, 3, 4, 6);
      const problem = warmProblem(cell, 20, 15, 7);
      problem.x[4] = spike;
      problem.x[5] = -spike;
      const { states } = runCell(cell, problem);
      expect(states.every((state) => state.every(Number.isFinite))).toBe(true);
    });

    test('of less than one step is refused', () => {
      expect(() => make(1, 2, 0, 3)).toThrow(RangeError);
      expect(() => make(1, 2, Number.NaN, 3)).toThrow(RangeError);
    });
  });
}
