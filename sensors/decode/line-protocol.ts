/**
 * Lines as InfluxDB takes them, one row each:
 *
 *   measurement[,tag=value…] field=value[,field=value…] [time]
 *
 *   weather,site=north\ pier,unit=2 temp=21.5,ok=t,count=3i,note="a, \"b\"" 1465839830100400200
 *
 * A field is named measurement/values of the tags in the order of their keys/field. Each line has its own time, whose
 * unit follows from its size. A bad line is counted and costs only itself.
 * Source: the line protocol reference of InfluxDB v2.
 */
import {
  DECIMAL,
  type Decoded,
  type Ignore,
  LIMITS,
  nothing,
  takeNumber,
  takeOnOff,
  takeValue,
  textOf,
} from './decoded.ts';
import { timeOf } from './time.ts';

const TAB = 9;
const NEWLINE = 10;
const RETURN = 13;
const SPACE = 32;
const QUOTE = 34;
const HASH = 35;
const COMMA = 44;
const EQUALS = 61;
const BACKSLASH = 92;

const TRUE = new Set(['t', 'T', 'true', 'True', 'TRUE']);
const FALSE = new Set(['f', 'F', 'false', 'False', 'FALSE']);
const INTEGER = /^([+-]?\d+i|\d+u)$/;
const TIME = /^-?\d+$/;
/** From here on a time is in nanoseconds. */
const NANOSECONDS_MIN = 1e17;

interface Field {
  key: string;
  /** A quoted text, or a token that is yet to be understood. */
  text: string;
  quoted: boolean;
}

export function decodeLines(payload: Uint8Array, ignore: Ignore = null): Decoded {
  const decoded = nothing();
  const text = textOf(payload, decoded);
  if (text === undefined) return decoded;
  if (text.trim() === '') decoded.drops.push('empty');
  else takeLines(text, ignore, decoded);
  return decoded;
}

/** Whether an unescaped space is there with a '=' behind it, or a comment comes first. */
export function looksLikeLines(text: string): boolean {
  if (text.charCodeAt(0) === HASH) return true;
  for (let at = text.indexOf(' '); at >= 0; at = text.indexOf(' ', at + 1)) {
    if (text.charCodeAt(at - 1) !== BACKSLASH) return text.includes('=', at);
  }
  return false;
}

export function takeLines(text: string, ignore: Ignore, decoded: Decoded): void {
  new Lines(text, ignore, decoded).take();
}

/** Measurement and tags as the beginning of a path; the order in which the tags came does not matter. */
export function prefixOf(measurement: string, tags: [key: string, value: string][]): string {
  tags.sort(([a], [b]) => (a < b ? -1 : Number(a > b)));
  let prefix = measurement;
  for (const [, value] of tags) prefix += `/${value}`;
  return prefix;
}

class Lines {
  readonly #text: string;
  readonly #ignore: Ignore;
  readonly #decoded: Decoded;
  #at = 0;
  /** Where to look for the next line should this one be bad. */
  #resume = 0;

  constructor(text: string, ignore: Ignore, decoded: Decoded) {
    this.#text = text;
    this.#ignore = ignore;
    this.#decoded = decoded;
  }

  take(): void {
    let rows = 0;
    for (; this.#toLine(); rows++) {
      if (rows >= LIMITS.rowsMax) {
        this.#decoded.drops.push('too_many_rows');
        return;
      }
      this.#resume = -1;
      if (this.#line()) continue;
      this.#decoded.drops.push('malformed');
      if (this.#resume >= 0) this.#at = this.#resume;
      this.#toNewline();
    }
    // Comments alone.
    if (rows === 0) this.#decoded.drops.push('empty');
  }

  /** Skips blank lines and comments. False at the end. */
  #toLine(): boolean {
    for (;;) {
      const code = this.#text.charCodeAt(this.#at);
      if (isBlank(code) || code === NEWLINE) this.#at++;
      else if (code === HASH) this.#toNewline();
      else return this.#at < this.#text.length;
    }
  }

  #toNewline(): void {
    const newline = this.#text.indexOf('\n', this.#at);
    this.#at = newline < 0 ? this.#text.length : newline;
  }

