/**
 * A forecaster on one endless series: the sum of two sines with noise, whose amplitudes, periods and phases are drawn
 * anew every 5000 samples. What counts is the excess error, (forecast − next value without its noise)².
 *
 *   steady    mean over the second half of each stretch, the first stretch left out
 *   after     mean over the first 500 samples of each stretch, the first stretch left out
 */
import { createRandom, gaussian, type Random } from '../../models/random.ts';
import type { Learner } from '../../models/training/learner.ts';
import { MeanSquare } from './mean-square.ts';

export const STRETCH = 5000;
/** Standard deviation; its variance is 0.0025. */
export const NOISE = 0.05;
/** Each sine has an amplitude of 0.5..1 and a period from this to three times as long. */
const SHORTEST = [20, 60];
const AFTER = 500;
export const SERIES = 1_000_000;

/** The value without its noise, sample by sample. */
export function drifting(random: Random): () => number {
  let t = 0;
  const amplitude = new Float64Array(2);
  const step = new Float64Array(2);
  const phase = new Float64Array(2);
  return () => {
    if (t++ % STRETCH === 0) {
      for (let k = 0; k < 2; k++) {
        amplitude[k] = 0.5 + 0.5 * random();
        step[k] = (2 * Math.PI) / (SHORTEST[k] * (1 + 2 * random()));
        phase[k] = 2 * Math.PI * random();
      }
    }
    let value = 0;
    for (let k = 0; k < 2; k++) {
      phase[k] += step[k];
      value += amplitude[k] * Math.sin(phase[k]);
    }
    return value;
  };
}
export interface ForecastError {
  steady: number;
  after: number;
}

/** Learns `samples` of the series one after the other. */
export function learnSines(learner: Learner, seed: number, samples: number): ForecastError {
  const memory = new Float64Array(learner.size);
  learner.initialise(memory, 0, createRandom(seed));
  const random = createRandom(seed + SERIES); // the same series, whoever learns it
  const next = drifting(random);
  const steady = new MeanSquare();
  const after = new MeanSquare();
  let forecast = 0;
  for (let n = 0; n < samples; n++) {
    const clean = next();
    const value = clean + NOISE * gaussian(random);
    if (n > 0) {
      if (n >= STRETCH && n % STRETCH < AFTER) after.add(forecast - clean);
      if (n >= STRETCH && n % STRETCH >= STRETCH / 2) steady.add(forecast - clean);
      memory[learner.lossGradient(memory, 0)] = forecast - value;
      learner.learn(memory, 0);
    }
    memory[learner.nextInput(memory, 0)] = value;
    forecast = memory[learner.forward(memory, 0)];
  }
  return { steady: steady.mean(), after: after.mean() };
}
