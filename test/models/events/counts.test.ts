import { describe, expect, test } from 'vitest';
import { END, FIRST } from '../../../models/events/alphabet.ts';
import { countEvent, countsSize, endCounts } from '../../../models/events/counts.ts';

const CLASSES = 6;
const KNOWN = 4; // the unseen, the end and two symbols
const [A, B] = [FIRST, FIRST + 1];

/** Scores of the events, and of the end. */
function play(memory: Float64Array, ...session: number[]): { events: number[]; end: number } {
  const events = session.map((k) => countEvent(memory, 0, CLASSES, KNOWN, k));
  return { events, end: endCounts(memory, 0, CLASSES, KNOWN) };
}

/** After so many sessions of two of the one and one of the other. */
function learned(sessions: number): Float64Array {
  const memory = new Float64Array(countsSize(CLASSES));
  for (let i = 0; i < sessions; i++) play(memory, A, B, A);
  return memory;
}

test('what is as often as always scores nothing', () => {
  expect(play(learned(999), A, A, B)).toEqual({ events: [0, 0, 0], end: 0 });
});

test('once too often scores by the sessions in which it never was, over all that is looked at', () => {
  const { events, end } = play(learned(999), A, B, A, A);
  expect(events[2]).toBe(0);
  expect(events[3]).toBeCloseTo(-Math.log10((KNOWN * 0.5) / 1000), 12);
  expect(end).toBe(0);
});

test('a symbol that is missing scores when the session ends', () => {
  const { events, end } = play(learned(999), A, A);
  expect(events).toEqual([0, 0]);
  expect(end).toBeCloseTo(-Math.log10((KNOWN * 0.5) / 1000), 12);
});

test('few sessions can claim little', () => {
  expect(play(learned(3), A, B, A, A).events[3]).toBeLessThan(0.31);
  expect(play(new Float64Array(countsSize(CLASSES)), A, A, A)).toEqual({ events: [0, 0, 0], end: 0 });
});

test('is scored before it is learned, and learned', () => {
  const memory = learned(99);
  const first = play(memory, A, B, A, A).events[3];
  const second = play(memory, A, B, A, A).events[3];
  expect(second).toBeLessThan(first);
  expect(second).toBeCloseTo(-Math.log10((KNOWN * 1.5) / 101), 12);
});

test('a symbol that is new has had no events in all the sessions before', () => {
  const memory = learned(499);
  const score = countEvent(memory, 0, CLASSES, KNOWN + 1, KNOWN);
  expect(score).toBeCloseTo(-Math.log10(((KNOWN + 1) * 0.5) / 500), 12);
});

test('the end of a session is no symbol: that it was never counted is no oddity', () => {
  const memory = learned(999);
  expect(countEvent(memory, 0, CLASSES, KNOWN, END)).toBeGreaterThan(0);
  play(memory, A, B, A);
  expect(play(memory, A, B, A).end).toBe(0);
});

describe('in the long run', () => {
  test('sixteen and more are alike', () => {
    const memory = new Float64Array(countsSize(CLASSES));
    for (let i = 0; i < 500; i++) play(memory, ...Array.from({ length: 20 }, () => A));
    const many = play(memory, ...Array.from({ length: 5000 }, () => A));
    expect(Math.max(...many.events, many.end)).toBe(0);
    expect(play(memory, ...Array.from({ length: 15 }, () => A)).end).toBeGreaterThan(2);
  });

  test('shares stay as they were, and what is old counts less and less', () => {
    const memory = learned(8191);
    const before = play(learned(8000), A, B, A, A).events[3];
    play(memory, A, B, A); // the 8192nd: half of everything is forgotten
    expect(memory[0]).toBe(4096);
    expect(play(memory, A, B, A).end).toBe(0);
    expect(Math.abs(play(memory, A, B, A, A).events[3] - before)).toBeLessThan(0.4);
    for (let i = 0; i < 20_000; i++) play(memory, A, B, B);
    expect(memory[0]).toBeLessThan(8192);
    expect(play(memory, A, B, A).events[2]).toBeGreaterThan(0.5);
  });
});
