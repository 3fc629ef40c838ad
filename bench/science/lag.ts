/**
 * A lag in one endless stream: a pulse of ±1 decides which level a trigger L samples later sets off.
 *
 *   value    0 .. 0 ±1 0 ..  0  ±0.8 ±0.8 ±0.8 ±0.8 ±0.8  0 .. 0        the sign of the pulse
 *   trigger  0 .. 0  0 0 ..  1   0    0    0    0    0    0 .. 0
 *                   └── L ──┘
 *
 * The pause between two cycles is 5 to 15 samples. Noise on the values wears down what a state keeps by chance: without
 * it a window shorter than the lag would do. Only the first sample of a level needs the memory; it is learned when its
 * mean square error without the noise, decaying over some 50 cycles, falls below 0.05. Always answering 0 has 0.64.
 * The learner forecasts the next value from value and trigger.
 */
import { createRandom, gaussian } from '../../models/random.ts';
import type { Learner } from '../../models/training/learner.ts';

const LEVEL = 0.8;
const NOISE = 0.1;
const LEVEL_LENGTH = 5;
const GOAL = 0.05;
const DECAY = 0.98;
/** The running mean starts at the error of no knowledge. */
const CHANCE = LEVEL * LEVEL;

/** Returns the cycles it took; Infinity = the limit was not enough. */
export function learnLag(learner: Learner, lag: number, seed: number, limit: number): number {
  const memory = new Float64Array(learner.size);
  learner.initialise(memory, 0, createRandom(seed));
  const random = createRandom(seed + 1_000_000);
  let forecast = start(learner, memory);
  const hear = (value: number, trigger: number): number => {
    const error = forecast - value;
    const heard = value + NOISE * gaussian(random);
    memory[learner.lossGradient(memory, 0)] = forecast - heard;
    learner.learn(memory, 0);
    const x = learner.nextInput(memory, 0);
    memory[x] = heard;
    memory[x + 1] = trigger;
    forecast = memory[learner.forward(memory, 0)];
    return error * error;
  };
  let mean = CHANCE;
  for (let cycle = 1; cycle <= limit; cycle++) {
    const sign = random() < 0.5 ? -1 : 1;
    const pause = LEVEL_LENGTH + Math.floor(11 * random());
    hear(sign, 0);
    for (let k = 1; k < lag; k++) hear(0, 0);
    hear(0, 1);
    mean = DECAY * mean + (1 - DECAY) * hear(LEVEL * sign, 0);
    for (let k = 1; k < LEVEL_LENGTH; k++) hear(LEVEL * sign, 0);
    for (let k = 0; k < pause; k++) hear(0, 0);
    if (mean < GOAL) return cycle;
  }
  return Infinity;
}

/** One step at rest, so that there is a forecast to learn from. */
function start(learner: Learner, memory: Float64Array): number {
  learner.nextInput(memory, 0);
  return memory[learner.forward(memory, 0)];
}
