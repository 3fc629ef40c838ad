/**
 * A season far longer than the window: a random shape of 288 samples, over and over, with noise. The shape is a moving
 * mean over 6 random numbers, of variance 1. What counts is (forecast − next value without its noise)², the mean over
 * the last quarter of the samples.
 */
import { createRandom, gaussian, type Random } from '../../models/random.ts';
import type { Learner } from '../../models/training/learner.ts';
import { MeanSquare } from './mean-square.ts';

export const PERIOD = 288;
const NOISE = 0.1;
const WIDTH = 6;
const SERIES = 1_000_000;

export interface SeasonError {
  learner: number;
  /** The value of now for the next one. */
  persistence: number;
  /** The value of a period ago. */
  seasonal: number;
}

export function learnSeason(learner: Learner, seed: number, samples: number): SeasonError {
  const memory = new Float64Array(learner.size);
  learner.initialise(memory, 0, createRandom(seed));
  const random = createRandom(seed + SERIES); // the same series, whoever learns it
  const shape = drawShape(random);
  const past = new Float64Array(PERIOD);
  const errors = { learner: new MeanSquare(), persistence: new MeanSquare(), seasonal: new MeanSquare() };
  let forecast = 0;
  for (let n = 0; n < samples; n++) {
    const place = n % PERIOD;
    const clean = shape[place];
    const value = clean + NOISE * gaussian(random);
    if (n > samples * 0.75) {
      errors.learner.add(forecast - clean);
      errors.persistence.add(past[(place + PERIOD - 1) % PERIOD] - clean);
      errors.seasonal.add(past[place] - clean);
    }
    if (n > 0) {
      memory[learner.lossGradient(memory, 0)] = forecast - value;
      learner.learn(memory, 0);
    }
    past[place] = value;
    memory[learner.nextInput(memory, 0)] = value;
    forecast = memory[learner.forward(memory, 0)];
  }
  return {
    learner: errors.learner.mean(),
    persistence: errors.persistence.mean(),
    seasonal: errors.seasonal.mean(),
  };
}

function drawShape(random: Random): Float64Array {
  const numbers = Float64Array.from({ length: PERIOD }, () => gaussian(random));
  const shape = numbers.map((_, t) => {
    let sum = 0;
    for (let k = 0; k < WIDTH; k++) sum += numbers[(t + k) % PERIOD];
    return sum;
  });
  const mean = shape.reduce((sum, x) => sum + x, 0) / PERIOD;
  const variance = shape.reduce((sum, x) => sum + (x - mean) * (x - mean), 0) / PERIOD;
  return shape.map((x) => (x - mean) / Math.sqrt(variance));
}
