import { expect, test } from 'vitest';
import { type Episodes, Traced, Unrolled } from '../../bench/science/episode.ts';
import { ONE_NUMBER } from '../../bench/science/recipes.ts';
import { Elstm } from '../../models/cells/elstm.ts';
import { Lstm } from '../../models/cells/lstm.ts';
import { createRandom } from '../../models/random.ts';
import { expectClose, expectSameBits } from '../models/difference.ts';

const RATE = 0.1;
const DESCENT = { optimizer: { name: 'sgd', rate: RATE }, clipNorm: Infinity } as const;
const T = 12;

/** One sequence with errors at these steps; returns the loss. */
function play(learner: Episodes, seed: number, errorsAt: readonly number[] = [2, T - 1]): number {
  const { memory } = learner;
  const random = createRandom(seed);
  let loss = 0;
  learner.begin();
  for (let t = 0; t < T; t++) {
    const x = learner.nextInput();
    memory[x] = random() - 0.5;
    memory[x + 1] = random() - 0.5;
    const y = learner.forward();
    if (!errorsAt.includes(t)) continue;
    const error = memory[y] - 0.3;
    memory[learner.lossGradient()] = error;
    loss += (error * error) / 2;
  }
  return loss;
}

/** The gradient of one sequence, from how far a plain descent moves the weights. */
function gradient(learner: Episodes): Float64Array {
  learner.initialise(createRandom(1));
  const before = learner.memory.slice(0, learner.weightCount);
  play(learner, 2);
  learner.end();
  learner.update();
  return before.map((w, i) => (w - learner.memory[i]) / RATE);
}

test('a sequence gives the gradient of its loss: central differences', () => {
  const learner = new Unrolled(new Lstm(2, 4), ONE_NUMBER, DESCENT, T);
  const found = gradient(learner);
  learner.initialise(createRandom(1));
  const wanted = found.map((_, i) => {
    const at = (shift: number) => {
      learner.memory[i] += shift;
      const loss = play(learner, 2);
      learner.memory[i] -= shift;
      return loss;
    };
    return (at(1e-6) - at(-1e-6)) / 2e-6;
  });
  expectClose('gradient', found, wanted, 1e-8);
});

test('traces give the element-wise LSTM the same gradient as the walk back', () => {
  const walked = gradient(new Unrolled(new Elstm(2, 4), ONE_NUMBER, DESCENT, T));
  expectClose('gradient', gradient(new Traced(new Elstm(2, 4), ONE_NUMBER, DESCENT)), walked, 1e-12);
  expect(walked.every((g) => g !== 0)).toBe(true);
});

test.each([
  ['unrolled', () => new Unrolled(new Lstm(2, 4), ONE_NUMBER, DESCENT, T)],
  ['traced', () => new Traced(new Elstm(2, 4), ONE_NUMBER, DESCENT)],
])('%s: a sequence that was only looked at leaves nothing to the next', (_, make) => {
  const fresh = make();
  fresh.initialise(createRandom(1));
  const used = make();
  used.initialise(createRandom(1));
  play(used, 5, []);
  play(used, 6, []);
  play(used, 2);
  play(fresh, 2);
  used.end();
  fresh.end();
  used.update();
  fresh.update();
  expectSameBits('memory', used.memory, fresh.memory);
});
