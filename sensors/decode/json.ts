/**
 * JSON into readings.
 *
 * Of its own accord every numeric leaf is a field named by its path, and a known key at the top is the time of all of
 * them; a bare number or boolean is the field ''. An array of objects is a batch, each with its own time. Two shapes
 * name their fields themselves:
 *
 *   {"timestamp":…, "values":[{"id":"Line.Pump.Rpm","v":1480,"q":true,"t":…}]}           field Line.Pump.Rpm
 *   {"name":"cpu", "tags":{"host":"a"}, "fields":{"idle":91.5}, "timestamp":…}           field cpu/a/idle
 *
 * A rule says otherwise: where the time is, which paths are fields, and which to leave out.
 */
import type { TimeUnit } from '../mapping.ts';
import { type Decoded, type Ignore, LIMITS, nothing, takeValue } from './decoded.ts';
import { select, type Step } from './json-path.ts';
import { prefixOf } from './line-protocol.ts';
import { isObject, parseJson } from './parse-json.ts';
import { isTimeKey, timeIn, timeOf } from './time.ts';

export interface JsonRule {
  /** null: the known keys at the top. */
  time: { steps: readonly Step[]; unit: TimeUnit | null } | null;
  /** null: every number. */
  fields: readonly FieldRule[] | null;
  ignore: Ignore;
  /** Known time keys that are fields here. */
  claimed: ReadonlySet<string>;
  /** The paths begin at an array, which is therefore no batch. */
  rooted: boolean;
}

export interface FieldRule {
  /** null: named by where it was found. */
  name: string | null;
  steps: readonly Step[];
}

export const AUTOMATIC_RULE: JsonRule = { time: null, fields: null, ignore: null, claimed: new Set(), rooted: false };

/** 2001, in seconds. */
const EPOCH_MIN = 1e9;

type Entries = [string, unknown][];

/** One object on its way. */
interface Row {
  decoded: Decoded;
  rule: JsonRule;
  /** Epoch ms; NaN = none, or not yet known. */
  time: number;
  /** Where the time was found. */
  timePath: string | null;
  /** A path that is the time and no field. */
  skip: string | null;
  /** Readings and drops there may be before the rest is refused. */
  end: number;
  full: boolean;
}

/** Never throws. */
export function decodeJson(payload: Uint8Array, rule: JsonRule = AUTOMATIC_RULE): Decoded {
  const decoded = nothing();
  const json = parseJson(payload, decoded);
  if (json !== undefined) takeJson(json, rule, decoded);
  return decoded;
}

export function takeJson(json: unknown, rule: JsonRule, decoded: Decoded): void {
  if (isObject(json)) {
    const entries = Object.entries(json);
    const metrics = rule.fields === null ? metricsOf(entries) : undefined;
    if (metrics === undefined) decoded.time = takeRow(json, entries, rule, decoded);
    else takeRows(metrics, rule, decoded);
  } else if (Array.isArray(json) && isObject(json[0]) && !rule.rooted) takeRows(json, rule, decoded);
  else decoded.time = takeRow(json, undefined, rule, decoded);
}

function takeRows(rows: readonly unknown[], rule: JsonRule, decoded: Decoded): void {
  for (const json of rows.slice(0, LIMITS.rowsMax)) {
    if (!isObject(json)) {
      decoded.drops.push(json === null ? 'empty' : 'not_a_number');
      continue;
    }
    const from = decoded.readings.length;
    const wordsFrom = decoded.words?.length ?? 0;
    const time = takeRow(json, Object.entries(json), rule, decoded);
    for (const reading of decoded.readings.slice(from)) if (Number.isNaN(reading.time)) reading.time = time;
    for (const word of decoded.words?.slice(wordsFrom) ?? []) if (Number.isNaN(word.time)) word.time = time;
  }
  if (rows.length > LIMITS.rowsMax) decoded.drops.push('too_many_rows');
}

/**
 * @param entries of `json` when it is an object
 * @returns the time of what it took, epoch ms; NaN when there is none
 */
function takeRow(json: unknown, entries: Entries | undefined, rule: JsonRule, decoded: Decoded): number {
  const end = sizeOf(decoded) + LIMITS.fieldsMax;
  const row: Row = { decoded, rule, time: Number.NaN, timePath: null, skip: null, end, full: false };
  if (rule.time !== null) findTime(json, rule.time, row);
  if (rule.fields !== null) takeChosen(json, rule.fields, row);
  else if (entries !== undefined) takeAll(entries, row);
  else walk(json, '', 0, row);
  return row.time;
}

function takeAll(entries: Entries, row: Row): void {
  const metric = metricOf(entries);
  for (const [key, value] of entries) {
    if (row.rule.time === null && isTimeKey(key) && !isTemperature(key, value)) setTime(key, value, row);
    else if (metric === undefined) member(value, key, 1, row);
  }
  if (metric === undefined) return;
  const prefix = prefixOf(metric.name, metric.tags);
  for (const [key, value] of metric.fields) member(value, `${prefix}/${key}`, 1, row);
}

/** `t` is a time in some payloads and a temperature in others; no epoch is that small. */
function isTemperature(key: string, value: unknown): boolean {
  return key.length === 1 && typeof value === 'number' && value < EPOCH_MIN;
}

