import { describe, expect, test } from 'vitest';
import { believed, BREADTH_SIZE, breadthStep, longestAfter } from '../../models/breadth.ts';
import { createRandom, gaussian, type Random } from '../../models/random.ts';

/** The breadth after 1000 lengths, as multiples of the usual one. */
function breadthOf(ratio: (random: Random) => number): number {
  const memory = new Float64Array(BREADTH_SIZE);
  const random = createRandom(1);
  let breadth = -1;
  for (let i = 0; i < 1000; i++) breadth = breadthStep(memory, 0, ratio(random));
  return breadth;
}

describe('the breadth', () => {
  test.each<[string, (random: Random) => number]>([
    ['one length', () => 1],
    ['a little jitter', (random) => 1 + 0.1 * gaussian(random)],
    ['one in twenty lost', (random) => (random() < 0.05 ? 2 : 1)],
    ['one in fifty a long outage', (random) => (random() < 0.02 ? 1000 : 1)],
  ])('is 0 for %s', (_, ratio) => {
    expect(breadthOf(ratio)).toBe(0);
  });

  test.each<[string, (random: Random) => number]>([
    ['exponential', (random) => -Math.log(1 - random()) / Math.LN2],
    ['log-normal', (random) => Math.exp(gaussian(random))],
    ['log-normal and wide', (random) => Math.exp(2 * gaussian(random))],
  ])('is near 1 for %s lengths', (_, ratio) => {
    expect(breadthOf(ratio)).toBeGreaterThan(0.8);
  });

  test('is 0 at first, even for a series that begins with an outage', () => {
    const memory = new Float64Array(BREADTH_SIZE);
    expect([1000, 1, 1, 1000].map((ratio) => breadthStep(memory, 0, ratio))).toEqual([0, 0, 0, expect.any(Number)]);
    expect(breadthStep(memory, 0, 1)).toBeLessThan(0.1);
  });
});

test('of a length that was never reached, more is believed where lengths are broad', () => {
  expect([0, 0.5, 1].map((breadth) => believed(100, 10, breadth))).toEqual([15, 22.5, 30]);
  expect(believed(12, 10, 0)).toBe(12);
});

test('the longest grows at once, and fades towards the usual', () => {
  expect(longestAfter(10, 15, 1, 256)).toBe(15);
  let longest = 11;
  for (let i = 0; i < 256; i++) longest = longestAfter(longest, 1, 1, 256);
  expect((longest - 1) / 10).toBeCloseTo(Math.exp(-1), 2);
});
