/** Times as payloads write them, into epoch milliseconds. */
import type { TimeUnit } from '../mapping.ts';
import { DECIMAL } from './decoded.ts';

const TIME_KEYS = new Set(['ts', 't', 'time', 'timestamp', '_time', 'last_seen']);
/** The last time that a date can express. */
const MILLISECONDS_MAX = 8.64e15;
const NANOSECONDS_MAX = MILLISECONDS_MAX * 1e6;

/** A name that means the time of everything beside it, in any case: but a `T` is a temperature. */
export function isTimeKey(key: string): boolean {
  switch (key.length) {
    case 1:
      return key === 't';
    case 2:
    case 4:
    case 5:
    case 9:
      return TIME_KEYS.has(key) || TIME_KEYS.has(key.toLowerCase());
    default:
      return false;
  }
}

/** Epoch ms from a number (unit by magnitude: s, ms, µs, ns) or an ISO 8601 text; NaN when it is neither. */
export function timeOf(value: unknown): number {
  if (typeof value === 'string') return DECIMAL.test(value) ? timeOf(Number(value)) : isoTimeOf(value);
  if (typeof value !== 'number' || !(value > 0 && value <= NANOSECONDS_MAX)) return Number.NaN;
  if (value < 1e11) return value * 1000;
  if (value < 1e14) return value;
  if (value < 1e17) return value / 1e3;
  return value / 1e6;
}

/** Epoch ms from a value whose unit is known; null: by its looks. NaN when it is no time in that unit. */
export function timeIn(value: unknown, unit: TimeUnit | null): number {
  if (unit === null) return timeOf(value);
  if (unit === 'iso') return typeof value === 'string' ? isoTimeOf(value) : Number.NaN;
  const number = typeof value === 'string' && DECIMAL.test(value) ? Number(value) : value;
  if (typeof number !== 'number') return Number.NaN;
  const time = inMilliseconds(number, unit);
  return time > 0 && time <= MILLISECONDS_MAX ? time : Number.NaN;
}

function inMilliseconds(time: number, unit: Exclude<TimeUnit, 'iso'>): number {
  switch (unit) {
    case 's':
      return time * 1000;
    case 'ms':
      return time;
    case 'us':
      return time / 1e3;
    case 'ns':
      return time / 1e6;
  }
}

function isoTimeOf(text: string): number {
  // A text without zone is UTC, not the daemon's local time.
  const iso = text.trim().replace(' ', 'T');
  // Date.parse alone finds a date in `sensor-1`.
  if (!/^[+-]?\d{4,6}-\d\d/.test(iso)) return Number.NaN;
  const zoned = /([zZ]|[+-]\d\d:?\d\d)$/.test(iso) || !iso.includes('T') ? iso : `${iso}Z`;
  return Date.parse(zoned);
}
