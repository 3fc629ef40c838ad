import { describe, expect, test } from 'vitest';
import {
  BUDGET_SIZE,
  budgetGain,
  budgetRate,
  budgetStep,
  budgetThreshold,
  chanceGain,
  chanceRate,
  initialiseBudget,
  refindThreshold,
} from '../../models/budget.ts';
import { createRandom } from '../../models/random.ts';

const SECOND = 1000;
const DAY = 24 * 3600 * SECOND;
const SEASON = DAY / 288;

/** A series after so many seconds of scores. */
function after(seconds: number, rareAt: () => number, eventsAt: () => number, perDay = 1): Float64Array {
  const memory = new Float64Array(BUDGET_SIZE);
  initialiseBudget(memory, 0);
  for (let i = 0; i < seconds; i++) {
    refindThreshold(memory, 0, i * SECOND, perDay, SECOND, SEASON);
    budgetStep(memory, 0, i * SECOND, rareAt(), eventsAt(), SEASON);
  }
  refindThreshold(memory, 0, seconds * SECOND + SEASON, perDay, SECOND, SEASON);
  return memory;
}

function exponential(decades: number, seed: number): () => number {
  const random = createRandom(seed);
  return () => -Math.log10(1 - random()) / decades;
}
const nothing = () => 0;

test('a series that has not spoken stands at 4, a single sample a little below', () => {
  const memory = new Float64Array(BUDGET_SIZE);
  initialiseBudget(memory, 0);
  expect(budgetThreshold(memory, 0)).toBe(4);
  expect(budgetGain(memory, 0)).toBe(0.9);
  expect(chanceGain(memory, 0)).toBe(1);
});

describe('a single sample counts in units of its own threshold', () => {
  test('so that a thin tail makes it worth more', () => {
    const thin = after(7200, exponential(1.8, 1), nothing);
    const thick = after(7200, exponential(0.8, 1), nothing);
    expect(budgetGain(thin, 0)).toBeGreaterThan(1.3 * budgetGain(thick, 0));
  });

  test('and both kinds together keep the budget', () => {
    const [rare, events] = [exponential(1.5, 2), exponential(4, 3)];
    const memory = after(86_400, rare, events);
    const [threshold, gain] = [budgetThreshold(memory, 0), budgetGain(memory, 0)];
    let alarms = 0;
    for (let i = 0; i < 20 * 86_400; i++) if (Math.max(events(), gain * rare()) >= threshold) alarms++;
    expect(alarms / 20).toBeLessThan(2);
    expect(budgetRate(memory, 0, threshold, SECOND, SEASON)).toBeLessThan(1.01);
  });
});

test('a chance is worth the threshold where it is as rare as its share of the budget asks', () => {
  const memory = after(600, nothing, nothing, 1 / 18);
  expect(chanceGain(memory, 0) * Math.log10(5 * 18 * 86_400)).toBeCloseTo(budgetThreshold(memory, 0), 9);
  expect(chanceRate(memory, 0, budgetThreshold(memory, 0), SECOND, SEASON)).toBeCloseTo(1 / 90, 9);
});

test('a threshold is found anew once in an hour of the season, and is never below 3', () => {
  const memory = after(7200, nothing, nothing, 1e6);
  expect(budgetThreshold(memory, 0)).toBe(3);
  expect(budgetGain(memory, 0)).toBeCloseTo(0.9, 9);
  const at = 7200 * SECOND + SEASON;
  refindThreshold(memory, 0, at + 1, 1e-3, SECOND, SEASON);
  expect(budgetThreshold(memory, 0)).toBe(3);
  refindThreshold(memory, 0, at + SEASON / 24, 1e-3, SECOND, SEASON);
  expect(budgetThreshold(memory, 0)).toBeGreaterThan(6);
});
