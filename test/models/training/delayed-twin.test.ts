import { expect, test } from 'vitest';
import { Lstm } from '../../../models/cells/lstm.ts';
import { createRandom, gaussian } from '../../../models/random.ts';
import { DelayedTwin } from '../../../models/training/delayed-twin.ts';
import { Tbptt, type Training } from '../../../models/training/tbptt.ts';
import { expectSameBits } from '../difference.ts';

const HORIZON = 24;
const HEAD = { outputs: 1, skip: true, bias: true };

const training = (rate: number): Training => ({
  k1: 4,
  k2: 8,
  spread: false,
  optimizer: { name: 'rmsprop', rate, alpha: 0.99, epsilon: 1e-4 },
  clipNorm: 1,
});

/** Forecasts of the stream `HORIZON` steps ahead, by live state and twin. */
function play(stream: readonly number[], rate: number) {
  const pair = new DelayedTwin(new Tbptt(new Lstm(1, 6), HEAD, training(rate)));
  const at = 2;
  const memory = new Float64Array(at + pair.size + 2).fill(9);
  pair.initialise(memory, at, createRandom(5));
  const live: number[] = [];
  const twin: number[] = [];
  for (const [t, value] of stream.entries()) {
    if (t >= HORIZON) {
      memory[pair.twin.nextInput(memory, at)] = stream[t - HORIZON];
      const y = memory[pair.twin.forward(memory, at)];
      twin.push(y);
      memory[pair.twin.lossGradient(memory, at)] = y - value;
      pair.twin.learn(memory, at);
    }
    memory[pair.liveInput(at)] = value;
    live.push(memory[pair.forecast(memory, at)]);
  }
  return { live, twin, memory, pair };
}

const random = createRandom(6);
const noise = Array.from({ length: 200 }, () => gaussian(random));
const sine = Array.from({ length: 12_000 }, (_, t) => Math.sin(t / 7));

test('the twin says of now what the live state said of now, to the last bit, while the weights stand still', () => {
  const { live, twin, memory } = play(noise, 0);
  expectSameBits('forecasts', twin, live.slice(0, -HORIZON));
  expect([memory[0], memory[1], memory.at(-1), memory.at(-2)]).toEqual([9, 9, 9, 9]);
});

test('the twin learns as a learner of its own would from pairs of then and now', () => {
  const { memory, pair } = play(noise, 1e-2);
  const alone = new Tbptt(new Lstm(1, 6), HEAD, training(1e-2));
  const own = new Float64Array(alone.size);
  alone.initialise(own, 0, createRandom(5));
  for (let t = HORIZON; t < noise.length; t++) {
    own[alone.nextInput(own, 0)] = noise[t - HORIZON];
    const y = own[alone.forward(own, 0)];
    own[alone.lossGradient(own, 0)] = y - noise[t];
    alone.learn(own, 0);
  }
  expectSameBits('block', memory.subarray(2, 2 + pair.twin.size), own);
});

test('forecasts a sine a long way ahead', () => {
  const { live } = play(sine, 2e-3);
  let square = 0;
  for (let t = sine.length - 500; t < sine.length; t++) square += (live[t - HORIZON] - sine[t]) ** 2 / 500;
  expect(square).toBeLessThan(0.01); // guessing the mean gives 0.5
});
