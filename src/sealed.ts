/**
 * JSON that can tell whether it is what was written: its first member is the CRC-32 of every byte behind that.
 *
 *   {"crc":"0a1b2c3d","format":2,…}
 */
import { crc32 } from 'node:zlib';

const SEAL = /^\{"crc":"([0-9a-f]{8})",$/;
const SEAL_SIZE = '{"crc":"00000000",'.length;

/** @param value  with at least one member */
export function seal(value: object): Uint8Array {
  const rest = JSON.stringify(value).slice(1);
  return Buffer.from(`{"crc":"${checksum(Buffer.from(rest))}",${rest}`);
}

/** The value without its seal; undefined where any byte is not what was written. */
export function unseal(bytes: Uint8Array): unknown {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const crc = SEAL.exec(buffer.toString('latin1', 0, SEAL_SIZE))?.[1];
  const rest = buffer.subarray(SEAL_SIZE);
  if (rest.length === 0 || crc !== checksum(rest)) return undefined;
  return JSON.parse(`{${rest.toString()}`);
}

function checksum(bytes: Uint8Array): string {
  return crc32(bytes).toString(16).padStart(8, '0');
}
