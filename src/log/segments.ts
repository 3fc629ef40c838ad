/**
 * The files of the log, by the position of their first entry, and how they are read again.
 *
 *   log/0000000000000001.twlog
 *   log/0000000000052311.twlog
 */
import { CodedError } from '../../models/errors.ts';
import type { Disk } from '../../models/ports.ts';
import { LOG_FORMAT, nextRecord, readSegmentHead, SEGMENT_HEAD } from './frame.ts';

export const LOG_FOLDER = 'log';
const NAME = /^(\d{16})\.twlog$/;

export function segmentPath(first: number): string {
  return `${LOG_FOLDER}/${String(first).padStart(16, '0')}.twlog`;
}

/** Positions of the first entries of all segments, in order. */
export function segmentsOf(disk: Disk): number[] {
  return disk
    .list(LOG_FOLDER)
    .map((name) => Number(NAME.exec(name)?.[1] ?? Number.NaN))
    .filter((first) => !Number.isNaN(first))
    .toSorted((a, b) => a - b);
}

export interface KeptRecord {
  position: number;
  payload: Uint8Array;
}

/** What reading found that is not as it was written. */
export interface Damage {
  path: string;
  /** Offset of the damage. */
  at: number;
  bytes: number;
}

/**
 * The records of a segment that can be read, in order.
 * @param onDamage told of bytes that belong to none of them
 * @throws CodedError LOG_VERSION for a segment of a later version
 */
export function* recordsOf(
  disk: Disk,
  first: number,
  onDamage: (damage: Damage) => void,
): Generator<KeptRecord, { end: number; size: number }> {
  const path = segmentPath(first);
  const bytes = disk.read(path) ?? new Uint8Array();
  const head = readSegmentHead(bytes);
  if (head !== undefined && head.format > LOG_FORMAT) {
    throw new CodedError(
      'LOG_VERSION',
      `${path}: expected format ${LOG_FORMAT}, got ${head.format}; was it written by a newer version?`,
    );
  }
  if (head?.first !== first) onDamage({ path, at: 0, bytes: Math.min(bytes.length, SEGMENT_HEAD) });
  let at = SEGMENT_HEAD;
  for (;;) {
    const found = nextRecord(bytes, at);
    if (found === undefined) break;
    if (found.damaged > 0) onDamage({ path, at, bytes: found.damaged });
    at = found.end;
    yield { position: first + found.ordinal, payload: found.payload };
  }
  if (at < bytes.length) onDamage({ path, at, bytes: bytes.length - at });
  return { end: at, size: bytes.length };
}
