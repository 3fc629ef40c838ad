/**
 * What every format comes to: readings, and what could not become one, counted by reason and never thrown. The payload
 * is somebody else's text, so its limits stand here on one screen, and nothing indexes an object by a name from it.
 */
import type { DropReason } from '../../models/drop.ts';

export const LIMITS = {
  payloadBytesMax: 256 * 1024,
  depthMax: 8,
  /** Fields of one object or line, bad ones included. */
  fieldsMax: 256,
  nameLengthMax: 512,
  /** Objects, lines or records of one payload. */
  rowsMax: 4096,
  /** Of a text that is no number, characters that are kept. */
  wordLengthMax: 128,
} as const;

export interface Reading {
  /** Path of the field, segments joined by '/'; '' for a bare value. */
  path: string;
  value: number;
  onOff: boolean;
  /** Epoch ms; NaN = the time of the payload, or of its arrival where it has none. */
  time: number;
}

/** A field that held text: no reading, and a drop, but where events are watched it is one. */
export interface Word {
  path: string;
  /** Not empty, and somebody else's. */
  text: string;
  /** As that of a reading. */
  time: number;
  /** Readings that came before it. */
  after: number;
  /** Its place among the drops. */
  drop: number;
}

export interface Decoded {
  readings: Reading[];
  /** Epoch ms; NaN when the payload carries no time. */
  time: number;
  drops: DropReason[];
  /** Numbers that came as strings: accepted, and counted. */
  numericStrings: number;
  /** Fields that held text, each a drop as well; absent where there was none. */
  words?: Word[];
}

/** Fields somebody asked to leave out; null: none. */
export type Ignore = ((path: string) => boolean) | null;

export const DECIMAL = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/;

export function nothing(): Decoded {
  return { readings: [], time: Number.NaN, drops: [], numericStrings: 0 };
}

/** The payload as text; undefined, and counted, when it is empty or too large to be looked at. */
export function textOf(payload: Uint8Array, decoded: Decoded): string | undefined {
  if (payload.length > LIMITS.payloadBytesMax) decoded.drops.push('too_large');
  else if (payload.length === 0) decoded.drops.push('empty');
  else {
    const { buffer, byteOffset, byteLength } = payload;
    const text = (payload instanceof Buffer ? payload : Buffer.from(buffer, byteOffset, byteLength)).toString('utf8');
    // A byte order mark is no part of the text.
    return text.charCodeAt(0) === 0xfeff ? text.slice(1) : text;
  }
  return undefined;
}

/** Takes one value of the world: a number, a decimal text, or an on/off word. Anything else is counted. */
export function takeValue(decoded: Decoded, path: string, value: unknown, time: number): void {
  if (path.length > LIMITS.nameLengthMax) decoded.drops.push('bad_name');
  else if (typeof value === 'number') takeNumber(decoded, path, value, time);
  else if (typeof value === 'boolean') takeOnOff(decoded, path, value, time);
  else if (typeof value === 'string') takeText(decoded, path, value, time);
  else decoded.drops.push(value === null || value === undefined ? 'empty' : 'not_a_number');
}

/** 1 or 0 for true/on and false/off in any case; undefined for another word. */
export function onOffOf(text: string): boolean | undefined {
  if (text.length > 5) return undefined;
  const word = text.toLowerCase();
  if (word === 'on' || word === 'true') return true;
  return word === 'off' || word === 'false' ? false : undefined;
}

export function takeNumber(decoded: Decoded, path: string, value: number, time: number): void {
  // 1e999 parses to Infinity.
  if (Number.isFinite(value)) decoded.readings.push({ path, value, onOff: false, time });
  else decoded.drops.push('not_finite');
}

export function takeOnOff(decoded: Decoded, path: string, on: boolean, time: number): void {
  decoded.readings.push({ path, value: on ? 1 : 0, onOff: true, time });
}

function takeText(decoded: Decoded, path: string, text: string, time: number): void {
  const on = onOffOf(text);
  if (on !== undefined) takeOnOff(decoded, path, on, time);
  else if (DECIMAL.test(text)) {
    decoded.numericStrings++;
    takeNumber(decoded, path, Number(text), time);
  } else if (text.trim() === '') decoded.drops.push('empty');
  else takeWord(decoded, path, text.trim(), time, 'not_a_number');
}

/** Drops a text, and says where it was: of a series that used to send numbers, that is worth an alert. */
export function takeWord(decoded: Decoded, path: string, text: string, time: number, reason: DropReason): void {
  const { readings, drops } = decoded;
  const kept = text.slice(0, LIMITS.wordLengthMax);
  (decoded.words ??= []).push({ path, text: kept, time, after: readings.length, drop: drops.length });
  drops.push(reason);
}
