import { expect, test } from 'vitest';
import { createRandom, gaussian } from '../../models/random.ts';

const DRAWS = 50_000;

const draw = (seed: number) => {
  const random = createRandom(seed);
  return Array.from({ length: 20 }, random);
};

test('the same seed gives the same numbers, another seed others', () => {
  expect(draw(42)).toEqual(draw(42));
  expect(draw(42)).not.toEqual(draw(43));
  expect(new Set(draw(42)).size).toBe(20);
});

test('the numbers of seed 1 never change: weights would start elsewhere after an update', () => {
  const random = createRandom(1);
  const numbers = [random(), random(), random()].map((x) => x * 4294967296);
  expect(numbers).toEqual([2693262067, 11749833, 2265367787]);
});

test('uniform numbers fill [0, 1) evenly', () => {
  const random = createRandom(7);
  const tenths = Array.from({ length: 10 }, () => 0);
  for (let i = 0; i < DRAWS; i++) {
    const x = random();
    expect(x >= 0 && x < 1).toBe(true);
    tenths[Math.floor(10 * x)]++;
  }
  for (const count of tenths) expect(Math.abs(count / (DRAWS / 10) - 1)).toBeLessThan(0.06);
});

test('gaussian numbers have mean 0, variance 1, no skew, kurtosis 3 and normal tails', () => {
  const random = createRandom(11);
  const numbers = Array.from({ length: DRAWS }, () => gaussian(random));
  const moment = (power: number) => numbers.reduce((sum, x) => sum + x ** power, 0) / DRAWS;
  expect(moment(1)).toBeCloseTo(0, 1);
  expect(Math.abs(moment(2) - 1)).toBeLessThan(0.03);
  expect(Math.abs(moment(3))).toBeLessThan(0.1);
  expect(Math.abs(moment(4) - 3)).toBeLessThan(0.2);
  const beyond2 = numbers.filter((x) => Math.abs(x) > 2).length / DRAWS;
  expect(Math.abs(beyond2 / 0.0455 - 1)).toBeLessThan(0.1);
});

test('gaussian numbers are finite even where chance gives 0', () => {
  expect(Math.abs(gaussian(() => 0))).toBe(0);
  expect(Number.isFinite(gaussian(() => 1 - 2 ** -32))).toBe(true);
});
