import { describe, expect, test } from 'vitest';
import { FourierCell, InputCell } from '../../../bench/quality/controls/feature-cells.ts';
import { Readout } from '../../../bench/quality/controls/readout.ts';
import { Untrained } from '../../../bench/quality/controls/untrained.ts';
import { Wiped } from '../../../bench/quality/controls/wiped.ts';
import { METHODS } from '../../../bench/quality/methods.ts';
import { Lstm } from '../../../models/cells/lstm.ts';
import { DEFAULTS, Detector } from '../../../models/detector.ts';
import { createRandom } from '../../../models/random.ts';
import type { Learner } from '../../../models/training/learner.ts';
import { Tbptt, type Training } from '../../../models/training/tbptt.ts';
import { expectSameBits } from '../../models/difference.ts';

const TRAINING: Training = { k1: 1, k2: 1, spread: false, optimizer: { name: 'sgd', rate: 0.1 }, clipNorm: Infinity };
const HEAD = { outputs: 1, skip: false, bias: false };
const BEFORE = 5; // numbers in front of the block, which nobody may touch

/** Feeds x(t), learns truth(t); returns the errors. */
function run(learner: Learner, steps: number, input: (t: number) => number[], truth: (t: number) => number) {
  const memory = new Float64Array(BEFORE + learner.size + 5).fill(7);
  learner.initialise(memory, BEFORE, createRandom(3));
  const errors: number[] = [];
  for (let t = 0; t < steps; t++) {
    memory.set(input(t), learner.nextInput(memory, BEFORE));
    const error = truth(t) - memory[learner.forward(memory, BEFORE)];
    memory[learner.lossGradient(memory, BEFORE)] = -error;
    learner.learn(memory, BEFORE);
    errors.push(error);
  }
  expect([...memory.subarray(0, BEFORE), ...memory.subarray(BEFORE + learner.size)]).toEqual(Array(10).fill(7));
  return { memory, errors };
}

const wave = (t: number) => [Math.sin(t / 3), Math.cos(t / 5)];

/** What a wiped cell learns with a window of so many steps. */
function wipedWeights(k2: number): Float64Array {
  const learner = new Tbptt(new Wiped(new Lstm(2, 3)), HEAD, { ...TRAINING, k2 });
  const { memory } = run(learner, 50, wave, (t) => Math.sin(t / 3));
  return memory.slice(BEFORE, BEFORE + learner.weightCount);
}

describe('a cell that is wiped', () => {
  test('answers to its input alone, whatever came before', () => {
    const cell = new Wiped(new Lstm(2, 3));
    const memory = new Float64Array(cell.paramCount + cell.stateSize + cell.cacheSize);
    const row = cell.paramCount + cell.stateSize;
    cell.initialise(memory, 0, createRandom(1));
    const step = (x: number[]) => {
      memory.set(x, row);
      cell.step(memory, 0, cell.paramCount, row);
      return memory.slice(cell.paramCount, row);
    };
    const first = step([1, 2]);
    step([-3, 4]);
    expectSameBits('state', step([1, 2]), first);
  });

  test('learns what a window of one step teaches, however far the window goes back', () => {
    expectSameBits('weights', wipedWeights(5), wipedWeights(1));
  });
});

test('a learner that is not trained keeps its weights, and steps like any other', () => {
  const plain = new Tbptt(new Lstm(2, 3), HEAD, TRAINING);
  const learner = new Untrained(new Tbptt(new Lstm(2, 3), HEAD, TRAINING));
  const fresh = new Float64Array(plain.size);
  plain.initialise(fresh, 0, createRandom(3));
  const { memory, errors } = run(learner, 50, wave, () => 1);
  expectSameBits('weights', memory.slice(BEFORE, BEFORE + plain.weightCount), fresh.slice(0, plain.weightCount));
  expect(errors[40]).not.toBe(errors[41]);
});

const late = (errors: number[]) => Math.max(...errors.slice(-50).map(Math.abs));

describe('a readout by least squares', () => {
  test('of the inputs finds a linear rule with its offset', () => {
    const learner = new Readout(new InputCell(2), { forgetting: 1, ridge: 1e-6 });
    const { errors } = run(learner, 300, wave, (t) => 3 * wave(t)[0] - wave(t)[1] + 2);
    expect(late(errors)).toBeLessThan(1e-4);
  });

  test('of random cosines finds a rule that is not linear', () => {
    const rule = (t: number) => wave(t)[0] * wave(t)[1];
    const options = { forgetting: 1, ridge: 1e-6 };
    const straight = late(run(new Readout(new InputCell(2), options), 1000, wave, rule).errors);
    const bent = late(run(new Readout(new FourierCell(2, 40, 1.5), options), 1000, wave, rule).errors);
    expect(bent).toBeLessThan(0.02 * straight);
  });
});

test('every control makes a detector of its own shape', () => {
  const options = { ...DEFAULTS, hidden: 3, lags: 2 };
  const made = METHODS.filter(({ kind }) => kind !== 'floor').map(({ learner }) => new Detector(options, learner));
  expect(made).toHaveLength(6);
  expect(new Set(made.map(({ fast, size }) => `${fast.cell.name} ${size}`)).size).toBeGreaterThanOrEqual(5);
  for (const detector of made) {
    const block = new Float64Array(detector.size);
    detector.initialise(block, 0, 1);
    expect(block.some((x) => x !== 0)).toBe(true);
  }
});
