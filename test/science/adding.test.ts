import { expect, test } from 'vitest';
import { drawClassic, drawModern, learnAdding } from '../../bench/science/adding.ts';
import { Unrolled } from '../../bench/science/episode.ts';
import { adam, adding97, long, ONE_NUMBER } from '../../bench/science/recipes.ts';
import type { Cell } from '../../models/cells/cell.ts';
import { Lstm } from '../../models/cells/lstm.ts';
import { Rnn } from '../../models/cells/rnn.ts';
import { createRandom } from '../../models/random.ts';

const learner = (cell: Cell, rate: number, T: number) =>
  new Unrolled(cell, ONE_NUMBER, { optimizer: adam(rate), clipNorm: 1 }, T);

test('an LSTM adds over 50 steps: MSE below 0.01 on 300 fresh sequences within 20 000', { timeout: 60_000 }, () => {
  const { sequences, mse } = learnAdding(learner(new Lstm(2, 8), 2e-2, 50), { T: 50, seed: 1, limit: 20_000 });
  expect(sequences).toBeLessThanOrEqual(20_000);
  expect(mse).toBeLessThan(0.01);
});

test('an LSTM whose units start out to remember adds over 100 steps within 15 000', { timeout: 60_000 }, () => {
  const cell = new Lstm(2, 8, long(100));
  const { sequences, mse } = learnAdding(learner(cell, 1e-2, 100), { T: 100, seed: 1, limit: 15_000 });
  expect(sequences).toBeLessThanOrEqual(15_000);
  expect(mse).toBeLessThan(0.01);
});

test(
  'a plain recurrent network has not learned the same after 20 000: its MSE stays above 0.15',
  { timeout: 60_000 },
  () => {
    const { sequences, mse } = learnAdding(learner(new Rnn(2, 8), 2e-3, 100), {
      T: 100,
      seed: 1,
      limit: 20_000,
      lookEvery: 20_000,
      fresh: 3000,
    });
    expect(sequences).toBe(Infinity);
    expect(mse).toBeGreaterThan(0.15);
  },
);

test('the modern form marks one number in each half and asks for their sum', () => {
  const random = createRandom(1);
  const sequence = { x: new Float64Array(2 * 11), steps: 0, target: 0 };
  for (let n = 0; n < 200; n++) {
    drawModern(sequence, 11, random);
    const marked = Array.from({ length: 11 }, (_, t) => t).filter((t) => sequence.x[2 * t + 1] === 1);
    expect(marked).toHaveLength(2);
    expect(marked[0]).toBeLessThan(5);
    expect(marked[1]).toBeGreaterThanOrEqual(5);
    expect(sequence.target).toBe(sequence.x[2 * marked[0]] + sequence.x[2 * marked[1]]);
  }
});

test('the form of 1997 has ends of −1, lengths of T to 1.1·T and targets from 0 to 1', () => {
  const random = createRandom(1);
  const sequence = { x: new Float64Array(2 * 110), steps: 0, target: 0 };
  const lengths = new Set<number>();
  for (let n = 0; n < 500; n++) {
    drawClassic(sequence, 100, random);
    const { x, steps, target } = sequence;
    lengths.add(steps);
    const markers = Array.from({ length: steps }, (_, t) => x[2 * t + 1]);
    const marked = [...markers.keys()].filter((t) => markers[t] === 1);
    expect(marked).toHaveLength(2);
    expect(marked[0]).toBeLessThan(10);
    expect(marked[1]).toBeLessThan(49);
    expect([markers[0], markers[steps - 1]]).toEqual([marked[0] === 0 ? 1 : -1, -1]);
    expect(target).toBe(0.5 + (x[2 * marked[0]] + x[2 * marked[1]]) / 4);
  }
  expect([Math.min(...lengths), Math.max(...lengths)]).toEqual([100, 110]);
});

test('the published cell for it has 93 weights', () => {
  expect(adding97().weightCount).toBe(93);
});
