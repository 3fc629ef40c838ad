import { describe, expect, test } from 'vitest';
import {
  EVENT_RATE_SIZE,
  eventRateStep,
  initialiseEventRate,
  ratePerDay,
  thresholdFor,
} from '../../models/event-rate.ts';
import { createRandom } from '../../models/random.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

function fresh(): Float64Array {
  const memory = new Float64Array(EVENT_RATE_SIZE);
  initialiseEventRate(memory, 0);
  return memory;
}

/** A score every five minutes for so many days. */
function watch(days: number, scoreAt: (i: number) => number): Float64Array {
  const memory = fresh();
  for (let i = 0; i < days * 288; i++) eventRateStep(memory, 0, i * 5 * MINUTE, scoreAt(i), DAY);
  return memory;
}

describe('a series nobody knows', () => {
  test('is believed to be rarer the higher the score, and more often the faster it reports', () => {
    const memory = fresh();
    const rates = [2, 3, 4, 6, 9, 17, 25].map((score) => ratePerDay(memory, 0, score, 1000, DAY));
    expect(rates.toSorted((a, b) => b - a)).toEqual(rates);
    expect(ratePerDay(memory, 0, 4, 1000, DAY)).toBeGreaterThan(ratePerDay(memory, 0, 4, HOUR, DAY));
    expect(thresholdFor(memory, 0, 1, 1000, DAY)).toBeGreaterThan(thresholdFor(memory, 0, 1, HOUR, DAY));
    expect(thresholdFor(memory, 0, 1 / 30, 1000, DAY)).toBeGreaterThan(thresholdFor(memory, 0, 1, 1000, DAY));
  });
});

describe('events', () => {
  test('are excursions: what flaps within an hour is one', () => {
    const one = watch(20, (i) => (i === 1440 || i === 1442 || i === 1445 ? 8.2 : 0));
    const two = watch(20, (i) => (i === 1440 || i === 1480 ? 8.2 : 0));
    expect(ratePerDay(two, 0, 8, 5 * MINUTE, DAY) / ratePerDay(one, 0, 8, 5 * MINUTE, DAY)).toBeCloseTo(2, 1);
  });

  test('that last count again, so that a score that is always high has no quiet threshold', () => {
    const memory = watch(20, () => 6.2);
    expect(ratePerDay(memory, 0, 6, 5 * MINUTE, DAY)).toBeGreaterThan(3);
    expect(thresholdFor(memory, 0, 1, 5 * MINUTE, DAY)).toBeGreaterThan(6.2);
  });

  test('are forgotten over months', () => {
    const memory = watch(10, (i) => (i % 144 === 0 ? 8 : 0));
    const then = ratePerDay(memory, 0, 7, 5 * MINUTE, DAY);
    for (let i = 0; i < 90 * 24; i++) eventRateStep(memory, 0, 10 * DAY + i * HOUR, 0, DAY);
    expect(ratePerDay(memory, 0, 7, 5 * MINUTE, DAY)).toBeLessThan(then / 15);
  });
});

test.each([0.25, 1, 3])('a budget of %d a day is kept within a factor of 2 in the month that follows', (budget) => {
  const random = createRandom(8);
  // Twenty excursions a day whose heights fall by a decade every two points.
  const draw = () => (random() < 20 / 288 ? 2 - 2 * Math.log10(1 - random()) : 0);
  const memory = watch(30, draw);
  const threshold = thresholdFor(memory, 0, budget, 5 * MINUTE, DAY);
  let [events, last] = [0, -Infinity];
  for (let i = 0; i < 60 * 288; i++) {
    if (draw() < threshold) continue;
    if (i - last > 12) events++;
    last = i;
  }
  expect(events / 60 / budget).toBeGreaterThan(0.5);
  expect(events / 60 / budget).toBeLessThan(2);
});

test("rate and threshold are each other's inverse", () => {
  const memory = watch(30, (i) => (i % 50 === 0 ? 2 + (i % 7) : 0));
  for (const perDay of [0.1, 0.5, 2]) {
    const threshold = thresholdFor(memory, 0, perDay, 5 * MINUTE, DAY);
    expect(ratePerDay(memory, 0, threshold, 5 * MINUTE, DAY) / perDay).toBeCloseTo(1, 1);
  }
});
