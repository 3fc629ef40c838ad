import { describe, expect, it } from 'vitest';
import { NO_LIMITS } from '../../models/limits.ts';
import { type Facts, sentence } from '../../pipelines/sentence.ts';

const worst = { value: 120.4, expected: Number.NaN, lower: Number.NaN, upper: Number.NaN };
const limits = { min: 0, max: 100, rate: 2.5 };
const say = (facts: Partial<Facts>) =>
  sentence({ source: 'line1/pump/pressure', unit: 'bar', reason: 'limit', worst, limits, lasted: null, ...facts });

describe('a sentence about', () => {
  it.each<[string, Partial<Facts>, string]>([
    ['a value above its limits', {}, 'Line1 pump pressure is 120.4 bar, above its limit of 100 bar.'],
    [
      'a value below its limits, once it is over',
      { worst: { ...worst, value: -3 }, lasted: 40_000 },
      'Line1 pump pressure was -3 bar, below its limit of 0 bar; it lasted 40 s.',
    ],
    [
      'limits that have been lifted since',
      { limits: NO_LIMITS },
      'Line1 pump pressure is 120.4 bar, outside its limits.',
    ],
    [
      'a change that is too fast',
      { reason: 'rate' },
      'Line1 pump pressure is 120.4 bar, changing faster than its limit of 2.5 bar a second.',
    ],
    [
      'a change that was too fast',
      { reason: 'rate', limits: NO_LIMITS, unit: '' },
      'Line1 pump pressure is 120.4, changing faster than its limit.',
    ],
    [
      'another type of value',
      { reason: 'type_change', worst: { ...worst, value: Number.NaN } },
      'Line1 pump pressure is sending another type of value than before.',
    ],
    [
      'a clock',
      { reason: 'clock_skew', lasted: 1_800_000 },
      'Line1 pump pressure was sending times that are further from our clock than usual; it lasted 30 min.',
    ],
    [
      'an event',
      { reason: 'unexpected_event', lasted: 1_800_000 },
      'Line1 pump pressure had an event that hardly ever follows those before it; it lasted 30 min.',
    ],
  ])('%s', (_, facts, text) => {
    expect(say(facts)).toBe(text);
  });
});
