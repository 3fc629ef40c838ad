import { describe, expect, test } from 'vitest';
import { createRandom, gaussian } from '../../models/random.ts';
import { acceptRun, STUCK_SIZE, stuckStep } from '../../models/stuck.ts';

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

test('a sensor whose repeats are chance is found as soon as a run is longer than any before', () => {
  const random = createRandom(11);
  // Six steps wide: one sample in ten repeats the one before, and by chance four in a row do.
  const values = Array.from({ length: 7200 }, () => Math.round(4 * gaussian(random)));
  const memory = new Float64Array(STUCK_SIZE);
  let last = Number.NaN;
  let [run, longest] = [0, 0];
  for (const value of values) {
    run = value === last ? run + 1 : 0;
    longest = Math.max(longest, run);
    last = value;
  }
  expect(Math.max(...feed(memory, values).slice(1000))).toBeLessThan(6);
  const scores = feed(memory, same(12, 99));
  const found = scores.findIndex((score) => score > 0);
  expect(found).toBeGreaterThanOrEqual(3);
  expect(found).toBeLessThanOrEqual(longest + 1);
  expect(longest).toBeLessThan(6);
});

describe('no score', () => {
  test('for a constant sensor', () => {
    expect(feed(new Float64Array(STUCK_SIZE), same(2000, 4))).toEqual(same(2000, 0));
  });

  test('for a coarse sensor in a run up to three times its longest, and more where few runs are known', () => {
    const steps = (runs: number) => Array.from({ length: runs }, (_, i) => same(5, i % 3)).flat();
    const memory = new Float64Array(STUCK_SIZE);
    feed(memory, steps(401)); // the longest run had 4 repeats
    expect(feed(memory, same(13, 7))).toEqual(same(13, 0));
    expect(feed(memory, [7])[0]).toBeGreaterThan(0);

    const young = new Float64Array(STUCK_SIZE);
    feed(young, steps(12));
    expect(feed(young, same(17, 7))).toEqual(same(17, 0));
    expect(feed(young, [7])[0]).toBeGreaterThan(0);
  });

  test('for one that stands still now and then, as long as ever', () => {
    const random = createRandom(3);
    const runs = Array.from({ length: 400 }, (_, i) => same(Math.ceil(8 * Math.exp(gaussian(random))), i % 7));
    const memory = new Float64Array(STUCK_SIZE);
    let alarms = 0;
    let longest = 0;
    for (const run of runs) {
      const scores = feed(memory, run);
      if (run.length <= longest) expect(Math.max(...scores)).toBe(0);
      if (scores.some((score) => score >= 4)) alarms++;
      longest = Math.max(longest, run.length);
    }
    expect(alarms).toBeLessThanOrEqual(1);
  });

  test('where it stood before, up to three times as long', () => {
    const memory = new Float64Array(STUCK_SIZE);
    feed(memory, noise(300));
    expect(feed(memory, same(50, 0)).at(-1)).toBe(12);
    for (let night = 2; night < 9; night++) {
      feed(memory, noise(300, night));
      expect(feed(memory, same(50, 0)), `night ${night}`).toEqual(same(50, 0));
    }
    feed(memory, noise(300, 9));
    expect(feed(memory, same(300, 0)).at(-1)).toBe(12);
  });

  test('for a run that a person has accepted, however long; the next there may be three times as long', () => {
    const memory = new Float64Array(STUCK_SIZE);
    feed(memory, noise(300));
    expect(feed(memory, same(50, 0.5)).at(-1)).toBe(12);
    acceptRun(memory, 0);
    expect(feed(memory, same(1000, 0.5))).toEqual(same(1000, 0));
    feed(memory, noise(300, 2));
    expect(feed(memory, same(3000, 0.5))).toEqual(same(3000, 0));
    expect(feed(memory, same(500, 0.5)).at(-1)).toBe(12);
    feed(memory, noise(300, 3));
    expect(feed(memory, same(20, 0.25)).at(-1)).toBe(12);
  });
});
