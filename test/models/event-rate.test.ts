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
const SECOND = { looks: 86_400, decades: 1, extremes: 0 };
const FIVE_MINUTES = { looks: 288, decades: 1, extremes: 0 };
const HOURLY = { looks: 24, decades: 1, extremes: 0 };

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
    const rates = [2, 3, 4, 6, 9, 17, 25].map((score) => ratePerDay(memory, 0, score, SECOND, DAY));
    expect(rates.toSorted((a, b) => b - a)).toEqual(rates);
    expect(ratePerDay(memory, 0, 4, SECOND, DAY)).toBeGreaterThan(ratePerDay(memory, 0, 4, HOURLY, DAY));
    expect(thresholdFor(memory, 0, 1, SECOND, DAY)).toBeGreaterThan(thresholdFor(memory, 0, 1, HOURLY, DAY));
    expect(thresholdFor(memory, 0, 1 / 30, SECOND, DAY)).toBeGreaterThan(thresholdFor(memory, 0, 1, SECOND, DAY));
  });
});

/** Each sample a score whose tail falls by so many decades a point. */
function morning(decades: number): Float64Array {
  const random = createRandom(4);
  const memory = fresh();
  for (let i = 0; i < 7200; i++) eventRateStep(memory, 0, i * 1000, -Math.log10(1 - random()) / decades, DAY / 288);
  return memory;
}
const perSecond = (memory: Float64Array) => thresholdFor(memory, 0, 1, SECOND, DAY / 288);

describe('the first two hours of a series that is read each second', () => {
  test('say how the tail falls, and so what a day will bring', () => {
    // 86,400 looks a day fall to one at log10(86400)/decades.
    expect(perSecond(morning(1))).toBeGreaterThan(4.3);
    expect(perSecond(morning(1))).toBeLessThan(5.6);
    expect(perSecond(morning(1.4))).toBeLessThan(4.3);
    expect(perSecond(morning(0.7))).toBeGreaterThan(6);
  });

  test('but a swarm far out is believed at once', () => {
    const memory = morning(1.4);
    for (let i = 0; i < 3; i++) eventRateStep(memory, 0, (7300 + 100 * i) * 1000, 9.2, DAY / 288);
    expect(perSecond(memory)).toBeGreaterThan(9);
  });
});

describe('new extremes', () => {
  const perDay = { ...FIVE_MINUTES, extremes: 0.4 };

  test('are expected of a young series, and of an old one no longer', () => {
    const [young, old] = [watch(1, () => 0), watch(25, () => 0)];
    const added = (memory: Float64Array) =>
      ratePerDay(memory, 0, 3, perDay, DAY) - ratePerDay(memory, 0, 3, FIVE_MINUTES, DAY);
    expect(added(young)).toBeCloseTo(0.4, 2);
    expect(added(old)).toBeCloseTo(0.4 / 25, 3);
    expect(thresholdFor(young, 0, 0.1, perDay, DAY)).toBeGreaterThan(thresholdFor(young, 0, 0.1, FIVE_MINUTES, DAY));
  });

  test('of the first minutes leave a threshold that can be reached', () => {
    const memory = fresh();
    eventRateStep(memory, 0, 0, 0, DAY);
    eventRateStep(memory, 0, 1000, 0, DAY);
    expect(thresholdFor(memory, 0, 1, perDay, DAY)).toBeGreaterThan(4);
    expect(thresholdFor(memory, 0, 1, perDay, DAY)).toBeLessThan(5);
  });
});

describe('events', () => {
  test('are excursions: what flaps within an hour is one', () => {
    const flaps = [0, 2, 5];
    const few = watch(20, (i) => (i > 700 && flaps.includes(i % 1440) ? 8.2 : 0));
    const many = watch(20, (i) => (i > 700 && flaps.includes(i % 720) ? 8.2 : 0));
    expect(ratePerDay(many, 0, 8, FIVE_MINUTES, DAY) / ratePerDay(few, 0, 8, FIVE_MINUTES, DAY)).toBeCloseTo(7 / 3, 0);
  });

  test('that last count again, so that a score that is always high has no quiet threshold', () => {
    const memory = watch(20, () => 6.2);
    expect(ratePerDay(memory, 0, 6, FIVE_MINUTES, DAY)).toBeGreaterThan(3);
    expect(thresholdFor(memory, 0, 1, FIVE_MINUTES, DAY)).toBeGreaterThan(6.2);
  });

  test('are forgotten over months', () => {
    const memory = watch(10, (i) => (i % 144 === 0 ? 8 : 0));
    const then = ratePerDay(memory, 0, 7, FIVE_MINUTES, DAY);
    for (let i = 0; i < 90 * 24; i++) eventRateStep(memory, 0, 10 * DAY + i * HOUR, 0, DAY);
    expect(ratePerDay(memory, 0, 7, FIVE_MINUTES, DAY)).toBeLessThan(then / 15);
  });
});

test.each([0.25, 1, 3])('a budget of %d a day is kept within a factor of 2 in the month that follows', (budget) => {
  const random = createRandom(8);
  // Twenty excursions a day whose heights fall by a decade every two points.
  const draw = () => (random() < 20 / 288 ? 2 - 2 * Math.log10(1 - random()) : 0);
  const memory = watch(30, draw);
  const threshold = thresholdFor(memory, 0, budget, FIVE_MINUTES, DAY);
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
    const threshold = thresholdFor(memory, 0, perDay, FIVE_MINUTES, DAY);
    expect(ratePerDay(memory, 0, threshold, FIVE_MINUTES, DAY) / perDay).toBeCloseTo(1, 1);
  }
});
