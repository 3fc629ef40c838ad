import { describe, expect, it } from 'vitest';
import type { AlertReason } from '../../models/alert-document.ts';
import { type Facts, sentence } from '../../pipelines/sentence.ts';

const FACTS: Facts = {
  source: 'line1/pump/pressure',
  unit: 'bar',
  reason: 'prediction_error',
  worst: { value: 7.91, expected: 5.1, lower: 4.6, upper: 5.6 },
  lasted: null,
};
const UNKNOWN = { expected: Number.NaN, lower: Number.NaN, upper: Number.NaN };
const REASONS: AlertReason[] = ['prediction_error', 'new_extreme', 'lasting_error', 'unseasonal', 'stuck', 'silence'];

describe('the sentence of an alert', () => {
  it.each([
    ['prediction_error', /^Line1 pump pressure is 7\.91? bar, expected 4\.6 to 5\.6 bar\.$/],
    ['new_extreme', /^Line1 pump pressure is 7\.91? bar, higher than ever seen, expected 4\.6 to 5\.6 bar\.$/],
    ['lasting_error', /^Line1 pump pressure is off .*7\.91? bar.*expected 4\.6 to 5\.6 bar\.$/],
    ['unseasonal', /^Line1 pump pressure is not what it was a season ago: 7\.91? bar, expected 4\.6 to 5\.6 bar\.$/],
    ['stuck', /^Line1 pump pressure is stuck at 7\.91? bar.*\.$/],
    ['silence', /^Line1 pump pressure is silent .*\.$/],
  ] as const)('speaks of %s', (reason, text) => {
    expect(sentence({ ...FACTS, reason })).toMatch(text);
  });

  it('is in the past tense, and says how long it lasted, once it is over', () => {
    for (const reason of REASONS) {
      const text = sentence({ ...FACTS, reason, lasted: 12 * 60_000 });
      expect(text).toMatch(/^Line1 pump pressure was /);
      expect(text).toMatch(/lasted 12 min\.$/);
    }
    expect(sentence({ ...FACTS, lasted: 8000 })).toContain('8 s');
    expect(sentence({ ...FACTS, lasted: 3 * 3600_000 })).toContain('3 h');
  });

  it('tells a new low from a new high', () => {
    const low = { ...FACTS.worst, value: 1 };
    expect(sentence({ ...FACTS, reason: 'new_extreme', worst: low })).toContain('1 bar, lower than ever seen');
  });

  it('speaks of no band where none is known', () => {
    for (const reason of REASONS) {
      const text = sentence({ ...FACTS, reason, worst: { value: 7.91, ...UNKNOWN } });
      expect(text).not.toMatch(/NaN|unknown|expected/);
    }
  });

  it('has no unit where there is none, and no NaN where there is no value', () => {
    expect(sentence({ ...FACTS, unit: '' })).toMatch(/is 7\.91?, expected 4\.6 to 5\.6\.$/);
    expect(sentence({ ...FACTS, worst: { ...UNKNOWN, value: Number.NaN } })).not.toContain('NaN');
  });

  it.each([
    [123456.7, '12345'],
    [-0.00012, '-0.00012'],
    [3e20, 'e+20'],
  ])('writes %d so that it can be read', (value, part) => {
    const text = sentence({ ...FACTS, worst: { ...UNKNOWN, value } });
    expect(text).toContain(part);
    expect(text.length).toBeLessThan(60);
  });
});
