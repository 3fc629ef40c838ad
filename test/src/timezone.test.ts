import { describe, expect, it } from 'vitest';
import { localOffsetOf } from '../../src/timezone.ts';

const MINUTE = 60_000;
const at = (text: string) => Date.parse(text);

describe('local time', () => {
  it('of UTC adds nothing', () => {
    expect(localOffsetOf('UTC')(at('2026-07-01T12:00:00Z'))).toBe(0);
  });

  it.each([
    ['Europe/Berlin', '2026-03-29T00:59:59.999Z', 60],
    ['Europe/Berlin', '2026-03-29T01:00:00Z', 120],
    ['Europe/Berlin', '2026-10-25T00:59:59.999Z', 120],
    ['Europe/Berlin', '2026-10-25T01:00:00Z', 60],
    ['America/New_York', '2026-11-20T12:00:00Z', -300],
    ['Asia/Kolkata', '2026-11-20T12:00:00Z', 330],
    ['Asia/Kathmandu', '2026-11-20T23:59:00Z', 345],
    ['America/St_Johns', '2026-07-01T12:00:00Z', -150],
    ['Australia/Lord_Howe', '2026-01-01T00:00:00Z', 660],
    ['Australia/Lord_Howe', '2026-07-01T00:00:00Z', 630],
    ['Pacific/Kiritimati', '2026-12-31T23:00:00Z', 840],
  ])('of %s at %s adds %d minutes', (zone, time, minutes) => {
    expect(localOffsetOf(zone)(at(time))).toBe(minutes * MINUTE);
  });

  it('is the same whatever was asked before', () => {
    const offset = localOffsetOf('Europe/Berlin');
    const start = at('2026-01-01T00:00:00Z');
    const times = Array.from({ length: 9000 }, (_, i) => start + i * 3600_000 + 1234);
    const first = times.map((time) => offset(time));
    expect(times.map((time) => offset(time))).toEqual(first);
    expect(new Set(first)).toEqual(new Set([60 * MINUTE, 120 * MINUTE]));
  });

  it('asks once for a quarter of an hour', () => {
    const offset = localOffsetOf('Asia/Kolkata');
    const start = at('2026-11-20T12:00:00Z');
    offset(start);
    const began = performance.now();
    for (let i = 0; i < 100_000; i++) offset(start + (i % 900_000));
    expect(performance.now() - began).toBeLessThan(500); // asking Intl takes a hundred times as long
  });

  it('is unknown for a zone that is none', () => {
    expect(() => localOffsetOf('Mars/Olympus')).toThrow(RangeError);
  });
});
