import { describe, expect, test } from 'vitest';
import { Lstm } from '../../../models/cells/lstm.ts';
import { END } from '../../../models/events/alphabet.ts';
import { EVENT_DEFAULTS } from '../../../models/events/event-detector.ts';
import { NextEvent, SURPRISE_MAX } from '../../../models/events/next-event.ts';
import { createRandom } from '../../../models/random.ts';

const CLASSES = 10;

/** Readings of the classes in turn; a session ends with the class END. */
function player(seed = 1) {
  const next = new NextEvent(new Lstm(CLASSES, 8), CLASSES, EVENT_DEFAULTS.training);
  const memory = new Float64Array(next.size);
  next.initialise(memory, 0, createRandom(seed));
  return (...classes: number[]) =>
    classes.map((k) => {
      const reading = { surprise: 0, rank: 0 };
      next.step(memory, 0, k, reading);
      if (k === END) next.finish(memory, 0);
      return reading;
    });
}

const surprises = (readings: { surprise: number }[]) => readings.map(({ surprise }) => surprise);

test('at first all classes are about equally likely', () => {
  for (const surprise of surprises(player()(2, 3, 4, END))) expect(Math.abs(surprise - 1)).toBeLessThan(0.2);
});

describe('once sessions of one kind were learned', () => {
  const play = player();
  for (let i = 0; i < 1500; i++) play(2, 3, 4, 3, 5, END);

  test('each of their events is the most likely and no surprise', () => {
    for (const { surprise, rank } of play(2, 3, 4, 3, 5, END)) {
      expect(surprise).toBeLessThan(0.05);
      expect(rank).toBe(0);
    }
  });

  test('another event is surprising, and something was likelier', () => {
    const [, , { surprise, rank }] = play(2, 3, 6, 3, 5, END);
    expect(surprise).toBeGreaterThan(3);
    expect(rank).toBeGreaterThan(0);
  });

  test('an event in its place is judged by what came before, not by its neighbour alone', () => {
    const [, , , , again] = play(2, 3, 4, 3, 4, END);
    expect(again.surprise).toBeGreaterThan(3);
  });

  test('an early end is surprising, and does not carry over to the next session', () => {
    const [, , end] = play(2, 3, END);
    expect(end.surprise).toBeGreaterThan(3);
    for (const surprise of surprises(play(2, 3, 4, 3, 5, END))) expect(surprise).toBeLessThan(0.3);
  });
});

test('no surprise is beyond 12', () => {
  const next = new NextEvent(new Lstm(CLASSES, 4), CLASSES, EVENT_DEFAULTS.training);
  const memory = new Float64Array(next.size);
  next.initialise(memory, 0, createRandom(1));
  // The bias of one class, far above the others.
  memory[2 + next.learner.weightCount - 1] = 1e6;
  const reading = { surprise: 0, rank: 0 };
  next.step(memory, 0, 3, reading);
  expect(reading.surprise).toBe(SURPRISE_MAX);
  expect(reading.rank).toBeGreaterThan(0);
});
