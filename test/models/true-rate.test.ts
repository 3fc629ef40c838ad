import { describe, expect, test } from 'vitest';
import { createRandom } from '../../models/random.ts';
import { TRUE_RATE_SIZE, trueRateStep, trueScore } from '../../models/true-rate.ts';

const EXPECTED = [0.1, 0.01, 1e-3, 1e-4];

/** Shares of samples that come to 1, 2, 3 and 4, over 10⁻ᵏ. */
function shares(scores: readonly number[]): number[] {
  return EXPECTED.map((share, i) => scores.filter((score) => score >= i + 1).length / scores.length / share);
}

/** Each scored by what was known before it. */
function corrected(raws: readonly number[]): number[] {
  const memory = new Float64Array(TRUE_RATE_SIZE);
  return raws.map((raw) => {
    const score = trueScore(memory, 0, raw);
    trueRateStep(memory, 0, raw);
    return score;
  });
}

/** Scores that would be honest, times a factor and shifted. */
function tails(count: number, factorAt: (i: number) => number, shift = 0): number[] {
  const random = createRandom(5);
  return Array.from({ length: count }, (_, i) => Math.max(0, factorAt(i) * -Math.log10(1 - random()) + shift));
}

describe.each([
  ['says the truth already', 1, 0, [0.7, 1.4]],
  ['cries wolf: scores half as much again', 1.4, 0, [5, 10]],
  ['is deaf: scores two thirds', 0.7, 0, [0, 0.2]],
  ['is shifted by one', 1, 1, [5, 20]],
])('a raw score that %s', (_, factor, shift, [least, most]) => {
  test('is exceeded as often as it says, once corrected', () => {
    const raws = tails(400_000, () => factor, shift);
    expect(shares(raws)[2]).toBeGreaterThan(least);
    expect(shares(raws)[2]).toBeLessThan(most);
    const [one, two, three, four] = shares(corrected(raws));
    expect(Math.abs(one - 1)).toBeLessThan(0.02);
    expect(Math.abs(two - 1)).toBeLessThan(0.05);
    expect(Math.abs(three - 1)).toBeLessThan(0.3);
    // Forty samples; it takes a mark a hundred thousand to come down by one.
    expect(Math.abs(Math.log2(four))).toBeLessThan(2);
  });
});

test('holds for a series that gets calmer and wilder again', () => {
  const raws = tails(100_000, (i) => 1 + 0.3 * Math.sin(i / 5000));
  expect(shares(raws)[2]).toBeGreaterThan(1.5);
  const got = shares(corrected(raws));
  for (const ratio of got.slice(0, 3)) expect(Math.abs(ratio - 1)).toBeLessThan(0.25);
});

test('goes no further than three from where it began, however far the raw score is off', () => {
  const memory = new Float64Array(TRUE_RATE_SIZE);
  for (let i = 0; i < 1000; i++) trueRateStep(memory, 0, 50);
  expect(Array.from(memory)).toEqual([3, 3, 3, 3]);
  for (let i = 0; i < 70_000; i++) trueRateStep(memory, 0, 0);
  expect(memory[2]).toBe(-3);
});

test('keeps the order of scores, and is 0 only for 0', () => {
  const memory = Float64Array.of(2, -2, 0.5, -1);
  let before = 0;
  expect(trueScore(memory, 0, 0)).toBe(0);
  for (let raw = 0.05; raw < 12; raw += 0.05) {
    const score = trueScore(memory, 0, raw);
    expect(score).toBeGreaterThan(before);
    before = score;
  }
});
