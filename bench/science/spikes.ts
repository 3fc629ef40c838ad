/**
 * Spikes in the drifting sines: what one of them does to the forecasts after it, and what clipping the input does
 * against that.
 *
 *   σ² ← 0.99·σ² + 0.01·min(|e|, 3σ)²     running error
 *   input = value clipped to forecast ± 4σ, for at most 2 samples in a row; then as it is, for it may be the new normal
 *
 * The loss is Huber's with δ = 3σ, from the value as it is. Counted are the excess errors at clean samples in the
 * second half of each stretch but the first: at all of them, and at those within 20 samples after a spike.
 */
import { clip } from '../../models/activation.ts';
import { createRandom, gaussian } from '../../models/random.ts';
import type { Learner } from '../../models/training/learner.ts';
import { MeanSquare } from './mean-square.ts';
import { drifting, NOISE, SERIES, STRETCH } from './sines.ts';

const SPIKES = 0.005;
const SHADOW = 20;
const DECAY = 0.99;
const HUBER = 3;
const LIMIT = 4;
const IN_A_ROW = 2;

export interface SpikeError {
  steady: number;
  shadow: number;
}

/** @param clipped  whether the learner is fed the clipped input */
export function learnSpikes(learner: Learner, clipped: boolean, seed: number, samples: number): SpikeError {
  const memory = new Float64Array(learner.size);
  learner.initialise(memory, 0, createRandom(seed));
  const random = createRandom(seed + SERIES); // the same series, whoever learns it
  const next = drifting(random);
  const steady = new MeanSquare();
  const shadow = new MeanSquare();
  let forecast = 0;
  let sigma = 1;
  let inARow = 0;
  let spikeAt = -Infinity;
  for (let n = 0; n < samples; n++) {
    const clean = next();
    const isSpike = random() < SPIKES;
    const size = (3 + 3 * random()) * (random() < 0.5 ? -1 : 1);
    const value = clean + NOISE * gaussian(random) + (isSpike ? size : 0);
    if (isSpike) spikeAt = n;
    else if (n >= STRETCH && n % STRETCH >= STRETCH / 2) {
      steady.add(forecast - clean);
      if (n - spikeAt <= SHADOW) shadow.add(forecast - clean);
    }
    let input = value;
    if (n > 0) {
      const error = forecast - value;
      memory[learner.lossGradient(memory, 0)] = clip(error, HUBER * sigma);
      learner.learn(memory, 0);
      const isFar = Math.abs(error) > LIMIT * sigma;
      inARow = isFar ? inARow + 1 : 0;
      if (clipped && isFar && inARow <= IN_A_ROW) input = forecast - clip(error, LIMIT * sigma);
      const known = clip(error, HUBER * sigma);
      sigma = Math.sqrt(DECAY * sigma * sigma + (1 - DECAY) * known * known);
    }
    memory[learner.nextInput(memory, 0)] = input;
    forecast = memory[learner.forward(memory, 0)];
  }
  return { steady: steady.mean(), shadow: shadow.mean() };
}
