/**
 * One thing to be sent, as bytes:
 *
 *   length u32   of the payload
 *   crc    u32   CRC-32 of everything that follows
 *   position f64, ordinal u32, lane u32
 *   payload
 *
 * Little-endian. Whoever reads can begin anywhere: bytes that are no record are stepped over until there is one.
 */
import { crc32 } from 'node:zlib';

export const HEAD_BYTES = 24;

/** Where in the log a thing came from: the how-manieth of its lane at a position. */
export interface Mark {
  position: number;
  ordinal: number;
}

export interface Entry extends Mark {
  lane: number;
  payload: Uint8Array;
}

export interface Found extends Entry {
  payload: Buffer;
  /** From where to where it lies. */
  begin: number;
  end: number;
}

/** @returns where it ends */
export function writeRecord(into: Buffer, at: number, { position, ordinal, lane, payload }: Entry): number {
  const end = at + HEAD_BYTES + payload.length;
  into.writeUInt32LE(payload.length, at);
  into.writeDoubleLE(position, at + 8);
  into.writeUInt32LE(ordinal, at + 16);
  into.writeUInt32LE(lane, at + 20);
  into.set(payload, at + HEAD_BYTES);
  into.writeUInt32LE(crc32(into.subarray(at + 8, end)), at + 4);
  return end;
}

/** The first whole record at `from` or after it. */
export function nextRecord(bytes: Buffer, from: number): Found | undefined {
  for (let at = from; at + HEAD_BYTES <= bytes.length; at++) {
    const end = at + HEAD_BYTES + bytes.readUInt32LE(at);
    if (end > bytes.length || crc32(bytes.subarray(at + 8, end)) !== bytes.readUInt32LE(at + 4)) continue;
    return {
      begin: at,
      end,
      position: bytes.readDoubleLE(at + 8),
      ordinal: bytes.readUInt32LE(at + 16),
      lane: bytes.readUInt32LE(at + 20),
      payload: bytes.subarray(at + HEAD_BYTES, end),
    };
  }
  return undefined;
}
