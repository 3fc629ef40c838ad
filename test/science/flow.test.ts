import { expect, test } from 'vitest';
import { errorFlow } from '../../bench/science/flow.ts';
import { limitExperiments } from '../../bench/science/limit-experiments.ts';
import { Rnn } from '../../models/cells/rnn.ts';

const flowOf = (id: string): number => {
  const outcome = limitExperiments()
    .find((experiment) => experiment.id === id)!
    .run(1);
  return typeof outcome === 'number' ? outcome : outcome.value;
};

test('a forget gate at 1 brings all of an error back over 1000 steps, at 0.999 what 0.999¹⁰⁰⁰ leaves', () => {
  expect(flowOf('flow_carousel')).toBe(1);
  expect(flowOf('flow_carousel_0.999')).toBeCloseTo(Math.exp(1000 * Math.log(0.999)), 10);
});

test('a plain recurrence of radius 0.9 without inputs brings back 0.9 to the power of the steps', () => {
  const H = 4;
  // No inputs and biases of 0: h stays 0, where tanh is the identity.
  const flow = errorFlow(new Rnn(1, H), 50, 0, 1, (memory) => {
    memory.fill(0, 0, H);
    for (let i = H; i < H + H * H; i++) memory[i] *= 0.9;
  });
  expect(flow).toBeCloseTo(Math.exp(50 * Math.log(0.9)), 12);
});
