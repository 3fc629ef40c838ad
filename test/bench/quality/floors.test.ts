import { describe, expect, test } from 'vitest';
import { ruleB } from '../../../bench/nab-rules.ts';
import { eventFloor } from '../../../bench/quality/event-floors.ts';
import { readSet, type Stream } from '../../../bench/quality/data.ts';
import { aucPr, aucRoc, faultyShare, type FigureOf, recall } from '../../../bench/quality/figures.ts';
import { differenceFloor, lagsFloor, randomFloor, rowFloor, zFloor } from '../../../bench/quality/floors.ts';
import { methodOf } from '../../../bench/quality/methods.ts';
import { hotelling } from '../../../bench/quality/pca.ts';
import { scoreStream } from '../../../bench/quality/score.ts';
import { expectClose } from '../../models/difference.ts';
import { dataFolder } from './data-folder.ts';

const wave = Float64Array.from({ length: 400 }, (_, t) => 5 + Math.sin(t / 7) + (t === 300 ? 20 : 0));

describe('the z-score', () => {
  test('is Rule B before it is squeezed below 1', () => {
    const squeezed = zFloor(wave).map((z) => z / (z + 5));
    expectClose('z', squeezed, ruleB(wave), 1e-12);
  });

  test('passes over missing values', () => {
    const gaps = Float64Array.from({ length: 40 }, (_, t) => (t % 4 === 1 ? Number.NaN : t % 4));
    const scores = zFloor(gaps);
    expect(scores.every(Number.isFinite)).toBe(true);
    expect(scores[21]).toBe(0);
    expect(scores[22]).toBeGreaterThan(0);
  });
});

describe('the scaled difference', () => {
  test('has a step in units of the steps before it', () => {
    // Steps +1 and −1 in turn: mean about 0, deviation about 1; then one of 9.
    const saw = Float64Array.from({ length: 200 }, (_, t) => (t < 199 ? t % 2 : 9));
    expect(differenceFloor(saw)[199]).toBeCloseTo(9, 0);
    expect(differenceFloor(saw)[150]).toBeCloseTo(1, 1);
  });
});

describe('the linear prediction', () => {
  test('finds the break in a series that it can foretell', () => {
    const scores = lagsFloor(wave);
    expect(scores.indexOf(Math.max(...scores.slice(100)))).toBe(300);
    expect(Math.max(...scores.slice(250, 300))).toBeLessThan(0.1 * scores[300]);
  });
});

test('a row of several channels scores their mean, each capped', () => {
  const columns = [Float64Array.of(10, 20), Float64Array.of(1000, 0)];
  expect(rowFloor(columns, (values) => values)).toEqual(Float64Array.of(30, 10));
  expect(rowFloor(columns.slice(1), (values) => values)).toEqual(columns[1]);
});

test('random scores are the same for the same seed', () => {
  expect(randomFloor(5, 1)).toEqual(randomFloor(5, 1));
  expect(randomFloor(5, 1)).not.toEqual(randomFloor(5, 2));
});

test('the distance in principal components is that of the axes of the fitted rows', () => {
  // Two channels that move together: one axis (1, 1)/√2 with variance 2, and what lies across it is not counted.
  const along = Float64Array.of(-1, 1, -1, 1, 2, 2);
  const other = Float64Array.of(-1, 1, -1, 1, 2, -2);
  const fit = [along.subarray(0, 4), other.subarray(0, 4)];
  expectClose('T²', hotelling([along, other], fit), [1, 1, 1, 1, 4, 0], 1e-12);
});

test('a session is as odd as its rarest pair, or as the counts of its keys', () => {
  const sessions = [...Array.from({ length: 50 }, () => '1 2 3'), '1 3 2', '1 2 3'];
  const pairs = eventFloor(sessions, 'pairs');
  expect(pairs[50]).toBeGreaterThan(5 * pairs[51]);
  const counts = eventFloor(sessions, 'counts');
  expect(counts[50]).toBeCloseTo(counts[49], 1); // the same keys as often: no order is seen
});

/** Published with the data: AUC-PR, and recall at one false alarm per 1,000 rows. */
const PUBLISHED: Record<string, Record<string, [pr: string, recall: string]>> = {
  cloud: { z: ['0.411', '0.59'], difference: ['0.400', '0.47'] },
  smd: { z: ['0.079', '0.73'], difference: ['0.115', '0.77'] },
  asd: { z: ['0.211', '0.72'], difference: ['0.208', '0.50'] },
  telemetry: { z: ['0.121', '0.45'], difference: ['0.124', '0.59'] },
  mgab: { z: ['0.047', '0.40'], difference: ['0.047', '0.20'] },
};

async function floorFigures(streams: Stream[], method: string, figures: FigureOf[]): Promise<number[]> {
  const scores = await Promise.all(streams.map((stream) => scoreStream(stream, methodOf(method), 1)));
  return figures.map((figure) => figure(streams, scores)(streams.map(() => 1)));
}

test.for(Object.keys(PUBLISHED))('the floors of %s come out at the published figures', async (set, context) => {
  const streams = readSet(dataFolder(context), set);
  for (const [method, published] of Object.entries(PUBLISHED[set])) {
    const [pr, found] = await floorFigures(streams, method, [aucPr('level'), recall('level')]);
    expect([pr.toFixed(3), found.toFixed(2)], method).toEqual(published);
  }
});

test('the floors of skab, tep and hdfs come out at the published figures', async (context) => {
  const folder = dataFolder(context);
  const skab = readSet(folder, 'skab');
  for (const method of ['z', 'difference', 'lags']) {
    const [roc] = await floorFigures(skab, method, [aucRoc('level')]);
    expect(roc, method).toBeGreaterThan(0.5);
    expect(roc, method).toBeLessThan(0.525);
  }
  expect((await floorFigures(skab, 'pca', [aucRoc('level')]))[0]).toBeCloseTo(0.73, 2);
  const tep = readSet(folder, 'tep');
  expect((await floorFigures(tep, 'pca', [faultyShare]))[0]).toBeCloseTo(0.56, 1);
  expect((await floorFigures(tep, 'z', [faultyShare]))[0].toFixed(2)).toBe('0.06');
  expect((await floorFigures(tep, 'difference', [faultyShare]))[0].toFixed(2)).toBe('0.02');
  const hdfs = readSet(folder, 'hdfs');
  const areas = [aucPr('level'), aucRoc('level')];
  expect((await floorFigures(hdfs, 'pairs', areas)).map((area) => area.toFixed(3))).toEqual(['0.526', '0.949']);
  expect((await floorFigures(hdfs, 'counts', areas)).map((area) => area.toFixed(3))).toEqual(['0.748', '0.947']);
});
