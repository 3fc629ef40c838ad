import { createHash } from 'node:crypto';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { alertId } from '../../pipelines/alert-id.ts';

/** Base32 the slow way: the digest as one long binary number. */
function reference(...parts: (string | number)[]): string {
  const digest = createHash('sha256').update(parts.join('\n')).digest();
  const bits = [...digest].map((byte) => byte.toString(2).padStart(8, '0')).join('');
  const digits = Array.from({ length: 20 }, (_, i) => Number.parseInt(bits.slice(i * 5, i * 5 + 5), 2));
  return digits.map((digit) => 'abcdefghijklmnopqrstuvwxyz234567'[digit]).join('');
}

describe('the id of an alert', () => {
  it('is this, today and after every change of the code', () => {
    expect(alertId('line1_pump_pressure', 1_795_176_000_000, 4711, 'lstm', 0)).toBe('bee3dlyxrpbljcznjdh7');
  });

  it('is the first 20 characters of the base32 of a SHA-256', () => {
    const parts = fc.tuple(fc.string(), fc.integer(), fc.nat(), fc.string(), fc.nat());
    fc.assert(
      fc.property(parts, (args) => {
        expect(alertId(...args)).toBe(reference(...args));
        expect(alertId(...args)).toMatch(/^[a-z2-7]{20}$/);
      }),
      { seed: 1 },
    );
  });

  it('changes with each of its parts', () => {
    const ids = [
      alertId('a', 1, 2, 'lstm', 0),
      alertId('b', 1, 2, 'lstm', 0),
      alertId('a', 2, 2, 'lstm', 0),
      alertId('a', 1, 3, 'lstm', 0),
      alertId('a', 1, 2, 'gru', 0),
      alertId('a', 1, 2, 'lstm', 1),
      alertId('a', 12, 2, 'lstm', 0),
      alertId('a', 1, 22, 'lstm', 0),
    ];
    expect(new Set(ids).size).toBe(ids.length);
  });
});
