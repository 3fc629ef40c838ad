/**
 * One partition as bytes and back: the layout in memory is the format on disk.
 *
 *   magic 'TWSN' [4]  format u32 [4]  header length u32 [4]  CRC-32 of the header u32 [4]
 *   header            JSON, UTF-8, padded with spaces to a multiple of 8
 *   blocks            Float64, little-endian, one after another in the order of the header's tracks
 *
 * Each track carries its own CRC-32, so that a flipped bit costs one series and not the shard.
 */
import { crc32 } from './crc32.ts';
import { CodedError } from './errors.ts';

export const SNAPSHOT_FORMAT = 3;
export const KERNEL = 'oracle-f64';

const MAGIC = 0x4e535754; // 'TWSN', little-endian
const PREFIX = 16;

export interface TrackState {
  id: string;
  source: string;
  /** As in `Track`. */
  number: number;
  pipeline: string;
  /** `Detector.shape` of the block. */
  shape: string;
  /** Members of a group, the watched ones first; absent for a series. */
  group?: { watched: number; members: readonly string[] };
  block: Float64Array;
}

export interface Snapshot {
  tracks: TrackState[];
  /** Ids of tracks whose bytes did not match their CRC. */
  damaged: string[];
}

interface Header {
  kernel: string;
  partition: number;
  tracks: (Omit<TrackState, 'block'> & { size: number; crc: number })[];
}

/** Copies the tracks of a partition into bytes of their own. */
export function encodeSnapshot(
  partition: number,
  tracks: readonly (Omit<TrackState, 'block'> & { memory: Float64Array; at: number; size: number })[],
  codec: { encode(text: string): Uint8Array },
): Uint8Array<ArrayBuffer> {
  const numbers = tracks.reduce((sum, track) => sum + track.size, 0);
  const blocks = new Float64Array(numbers);
  const header: Header = { kernel: KERNEL, partition, tracks: [] };
  let to = 0;
  for (const { id, source, number, pipeline, shape, group, memory, at, size } of tracks) {
    blocks.set(memory.subarray(at, at + size), to);
    const bytes = new Uint8Array(blocks.buffer, to * 8, size * 8);
    const which = group === undefined ? {} : { group };
    header.tracks.push({ id, source, number, pipeline, shape, ...which, size, crc: crc32(bytes) });
    to += size;
  }
  let text = codec.encode(JSON.stringify(header));
  const padded = Math.ceil(text.length / 8) * 8;
  const out = new Uint8Array(PREFIX + padded + numbers * 8).fill(0x20, PREFIX, PREFIX + padded);
  out.set(text, PREFIX);
  text = out.subarray(PREFIX, PREFIX + padded);
  const view = new DataView(out.buffer);
  view.setUint32(0, MAGIC, true);
  view.setUint32(4, SNAPSHOT_FORMAT, true);
  view.setUint32(8, padded, true);
  view.setUint32(12, crc32(text), true);
  out.set(new Uint8Array(blocks.buffer), PREFIX + padded);
  return out;
}

/**
 * Reads a partition. Damaged tracks are left out and named.
 * @throws CodedError SNAPSHOT_FORMAT, SNAPSHOT_VERSION, SNAPSHOT_CORRUPT when the file as a whole cannot be read
 */
export function decodeSnapshot(bytes: Uint8Array, codec: { decode(bytes: Uint8Array): string }): Snapshot {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < PREFIX || view.getUint32(0, true) !== MAGIC) {
    throw new CodedError('SNAPSHOT_FORMAT', 'snapshot: expected a file that begins with TWSN');
  }
  const format = view.getUint32(4, true);
  if (format !== SNAPSHOT_FORMAT) {
    throw new CodedError(
      'SNAPSHOT_VERSION',
      `snapshot: expected format ${SNAPSHOT_FORMAT}, got ${format}; ${format > SNAPSHOT_FORMAT ? 'was it written by a newer version?' : 'it was written by an older version'}`,
    );
  }
  const headerLength = view.getUint32(8, true);
  const text = bytes.subarray(PREFIX, PREFIX + headerLength);
  if (text.length !== headerLength || crc32(text) !== view.getUint32(12, true)) {
    throw new CodedError('SNAPSHOT_CORRUPT', 'snapshot: the header does not match its checksum');
  }
  const header = JSON.parse(codec.decode(text)) as Header;
  if (header.kernel !== KERNEL) {
    throw new CodedError('SNAPSHOT_VERSION', `snapshot: expected kernel ${KERNEL}, got ${header.kernel}`);
  }
  const snapshot: Snapshot = { tracks: [], damaged: [] };
  let from = PREFIX + headerLength;
  for (const { size, crc, ...track } of header.tracks) {
    // A copy in memory of its own: the bytes may be a window on a larger and unaligned buffer.
    const raw = Uint8Array.from(bytes.subarray(from, from + size * 8));
    from += size * 8;
    if (raw.length === size * 8 && crc32(raw) === crc) {
      snapshot.tracks.push({ ...track, block: new Float64Array(raw.buffer) });
    } else snapshot.damaged.push(track.id);
  }
  return snapshot;
}
