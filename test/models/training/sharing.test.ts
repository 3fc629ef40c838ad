import { describe, expect, test } from 'vitest';
import { Lstm } from '../../../models/cells/lstm.ts';
import { createRandom, gaussian } from '../../../models/random.ts';
import { type Learner, learnedSize } from '../../../models/training/learner.ts';
import type { Optimizer } from '../../../models/training/optimizer.ts';
import { Sharing } from '../../../models/training/sharing.ts';
import { Tbptt } from '../../../models/training/tbptt.ts';
import { expectSameBits } from '../difference.ts';

const HEAD = { outputs: 1, skip: true, bias: true };
const RMSPROP: Optimizer = { name: 'rmsprop', rate: 1e-3, alpha: 0.99, epsilon: 1e-4 };
const SGD: Optimizer = { name: 'sgd', rate: 1e-2 };

const learnerOf = (optimizer: Optimizer) =>
  new Tbptt(new Lstm(1, 3), HEAD, { k1: 4, k2: 4, spread: false, optimizer, clipNorm: 1 });

/** One sample: what follows x is t. Returns the forecast. */
function sample(learner: Learner, memory: Float64Array, at: number, weights: number, x: number, t: number): number {
  memory[learner.nextInput(memory, at)] = x;
  const y = memory[learner.forward(memory, at, weights)];
  memory[learner.lossGradient(memory, at)] = y - t;
  learner.learn(memory, at, weights);
  return y;
}

const random = createRandom(4);
const STREAM = Array.from({ length: 200 }, (_, t) => Math.sin(t / 4) + 0.2 * gaussian(random));

/** Streams of the same samples that share their weights; the first ones' forecasts, and the weights in the end. */
function together(learner: Sharing, streams: number) {
  const learned = learnedSize(learner);
  const own = learner.size - learned;
  const memory = new Float64Array(learned + streams * own);
  learner.initialiseLearned(memory, 0, createRandom(1));
  for (let k = 0; k < streams; k++) learner.initialiseOwn(memory, k * own);
  const forecasts: number[] = [];
  for (let t = 1; t < STREAM.length; t++) {
    for (let k = 0; k < streams; k++) {
      const y = sample(learner, memory, k * own, 0, STREAM[t - 1], STREAM[t]);
      if (k === 0) forecasts.push(y);
    }
  }
  return { forecasts, weights: memory.slice(0, learner.weightCount) };
}

function alone(learner: Learner) {
  const memory = new Float64Array(learner.size);
  learner.initialise(memory, 0, createRandom(1));
  const forecasts = STREAM.slice(1).map((x, i) => sample(learner, memory, 0, 0, STREAM[i], x));
  return { forecasts, weights: memory.slice(0, learner.weightCount) };
}

const distance = (a: Float64Array, b: Float64Array) => Math.hypot(...a.map((x, i) => x - b[i]));

const error = ({ forecasts }: { forecasts: number[] }) =>
  forecasts.slice(100).reduce((sum, y, i) => sum + Math.abs(y - STREAM[i + 101]), 0);

describe('streams that share their weights', () => {
  test.each([RMSPROP, SGD])(
    'learn as a learner does without, to the last bit, where there is one ($name)',
    (optimizer) => {
      const learner = learnerOf(optimizer);
      const [shared, wanted] = [together(new Sharing(learner), 1), alone(learner)];
      expectSameBits('forecasts', shared.forecasts, wanted.forecasts);
      expectSameBits('weights', shared.weights, wanted.weights);
    },
  );

  test('go as far together as one does alone, where they say the same', () => {
    const learner = learnerOf(SGD);
    const wanted = alone(learner);
    const start = new Float64Array(learner.size);
    learner.initialise(start, 0, createRandom(1));
    const way = distance(wanted.weights, start.slice(0, learner.weightCount));
    expect(distance(together(new Sharing(learner), 8).weights, wanted.weights)).toBeLessThan(0.05 * way);
  });

  test('stay sound where full steps would not', () => {
    const many = together(new Sharing(learnerOf({ ...RMSPROP, rate: 0.02 })), 40);
    expect(error(many)).toBeLessThan(1.1 * error(alone(learnerOf({ ...RMSPROP, rate: 0.02 }))));
  });

  test('take small steps after weights were drawn anew, however many errors they have seen', () => {
    const learner = new Sharing(learnerOf(SGD));
    const learned = learnedSize(learner);
    const memory = new Float64Array(learner.size);
    learner.initialise(memory, 0, createRandom(1));
    for (let t = 1; t < 50; t++) sample(learner, memory, 0, 0, STREAM[t - 1], STREAM[t]);
    learner.initialiseLearned(memory, 0, createRandom(2));
    for (let t = 50; t < 100; t++) {
      const before = memory.slice(0, learner.weightCount);
      sample(learner, memory, 0, 0, STREAM[t - 1], STREAM[t]);
      // The gradient is cut at 1.
      expect(distance(memory.slice(0, learner.weightCount), before)).toBeLessThanOrEqual(SGD.rate + 1e-12);
    }
    expect(memory.subarray(0, learned).every(Number.isFinite)).toBe(true);
  });
});

test('its regions follow one another without a gap, what is learned first', () => {
  const learner = learnerOf(RMSPROP);
  const sharing = new Sharing(learner);
  let at = 0;
  for (const region of sharing.regions) {
    expect(region.at).toBe(at);
    at += region.size;
  }
  expect(at).toBe(sharing.size);
  expect(learnedSize(sharing)).toBe(learnedSize(learner) + 1);
  expect(new Sharing(learnerOf(SGD)).regions.slice(0, 2).map(({ size }) => size)).toEqual([learner.weightCount, 1]);
});
