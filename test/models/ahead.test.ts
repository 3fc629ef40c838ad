import { describe, expect, test } from 'vitest';
import { Ahead } from '../../models/ahead.ts';
import { createTail } from '../../models/calibration.ts';
import { createRandom, gaussian } from '../../models/random.ts';
import { expectSameBits } from './difference.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const BUCKET = DAY / 288;

/** A daily shape with a sharp morning. */
const shape = (local: number) => (local % DAY > 8 * HOUR && local % DAY < 17 * HOUR ? 1.2 : -0.7);

/** The same, and higher by 2 within eight hours of the thirteenth day. */
const drifting = (time: number) => shape(time) + Math.min(2, Math.max(0, time - 12 * DAY) / (8 * HOUR));

interface Given {
  days: number;
  cadence?: number;
  valueAt?: (time: number) => number;
  offsetAt?: (time: number) => number;
  seed?: number;
}

function run({ days, cadence = 5 * MINUTE, valueAt = shape, offsetAt = () => 0, seed = 1 }: Given) {
  const ahead = new Ahead(DAY, BUCKET);
  const at = 3;
  const weights = at + ahead.size + 1;
  const memory = new Float64Array(weights + ahead.weightsSize + 2).fill(9);
  ahead.initialise(memory, at);
  ahead.initialiseWeights(memory, weights, createRandom(seed));
  const tail = createTail();
  const random = createRandom(seed + 1);
  const scores: number[] = [];
  for (let time = 0; time < days * DAY; time += cadence) {
    const z = valueAt(time) + 0.1 * gaussian(random);
    scores.push(ahead.step(memory, at, weights, z, time, offsetAt(time), cadence, tail));
  }
  expect([memory[0], memory[2], memory[weights - 1], memory.at(-1), memory.at(-2)]).toEqual([9, 9, 9, 9, 9]);
  return { scores, memory, ahead, at };
}

test('says nothing on the first day', () => {
  const { scores } = run({ days: 1 });
  expect(scores.every((score) => score === 0)).toBe(true);
});

test('sees a day that is not like the days before, though every step of it is small', () => {
  const { scores } = run({ days: 13, valueAt: drifting });
  const day = 288;
  expect(Math.max(...scores.slice(12 * day))).toBeGreaterThan(6);
  expect(Math.max(...scores.slice(8 * day, 12 * day))).toBeLessThan(3);
});

describe('at one sample a second', () => {
  const { scores } = run({ days: 3, cadence: 10_000 });

  test('scores stand for a whole bucket', () => {
    const perBucket = BUCKET / 10_000;
    let changes = 0;
    for (let i = 1; i < scores.length; i++) if (scores[i] !== scores[i - 1]) changes++;
    expect(changes).toBeLessThan(scores.length / perBucket);
    expect(changes).toBeGreaterThan(100);
  });
});

test('remembers the same however many samples a bucket has', () => {
  const [many, one] = [10_000, 5 * MINUTE].map((cadence) => run({ days: 2, cadence }).memory);
  expect(many.filter((x) => x !== 0).length / one.filter((x) => x !== 0).length).toBeCloseTo(1, 1);
});

test.each([3, 3.4, 4, 4.7, 5, 7.3, 30, 60])('sees a day that is another, at one sample in %d minutes', (minutes) => {
  const cadence = minutes * MINUTE;
  const { scores } = run({ days: 6, cadence, valueAt: (time) => shape(time) + (time > 5 * DAY ? 3 : 0) });
  expect(Math.max(...scores.slice((5 * DAY) / cadence))).toBeGreaterThan(2);
});

describe.each([
  ['forward', HOUR],
  ['back', -HOUR],
])('when the clocks go %s', (_, shift) => {
  test("ten o'clock is still compared with ten o'clock", () => {
    const change = 14 * DAY + 2 * HOUR;
    const offsetAt = (time: number) => (time >= change ? shift : 0);
    // The plant lives by the local clock.
    const valueAt = (time: number) => shape(time + offsetAt(time));
    const day = 288;
    const { scores } = run({ days: 16, valueAt, offsetAt });
    const before = Math.max(...scores.slice(10 * day, 14 * day));
    expect(Math.max(...scores.slice(14 * day))).toBeLessThan(Math.max(2, before + 0.7));
    // By the other clock it would have been seen.
    const blind = run({ days: 16, valueAt }).scores;
    expect(Math.max(...blind.slice(14 * day))).toBeGreaterThan(Math.max(...scores.slice(14 * day)));
  });
});

test('a gap of a day is passed over and not scored', () => {
  const ahead = new Ahead(DAY, BUCKET);
  const weights = ahead.size;
  const memory = new Float64Array(weights + ahead.weightsSize);
  ahead.initialise(memory, 0);
  ahead.initialiseWeights(memory, weights, createRandom(1));
  const tail = createTail();
  let score = 0;
  for (let i = 0; i < 600; i++) score = ahead.step(memory, 0, weights, shape(i * BUCKET), i * BUCKET, 0, BUCKET, tail);
  const after = ahead.step(memory, 0, weights, 9, 600 * BUCKET + 3 * DAY, 0, BUCKET, tail);
  expect(after).toBe(score);
});

test('the same samples leave the same numbers behind', () => {
  expectSameBits('memory', run({ days: 3 }).memory, run({ days: 3 }).memory);
});
