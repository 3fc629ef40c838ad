/**
 * What a sample costs, from the first to the millionth: time for the bench, and what needs no clock for the tests.
 */
import type { Cell } from '../../models/cells/cell.ts';
import { createRandom, gaussian } from '../../models/random.ts';
import type { Learner } from '../../models/training/learner.ts';
import { drifting, NOISE } from './sines.ts';

export interface Calls {
  step: number;
  backward: number;
}

/** The same cell, which counts what is asked of it. */
export function counted(cell: Cell): { cell: Cell; calls: Calls } {
  const calls = { step: 0, backward: 0 };
  const { name, inputs, hidden, paramCount, stateSize, cacheSize, tensors } = cell;
  const counting: Cell = {
    name,
    inputs,
    hidden,
    paramCount,
    stateSize,
    cacheSize,
    tensors,
    initialise: (memory, params, random) => cell.initialise(memory, params, random),
    step(memory, params, state, row) {
      calls.step++;
      cell.step(memory, params, state, row);
    },
    backward(memory, params, state, row, work, gradient, dState, dInput) {
      calls.backward++;
      cell.backward(memory, params, state, row, work, gradient, dState, dInput);
    },
  };
  return { cell: counting, calls };
}

/** Learns the drifting sines for ever; each call is one sample. */
export function endless(learner: Learner, seed: number): () => void {
  const memory = new Float64Array(learner.size);
  const random = createRandom(seed);
  learner.initialise(memory, 0, random);
  const next = drifting(random);
  learner.nextInput(memory, 0);
  let forecast = memory[learner.forward(memory, 0)];
  return () => {
    const value = next() + NOISE * gaussian(random);
    memory[learner.lossGradient(memory, 0)] = forecast - value;
    learner.learn(memory, 0);
    memory[learner.nextInput(memory, 0)] = value;
    forecast = memory[learner.forward(memory, 0)];
  };
}

const EARLY = [100_000, 200_000] as const;
const LATE = [900_000, 1_000_000] as const;

export interface StepTimes {
  /** Median time of a sample, µs. */
  early: number;
  late: number;
}

/** @param now  a clock in ms */
export function timeSteps(step: () => void, now: () => number): StepTimes {
  const early = new Float64Array(EARLY[1] - EARLY[0]);
  const late = new Float64Array(LATE[1] - LATE[0]);
  for (let n = 0; n < LATE[1]; n++) {
    const start = now();
    step();
    const time = now() - start;
    if (n >= EARLY[0] && n < EARLY[1]) early[n - EARLY[0]] = time;
    else if (n >= LATE[0]) late[n - LATE[0]] = time;
  }
  return { early: median(early) * 1000, late: median(late) * 1000 };
}

/** The middle one; the upper of two. */
export function median(numbers: ArrayLike<number>): number {
  return Float64Array.from(numbers).sort()[Math.floor(numbers.length / 2)];
}
