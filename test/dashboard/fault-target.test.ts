import { describe, expect, it } from 'vitest';

import { defaultTarget, targetFor } from '../../src/dashboard/fault-target.ts';
import { SeriesTrack } from '../../src/dashboard/series-track.ts';
import { seriesInfo } from './samples.ts';

const battery = new SeriesTrack(seriesInfo('battery', { source: 'a/battery', cadence_ms: 60_000 }));
const door = new SeriesTrack(seriesInfo('door', { source: 'a/door', kind: 'on_off' }));
const young = new SeriesTrack(seriesInfo('young', { source: 'a/young', learning: 0.4 }));
const current = new SeriesTrack(seriesInfo('current', { source: 'b/current' }));
const meterA = new SeriesTrack(seriesInfo('meter-a', { source: 'a/meter', kind: 'counter' }));
const meterB = new SeriesTrack(seriesInfo('meter-b', { source: 'b/meter', kind: 'counter' }));

describe('the series a fault goes to', () => {
  it('is at first a lively gauge that has learned', () => {
    expect(defaultTarget([battery, door, young, meterA, current])).toBe(current);
    expect(defaultTarget([battery, door, young])).toBe(young);
    expect(defaultTarget([door, battery])).toBe(battery);
    expect(defaultTarget([door])).toBe(door);
    expect(defaultTarget([])).toBeNull();
  });

  it('is the one chosen', () => {
    expect(targetFor('spike', battery, [battery, meterA])).toBe(battery);
    expect(targetFor('counter_reset', meterA, [meterB, meterA])).toBe(meterA);
  });

  it('is the counter of the same machine when a counter is to be reset', () => {
    expect(targetFor('counter_reset', current, [meterA, meterB])).toBe(meterB);
    expect(targetFor('counter_reset', current, [meterA])).toBe(meterA);
    expect(targetFor('counter_reset', current, [battery])).toBe(current);
  });
});
