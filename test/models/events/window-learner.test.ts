import { describe, expect, test } from 'vitest';
import { Lstm } from '../../../models/cells/lstm.ts';
import { WindowLearner } from '../../../models/events/window-learner.ts';
import { createRandom, gaussian } from '../../../models/random.ts';
import { Tbptt } from '../../../models/training/tbptt.ts';
import { expectSameBits } from '../difference.ts';

const HEAD = { outputs: 2, skip: true, bias: true };
const DESCENT = { optimizer: { name: 'sgd', rate: 0.1 } as const, clipNorm: 1 };
const learnerOf = (window: number) => new WindowLearner(new Lstm(3, 4), HEAD, { ...DESCENT, window });

/** Inputs, and what the gradient of the outputs is made to be. */
function steps(n: number, seed: number): { x: number[]; dy: number[] }[] {
  const random = createRandom(seed);
  return Array.from({ length: n }, () => ({
    x: Array.from({ length: 3 }, () => gaussian(random)),
    dy: Array.from({ length: 2 }, () => gaussian(random)),
  }));
}

function newMemory(learner: { size: number; initialise: Tbptt['initialise'] }): Float64Array {
  const memory = new Float64Array(learner.size);
  learner.initialise(memory, 0, createRandom(5));
  return memory;
}

function run(learner: WindowLearner, memory: Float64Array, over: { x: number[]; dy: number[] }[]): number[] {
  return over.flatMap(({ x, dy }) => {
    memory.set(x, learner.nextInput(memory, 0));
    const y = learner.forward(memory, 0);
    const out = [...memory.subarray(y, y + 2)];
    memory.set(dy, y);
    learner.learn(memory, 0);
    return out;
  });
}

const weightsOf = (learner: WindowLearner, memory: Float64Array) => memory.slice(0, learner.weightCount);

describe('windows that follow one another', () => {
  test('are TBPTT(k, k), to the last bit', () => {
    const learner = learnerOf(5);
    const memory = newMemory(learner);
    const other = new Tbptt(new Lstm(3, 4), HEAD, { ...DESCENT, k1: 5, k2: 5, spread: false });
    const otherMemory = newMemory(other);
    const over = steps(43, 1);
    const expected = over.flatMap(({ x, dy }) => {
      otherMemory.set(x, other.nextInput(otherMemory, 0));
      const y = other.forward(otherMemory, 0);
      otherMemory.set(dy, other.lossGradient(otherMemory, 0));
      other.learn(otherMemory, 0);
      return [...otherMemory.subarray(y, y + 2)];
    });
    expectSameBits('outputs', run(learner, memory, over), expected);
    expectSameBits('weights', weightsOf(learner, memory), otherMemory.slice(0, other.weightCount));
  });
});

describe('the end of a session', () => {
  test('is the end of a window, however short', () => {
    const long = learnerOf(50);
    const short = learnerOf(7);
    const [one, other] = [newMemory(long), newMemory(short)];
    run(long, one, steps(7, 2));
    long.finish(one, 0);
    run(short, other, steps(7, 2));
    expectSameBits('weights', weightsOf(long, one), weightsOf(short, other));
    expect([...weightsOf(long, one)]).not.toEqual([...weightsOf(long, newMemory(long))]);
  });

  test('leaves nothing to the next session but what was learned', () => {
    const learner = learnerOf(50);
    const still = new WindowLearner(new Lstm(3, 4), HEAD, {
      window: 50,
      optimizer: { name: 'sgd', rate: 0 },
      clipNorm: 1,
    });
    const memory = newMemory(still);
    const first = run(still, memory, steps(9, 3));
    still.finish(memory, 0);
    run(still, memory, steps(4, 4));
    still.finish(memory, 0);
    expectSameBits('outputs', run(still, memory, steps(9, 3)), first);

    // Two sessions at once are two gradients: a window that is done is not walked again.
    const learning = newMemory(learner);
    run(learner, learning, steps(9, 3));
    learner.finish(learning, 0);
    const after = weightsOf(learner, learning);
    learner.finish(learning, 0);
    expectSameBits('weights', weightsOf(learner, learning), after);
  });
});

test('an error that is not a number changes no weight', () => {
  const learner = learnerOf(3);
  const memory = newMemory(learner);
  const before = weightsOf(learner, memory);
  run(learner, memory, [{ x: [1, 2, 3], dy: [Number.NaN, 0] }, ...steps(2, 6)]);
  expectSameBits('weights', weightsOf(learner, memory), before);
});

test.each([0, -1, 1.5, Number.NaN])('a window of %d steps is refused', (window) => {
  expect(() => learnerOf(window)).toThrow(RangeError);
});
