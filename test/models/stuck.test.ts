import { describe, expect, test } from 'vitest';
import { createRandom, gaussian } from '../../models/random.ts';
import { STUCK_SIZE, stuckStep } from '../../models/stuck.ts';

function feed(memory: Float64Array, values: number[]): number[] {
  return values.map((value) => stuckStep(memory, 0, value));
}
const noise = (n: number, seed = 1) => {
  const random = createRandom(seed);
  return Array.from({ length: n }, () => gaussian(random));
};
const same = (n: number, value: number) => Array.from({ length: n }, () => value);

describe('a noisy sensor', () => {
  test('that repeats itself is found after a few samples', () => {
    const memory = new Float64Array(STUCK_SIZE);
    feed(memory, noise(300));
    const scores = feed(memory, same(10, 0.5));
    expect(scores.slice(0, 3)).toEqual([0, 0, 0]);
    // q = 1/302: r repeats score 2.48 r
    expect(scores[3]).toBeCloseTo(3 * Math.log10(302), 6);
    expect(scores[9]).toBe(12);
  });

  test('is let alone before it has sent 60 samples', () => {
    const memory = new Float64Array(STUCK_SIZE);
    feed(memory, noise(50));
    expect(feed(memory, same(30, 0.5))).toEqual(same(30, 0));
  });

  test('is at 0 with the first other value, and a stuck stretch does not become the usual', () => {
    const memory = new Float64Array(STUCK_SIZE);
    feed(memory, noise(300));
    feed(memory, same(50, 0.5));
    expect(feed(memory, noise(20, 2))).toEqual(same(20, 0));
    expect(feed(memory, same(10, 0.25)).at(-1)).toBe(12);
  });
});

describe('no score', () => {
  test('for a constant sensor', () => {
    expect(feed(new Float64Array(STUCK_SIZE), same(2000, 4))).toEqual(same(2000, 0));
  });

  test('for a coarse sensor in a run up to three times its longest', () => {
    const memory = new Float64Array(STUCK_SIZE);
    const steps = Array.from({ length: 40 }, (_, i) => same(5, i % 3)).flat();
    feed(memory, steps);
    expect(feed(memory, same(13, 7))).toEqual(same(13, 0)); // 12 repeats; the longest run had 4
    expect(feed(memory, [7])[0]).toBeGreaterThan(0);
  });
});
