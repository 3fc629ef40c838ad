/**
 * Which messages came in already. A sender that got no acknowledgement sends again, marked as such and under the same
 * packet id; where topic and payload are the same as well, and the log has it, it was the acknowledgement that got lost.
 *
 * Per session the last ids are kept: nobody sends again what was acknowledged so long ago. What is not marked as sent
 * again is always new, because ids are used again.
 */
import { crc32 } from 'node:zlib';
import type { Delivery } from '../models/ports.ts';

/** Senders limit what is under way to some tens, a few to some thousands. */
const IDS_MAX = 16_384;
const SESSIONS_MAX = 256;
const ENTRY_BYTES = 6;

export class Redelivery {
  /** Checksum by packet id, the oldest first; sessions likewise. */
  readonly #sessions = new Map<number, Map<number, number>>();

  has({ session, packetId, checksum }: Delivery): boolean {
    return this.#sessions.get(session)?.get(packetId) === checksum;
  }

  /** Whether anything came in within it. */
  knows(session: number): boolean {
    return this.#sessions.has(session);
  }

  note({ session, packetId, checksum }: Delivery): void {
    const ids = this.#sessions.get(session) ?? new Map<number, number>();
    renew(this.#sessions, session, ids, SESSIONS_MAX);
    renew(ids, packetId, checksum, IDS_MAX);
  }

  forget(session: number): void {
    this.#sessions.delete(session);
  }

  toJSON(): [session: number, ids: string][] {
    return [...this.#sessions].map(([session, ids]) => [session, textOf(ids)]);
  }

  restore(state: readonly [session: number, ids: string][]): void {
    this.#sessions.clear();
    for (const [session, text] of state) this.#sessions.set(session, idsOf(text));
  }
}

/** Of topic and payload, as in `Delivery`. */
export function checksumOf(topic: string, payload: Uint8Array): number {
  return crc32(payload, crc32(topic));
}

/** As in `Delivery`. */
export function sessionOf(name: string): number {
  return crc32(name);
}

function renew<K, V>(map: Map<K, V>, key: K, value: V, max: number): void {
  map.delete(key);
  map.set(key, value);
  if (map.size <= max) return;
  for (const oldest of map.keys()) {
    map.delete(oldest);
    return;
  }
}

function textOf(ids: ReadonlyMap<number, number>): string {
  const bytes = Buffer.alloc(ids.size * ENTRY_BYTES);
  let at = 0;
  for (const [id, checksum] of ids) {
    bytes.writeUInt16LE(id, at);
    bytes.writeUInt32LE(checksum, at + 2);
    at += ENTRY_BYTES;
  }
  return bytes.toString('base64');
}

function idsOf(text: string): Map<number, number> {
  const bytes = Buffer.from(text, 'base64');
  const ids = new Map<number, number>();
  for (let at = 0; at + ENTRY_BYTES <= bytes.length; at += ENTRY_BYTES) {
    ids.set(bytes.readUInt16LE(at), bytes.readUInt32LE(at + 2));
  }
  return ids;
}
