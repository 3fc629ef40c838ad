import { describe, expect, test } from 'vitest';
import { SKEW_SIZE, skewStep } from '../../models/skew.ts';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const START = Date.UTC(2026, 0, 5);

/** Numbers of the samples at which a clock is told of that is `behind(i)` at sample i. */
function told(samples: number, behind: (i: number) => number, cadence = SECOND): number[] {
  const memory = new Float64Array(SKEW_SIZE);
  const found: number[] = [];
  for (let i = 0; i < samples; i++) {
    const arrival = START + i * cadence;
    if (skewStep(memory, 0, arrival - behind(i), arrival)) found.push(i);
  }
  return found;
}
const jump = (at: number, to: number) => (i: number) => (i < at ? 0 : to);

describe('a clock is told of', () => {
  test('once, when it has been off by more than 5 min for 5 min', () => {
    expect(told(5000, jump(1000, 20 * MINUTE))).toEqual([1300]);
  });

  test('whichever way it is off', () => {
    // It was slow by an hour, and is now by three; or fast by what is not yet thrown away.
    expect(told(5000, (i) => (i < 1000 ? HOUR : 3 * HOUR))).toEqual([1300]);
    expect(told(5000, (i) => (i < 1000 ? 0 : -20 * MINUTE))).toEqual([1300]);
  });

  test('after 20 samples where those take longer', () => {
    expect(told(1000, jump(500, 20 * MINUTE), MINUTE)).toEqual([519]);
  });

  test('every 5 min that it loses, however slowly', () => {
    // A second a minute: 5 min in 5 h.
    const found = told(16 * 3600, (i) => (i * SECOND) / 60);
    expect(found).toHaveLength(3);
    for (let k = 1; k < 3; k++) expect((found[k] - found[k - 1]) / 3600).toBeCloseTo(5, 0);
  });

  test('when its time stands still', () => {
    expect(told(2000, (i) => Math.max(0, i - 1000) * SECOND)).toEqual([1601]);
  });
});

describe('a clock is not told of', () => {
  test('that is off as it always was', () => {
    expect(told(5000, () => 8 * HOUR)).toEqual([]);
  });

  test('that is off by no more than 5 min', () => {
    expect(told(5000, jump(1000, 5 * MINUTE))).toEqual([]);
  });

  test('for a few samples that are old', () => {
    expect(told(5000, (i) => (i % 100 === 0 ? HOUR : 0))).toEqual([]);
    expect(told(5000, (i) => (i >= 1000 && i < 1200 ? HOUR : 0))).toEqual([]);
  });

  test('when a buffer is sent after an outage, however long that takes', () => {
    // Two days of one sample a second, sent within half an hour.
    expect(told(5000, (i) => (i < 1000 ? 0 : Math.max(0, 48 * HOUR - (i - 1000) * 96 * SECOND)))).toEqual([]);
  });

  test('when a history was read in before the first live sample', () => {
    expect(told(5000, (i) => Math.max(0, HOUR - i * 10 * SECOND))).toEqual([]);
  });

  test('that reports once an hour what it measured in it', () => {
    const memory = new Float64Array(SKEW_SIZE);
    for (let hour = 1; hour < 50; hour++) {
      const arrival = START + hour * HOUR;
      for (let s = 3600; s > 0; s--) expect(skewStep(memory, 0, arrival - s * SECOND, arrival)).toBe(false);
    }
  });
});

test('a source that is set right again is not told of', () => {
  expect(told(9000, (i) => (i >= 1000 && i < 3000 ? HOUR : 0))).toEqual([1300]);
});

test('what was unusual once is forgotten with time: the same again is told again', () => {
  expect(told(32_000, (i) => ((i >= 1000 && i < 2000) || i >= 30_000 ? 20 * MINUTE : 0))).toEqual([1300, 30_300]);
});
