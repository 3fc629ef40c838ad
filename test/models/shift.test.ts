/** The past, seen as if it had been at another level: what accepting a new normal is made of. */
import { describe, expect, test } from 'vitest';
import { Ahead } from '../../models/ahead.ts';
import { createTail } from '../../models/calibration.ts';
import { featuresShift, featuresSize, featuresStep, inputCount } from '../../models/features.ts';
import { profileAt, profileForget, PROFILE_SIZE, profileShift, profileStep } from '../../models/profile.ts';
import { createRandom, gaussian } from '../../models/random.ts';
import { expectClose, expectSameBits } from './difference.ts';

describe('features', () => {
  const LAGS = 4;
  const BY = 0.7;

  /** Inputs for the last of these values; before it, the past is shifted. */
  function inputs(values: number[], by: number): Float64Array {
    const memory = new Float64Array(featuresSize(LAGS) + inputCount(LAGS));
    for (const [i, z] of values.entries()) {
      if (i === values.length - 1) featuresShift(memory, 0, LAGS, by);
      featuresStep(memory, 0, LAGS, z, 0.2, 0, 0, featuresSize(LAGS));
    }
    return memory.slice(featuresSize(LAGS));
  }

  test('are those of a past that was higher all the time', () => {
    const random = createRandom(1);
    const values = Array.from({ length: 50 }, () => 0.5 * gaussian(random));
    const raised = values.map((z, i) => (i < 49 ? z + BY : z));
    expectClose('inputs', inputs(values, BY), inputs(raised, 0), 1e-12);
  });

  test('of a series without a past stay as they are', () => {
    expectSameBits('inputs', inputs([1], BY), inputs([1], 0));
  });
});

describe('a profile', () => {
  const memory = new Float64Array(PROFILE_SIZE);
  profileStep(memory, 0, 0.1, 2);
  profileStep(memory, 0, 0.5, -1);
  profileShift(memory, 0, 3);

  test('is higher where there was something', () => {
    expect([profileAt(memory, 0, 0.1), profileAt(memory, 0, 0.5)]).toEqual([5, 2]);
  });

  test('is empty where it was empty', () => {
    expect(profileAt(memory, 0, 0.9)).toBe(0);
  });

  test('begins anew where it is forgotten', () => {
    const other = memory.slice();
    profileForget(other, 0, 0.1);
    expect([profileAt(other, 0, 0.1), profileAt(other, 0, 0.5)]).toEqual([0, 2]);
    profileStep(other, 0, 0.1, 7);
    expect(profileAt(other, 0, 0.1)).toBe(7);
  });
});

const largest = (hours: number[], from: number, to: number) => Math.max(...hours.slice(from, to).map(Math.abs));

describe('what a season ago would have said', () => {
  const MINUTE = 60_000;
  const DAY = 24 * 60 * MINUTE;
  const CADENCE = 5 * MINUTE;
  const STEP = 12.5 * DAY;

  /** Mean error against a season ago over each hour, after a step by 2 that is accepted some time later. */
  function errors(acceptedAfter: number, cadence = CADENCE): number[] {
    const ahead = new Ahead(DAY, DAY / 288);
    const weights = ahead.size;
    const memory = new Float64Array(weights + ahead.weightsSize);
    ahead.initialise(memory, 0);
    ahead.initialiseWeights(memory, weights, createRandom(3));
    const random = createRandom(4);
    const tail = createTail();
    const hours: number[] = [];
    for (let time = 0; time < STEP + 3 * DAY; time += cadence) {
      const z = Math.sin((2 * Math.PI * time) / DAY) + 0.1 * gaussian(random) + (time >= STEP ? 2 : 0);
      ahead.step(memory, 0, weights, z, time, 0, cadence, tail);
      if (time === STEP + acceptedAfter) ahead.accept(memory, 0, acceptedAfter, cadence);
      if (time > STEP && time % (60 * MINUTE) === 0) hours.push(ahead.lean(memory, 0));
    }
    return hours;
  }

  test('is off by the step for a day, where nobody accepts it', () => {
    const hours = errors(Infinity);
    expect(largest(hours, 5, 22)).toBeGreaterThan(1.5);
  });

  test.each([
    ['a quarter of an hour', 15 * MINUTE],
    ['an hour', 60 * MINUTE],
    ['six hours', 360 * MINUTE],
    ['23 hours', 23 * 60 * MINUTE],
  ])('is right from then on, where it is accepted after %s; and a season later as well', (_, after) => {
    const hours = errors(after);
    const from = Math.ceil(after / (60 * MINUTE)) + 1;
    expect(largest(hours, from, 60)).toBeLessThan(0.6);
  });

  test('is as right at one sample in ten seconds', () => {
    const hours = errors(60 * MINUTE, 10_000);
    expect(largest(hours, 2, 60)).toBeLessThan(0.6);
  });
});
