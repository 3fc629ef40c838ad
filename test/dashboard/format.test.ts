import { describe, expect, it } from 'vitest';

import {
  formatClockTick,
  formatDelay,
  formatDuration,
  formatPercent,
  formatRarity,
  formatRate,
  formatTick,
  formatTime,
  formatValue,
} from '../../src/dashboard/format.ts';

describe('values', () => {
  it('have about four digits, whatever their size', () => {
    const shown = [119_243.4, 512.34, 5.1, 0.1234, 0, 0.0000123, 4.2e12].map(formatValue);
    expect(shown).toEqual(['119,243', '512.3', '5.10', '0.123', '0', '1.23e−5', '4.20e+12']);
  });

  it('have a minus as wide as a digit', () => {
    expect(formatValue(-3.5)).toBe('−3.50');
  });

  it('are a dash when there is none', () => {
    expect([null, Number.NaN, Infinity].map(formatValue)).toEqual(['–', '–', '–']);
  });
});

describe('axis labels', () => {
  it('have just the decimals that tell neighbours apart', () => {
    expect([formatTick(5, 1), formatTick(5, 0.5), formatTick(5, 0.25), formatTick(2.5, 2.5)]).toEqual([
      '5',
      '5.0',
      '5.00',
      '2.5',
    ]);
  });

  it('stay short for large and tiny numbers', () => {
    expect([formatTick(1_250_000, 50_000), formatTick(2e9, 1e9), formatTick(0.00005, 0.00001)]).toEqual([
      '1.25M',
      '2G',
      '5.0e−5',
    ]);
  });

  it('know no negative zero', () => {
    expect(formatTick(-1e-17, 0.5)).toBe('0.0');
    expect(formatTick(-0, 1)).toBe('0');
  });
});

describe('times', () => {
  it('name two neighbouring units at most', () => {
    const spans = [-5, 42_900, 247_000, 7_500_000, 273_600_000].map(formatDuration);
    expect(spans).toEqual(['0 s', '42 s', '4 min 07 s', '2 h 05 min', '3 d 4 h']);
  });

  it('show tenths where a delay is short', () => {
    expect([2140, 59_949, 90_000, null].map(formatDelay)).toEqual(['2.1 s', '59.9 s', '1 min 30 s', '–']);
  });

  it('are local, and name the day only when it is not today', () => {
    const noon = new Date(2026, 10, 20, 12, 5, 9).getTime();
    expect(formatTime(noon, noon + 60_000)).toBe('12:05:09');
    expect(formatTime(noon, noon + 86_400_000)).toBe('20 Nov 12:05');
    expect(formatTime(Number.NaN, noon)).toBe('–');
  });

  it('have seconds on an axis only when labels lie closer than a minute', () => {
    const noon = new Date(2026, 10, 20, 12, 0, 30).getTime();
    expect([formatClockTick(noon, 30_000), formatClockTick(noon, 60_000)]).toEqual(['12:00:30', '12:00']);
  });
});

it('never rounds learning up to done', () => {
  expect([formatPercent(0.999), formatPercent(1), formatPercent(-1)]).toEqual(['99 %', '100 %', '0 %']);
});

it('shows a slow rate with a tenth and a fast one without', () => {
  expect([0.3, 9, 18.4, 1234].map(formatRate)).toEqual(['0.3', '9', '18', '1,234']);
});

describe('how rare something is', () => {
  it('counts a day where it is more often than that, in fives where it is often', () => {
    expect([0.7, 1, 2.6, 9.4, 9.6, 23, 200].map(formatRarity)).toEqual([
      '1 a day',
      '1 a day',
      '3 a day',
      '9 a day',
      '10 a day',
      '25 a day',
      '200 a day',
    ]);
  });

  it('counts days, then months, then years, and gives up after ten of them', () => {
    const rates = [1 / 2, 1 / 12, 1 / 44, 1 / 60, 1 / 365, 1 / 550, 1 / 730, 1 / 3650, 1 / 4000, 1e-9, 0];
    expect(rates.map(formatRarity)).toEqual([
      'once in 2 days',
      'once in 12 days',
      'once in 44 days',
      'once in 2 months',
      'once in 12 months',
      'once in 2 years',
      'once in 2 years',
      'once in 10 years',
      'once in decades',
      'once in decades',
      'once in decades',
    ]);
  });

  it('never says 1 in the plural', () => {
    for (let rate = 3; rate > 1e-4; rate *= 0.99) expect(formatRarity(rate)).not.toMatch(/\b1 (days|months|years)/);
  });
});
