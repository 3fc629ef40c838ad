/**
 * The header of a safetensors file, believed only as far as it fits itself and the bytes that are there; see
 * safetensors.ts for the layout.
 */
import { CodedError } from '../errors.ts';
import { DTYPES } from './dtypes.ts';
import { wrongNames } from './header-names.ts';
import { shown, shownShape } from './shown.ts';

export interface Header {
  /** In the order of their data, which they cover without a gap. */
  entries: Entry[];
  metadata: Map<string, string>;
  /** Where the data starts. */
  dataAt: number;
}

export interface Entry {
  name: string;
  dtype: string;
  shape: number[];
  begin: number;
  end: number;
}

export const PREFIX = 8;
/** A tensor takes about 100 bytes of it. */
export const HEADER_MAX = 1 << 20;
export const METADATA = '__metadata__';
const BRACE = 0x7b;

/** @throws CodedError SAFETENSORS_FORMAT, SAFETENSORS_DTYPE */
export function readHeader(bytes: Uint8Array, codec: { decode(bytes: Uint8Array): string }): Header {
  const { header, dataAt } = readJson(bytes, codec);
  const metadata = readMetadata(header.get(METADATA));
  header.delete(METADATA);
  const entries = Array.from(header, ([name, info]) => readEntry(name, info));
  entries.sort((a, b) => a.begin - b.begin || a.end - b.end);
  checkOffsets(entries, bytes.length - dataAt);
  return { entries, metadata, dataAt };
}

function readJson(
  bytes: Uint8Array,
  codec: { decode(bytes: Uint8Array): string },
): { header: Map<string, unknown>; dataAt: number } {
  if (bytes.length < PREFIX) throw misshapen(`expected at least ${PREFIX} bytes, got ${bytes.length}`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const length = view.getUint32(0, true) + view.getUint32(4, true) * 0x100000000;
  if (length > HEADER_MAX) throw misshapen(`expected a header of at most ${HEADER_MAX} bytes, got ${length}`);
  const dataAt = PREFIX + length;
  if (dataAt > bytes.length) {
    throw misshapen(`expected a header of ${length} bytes, got ${bytes.length - PREFIX}; was the file cut short?`);
  }
  if (bytes[PREFIX] !== BRACE) throw misshapen(`expected a header that begins with {, got byte ${bytes[PREFIX]}`);
  let text = '';
  let header: unknown;
  try {
    text = codec.decode(bytes.subarray(PREFIX, dataAt));
    header = JSON.parse(text);
  } catch (error) {
    throw misshapen('expected a header in JSON', error);
  }
  const wrong = wrongNames(text);
  if (wrong !== undefined) throw misshapen(wrong);
  // A Map has no prototype that a name could reach.
  return { header: new Map(Object.entries(header as object)), dataAt };
}

function readMetadata(metadata: unknown): Map<string, string> {
  if (metadata === undefined) return new Map();
  if (!isObject(metadata)) throw misshapen(`${METADATA}: expected an object, got ${shown(metadata)}`);
  for (const [key, value] of Object.entries(metadata)) {
    if (typeof value !== 'string')
      throw misshapen(`${METADATA}: expected a text for ${shown(key)}, got ${shown(value)}`);
  }
  return new Map(Object.entries(metadata as Record<string, string>));
}

function readEntry(name: string, info: unknown): Entry {
  const where = `tensor ${shown(name)}`;
  if (!isObject(info)) throw misshapen(`${where}: expected an object, got ${shown(info)}`);
  const { dtype, shape, data_offsets: offsets } = info;
  const type = DTYPES.get(dtype);
  if (type === undefined) {
    const known = [...DTYPES.keys()].join(', ');
    throw new CodedError('SAFETENSORS_DTYPE', `${where}: expected one of ${known}, got ${shown(dtype)}`);
  }
  if (!areSizes(shape)) throw misshapen(`${where}: expected a shape of whole numbers, got ${shown(shape)}`);
  if (!areSizes(offsets) || offsets.length !== 2 || offsets[0] > offsets[1]) {
    throw misshapen(`${where}: expected data_offsets [begin, end], got ${shown(offsets)}`);
  }
  const [begin, end] = offsets;
  // A product beyond what a number can hold is not equal to any length either.
  if (product(shape) * type.size !== end - begin) {
    const wanted = `${product(shape) * type.size} bytes for ${String(dtype)} ${shownShape(shape)}`;
    throw misshapen(`${where}: expected ${wanted}, got ${end - begin}`);
  }
  return { name, dtype: dtype as string, shape, begin, end };
}

/** Every byte of the data belongs to one tensor. */
function checkOffsets(entries: readonly Entry[], length: number): void {
  let next = 0;
  for (const { name, begin, end } of entries) {
    if (begin !== next) throw misshapen(`tensor ${shown(name)}: expected data from byte ${next}, got ${begin}`);
    next = end;
  }
  if (next !== length) throw misshapen(`expected ${next} bytes of data, got ${length}`);
}

export function product(shape: readonly number[]): number {
  return shape.reduce((all, size) => all * size, 1);
}

function areSizes(list: unknown): list is number[] {
  return Array.isArray(list) && list.every((size) => Number.isSafeInteger(size) && size >= 0);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function misshapen(message: string, cause?: unknown): CodedError {
  return new CodedError('SAFETENSORS_FORMAT', `safetensors: ${message}`, { cause });
}