  /** Takes one line whole, or nothing of it: false, standing where it went wrong. */
  #line(): boolean {
    const measurement = this.#token(COMMA, COMMA);
    if (measurement === '') return false;
    const tags: [string, string][] = [];
    while (this.#skip(COMMA)) {
      const key = this.#token(EQUALS, COMMA);
      if (key === '' || !this.#skip(EQUALS)) return false;
      const value = this.#token(COMMA, EQUALS);
      if (value === '') return false;
      tags.push([key, value]);
    }
    if (!this.#blanks()) return false;
    const fields: Field[] = [];
    do {
      const key = this.#token(EQUALS, COMMA);
      if (key === '' || !this.#skip(EQUALS)) return false;
      const quoted = this.#text.charCodeAt(this.#at) === QUOTE;
      const text = quoted ? this.#quoted() : this.#plain();
      if (text === undefined || (!quoted && !isValue(text))) return false;
      fields.push({ key, text, quoted });
    } while (this.#skip(COMMA));
    const timed = this.#blanks() ? this.#plain() : '';
    this.#blanks();
    const ended = this.#at >= this.#text.length || this.#text.charCodeAt(this.#at) === NEWLINE;
    if (!ended || (timed !== '' && !TIME.test(timed))) return false;
    const prefix = prefixOf(measurement, tags);
    if (tags.some(([key], i) => i > 0 && key === tags[i - 1][0])) return false;
    this.#keep(prefix, fields, timed);
    return true;
  }

  #keep(prefix: string, fields: readonly Field[], timed: string): void {
    const decoded = this.#decoded;
    const time = timed === '' ? Number.NaN : timeOfDigits(timed);
    if (timed !== '' && Number.isNaN(time)) decoded.drops.push('bad_time');
    for (const { key, text, quoted } of fields.slice(0, LIMITS.fieldsMax)) {
      const path = `${prefix}/${key}`;
      if (this.#ignore?.(path) === true) continue;
      if (quoted || path.length > LIMITS.nameLengthMax) takeValue(decoded, path, text, time);
      else if (TRUE.has(text) || FALSE.has(text)) takeOnOff(decoded, path, TRUE.has(text), time);
      else takeNumber(decoded, path, Number(INTEGER.test(text) ? text.slice(0, -1) : text), time);
    }
    if (fields.length > LIMITS.fieldsMax) decoded.drops.push('too_many_fields');
  }

  #skip(code: number): boolean {
    if (this.#text.charCodeAt(this.#at) !== code) return false;
    this.#at++;
    return true;
  }

  /** False when there was not one. */
  #blanks(): boolean {
    const from = this.#at;
    while (isBlank(this.#text.charCodeAt(this.#at))) this.#at++;
    return this.#at > from;
  }

  /** A name up to either code or the end of its section; '' when there is none. A backslash makes these plain. */
  #token(end: number, orEnd: number): string {
    const from = this.#at;
    let escaped = false;
    for (; this.#at < this.#text.length; this.#at++) {
      const code = this.#text.charCodeAt(this.#at);
      if (code === end || code === orEnd || code === SPACE || code === NEWLINE) break;
      if (code === BACKSLASH && isEscapable(this.#text.charCodeAt(this.#at + 1))) {
        escaped = true;
        this.#at++;
      }
    }
    const token = this.#text.slice(from, this.#at);
    return escaped ? token.replace(/\\([,= ])/g, '$1') : token;
  }

  /** What stands up to the next comma or white space. */
  #plain(): string {
    const from = this.#at;
    for (; this.#at < this.#text.length; this.#at++) {
      const code = this.#text.charCodeAt(this.#at);
      if (code === COMMA || code === NEWLINE || isBlank(code)) break;
    }
    return this.#text.slice(from, this.#at);
  }

  /** A text in quotes, which may hold anything, newlines too; undefined when it does not end. */
  #quoted(): string | undefined {
    const from = ++this.#at;
    // Where the quote itself was the mistake, the next line begins inside of it.
    this.#resume = from;
    let escaped = false;
    for (; this.#at < this.#text.length; this.#at++) {
      const code = this.#text.charCodeAt(this.#at);
      if (code === QUOTE) {
        const text = this.#text.slice(from, this.#at++);
        if (isAfterValue(this.#text.charCodeAt(this.#at))) this.#resume = -1;
        return escaped ? text.replace(/\\(["\\])/g, '$1') : text;
      }
      if (code === BACKSLASH) {
        escaped = true;
        const next = this.#text.charCodeAt(this.#at + 1);
        if (next === QUOTE || next === BACKSLASH) this.#at++;
      }
    }
    return undefined;
  }
}

/** Nanoseconds have more digits than a number holds: whole milliseconds stay whole when the point is moved in the text. */
function timeOfDigits(digits: string): number {
  const number = Number(digits);
  const time = timeOf(number);
  if (Number.isNaN(time) || number < NANOSECONDS_MIN) return time;
  return Number(`${digits.slice(0, -6)}.${digits.slice(-6)}`);
}

function isBlank(code: number): boolean {
  return code === SPACE || code === TAB || code === RETURN;
}

function isEscapable(code: number): boolean {
  return code === COMMA || code === EQUALS || code === SPACE;
}

/** NaN at the end of the text. */
function isAfterValue(code: number): boolean {
  return Number.isNaN(code) || code === COMMA || code === NEWLINE || isBlank(code);
}

function isValue(text: string): boolean {
  return DECIMAL.test(text) || INTEGER.test(text) || TRUE.has(text) || FALSE.has(text);
}
