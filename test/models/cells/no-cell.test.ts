import { expect, test } from 'vitest';
import type { Cell } from '../../../models/cells/cell.ts';
import { NoCell } from '../../../models/cells/no-cell.ts';
import { createRandom, gaussian } from '../../../models/random.ts';
import { Tbptt, type Training } from '../../../models/training/tbptt.ts';
import { expectClose, expectSameBits } from '../difference.ts';

const SKIP = { outputs: 1, skip: true, bias: true };
const TRAINING: Training = {
  k1: 8,
  k2: 32,
  spread: true,
  optimizer: { name: 'rmsprop', rate: 3e-3, alpha: 0.999, epsilon: 1e-8, corrected: true },
  // Clipping the sum of several errors leaves the weights off the mark in a series that feeds on its own noise.
  clipNorm: Infinity,
};

function learnerOf(inputs: number, training: Training): { learner: Tbptt; memory: Float64Array } {
  const learner = new Tbptt(new NoCell(inputs), SKIP, training);
  const memory = new Float64Array(learner.size);
  learner.initialise(memory, 0, createRandom(1));
  return { learner, memory };
}

test('has no units, no parameters and no state; its row is the input', () => {
  const cell = new NoCell(3);
  const { name, inputs, hidden, paramCount, stateSize, cacheSize, tensors } = cell;
  expect({ name, inputs, hidden, paramCount, stateSize, cacheSize, tensors }).toEqual({
    name: 'linear',
    inputs: 3,
    hidden: 0,
    paramCount: 0,
    stateSize: 0,
    cacheSize: 3,
    tensors: [],
  });
  expect('watch' in cell).toBe(false);
});

test('under a head it forecasts 0 at first, and U·x + b ever after, whatever came before', () => {
  const { learner, memory } = learnerOf(3, TRAINING);
  expect(learner.weightCount).toBe(4);
  const forecast = (x: number[]) => {
    memory.set(x, learner.nextInput(memory, 0));
    return memory[learner.forward(memory, 0)];
  };
  expect(forecast([5, -2, 1])).toBe(0);
  memory.set([0.5, -0.25, 2, 1], 0);
  expect([forecast([2, 4, -1]), forecast([900, -7, 3]), forecast([2, 4, -1])]).toEqual([-1, 458.75, -1]);
});

test.each([
  [1, 1, false],
  [1, 4, false],
  [4, 4, false],
  [4, 9, false],
  [3, 7, true],
])('an update is that of least squares over the newest k1 errors: k1 = %i, k2 = %i, spread %s', (k1, k2, spread) => {
  const training: Training = { k1, k2, spread, optimizer: { name: 'sgd', rate: 0.05 }, clipNorm: Infinity };
  const { learner, memory } = learnerOf(2, training);
  const random = createRandom(7);
  const weights = [0, 0, 0];
  const sum = [0, 0, 0];
  let late = [0, 0, 0];
  for (let t = 1; t <= 10 * k1; t++) {
    const x = [gaussian(random), gaussian(random)];
    memory.set(x, learner.nextInput(memory, 0));
    const error = memory[learner.forward(memory, 0)] - gaussian(random);
    memory[learner.lossGradient(memory, 0)] = error;
    learner.learn(memory, 0);
    for (const [i, number] of [...x, 1].entries()) sum[i] += error * number;
    if (t % k1 !== 0) continue;
    const due = spread ? late : sum;
    for (const [i, d] of due.entries()) weights[i] -= 0.05 * d;
    late = sum.slice();
    sum.fill(0);
    expectClose('weights', memory.subarray(0, 3), weights, 1e-13);
  }
});

/** What was learned of y(t+1) = a·y(t) + b·y(t−1) + c + noise, over the last quarter of the stream. */
interface Learned {
  /** U and b, in the mean. */
  weights: number[];
  /** Mean square of the forecast's distance from what could be known, as a share of the noise's variance. */
  excess: number;
}

function learnRecurrence(a: number, b: number, c: number): Learned {
  const STEPS = 40_000;
  const NOISE = 0.5;
  const { learner, memory } = learnerOf(2, TRAINING);
  const random = createRandom(5);
  const result: Learned = { weights: [0, 0, 0], excess: 0 };
  let [y, before] = [0, 0];
  for (let t = 0; t < STEPS; t++) {
    memory.set([y, before], learner.nextInput(memory, 0));
    const knowable = a * y + b * before + c;
    const forecast = memory[learner.forward(memory, 0)];
    [y, before] = [knowable + NOISE * gaussian(random), y];
    memory[learner.lossGradient(memory, 0)] = forecast - y;
    learner.learn(memory, 0);
    if (t < 0.75 * STEPS) continue;
    const count = 0.25 * STEPS;
    result.excess += ((forecast - knowable) / NOISE) ** 2 / count;
    for (let i = 0; i < 3; i++) result.weights[i] += memory[i] / count;
  }
  return result;
}

test.each([
  [0.5, -0.3, 0],
  [0.9, 0, 0],
  [1.6, -0.8, 0],
  [-0.7, 0.1, -0.5],
])('learns y(t+1) = a·y(t) + b·y(t−1) + c from two lags in noise: a = %d, b = %d, c = %d', (a, b, c) => {
  const { weights, excess } = learnRecurrence(a, b, c);
  expectClose('weights', weights, [a, b, c], 0.04);
  expect(excess).toBeLessThan(0.01);
});

test('learns an oscillation without noise, y(t+1) = 2cos(ω)·y(t) − y(t−1), until next to nothing is left', () => {
  const { learner, memory } = learnerOf(2, TRAINING);
  const errors: number[] = [];
  for (let t = 0; t < 20_000; t++) {
    memory.set([Math.sin(0.9 * t), Math.sin(0.9 * (t - 1))], learner.nextInput(memory, 0));
    const error = memory[learner.forward(memory, 0)] - Math.sin(0.9 * (t + 1));
    errors.push(Math.abs(error));
    memory[learner.lossGradient(memory, 0)] = error;
    learner.learn(memory, 0);
  }
  expect(Math.max(...errors.slice(-500))).toBeLessThan(1e-6);
  expectClose('weights', memory.subarray(0, 3), [2 * Math.cos(0.9), -1, 0], 1e-6);
});

test('leaves memory and gradient as they are', () => {
  const cell: Cell = new NoCell(2);
  const memory = Float64Array.from([1, 2, 3, 4]);
  const before = memory.slice();
  cell.initialise(memory, 0, createRandom(1));
  cell.step(memory, 0, 0, 1);
  cell.backward(memory, 0, 0, 1, memory, 0, 0, 2);
  expectSameBits('memory', memory, before);
});
