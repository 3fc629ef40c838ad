/**
 * Records in a segment of the log, and what of a damaged segment can still be read.
 *
 *   segment   'TWLG' [4]  format u32 [4]  position of its first entry f64 [8]  CRC-32 of these u32 [4]  records …
 *   record    0xA7 [1]  length of the payload u24 [3]  ordinal in the segment u24 [3]  CRC-32 u32 [4]  payload
 *
 * Little-endian. The checksum covers length, ordinal and payload; the ordinal says how many records are missing where
 * bytes were damaged, so that entries behind them keep their positions. No record is longer than 16 MiB.
 */
import { crc32 } from 'node:zlib';

export const LOG_FORMAT = 1;
export const SEGMENT_HEAD = 20;
export const RECORD_HEAD = 11;
/** A segment may hold so many records, because the ordinal has 24 bits. */
export const RECORDS_MAX = 0xff_ff_ff;
const PAYLOAD_MAX = 0xff_ff_ff;
const MAGIC = 0x474c5754; // 'TWLG'
const MARK = 0xa7;

export function segmentHead(first: number): Uint8Array {
  const head = new Uint8Array(SEGMENT_HEAD);
  const view = new DataView(head.buffer);
  view.setUint32(0, MAGIC, true);
  view.setUint32(4, LOG_FORMAT, true);
  view.setFloat64(8, first, true);
  view.setUint32(16, crc32(head.subarray(0, 16)), true);
  return head;
}

/** Position of the first entry; undefined where the head is not whole. `format` is what it says it is. */
export function readSegmentHead(bytes: Uint8Array): { first: number; format: number } | undefined {
  if (bytes.length < SEGMENT_HEAD) return undefined;
  const view = viewOf(bytes);
  if (view.getUint32(0, true) !== MAGIC || view.getUint32(16, true) !== crc32(bytes.subarray(0, 16))) return undefined;
  return { first: view.getFloat64(8, true), format: view.getUint32(4, true) };
}

/** Puts the head of a record before its payload, which the caller has left room for. @throws RangeError */
export function sealRecord(record: Uint8Array, ordinal: number): void {
  const length = record.length - RECORD_HEAD;
  if (length > PAYLOAD_MAX) throw new RangeError(`a record of the log: expected up to 16 MiB, got ${length} bytes`);
  record[0] = MARK;
  writeU24(record, 1, length);
  writeU24(record, 4, ordinal);
  viewOf(record).setUint32(7, checksum(record, 0, length), true);
}

export interface Found {
  ordinal: number;
  payload: Uint8Array;
  /** Behind the record. */
  end: number;
  /** Bytes before it that belong to no record that can be read. */
  damaged: number;
}

/** The next whole record at `from` or behind it; undefined where there is none. */
export function nextRecord(bytes: Uint8Array, from: number): Found | undefined {
  for (let at = from; at + RECORD_HEAD <= bytes.length; at++) {
    if (bytes[at] !== MARK) continue;
    const length = readU24(bytes, at + 1);
    const end = at + RECORD_HEAD + length;
    if (end > bytes.length) continue;
    if (viewOf(bytes).getUint32(at + 7, true) !== checksum(bytes, at, length)) continue;
    return {
      ordinal: readU24(bytes, at + 4),
      payload: bytes.subarray(at + RECORD_HEAD, end),
      end,
      damaged: at - from,
    };
  }
  return undefined;
}

function checksum(bytes: Uint8Array, at: number, length: number): number {
  const head = crc32(bytes.subarray(at, at + 7));
  return crc32(bytes.subarray(at + RECORD_HEAD, at + RECORD_HEAD + length), head);
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function writeU24(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value & 0xff;
  bytes[at + 1] = (value >>> 8) & 0xff;
  bytes[at + 2] = (value >>> 16) & 0xff;
}

function readU24(bytes: Uint8Array, at: number): number {
  return bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16);
}
