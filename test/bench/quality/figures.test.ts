import { describe, expect, test } from 'vitest';
import { drawn, drawStreams, intervalOf } from '../../../bench/quality/bootstrap.ts';
import { type Stream, stretchesOf } from '../../../bench/quality/data.ts';
import {
  alarmsPerDay,
  aucPr,
  calibration,
  calibrationOff,
  faultyShare,
  healthyShare,
  oneStepError,
} from '../../../bench/quality/figures.ts';
import { NabFigure } from '../../../bench/quality/nab-figure.ts';
import type { Scores } from '../../../bench/quality/score.ts';
import { countRows, type LabelledScores, PROFILES, scoreBest } from '../../../bench/nab-score.ts';
import { createRandom } from '../../../models/random.ts';

function stream(labels: number[], warmup = 0, more: Partial<Stream> = {}): Stream {
  const bytes = Uint8Array.from(labels);
  return {
    name: 's',
    path: '',
    timestamps: [],
    channels: [],
    columns: [],
    sessions: [],
    labels: bytes,
    warmup,
    stretches: stretchesOf(bytes, warmup),
    periodMs: 1000,
    windows: [],
    ...more,
  };
}

function scores(rows: number[], more: Partial<Scores> = {}): Scores {
  const score = Float64Array.from(rows);
  const alarm = new Uint8Array(rows.length);
  return { level: score, surprise: score, anomaly: score, alarm, error: 1, seconds: 0, ...more };
}

const time = (row: number) => `t${String(row).padStart(3, '0')}`;
const zeros = (rows: number) => Array.from({ length: rows }, () => 0);

describe('a figure of a set', () => {
  test('is the mean over the streams that have an anomaly in the rows that count', () => {
    const streams = [stream([0, 1, 0, 1]), stream([1, 0, 0, 0], 1), stream([0, 1])];
    const figure = aucPr('level')(streams, [scores([4, 3, 2, 1]), scores([1, 2, 3, 4]), scores([1, 2])]);
    expect(figure([1, 1, 1])).toBe((0.5 + 1) / 2);
    expect(figure([3, 5, 1])).toBe((3 * 0.5 + 1) / 4);
  });

  test('leaves the warm-up out', () => {
    const figure = aucPr('level')([stream([1, 1, 0, 1, 0], 2)], [scores([0, 0, 1, 2, 1])]);
    expect(figure([1])).toBe(1);
  });
});

describe('calibration', () => {
  test('is the share of clean rows above k against 10^-k', () => {
    const labels = [...zeros(1000), 1, 1];
    const surprise = Float64Array.from(labels, (_, row) => (row < 20 || row >= 1000 ? 2.5 : 0));
    const one = [scores(labels, { surprise })];
    expect(calibration(2)([stream(labels)], one)([1])).toBeCloseTo(2, 12);
    expect(calibrationOff(2)([stream(labels)], one)([1])).toBeCloseTo(2, 12);
    expect(calibration(2)([stream(labels, 10)], one)([1])).toBeCloseTo(10 / 9.9, 12);
  });

  test('that no row is above is off by as much as can be told', () => {
    const calm = zeros(10_000);
    expect(calibration(3)([stream(calm)], [scores(calm)])([1])).toBe(0);
    expect(calibrationOff(3)([stream(calm)], [scores(calm)])([1])).toBeCloseTo(20, 9); // 0.5 of 10 expected
  });
});

test('alarms a day are counted in the time of clean rows alone', () => {
  const labels = [...zeros(48), 1, 1, ...zeros(50)];
  const alarm = new Uint8Array(100);
  for (const row of [1, 30, 49, 60, 70]) alarm[row] = 1;
  const hourly = stream(labels, 2, { periodMs: 3600_000 });
  // 96 clean hours, of which 3 raised an alarm.
  expect(alarmsPerDay([hourly], [scores(labels, { alarm })])([1])).toBeCloseTo(3 / 4, 12);
});

test('the one-step error is a geometric mean over streams that have one', () => {
  const each = [0.5, 2, Number.NaN].map((error) => scores([], { error }));
  const figure = oneStepError([], each);
  expect(figure([1, 1, 1])).toBeCloseTo(1, 12);
  expect(figure([1, 0, 1])).toBeCloseTo(0.5, 12);
});

test('lasting faults are held against the highest rows of the second half of the normal run', () => {
  const normal = stream(zeros(400), 400);
  const fault = stream([0, 0, 0, 0, 1, 1, 1, 1], 0, { runAfter: { path: 'normal', columns: [] } });
  const levels = Array.from({ length: 400 }, (_, row) => (row < 200 ? 1000 : row - 200));
  const both = [scores(levels), scores([0, 0, 0, 500, 500, 500, 500, 198])];
  // 1 % of 200 rows is above 197: row 198 counts, all but the first half's.
  expect(faultyShare([normal, fault], both)([1, 1])).toBe(0.75);
  expect(healthyShare([normal, fault], both)([1, 1])).toBe(0.25);
});

describe('the NAB score', () => {
  const random = createRandom(7);
  const file = (name: string, windows: [number, number][]): LabelledScores => ({
    name,
    timestamps: Array.from({ length: 200 }, (_, row) => time(row)),
    windows: windows.map(([first, last]) => [time(first), time(last)]),
    scores: Array.from({ length: 200 }, () => Math.floor(random() * 12)),
  });
  const files = [
    file('a', [[50, 60]]),
    file('b', [
      [20, 40],
      [120, 130],
    ]),
    file('c', []),
  ];

  test('is that of the scorer when every file counts once', () => {
    const figure = new NabFigure(files);
    for (const profile of Object.values(PROFILES)) {
      expect(figure.at(profile, [1, 1, 1])).toBeCloseTo(scoreBest(countRows(files), profile).score, 9);
    }
  });

  test('counts a file as often as it was drawn', () => {
    const [a, b] = files;
    const thrice = scoreBest(countRows([a, b, b, b]), PROFILES.standard).score;
    expect(new NabFigure(files).at(PROFILES.standard, [1, 3, 0])).toBeCloseTo(thrice, 9);
  });
});

describe('the interval of a difference', () => {
  test('draws as many streams as there are, the same ones under the same seed', () => {
    const draws = drawStreams(5, 100, 1);
    expect(draws.every((weights) => weights.reduce((a, b) => a + b) === 5)).toBe(true);
    expect(draws).toEqual(drawStreams(5, 100, 1));
    expect(draws).not.toEqual(drawStreams(5, 100, 2));
  });

  test('is a point where one is better by the same on every stream', () => {
    const draws = drawStreams(10, 200, 1);
    const each = Array.from({ length: 10 }, (_, s) => s);
    const mean = (plus: number) => (weights: readonly number[]) =>
      each.reduce((sum, s) => sum + weights[s] * (s + plus), 0) / 10;
    const { low, high } = intervalOf(drawn([mean(1), mean(3)], draws), drawn([mean(0)], draws));
    expect([low, high]).toEqual([expect.closeTo(2, 9), expect.closeTo(2, 9)]);
  });

  test('holds the middle nine tenths of the differences', () => {
    const a = Float64Array.from({ length: 101 }, (_, k) => k);
    expect(intervalOf(a, new Float64Array(101))).toEqual({ low: 5, high: 95 });
  });
});
