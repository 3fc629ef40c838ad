/**
 * The adding problem: two of T numbers are marked, and their sum is asked for at the end.
 *
 *   modern   values U(0, 1), one marker in each half, target X₁ + X₂; always answering 1 has an MSE of 1/6
 *   1997     values U(−1, 1), length T..1.1·T, the first marker among the first 10, the second among the first T/2 − 1,
 *            marker −1 at both ends that are not marked, target 0.5 + (X₁ + X₂)/4; right when |error| < 0.04
 *
 * Sources: Hochreiter & Schmidhuber 1997; the modern form: Le, Jaitly & Hinton 2015.
 */
import { sigmoid } from '../../models/activation.ts';
import { createRandom, type Random } from '../../models/random.ts';
import type { Episodes } from './episode.ts';
import { MeanSquare } from './mean-square.ts';

/** One sequence, [steps, 2] of value and marker. */
export interface Adding {
  x: Float64Array;
  steps: number;
  target: number;
}

const below = (n: number, random: Random): number => Math.floor(random() * n);

/** Fills x [T, 2], so that a long training makes no waste. */
export function drawModern(sequence: Adding, T: number, random: Random): void {
  const { x } = sequence;
  const half = Math.floor(T / 2);
  const first = below(half, random);
  const second = half + below(T - half, random);
  for (let t = 0; t < T; t++) {
    x[2 * t] = random();
    x[2 * t + 1] = t === first || t === second ? 1 : 0;
  }
  sequence.steps = T;
  sequence.target = x[2 * first] + x[2 * second];
}

/** Fills x [1.1·T, 2]. */
export function drawClassic(sequence: Adding, T: number, random: Random): void {
  const { x } = sequence;
  const steps = T + below(Math.floor(T / 10) + 1, random);
  const first = below(10, random);
  const choices = Math.floor(T / 2) - 1;
  let second = below(choices, random);
  while (second === first) second = below(choices, random);
  for (let t = 0; t < steps; t++) {
    x[2 * t] = 2 * random() - 1;
    x[2 * t + 1] = t === first || t === second ? 1 : t === 0 || t === steps - 1 ? -1 : 0;
  }
  sequence.steps = steps;
  sequence.target = 0.5 + (x[2 * first] + x[2 * second]) / 4;
}

/** Runs one sequence; returns where the output of its last step is. */
export function play(learner: Episodes, { x, steps }: Adding): number {
  const { memory } = learner;
  learner.begin();
  let y = 0;
  for (let t = 0; t < steps; t++) {
    const at = learner.nextInput();
    memory[at] = x[2 * t];
    memory[at + 1] = x[2 * t + 1];
    y = learner.forward();
  }
  return y;
}

export interface AddingRun {
  T: number;
  seed: number;
  /** Sequences at most. */
  limit: number;
  /** Sequences between two looks; 1000. */
  lookEvery?: number;
  /** Fresh sequences for a look; 300. */
  fresh?: number;
}

export interface AddingOutcome {
  /** Sequences until the mean square error is below 0.01; Infinity = the limit was not enough. */
  sequences: number;
  /** On fresh sequences at the last look. */
  mse: number;
}

const GOAL = 0.01;
const BATCH = 20;

/** Trains until the goal or the limit, with a look at fresh sequences every so often. */
export function learnAdding(learner: Episodes, run: AddingRun): AddingOutcome {
  const { T, seed, limit, lookEvery = 1000, fresh = 300 } = run;
  const random = createRandom(seed);
  learner.initialise(random);
  const sequence = { x: new Float64Array(2 * T), steps: T, target: 0 };
  const error = (): number => {
    drawModern(sequence, T, random);
    return learner.memory[play(learner, sequence)] - sequence.target;
  };
  let mse = Infinity;
  for (let seen = BATCH; seen <= limit; seen += BATCH) {
    for (let k = 0; k < BATCH; k++) {
      const e = error();
      learner.memory[learner.lossGradient()] = e;
      learner.end();
    }
    learner.update();
    if (seen % lookEvery !== 0) continue;
    const square = new MeanSquare();
    for (let k = 0; k < fresh; k++) square.add(error());
    mse = square.mean();
    if (mse < GOAL) return { sequences: seen, mse };
  }
  return { sequences: Infinity, mse };
}

export interface ClassicOutcome {
  /** Mean |error| of 2000 fresh sequences. */
  error: number;
  /** Share of them with |error| ≥ 0.04. */
  wrong: number;
}

const RIGHT = 0.04;
const CLASSIC_FRESH = 2000;

/**
 * The form of 1997, with a logistic output and an update after every sequence.
 * @param prepare  instead of the usual initial weights
 */
export function learnClassic(
  learner: Episodes,
  { T, seed, limit }: AddingRun,
  prepare: (learner: Episodes, random: Random) => void,
): ClassicOutcome {
  const random = createRandom(seed);
  learner.initialise(random);
  prepare(learner, random);
  const { memory } = learner;
  const sequence = { x: new Float64Array(2 * (T + Math.floor(T / 10))), steps: T, target: 0 };
  for (let seen = 0; seen < limit; seen++) {
    drawClassic(sequence, T, random);
    const p = sigmoid(memory[play(learner, sequence)]);
    memory[learner.lossGradient()] = (p - sequence.target) * p * (1 - p);
    learner.end();
    learner.update();
  }
  const outcome = { error: 0, wrong: 0 };
  for (let k = 0; k < CLASSIC_FRESH; k++) {
    drawClassic(sequence, T, random);
    const error = Math.abs(sigmoid(memory[play(learner, sequence)]) - sequence.target);
    outcome.error += error / CLASSIC_FRESH;
    outcome.wrong += error < RIGHT ? 0 : 1 / CLASSIC_FRESH;
  }
  return outcome;
}
