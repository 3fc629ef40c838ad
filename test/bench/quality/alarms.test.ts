import { describe, expect, test } from 'vitest';
import { AlarmCurve, type AlarmRules, type Scored } from '../../../bench/quality/alarms.ts';
import { stretchesOf } from '../../../bench/quality/data.ts';

/** Rows with these scores, 0 elsewhere; stretches as first and last row. */
function scored(rows: number, scores: Record<number, number>, stretches: [number, number][]): Scored {
  const labels = new Uint8Array(rows);
  for (const [first, last] of stretches) labels.fill(1, first, last + 1);
  return {
    labels,
    stretches: stretchesOf(labels, 0),
    scores: Float64Array.from({ length: rows }, (_, row) => scores[row] ?? 0),
  };
}

const oneInThousand: AlarmRules = { counted: 'false', perRow: 1 / 1000 };
const at = (streams: Scored[], rules = oneInThousand, weights = streams.map(() => 1)) =>
  new AlarmCurve(streams, rules).at(weights);

const high = (first: number, count: number, score: number) =>
  Object.fromEntries(Array.from({ length: count }, (_, k) => [first + k, score]));

describe('the threshold', () => {
  test('is the lowest at which false alarms are no more than allowed', () => {
    // 2,000 rows allow two: 9 and 8, not 7.
    const stream = scored(2000, { 100: 9, 200: 8, 300: 7, 1000: 7.5, 1500: 6 }, [
      [1000, 1009],
      [1500, 1509],
    ]);
    expect(at([stream])).toEqual({ threshold: 7.5, found: 0.5, delay: 0, alarms: 2 });
  });

  test('serves all streams of a set', () => {
    const loud = scored(1000, { 100: 9, 200: 9, 500: 10 }, [[500, 509]]);
    const quiet = scored(1000, { 500: 3 }, [[500, 509]]);
    // Below 10 both alarms of the loud stream are false, which 2,000 rows allow; the next below is 3, without another.
    expect(at([loud, quiet])).toMatchObject({ threshold: 3, found: 1, alarms: 2 });
    expect(at([loud])).toMatchObject({ threshold: 10, found: 1, alarms: 0 });
  });

  test('is out of reach where the highest score of all is too often false', () => {
    const stream = scored(1000, { 100: 9, 200: 9, 500: 9 }, [[500, 509]]);
    expect(at([stream])).toMatchObject({ threshold: Infinity, found: 0, alarms: 0 });
  });
});

describe('an alarm', () => {
  test('is repeated after ten rows while the score stays high', () => {
    const stretch: [number, number][] = [[1500, 1509]];
    const lasting = (rows: number) => at([scored(2000, { ...high(100, rows, 9), 1500: 8 }, stretch)]);
    expect(lasting(20)).toMatchObject({ found: 1, alarms: 2 });
    expect(lasting(21)).toMatchObject({ found: 0, alarms: 0 }); // a third one
  });

  test('within a labelled stretch is never false', () => {
    const stream = scored(2000, { ...high(1000, 200, 5), 100: 9 }, [[1000, 1199]]);
    expect(at([stream])).toMatchObject({ found: 1, alarms: 1 });
  });
});

describe('a stretch', () => {
  test('is found late by as many rows as it takes', () => {
    const stream = scored(1000, { 503: 9, 504: 10, 707: 9 }, [
      [500, 509],
      [700, 709],
      [900, 909],
    ]);
    // Found after 3 and 7 rows; the third not at all, as below 9 everything is false.
    expect(at([stream])).toMatchObject({ threshold: 9, delay: 5 });
    expect(at([stream]).found).toBeCloseTo(2 / 3, 12);
  });
});

describe('as many alarms as events', () => {
  const rules: AlarmRules = { counted: 'all', perStretch: 1 };

  test('count those in a stretch as well', () => {
    // Two events, two alarms: both in the first, which lasts; the second event is behind it.
    const greedy = scored(1000, { ...high(500, 15, 9), 800: 8 }, [
      [500, 519],
      [800, 809],
    ]);
    expect(at([greedy], rules)).toMatchObject({ found: 0.5, alarms: 2 });
    const sharp = scored(1000, { 500: 9, 800: 8, 100: 7 }, [
      [500, 519],
      [800, 809],
    ]);
    expect(at([sharp], rules)).toMatchObject({ threshold: 8, found: 1, alarms: 2 });
  });
});

test('streams drawn several times count several times', () => {
  const first = scored(1000, { 100: 9, 500: 8 }, [[500, 509]]);
  const second = scored(1000, { 200: 7, 210: 7, 600: 6.5 }, [[600, 609]]);
  const curve = new AlarmCurve([first, second], oneInThousand);
  const twice = new AlarmCurve([first, first, second], oneInThousand);
  expect(curve.at([2, 1])).toEqual(twice.at([1, 1, 1]));
  const { found, alarms } = new AlarmCurve([first], oneInThousand).at([1]);
  expect(curve.at([1, 0])).toMatchObject({ found, alarms });
});
