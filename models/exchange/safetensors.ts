/**
 * The safetensors container: named tensors as bytes and back, with nothing in it that could be run.
 *
 *   header length u64 [8]   of the header with its padding
 *   header                  JSON, UTF-8: {name: {dtype, shape, data_offsets: [begin, end]}}, padded with spaces so that
 *                           the data starts at a multiple of 8; `__metadata__` holds texts
 *   data                    little-endian, row-major, without a gap, in the order of the offsets
 *
 * The same tensors in the same order are the same bytes. A file from elsewhere is not believed: nothing is read, and
 * no memory taken, before the header fits the bytes that are there.
 * Source: github.com/huggingface/safetensors, format and `tensor.rs`.
 */
import { CodedError } from '../errors.ts';
import { DTYPES } from './dtypes.ts';
import { isPlainName } from './header-names.ts';
import { type Entry, HEADER_MAX, METADATA, PREFIX, product, readHeader } from './header.ts';
import { shown } from './shown.ts';

export interface NamedTensor {
  shape: readonly number[];
  /** Row-major. */
  values: Float64Array;
}

export interface TensorFile {
  /** In the order of their data. */
  tensors: Map<string, NamedTensor>;
  metadata: Map<string, string>;
}

/**
 * Bytes of their own.
 * @param dtype  F32 rounds, for readers that know no other
 * @throws CodedError SAFETENSORS_NUMBER when a number is not finite, or not after rounding
 * @throws RangeError when a tensor has not as many numbers as its shape says, or a name cannot be written
 */
export function encodeSafetensors(
  { tensors, metadata }: TensorFile,
  codec: { encode(text: string): Uint8Array },
  dtype: 'F64' | 'F32' = 'F64',
): Uint8Array<ArrayBuffer> {
  const size = dtype === 'F64' ? 8 : 4;
  checkNames(tensors, metadata);
  // Spelled out by hand: an object would put a name like "0" before all others, and lose one like "__proto__".
  const entries = metadata.size > 0 ? [`"${METADATA}":${textsOf(metadata)}`] : [];
  let length = 0;
  for (const [name, { shape, values }] of tensors) {
    if (values.length !== product(shape)) {
      throw new RangeError(`tensor ${shown(name)}: expected ${product(shape)} numbers, got ${values.length}`);
    }
    const info = { dtype, shape, data_offsets: [length, length + values.length * size] };
    entries.push(`"${name}":${JSON.stringify(info)}`);
    length += values.length * size;
  }
  const header = codec.encode(`{${entries.join(',')}}`);
  const padded = Math.ceil(header.length / 8) * 8;
  if (padded > HEADER_MAX) throw new RangeError(`safetensors: expected a header of at most ${HEADER_MAX} bytes`);
  const bytes = new Uint8Array(PREFIX + padded + length).fill(0x20, PREFIX, PREFIX + padded);
  bytes.set(header, PREFIX);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, padded, true);
  let at = PREFIX + padded;
  for (const [name, { values }] of tensors) {
    for (const value of values) {
      const stored = dtype === 'F64' ? value : Math.fround(value);
      if (!Number.isFinite(stored)) throw notFinite(name, value);
      if (dtype === 'F64') view.setFloat64(at, stored, true);
      else view.setFloat32(at, stored, true);
      at += size;
    }
  }
  return bytes;
}

/**
 * @throws CodedError SAFETENSORS_FORMAT when this is no such file or not all of one; SAFETENSORS_DTYPE for numbers of
 *   another kind; SAFETENSORS_NUMBER for a number that is not finite
 */
export function decodeSafetensors(bytes: Uint8Array, codec: { decode(bytes: Uint8Array): string }): TensorFile {
  const { entries, metadata, dataAt } = readHeader(bytes, codec);
  const view = new DataView(bytes.buffer, bytes.byteOffset + dataAt, bytes.length - dataAt);
  const tensors = new Map(entries.map((entry) => [entry.name, readTensor(entry, view)]));
  return { tensors, metadata };
}

function readTensor({ name, dtype, shape, begin, end }: Entry, view: DataView): NamedTensor {
  const numbers = DTYPES.get(dtype)!;
  const values = new Float64Array((end - begin) / numbers.size);
  for (let i = 0; i < values.length; i++) {
    values[i] = numbers.read(view, begin + i * numbers.size);
    if (!Number.isFinite(values[i])) throw notFinite(name, values[i]);
  }
  return { shape, values };
}

function checkNames(tensors: ReadonlyMap<string, unknown>, metadata: ReadonlyMap<string, string>): void {
  if (tensors.has(METADATA)) throw new RangeError(`safetensors: expected a tensor of another name than ${METADATA}`);
  const wrong = [...tensors.keys(), ...metadata.keys()].find((name) => !isPlainName(name));
  if (wrong !== undefined) throw new RangeError(`safetensors: expected names without escapes, got ${shown(wrong)}`);
}

function textsOf(metadata: ReadonlyMap<string, string>): string {
  return `{${Array.from(metadata, ([key, text]) => `"${key}":${JSON.stringify(text)}`).join(',')}}`;
}

function notFinite(name: string, value: number): CodedError {
  return new CodedError('SAFETENSORS_NUMBER', `tensor ${shown(name)}: expected finite numbers, got ${value}`);
}
