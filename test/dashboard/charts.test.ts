import { describe, expect, it } from 'vitest';

import { columnsOf, type ChartColumns } from '../../src/dashboard/charts/columns.ts';
import { spanOf } from '../../src/dashboard/charts/span.ts';
import { valueRange } from '../../src/dashboard/charts/value-range.ts';
import { Ring } from '../../src/dashboard/ring.ts';
import { SeriesTrack } from '../../src/dashboard/series-track.ts';
import { columns, NOW, seriesInfo } from './samples.ts';

const FIVE_MINUTES = 300_000;

const range = (rest: Partial<ChartColumns>) => valueRange({ t: [], y: [], e: [], lo: [], hi: [], z: [], ...rest });

describe('the span of a chart', () => {
  it('ends now and is as long as the window', () => {
    const track = new SeriesTrack(seriesInfo('s'));
    expect(spanOf(track, FIVE_MINUTES, NOW)).toEqual({ from: NOW - FIVE_MINUTES, to: NOW });
  });

  it('is longer for a slow series', () => {
    const track = new SeriesTrack(seriesInfo('s', { cadence_ms: 60_000 }));
    expect(spanOf(track, FIVE_MINUTES, NOW).from).toBe(NOW - 3_600_000);
  });

  it('is shorter when the ring does not reach back all the way', () => {
    const track = new SeriesTrack(seriesInfo('s'));
    track.refill(columns('s', 600));
    expect(spanOf(track, 3_600_000, NOW).from).toBe(NOW - 599_000);
  });

  it('ends in the past for a series that lives there', () => {
    const track = new SeriesTrack(seriesInfo('s'));
    track.append(columns('s', 2, NOW - 86_400_000), NOW);
    expect(spanOf(track, FIVE_MINUTES, NOW).to).toBe(NOW - 86_400_000);
  });
});

describe('the columns of a chart', () => {
  const ring = new Ring();
  ring.append(columns('s', 3, 3000));
  ring.append(columns('s', 2, 21_000));

  it('begin one sample left of the window, so that the line enters at its edge', () => {
    const { t } = columnsOf(ring, { from: 2500, to: 21_000, gapMs: Infinity, holds: false });
    expect(t).toEqual([2000, 3000, 20_000, 21_000]);
  });

  it('break where samples stayed away', () => {
    const { t, y } = columnsOf(ring, { from: 0, to: 21_000, gapMs: 5000, holds: false });
    expect(t).toEqual([1000, 2000, 3000, 3001, 20_000, 21_000]);
    expect(y).toEqual([0, 1, 2, null, 0, 1]);
  });

  it('leave out values too large to be drawn', () => {
    const huge = new Ring();
    huge.append({ ...columns('s', 2, 2000), y: [1e308, 1] });
    expect(columnsOf(huge, { from: 0, to: 2000, gapMs: 5000, holds: false }).y).toEqual([null, 1]);
  });

  it('are empty when no sample lies inside the window', () => {
    expect(columnsOf(ring, { from: 30_000, to: 60_000, gapMs: 5000, holds: false }).t).toEqual([]);
  });

  it('reach up to now for a value that holds until it changes', () => {
    const { t, y } = columnsOf(ring, { from: 20_000, to: 60_000, gapMs: 5000, holds: true });
    expect([t.at(-1), y.at(-1)]).toEqual([60_000, 1]);
  });
});

describe('the range of a chart', () => {
  it('holds value, expectation and band', () => {
    const [min, max] = range({ y: [4, 6], e: [3.5, null], lo: [3], hi: [7] });
    expect(min).toBeLessThan(3);
    expect(max).toBeGreaterThan(7);
  });

  it('does not let a wide band flatten the value', () => {
    const [min, max] = range({ y: [4, 6], lo: [-1000], hi: [1000] });
    expect(max - min).toBeLessThan(10);
  });

  it('puts a flat line in the middle', () => {
    const [min, max] = range({ y: [6.5, 6.5] });
    expect((min + max) / 2).toBeCloseTo(6.5);
    expect(max).toBeGreaterThan(min);
  });

  it('gives zero room on both sides', () => {
    expect(range({ y: [0, 0] })).toEqual([-1, 1]);
  });

  it('is something also when nothing is known', () => {
    expect(range({ y: [null] })).toEqual([0, 1]);
  });
});