/** The first known key is the time, and the others are no fields either. */
function setTime(key: string, value: unknown, row: Row): void {
  if (row.timePath !== null) return;
  row.timePath = key;
  const time = timeOf(value);
  // Seconds since the device was switched on are no time of day: the arrival is.
  row.time = time < EPOCH_MIN * 1000 ? Number.NaN : time;
  if (Number.isNaN(row.time)) row.decoded.drops.push('bad_time');
}

function findTime(json: unknown, { steps, unit }: NonNullable<JsonRule['time']>, row: Row): void {
  select(json, steps, ({ value, segments }) => {
    row.timePath = segments.join('/');
    row.skip = row.timePath;
    row.time = timeIn(value, unit);
    return false;
  });
  if (Number.isNaN(row.time)) row.decoded.drops.push('bad_time');
}

function takeChosen(json: unknown, fields: readonly FieldRule[], row: Row): void {
  const { decoded, rule } = row;
  if (rule.time === null && isObject(json)) {
    for (const [key, value] of Object.entries(json)) {
      if (isTimeKey(key) && !rule.claimed.has(key)) setTime(key, value, row);
    }
  }
  const before = sizeOf(decoded);
  for (const { name, steps } of fields) {
    select(json, steps, ({ value, segments, wild }) => {
      const place = segments.join('/');
      const isTime = place === row.timePath || (rule.time === null && isTimeKey(place));
      if (isTime && wild.length > 0) return true;
      row.skip = name === null ? row.timePath : null;
      member(value, name === null ? place : [name, ...wild].join('/'), segments.length, row);
      return !row.full;
    });
  }
  // A mapping that finds nothing is seen, not guessed.
  if (sizeOf(decoded) === before) decoded.drops.push('empty');
}

function member(json: unknown, path: string, depth: number, row: Row): void {
  if (row.full) return;
  if (sizeOf(row.decoded) < row.end) walk(json, path, depth, row);
  else {
    row.full = true;
    row.decoded.drops.push('too_many_fields');
  }
}

function walk(json: unknown, path: string, depth: number, row: Row): void {
  if (typeof json !== 'object' || json === null) leaf(json, path, row);
  else if (Array.isArray(json)) {
    if (depth === 1 && path === 'values' && row.rule.fields === null && isTagged(json[0])) takeTagged(json, row);
    else leaf(json, path, row);
  } else if (depth >= LIMITS.depthMax) row.decoded.drops.push('too_deep');
  else {
    for (const [key, value] of Object.entries(json)) {
      member(value, path === '' ? key : `${path}/${key}`, depth + 1, row);
      if (row.full) return;
    }
  }
}

function leaf(json: unknown, path: string, { rule, skip, decoded }: Row): void {
  if (path === skip) return;
  if (rule.ignore?.(path) === true) return;
  takeValue(decoded, path, json, Number.NaN);
}

function isTagged(json: unknown): boolean {
  if (!isObject(json)) return false;
  const members = new Map(Object.entries(json));
  return typeof members.get('id') === 'string' && members.has('v');
}

/** Values that bring their name, their quality and their time. */
function takeTagged(values: readonly unknown[], row: Row): void {
  const { decoded, rule } = row;
  const before = sizeOf(decoded);
  for (const value of values.slice(0, LIMITS.rowsMax)) {
    const members = new Map<string, unknown>(isObject(value) ? Object.entries(value) : []);
    const id = members.get('id');
    if (typeof id !== 'string') decoded.drops.push('bad_name');
    else if (rule.ignore?.(id) !== true) takeOneTagged(id, members, decoded);
  }
  if (values.length > LIMITS.rowsMax) decoded.drops.push('too_many_rows');
  row.end += sizeOf(decoded) - before;
}

function takeOneTagged(id: string, members: ReadonlyMap<string, unknown>, decoded: Decoded): void {
  const quality = members.get('q');
  if (quality === false || quality === 0) {
    decoded.drops.push('bad_quality');
    return;
  }
  const stamp = members.get('t');
  const time = timeOf(stamp);
  if (stamp !== undefined && Number.isNaN(time)) decoded.drops.push('bad_time');
  takeValue(decoded, id, members.get('v'), time);
}

interface Metric {
  name: string;
  tags: [string, string][];
  fields: Entries;
}

/** The metrics of a batch that wraps them; undefined when it is something else. */
function metricsOf(entries: Entries): readonly unknown[] | undefined {
  if (entries.length !== 1 || entries[0][0] !== 'metrics') return undefined;
  const metrics: unknown = entries[0][1];
  if (!Array.isArray(metrics) || !isObject(metrics[0])) return undefined;
  return metricOf(Object.entries(metrics[0])) === undefined ? undefined : metrics;
}

/** The four members of a metric; undefined when it is something else. */
function metricOf(entries: Entries): Metric | undefined {
  // Cheap first: nearly everything is something else.
  if (entries.length !== 4 || !entries.some(isFields)) return undefined;
  const members = new Map(entries);
  const name = members.get('name');
  const tags = members.get('tags');
  const fields = members.get('fields');
  if (typeof name !== 'string' || !members.has('timestamp') || !isObject(tags) || !isObject(fields)) return undefined;
  const named = Object.entries(tags);
  return named.every(isTag) ? { name, tags: named, fields: Object.entries(fields) } : undefined;
}

function isFields([key, value]: readonly [string, unknown]): boolean {
  return key === 'fields' && isObject(value);
}

function isTag(entry: [string, unknown]): entry is [string, string] {
  return typeof entry[1] === 'string';
}

function sizeOf({ readings, drops }: Decoded): number {
  return readings.length + drops.length;
}
