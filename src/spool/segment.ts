/**
 * One file of a spool, and what is known of it.
 *
 *   head ──────── ackedTo ──────── takenTo ──────── written ──────── size
 *         sent            under way       waiting          in memory
 *
 *   head   'TWSP' [4]  format u32 [4]  CRC-32 of these u32 [4]     little-endian; records follow
 *
 * Its bytes are held in memory until they are synced, because after a failed sync nobody knows what the disk has: the
 * file is then written anew beside it, and takes its place.
 */
import { crc32 } from 'node:zlib';
import { CodedError } from '../../models/errors.ts';
import type { Disk, DiskFile } from '../../models/ports.ts';
import { type Entry, HEAD_BYTES, writeRecord } from './record.ts';

const BYTES_FIRST = 16 * 1024;
const SPOOL_FORMAT = 1;
export const SEGMENT_HEAD = 12;
const MAGIC = 0x50535754; // 'TWSP'

export class Segment {
  readonly number: number;
  readonly path: string;
  size: number;
  /** Records that nobody has taken, and those that are under way. */
  left = 0;
  out = 0;
  takenTo = SEGMENT_HEAD;
  ackedTo = SEGMENT_HEAD;
  /** Nothing comes behind what is there. */
  sealed: boolean;
  gone = false;

  #bytes: Buffer | undefined;
  #file: DiskFile | undefined;
  #written: number;
  #synced = 0;
  #syncing = false;
  /** A sync failed: what is in the file by this name may be anything. */
  #distrusted = false;

  /** @param size  bytes of a file that is there already; undefined for a new one */
  constructor(folder: string, number: number, size?: number) {
    this.number = number;
    this.path = `${folder}/${nameOf(number)}`;
    this.size = size ?? 0;
    this.#written = this.size;
    this.sealed = size !== undefined;
    if (size !== undefined) return;
    this.#bytes = Buffer.alloc(BYTES_FIRST);
    this.size = writeHead(this.#bytes);
  }

  /** Its bytes, where they are in memory. */
  get bytes(): Buffer | undefined {
    return this.#bytes?.subarray(0, this.size);
  }

  get isWritten(): boolean {
    return this.#written === this.size;
  }

  /** Whether it is in memory only, as far as anybody knows. */
  get isHeld(): boolean {
    return !this.isWritten || this.#distrusted;
  }

  get isSynced(): boolean {
    return this.isWritten && this.#synced === this.size && !this.#distrusted;
  }

  get isSent(): boolean {
    return this.left === 0 && this.out === 0;
  }

  add(entry: Entry): void {
    const end = this.size + HEAD_BYTES + entry.payload.length;
    let bytes = this.#bytes!;
    if (end > bytes.length) {
      bytes = Buffer.alloc(Math.max(end, 2 * bytes.length));
      this.#bytes!.copy(bytes, 0, 0, this.size);
      this.#bytes = bytes;
    }
    this.size = writeRecord(bytes, this.size, entry);
    this.left++;
  }

  /** Writes what is only in memory. @returns bytes written @throws what the disk says */
  write(disk: Disk): number {
    const begin = this.#written;
    this.#file ??= disk.open(this.#distrusted ? `${this.path}.new` : this.path, 'create');
    while (this.#written < this.size) {
      const written = this.#file.write(this.#bytes!.subarray(this.#written, this.size));
      if (written <= 0) throw new Error('nothing was written');
      this.#written += written;
    }
    return this.#written - begin;
  }

  /** Syncs what was written. @throws what the disk says; then all of it is to be written again */
  async sync(disk: Disk): Promise<void> {
    const upTo = this.#written;
    this.#syncing = true;
    try {
      this.#file ??= disk.open(this.path, 'append');
      await this.#file.sync();
      if (this.#distrusted && !this.gone) disk.rename(`${this.path}.new`, this.path);
      this.#distrusted = false;
      this.#synced = upTo;
    } catch (error) {
      // Of one that was there before the start nothing is in memory: what the disk has is all there is.
      if (this.#bytes === undefined) this.#synced = this.size;
      else {
        this.#distrusted = true;
        this.#written = 0;
        this.#synced = 0;
      }
      this.#closeFile();
      throw error;
    } finally {
      this.#syncing = false;
      if (this.gone || this.#bytes === undefined) this.#closeFile();
    }
  }

  /** The file was cut; what is left of it is whole. */
  cutTo(size: number): void {
    this.size = size;
    this.#written = size;
  }

  /** Gives up its memory. */
  release(): void {
    this.#bytes = undefined;
    this.close();
  }

  /** A file that is being synced is closed after that. */
  close(): void {
    if (!this.#syncing) this.#closeFile();
  }

  remove(disk: Disk): void {
    this.gone = true;
    this.close();
    disk.remove(this.path);
    if (this.#distrusted) disk.remove(`${this.path}.new`);
  }

  #closeFile(): void {
    const file = this.#file;
    this.#file = undefined;
    try {
      file?.close();
    } catch {
      // Of a file that nobody trusts any more, or whose bytes are synced.
    }
  }
}

const NAME = /^(\d{12})\.twsp$/;

export function nameOf(number: number): string {
  return `${String(number).padStart(12, '0')}.twsp`;
}

/** The number in a file's name; undefined for any other file. */
export function numberOf(name: string): number | undefined {
  const match = NAME.exec(name);
  return match === null ? undefined : Number(match[1]);
}

/** @returns where it ends */
function writeHead(into: Buffer): number {
  into.writeUInt32LE(MAGIC, 0);
  into.writeUInt32LE(SPOOL_FORMAT, 4);
  return into.writeUInt32LE(crc32(into.subarray(0, 8)), 8);
}

/**
 * Where the records of a file begin; where its head is damaged, anywhere.
 * @throws CodedError SPOOL_VERSION for a file of a later version
 */
export function beginOf(bytes: Buffer, path: string): number {
  if (bytes.length < SEGMENT_HEAD || bytes.readUInt32LE(0) !== MAGIC) return 0;
  if (bytes.readUInt32LE(8) !== crc32(bytes.subarray(0, 8))) return 0;
  const format = bytes.readUInt32LE(4);
  if (format <= SPOOL_FORMAT) return SEGMENT_HEAD;
  throw new CodedError(
    'SPOOL_VERSION',
    `${path}: expected format ${SPOOL_FORMAT}, got ${format}; was it written by a newer version?`,
  );
}
