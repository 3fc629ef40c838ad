import { describe, expect, test } from 'vitest';
import { gatherSample, gatherSize, initialiseGather, isLate, takeRow } from '../../../models/group/gather.ts';

const SECOND = 1000;
const SLOWEST = 3;

/** Samples as [channel, time in s, value]: the rows that come of them. */
function rows(
  samples: [channel: number, time: number, value: number][],
  channels: number,
  context = 0,
  slowest = SLOWEST,
) {
  const memory = new Float64Array(gatherSize(channels, context) + 3);
  const at = 3;
  initialiseGather(memory, at, channels, context);
  const out: [time: number, ...number[]][] = [];
  const take = () => {
    const { time, values } = takeRow(memory, at, channels, context);
    out.push([time / SECOND, ...values]);
  };
  for (const [channel, seconds, value] of samples) {
    const time = seconds * SECOND;
    if (isLate(memory, at, channels, context, time, slowest)) take();
    if (gatherSample(memory, at, channels, context, channel, time, value, SECOND)) take();
  }
  expect(memory.subarray(0, at)).toEqual(new Float64Array(at));
  return out;
}

describe('a row', () => {
  test('is due when all have reported, at the newest of their times', () => {
    const samples: [number, number, number][] = [
      [0, 1, 10],
      [1, 1.3, 20],
      [1, 2, 21],
      [0, 2.2, 11],
    ];
    expect(rows(samples, 2)).toEqual([
      [1.3, 10, 20],
      [2.2, 11, 21],
    ]);
  });

  test('takes the newest value of a member that reports more often', () => {
    const samples: [number, number, number][] = [
      [0, 1, 10],
      [0, 2, 11],
      [1, 2.5, 20],
    ];
    expect(rows(samples, 2)).toEqual([[2.5, 11, 20]]);
  });

  test('is over two cadences after it began; who has not reported is missing', () => {
    const samples: [number, number, number][] = [
      [0, 1, 10],
      [1, 1, 20],
      [0, 2, 11],
      [0, 3, 12],
      [0, 4, 13],
      [0, 5, 14],
    ];
    expect(rows(samples, 2)).toEqual([
      [1, 10, 20],
      [4, 13, Number.NaN],
    ]);
  });

  test('does not wait for one that has become slow', () => {
    const memory = new Float64Array(gatherSize(2, 0));
    initialiseGather(memory, 0, 2, 0);
    gatherSample(memory, 0, 2, 0, 1, 0, 20, 3600 * SECOND);
    takeRow(memory, 0, 2, 0);
    gatherSample(memory, 0, 2, 0, 0, 10 * SECOND, 10, SECOND);
    expect(isLate(memory, 0, 2, 0, 15 * SECOND, SLOWEST)).toBe(false);
    expect(isLate(memory, 0, 2, 0, 17 * SECOND, SLOWEST)).toBe(true);
  });

  test('waits for one that is slow where it is told to', () => {
    const memory = new Float64Array(gatherSize(2, 0));
    initialiseGather(memory, 0, 2, 0);
    gatherSample(memory, 0, 2, 0, 1, 0, 20, 60 * SECOND);
    gatherSample(memory, 0, 2, 0, 0, 10 * SECOND, 10, SECOND);
    takeRow(memory, 0, 2, 0);
    gatherSample(memory, 0, 2, 0, 0, 11 * SECOND, 11, SECOND);
    expect(isLate(memory, 0, 2, 0, 131 * SECOND, Infinity)).toBe(false);
    expect(isLate(memory, 0, 2, 0, 132 * SECOND, Infinity)).toBe(true);
  });

  test('does not wait twice for one that was never heard, and waits for it from its first sample on', () => {
    const samples: [number, number, number][] = [
      [0, 1, 10],
      [0, 2, 11],
      [0, 3.5, 12],
      [0, 4, 13],
      [0, 5, 14],
      [1, 5.5, 20],
      [0, 6, 15],
      [0, 7, 16],
      [1, 7.5, 21],
    ];
    const missing = Number.NaN;
    expect(rows(samples, 2)).toEqual([
      [2, 11, missing],
      [3.5, 12, missing],
      [4, 13, missing],
      [5, 14, missing],
      [6, 15, 20],
      [7.5, 16, 21],
    ]);
  });

  test('waits for no context, and has of it what it was last', () => {
    const samples: [number, number, number][] = [
      [0, 1, 10],
      [1, 1, 20],
      [2, 1.5, 1],
      [0, 2, 11],
      [1, 2, 21],
      [0, 3, 12],
      [1, 3, 22],
    ];
    expect(rows(samples, 2, 1)).toEqual([
      [1, 10, 20, Number.NaN],
      [2, 11, 21, 1],
      [3, 12, 22, 1],
    ]);
  });
});
