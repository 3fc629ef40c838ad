import { describe, expect, it } from 'vitest';
import { Backoff } from '../../sensors/backoff.ts';

describe('back-off', () => {
  it('doubles from one second to thirty, by chance down to half, and starts again after a good connection', () => {
    const backoff = new Backoff();
    expect([0, 0, 0, 0, 0, 0, 0].map((chance) => backoff.delayMs(chance))).toEqual([
      1000, 2000, 4000, 8000, 16_000, 30_000, 30_000,
    ]);
    backoff.lasted(29_999);
    expect(backoff.delayMs(0.999999)).toBeCloseTo(15_000, -1);
    backoff.lasted(30_000);
    expect(backoff.delayMs(0.999999)).toBeCloseTo(500, 0);
  });

  it('has other bounds where they are given', () => {
    const backoff = new Backoff({ firstMs: 5, maxMs: 8 });
    expect([0, 0, 0].map((chance) => backoff.delayMs(chance))).toEqual([5, 8, 8]);
    backoff.reset();
    expect(backoff.delayMs(0)).toBe(5);
  });
});
