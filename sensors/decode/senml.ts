/**
 * Measurements as an array of records, each of which may set what holds for itself and those after it.
 *
 *   [{"bn":"urn:dev:mac:0b92/","bt":1.32e9,"n":"temp","v":21.5},{"n":"door","t":-5,"vb":true}]
 *
 * A field is named by base name and name together; a sum, which stands beside the value, by `/sum` behind that. Times
 * below 2^28 s are relative to the arrival. A pack of a later version, or with a label that must be understood, is
 * refused whole.
 * Source: RFC 8428, sections 4 and 5.
 */
import { type Decoded, type Ignore, LIMITS, nothing, takeValue } from './decoded.ts';
import { isObject, parseJson } from './parse-json.ts';
import { timeOf } from './time.ts';

const VERSION_MAX = 10;
/** Times below are seconds from now. */
const RELATIVE_MAX = 2 ** 28;
const VALUES = new Set(['v', 'vb', 'vs', 'vd', 's', 'bv', 'bs']);
const LABELS = new Set([...VALUES, 'n', 'u', 't', 'ut', 'bn', 'bt', 'bu', 'bver']);

/** What the records so far have set. */
interface Base {
  name: string;
  time: number;
  value: number | undefined;
  sum: number;
}

export function decodeSenml(payload: Uint8Array, arrival: number, ignore: Ignore = null): Decoded {
  const decoded = nothing();
  const json = parseJson(payload, decoded);
  if (json === undefined) return decoded;
  if (Array.isArray(json)) takeRecords(json, arrival, ignore, decoded);
  else decoded.drops.push('malformed');
  return decoded;
}

/**
 * Whether a record opens a pack: something to name, something to read, and without a name nothing else. A row such as
 * {"ts":1,"temp":21,"v":230} is none.
 */
export function looksLikeSenml(record: unknown): boolean {
  if (!isObject(record)) return false;
  let named = false;
  let valued = false;
  let pure = true;
  for (const [label, value] of Object.entries(record)) {
    if (label === 'n' || label === 'bn') {
      if (typeof value !== 'string') return false;
      named = true;
    }
    valued ||= VALUES.has(label);
    pure &&= LABELS.has(label);
  }
  return valued ? named || pure : named && pure;
}

/** @param arrival epoch ms, to which relative times are added */
export function takeRecords(records: readonly unknown[], arrival: number, ignore: Ignore, decoded: Decoded): void {
  const base: Base = { name: '', time: 0, value: undefined, sum: 0 };
  const pack = records
    .slice(0, LIMITS.rowsMax)
    .map((record) => new Map(isObject(record) ? Object.entries(record) : []));
  if (!pack.every(isUnderstood)) {
    decoded.drops.push('malformed');
    return;
  }
  for (const labels of pack) {
    if (labels.size === 0) decoded.drops.push('malformed');
    else takeRecord(labels, base, arrival, ignore, decoded);
  }
  if (records.length > LIMITS.rowsMax) decoded.drops.push('too_many_rows');
}

function isUnderstood(labels: ReadonlyMap<string, unknown>): boolean {
  const version = labels.get('bver');
  if (version !== undefined && !(typeof version === 'number' && version <= VERSION_MAX)) return false;
  for (const label of labels.keys()) if (label.endsWith('_')) return false;
  return true;
}

function takeRecord(
  labels: ReadonlyMap<string, unknown>,
  base: Base,
  arrival: number,
  ignore: Ignore,
  decoded: Decoded,
): void {
  rebase(labels, base, decoded);
  const name = labels.get('n') ?? '';
  if (typeof name !== 'string') {
    decoded.drops.push('bad_name');
    return;
  }
  // A record of base fields alone only says what holds for the others.
  if (![...labels.keys()].some((label) => !label.startsWith('b'))) return;
  const path = base.name + name;
  if (ignore?.(path) === true) return;
  const time = timeFrom(base.time, labels.get('t'), arrival, decoded);
  const sum = labels.get('s');
  if (sum !== undefined) takeValue(decoded, `${path}/sum`, plus(base.sum, sum), time);
  const value = valueOf(labels, base.value);
  if (value !== undefined || sum === undefined) takeValue(decoded, path, value, time);
}

function rebase(labels: ReadonlyMap<string, unknown>, base: Base, decoded: Decoded): void {
  const name = labels.get('bn');
  if (typeof name === 'string') base.name = name;
  else if (name !== undefined) decoded.drops.push('bad_name');
  const time = labels.get('bt');
  if (typeof time === 'number') base.time = time;
  else if (time !== undefined) decoded.drops.push('bad_time');
  base.value = numberOf(labels.get('bv'), decoded) ?? base.value;
  base.sum = numberOf(labels.get('bs'), decoded) ?? base.sum;
}

function numberOf(value: unknown, decoded: Decoded): number | undefined {
  if (typeof value === 'number') return value;
  if (value !== undefined) decoded.drops.push('not_a_number');
  return undefined;
}

/** Undefined when the record has none; a missing number counts as 0 above a base value. */
function valueOf(labels: ReadonlyMap<string, unknown>, baseValue: number | undefined): unknown {
  const number = labels.get('v');
  if (number !== undefined) return plus(baseValue ?? 0, number);
  // Bytes in base 64 may look like a number.
  if (labels.has('vd')) return [];
  return labels.get('vb') ?? labels.get('vs') ?? baseValue;
}

/** A base is added to numbers; what is none goes through to be judged. */
function plus(base: number, value: unknown): unknown {
  return typeof value === 'number' ? base + value : value;
}

/** Epoch ms; NaN, the arrival, when the record has no time. */
function timeFrom(base: number, own: unknown, arrival: number, decoded: Decoded): number {
  if (own !== undefined && typeof own !== 'number') {
    decoded.drops.push('bad_time');
    return Number.NaN;
  }
  const seconds = base + (own ?? 0);
  if (seconds === 0) return Number.NaN;
  const time = seconds < RELATIVE_MAX ? arrival + seconds * 1000 : timeOf(seconds);
  if (Number.isNaN(time)) decoded.drops.push('bad_time');
  return time;
}
