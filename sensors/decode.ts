/**
 * A JSON payload into readings.
 *
 * Every numeric leaf becomes a field named by its path; a bare number or boolean is the field ''. A known time key at
 * the top level is the time of all of them. What is not a number is counted by reason, never thrown: the payload is
 * somebody else's text. Nothing here indexes an object by a name from outside.
 */
import type { DropReason } from '../models/drop.ts';

export const LIMITS = {
  payloadBytesMax: 256 * 1024,
  depthMax: 8,
  fieldsMax: 256,
  nameLengthMax: 512,
} as const;

export interface Reading {
  /** Path of the field, segments joined by '/'; '' for a bare value. */
  path: string;
  value: number;
  onOff: boolean;
}

export interface Decoded {
  readings: Reading[];
  /** Epoch ms; NaN when the payload carries no time. */
  time: number;
  drops: DropReason[];
  /** Numbers that came as strings: accepted, and counted. */
  numericStrings: number;
}

const TIME_KEYS = new Set(['ts', 't', 'time', 'timestamp', '_time', 'last_seen']);
const DECIMAL = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/;
/** The last time that a date can express. */
const NANOSECONDS_MAX = 8.64e15 * 1e6;
const ON = new Set(['true', 'on']);
const OFF = new Set(['false', 'off']);

/** Never throws. */
export function decodeJson(payload: Uint8Array): Decoded {
  const decoded: Decoded = { readings: [], time: Number.NaN, drops: [], numericStrings: 0 };
  if (payload.length > LIMITS.payloadBytesMax) {
    decoded.drops.push('too_large');
    return decoded;
  }
  let json: unknown;
  try {
    json = JSON.parse(Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength).toString('utf8'));
  } catch {
    // Not JSON: Infinity, NaN, hex, half a message, or another format altogether.
    decoded.drops.push(payload.length === 0 ? 'empty' : 'malformed');
    return decoded;
  }
  if (isObject(json)) takeTime(json, decoded);
  walk(json, '', 0, decoded);
  return decoded;
}

/** Epoch ms from a number (unit by magnitude: s, ms, µs, ns) or an ISO 8601 text; NaN when it is neither. */
export function timeOf(value: unknown): number {
  if (typeof value === 'string') {
    if (DECIMAL.test(value)) return timeOf(Number(value));
    // A text without zone is UTC, not the daemon's local time.
    const iso = value.trim().replace(' ', 'T');
    // Date.parse alone finds a date in `sensor-1`.
    if (!/^[+-]?\d{4,6}-\d\d/.test(iso)) return Number.NaN;
    const zoned = /([zZ]|[+-]\d\d:?\d\d)$/.test(iso) || !iso.includes('T') ? iso : `${iso}Z`;
    return Date.parse(zoned);
  }
  if (typeof value !== 'number' || !(value > 0 && value <= NANOSECONDS_MAX)) return Number.NaN;
  if (value < 1e11) return value * 1000;
  if (value < 1e14) return value;
  if (value < 1e17) return value / 1e3;
  return value / 1e6;
}

function isObject(json: unknown): json is Record<string, unknown> {
  return typeof json === 'object' && json !== null && !Array.isArray(json);
}

function takeTime(json: Record<string, unknown>, decoded: Decoded): void {
  for (const [key, value] of Object.entries(json)) {
    if (!TIME_KEYS.has(key)) continue;
    decoded.time = timeOf(value);
    if (Number.isNaN(decoded.time)) decoded.drops.push('bad_time');
    return;
  }
}

function walk(json: unknown, path: string, depth: number, decoded: Decoded): void {
  if (isObject(json)) {
    if (depth >= LIMITS.depthMax) {
      decoded.drops.push('too_deep');
      return;
    }
    for (const [key, value] of Object.entries(json)) {
      if (depth === 0 && TIME_KEYS.has(key)) continue;
      if (decoded.readings.length + decoded.drops.length >= LIMITS.fieldsMax) {
        decoded.drops.push('too_many_fields');
        return;
      }
      walk(value, path === '' ? key : `${path}/${key}`, depth + 1, decoded);
    }
    return;
  }
  if (path.length > LIMITS.nameLengthMax) {
    decoded.drops.push('bad_name');
    return;
  }
  leaf(json, path, decoded);
}

function leaf(json: unknown, path: string, decoded: Decoded): void {
  if (typeof json === 'boolean') {
    decoded.readings.push({ path, value: json ? 1 : 0, onOff: true });
  } else if (typeof json === 'number') {
    number(json, path, decoded); // 1e999 parses to Infinity
  } else if (typeof json === 'string') {
    const word = json.toLowerCase();
    if (ON.has(word) || OFF.has(word)) decoded.readings.push({ path, value: ON.has(word) ? 1 : 0, onOff: true });
    else if (DECIMAL.test(json)) {
      decoded.numericStrings++;
      number(Number(json), path, decoded);
    } else decoded.drops.push(json.trim() === '' ? 'empty' : 'not_a_number');
  } else decoded.drops.push(json === null ? 'empty' : 'not_a_number');
}

function number(value: number, path: string, decoded: Decoded): void {
  if (Number.isFinite(value)) decoded.readings.push({ path, value, onOff: false });
  else decoded.drops.push('not_finite');
}
