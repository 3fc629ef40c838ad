/** The kinds of value that the file's schema is made of; each says its own rule when it fails. */
import * as z from 'zod';
import { say, type Rule } from './rule.ts';
import { parseDuration, DURATION_PATTERN, formatDuration, parseSize, SIZE_PATTERN } from './units.ts';

/** A string that `parse` understands. The rule may be costly: it is made on the failing path only. */
export function text<T>(rule: () => Rule, parse: (text: string) => T | undefined) {
  return z.string({ error: () => say(rule()) }).transform((value, context): T => {
    const parsed = parse(value);
    if (parsed !== undefined) return parsed;
    context.issues.push({ code: 'custom', message: say(rule()), input: value });
    return z.NEVER;
  });
}

export function nonEmpty(expected: string) {
  const error = say({ code: 'CONFIG_VALUE', expected });
  return z.string({ error }).min(1, { error });
}

/** Numbers and switches may come from `${ENV}`, which is always text; so their text form counts as well. */
export function integer(min: number, max: number) {
  const error = say({ code: 'CONFIG_RANGE', expected: `integer ${min}..${max}` });
  const number = z.int({ error }).min(min, { error }).max(max, { error });
  return z.preprocess(
    (value) => (typeof value === 'string' && /^\d{1,15}$/.test(value) ? Number(value) : value),
    number,
  );
}

/** In parts too, such as 0.5; of plain decimals, as `integer` is. */
export function decimal(min: number, max: number) {
  const error = say({ code: 'CONFIG_RANGE', expected: `number ${min}..${max}` });
  const number = z.number({ error }).min(min, { error }).max(max, { error });
  return z.preprocess(
    (value) => (typeof value === 'string' && /^\d{1,9}(\.\d{1,6})?$/.test(value) ? Number(value) : value),
    number,
  );
}

/** Any number, as YAML writes it; of text, plain decimals. */
export function number(expected: string) {
  return numeric(z.number({ error: say({ code: 'CONFIG_RANGE', expected }) }));
}

/** A number above 0. */
export function positive(expected: string) {
  const error = say({ code: 'CONFIG_RANGE', expected });
  return numeric(z.number({ error }).positive({ error }));
}

/** What takes numbers takes them as text too. */
export function numeric<S extends z.ZodType>(schema: S) {
  return z.preprocess(
    (value) => (typeof value === 'string' && /^-?\d{1,15}(\.\d{1,9})?$/.test(value) ? Number(value) : value),
    schema,
  );
}

export function flag() {
  const error = say({ code: 'CONFIG_VALUE', expected: 'true or false', known: ['true', 'false'] });
  const words = new Map<unknown, boolean>([
    ['true', true],
    ['false', false],
  ]);
  return z.preprocess((value) => words.get(value) ?? value, z.boolean({ error }));
}

/** One of a few words; `later` are words of a later version, refused with a message that says so. */
export function word<const W extends string>(known: readonly W[], later: readonly string[] = []) {
  return z.enum(known, { error: say({ code: 'CONFIG_VALUE', expected: oneOf(known), known, later }) });
}

/** In milliseconds, min..max. A bare 0 needs no unit. */
export function duration(min: string, max: string) {
  const [minMs, maxMs] = [parseDuration(min) ?? 0, parseDuration(max) ?? Infinity];
  const expected = `duration ${formatDuration(minMs)}..${formatDuration(maxMs)}, such as 30s, 5m or 24h`;
  const inRange = (value: string): number | undefined => {
    const ms = parseDuration(value);
    return ms !== undefined && ms >= minMs && ms <= maxMs ? ms : undefined;
  };
  const parsed = text(() => ({ code: 'CONFIG_RANGE', expected }), inRange).meta({ pattern: DURATION_PATTERN.source });
  return z.preprocess((value) => (value === 0 || value === '0' ? '0s' : value), parsed);
}

/** In bytes, min..max. */
export function size(min: string, max: string) {
  const [least, most] = [parseSize(min) ?? 0, parseSize(max) ?? Infinity];
  const expected = `size ${min}..${max}, such as 256MiB`;
  const inRange = (value: string): number | undefined => {
    const bytes = parseSize(value);
    return bytes !== undefined && bytes >= least && bytes <= most ? bytes : undefined;
  };
  return text(() => ({ code: 'CONFIG_RANGE', expected }), inRange).meta({ pattern: SIZE_PATTERN.source });
}

/** Of at least one element. */
export function list<S extends z.ZodType>(element: S, of: string) {
  const error = say({ code: 'CONFIG_TYPE', expected: `a list of ${of}` });
  const short = say({ code: 'CONFIG_RANGE', expected: `a list of ${of}`, about: 'list' });
  return z.array(element, { error }).min(1, { error: short });
}

/** Of min..max elements. */
export function someOf<S extends z.ZodType>(element: S, of: string, min: number, max: number) {
  const expected = `a list of ${min} to ${max} ${of}`;
  const error = say({ code: 'CONFIG_TYPE', expected });
  const range = say({ code: 'CONFIG_RANGE', expected, about: 'list' });
  return z.array(element, { error }).min(min, { error: range }).max(max, { error: range });
}

/** What the error says of a map whose `type` decides what other keys it has. */
export function typeRule(known: readonly string[], later: readonly string[]) {
  const rule: Rule = { code: 'CONFIG_VALUE', expected: oneOf(known), known, later };
  return (issue: { code?: string | undefined }): string =>
    issue.code === 'invalid_type' ? say({ code: 'CONFIG_TYPE', expected: 'a map with a type' }) : say(rule);
}

/** A map with fixed keys. `later` are keys of a later version: refused, for a key without effect would be a lie. */
export function section<const S extends z.core.$ZodLooseShape>(shape: S, later: readonly string[] = []) {
  return z.strictObject(shape, {
    error: (issue) =>
      issue.code === 'unrecognized_keys'
        ? say({ code: 'CONFIG_UNKNOWN_KEY', expected: 'a known key', known: Object.keys(shape), later })
        : say({ code: 'CONFIG_TYPE', expected: 'a map of keys and values' }),
  });
}

export const ID_PATTERN = /^[a-z0-9_-]{1,64}$/;

/** A map from ids to parts. `relations` checks the ids: a record skips the part behind a key it refuses. */
export function byId<S extends z.ZodType>(part: S, description: string) {
  const error = say({ code: 'CONFIG_TYPE', expected: 'a map from ids to parts' });
  const record = z.record(z.string(), part, { error }).meta({ propertyNames: { pattern: ID_PATTERN.source } });
  const map = record.transform((parts) => new Map<string, z.output<S>>(Object.entries(parts)));
  return emptyAllowed(map).prefault({}).describe(description);
}

/** A key with nothing after it (all its lines commented out, say) is an empty map. */
export function emptyAllowed<S extends z.ZodType>(schema: S) {
  return z.preprocess((value) => (value === null ? {} : value), schema);
}

/** `a, b or c` */
export const oneOf = (words: readonly string[]): string =>
  [words.slice(0, -1).join(', '), ...words.slice(-1)].join(' or ');
