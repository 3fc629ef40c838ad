/**
 * One partition as bytes and back: the layout in memory is the format on disk.
 *
 *   magic 'TWSN' [4]  format u32 [4]  header length u32 [4]  CRC-32 of the header u32 [4]
 *   header            JSON, UTF-8, padded with spaces to a multiple of 8
 *   weights           Float64, little-endian, of those that share them, in the order of the header's pools
 *   blocks            likewise, of the tracks, in the order of the header's tracks
 *
 * Each of them carries its own CRC-32, so that a flipped bit costs one series and not the shard, and at worst what one
 * family has learned.
 */
import { crc32 as slowCrc32 } from './crc32.ts';
import { CodedError } from './errors.ts';

export const SNAPSHOT_FORMAT = 4;
/** The same without parked series. */
const FORMAT_BEFORE = 3;
export const KERNEL = 'oracle-f64';

const MAGIC = 0x4e535754; // 'TWSN', little-endian
const PREFIX = 16;

/** What tracks share that share their weights. */
export interface PoolState {
  /** Empty where it is no more than the pipeline. */
  readonly family: string;
  /** Weights and moments; empty where they did not match their CRC. */
  readonly block: Float64Array;
}

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
  /** The same object for all who share it; absent for a track with weights of its own. */
  pool?: PoolState | undefined;
  block: Float64Array;
}

/** A series of the partition whose block lies in a file of its own. */
export interface ParkedState {
  id: string;
  source: string;
  /** As in `Track`. */
  number: number;
  pipeline: string;
  file: string;
  /** Position in the log at which it was parked. */
  position: number;
  /** How many it had seen. */
  samples: number;
  /** Its alert is open: it is silent. */
  alerting: boolean;
  /** What a person has said of that alert since. */
  said: ('ack' | 'accept')[];
}

export interface Snapshot {
  tracks: TrackState[];
  parked: ParkedState[];
  /** Ids of tracks whose bytes did not match their CRC. */
  damaged: string[];
  /** Pools whose bytes did not. */
  damagedPools: PoolState[];
}

interface Stored {
  size: number;
  crc: number;
}

interface Header {
  kernel: string;
  partition: number;
  /** Absent where nobody shares. */
  pools?: (Omit<PoolState, 'block'> & Stored)[];
  /** Absent where nobody is. */
  parked?: ParkedState[];
  /** `pool`: which of them. */
  tracks: (Omit<TrackState, 'block' | 'pool'> & { pool?: number } & Stored)[];
}

/** What models do not know of the machine. */
interface Writer {
  encode(text: string): Uint8Array;
  /** Where there is a fast one. */
  crc32?: (bytes: Uint8Array) => number;
}

interface Reader {
  decode(bytes: Uint8Array): string;
  crc32?: (bytes: Uint8Array) => number;
}

/** Copies the tracks of a partition into bytes of their own. */
export function encodeSnapshot(
  partition: number,
  tracks: readonly (Omit<TrackState, 'block'> & { memory: Float64Array; at: number; size: number })[],
  codec: Writer,
  parked: readonly ParkedState[] = [],
): Uint8Array<ArrayBuffer> {
  const { crc32 = slowCrc32 } = codec;
  const pools = [...new Set(tracks.flatMap(({ pool }) => pool ?? []))];
  const shared = pools.map(({ block }) => block);
  const numbers = [...tracks.map(({ size }) => size), ...shared.map(({ length }) => length)].reduce((a, b) => a + b, 0);
  const blocks = new Float64Array(numbers);
  let to = 0;
  const store = (block: Float64Array): Stored => {
    blocks.set(block, to);
    const bytes = new Uint8Array(blocks.buffer, to * 8, block.length * 8);
    to += block.length;
    return { size: block.length, crc: crc32(bytes) };
  };
  const header: Header = { kernel: KERNEL, partition, tracks: [] };
  if (pools.length > 0) header.pools = pools.map(({ family }, i) => ({ family, ...store(shared[i]) }));
  if (parked.length > 0) header.parked = [...parked];
  for (const { id, source, number, pipeline, shape, group, pool, memory, at, size } of tracks) {
    const which = {
      ...(group === undefined ? {} : { group }),
      ...(pool === undefined ? {} : { pool: pools.indexOf(pool) }),
    };
    header.tracks.push({ id, source, number, pipeline, shape, ...which, ...store(memory.subarray(at, at + size)) });
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

/** @throws CodedError SNAPSHOT_VERSION for a partition of another version; what is damaged passes */
export function refuseOtherVersion(bytes: Uint8Array, codec: Reader): void {
  try {
    readHeader(bytes, codec);
  } catch (error) {
    if (error instanceof CodedError && error.code === 'SNAPSHOT_VERSION') throw error;
  }
}

/** With where it ends. */
function readHeader(bytes: Uint8Array, codec: Reader): { header: Header; end: number } {
  const { crc32 = slowCrc32 } = codec;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < PREFIX || view.getUint32(0, true) !== MAGIC) {
    throw new CodedError('SNAPSHOT_FORMAT', 'snapshot: expected a file that begins with TWSN');
  }
  const format = view.getUint32(4, true);
  if (format !== SNAPSHOT_FORMAT && format !== FORMAT_BEFORE) {
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
  return { header, end: PREFIX + headerLength };
}

/**
 * Reads a partition. Damaged tracks are left out and named.
 * @throws CodedError SNAPSHOT_FORMAT, SNAPSHOT_VERSION, SNAPSHOT_CORRUPT when the file as a whole cannot be read
 */
export function decodeSnapshot(bytes: Uint8Array, codec: Reader): Snapshot {
  const { crc32 = slowCrc32 } = codec;
  const { header, end } = readHeader(bytes, codec);
  let from = end;
  /** Undefined where the bytes are not what was stored. */
  const restore = ({ size, crc }: Stored): Float64Array | undefined => {
    // A copy in memory of its own: the bytes may be a window on a larger and unaligned buffer.
    const raw = Uint8Array.from(bytes.subarray(from, from + size * 8));
    from += size * 8;
    return raw.length === size * 8 && crc32(raw) === crc ? new Float64Array(raw.buffer) : undefined;
  };
  const snapshot: Snapshot = { tracks: [], parked: header.parked ?? [], damaged: [], damagedPools: [] };
  const pools = (header.pools ?? []).map((stored): PoolState => {
    const block = restore(stored);
    const pool = { family: stored.family, block: block ?? new Float64Array(0) };
    if (block === undefined) snapshot.damagedPools.push(pool);
    return pool;
  });
  for (const { size, crc, pool, ...track } of header.tracks) {
    const block = restore({ size, crc });
    if (block === undefined) snapshot.damaged.push(track.id);
    else snapshot.tracks.push({ ...track, ...(pool === undefined ? {} : { pool: pools[pool] }), block });
  }
  return snapshot;
}
