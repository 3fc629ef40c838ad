/**
 * The ordered log on disk: an entry is in a file before anybody reads it, acknowledges it or learns from it.
 *
 *   append ──▶ segment (written at once, synced by the policy) ──▶ queue ──▶ reader
 *
 * A process that is killed loses nothing under any policy, because what was written is the system's. A power cut loses
 * what was not synced:
 *
 *   interval  at most the last 200 ms           always  nothing that `kept` was waited for
 *   never     what the system had not yet written by itself
 *
 * When the disk takes nothing more, entries go on to the reader without being kept, and the log says so; once it can
 * write again it begins a new segment behind the hole, and whoever listens makes a checkpoint that the hole lies
 * before. A file whose sync failed is not written to again: nobody knows what of it is there.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type {
  Cancel,
  Clock,
  Disk,
  DiskFile,
  LogEntry,
  Replayed,
  SampleLog,
  LogOwner,
  LogReplayer,
} from '../../models/ports.ts';
import { MemoryLog } from '../ports/memory-log.ts';
import { writeWhole } from '../ports/write-whole.ts';
import { readEntry, writeEntry } from './entry.ts';
import { RECORDS_MAX, SEGMENT_HEAD, sealRecord, segmentHead } from './frame.ts';
import { type Damage, LOG_FOLDER, recordsOf, segmentPath, segmentsOf } from './segments.ts';
import { Reader, Writer } from './writer.ts';

export type FsyncPolicy = 'interval' | 'always' | 'never';

export interface DurableLogOptions {
  disk: Disk;
  clock: Clock;
  fsync: FsyncPolicy;
  /** Between two syncs of policy `interval`, ms. */
  intervalMs?: number;
  segmentBytes?: number;
}

const SEGMENT_BYTES = 16 * 1024 * 1024;
const INTERVAL_MS = 200;
const RETRY_MS = 1000;
/** Reading goes on for so long before sockets get their turn. */
const TURN_MS = 20;

const NOBODY: LogOwner = {
  numberAt: (index) => index,
  indexOf: (number) => number,
  onTrouble: () => {},
  onWritten: () => {},
};

interface Segment {
  path: string;
  first: number;
  file: DiskFile;
}

export class DurableLog implements SampleLog {
  readonly #options: Required<DurableLogOptions>;
  readonly #queue = new MemoryLog();
  readonly #writer = new Writer();
  #owner: LogOwner = NOBODY;
  /** Position of the newest entry. */
  #appended = 0;
  #segment: Segment | undefined;
  /** Written and not synced; the newest last. */
  readonly #unsynced: Segment[] = [];
  /** Being synced. */
  #due: Segment[] = [];
  /** Whose name is sure to outlast a power cut. */
  #named: Segment | undefined;
  #syncing: Promise<void> | undefined;
  #syncNext: Promise<void> | undefined;
  #brokenAt: number | undefined;
  #cancel: Cancel | undefined;

  constructor(options: DurableLogOptions) {
    this.#options = { intervalMs: INTERVAL_MS, segmentBytes: SEGMENT_BYTES, ...options };
  }

  open(owner: LogOwner): void {
    this.#owner = owner;
  }

  get position(): number {
    return this.#queue.position;
  }

  get depth(): number {
    return this.#queue.depth;
  }

  oldest(): number {
    return segmentsOf(this.#options.disk)[0] ?? Infinity;
  }

  newest(): number {
    const last = segmentsOf(this.#options.disk).at(-1);
    if (this.#appended > 0 || last === undefined) return this.#appended;
    let newest = last - 1;
    for (const { position } of recordsOf(this.#options.disk, last, () => {})) newest = position;
    return newest;
  }

  append(entry: LogEntry): void {
    const position = ++this.#appended;
    this.#writer.begin();
    writeEntry(this.#writer, entry, this.#owner);
    this.#keep(position, this.#writer.record);
    this.#queue.append(entry);
  }

  kept(): Promise<void> {
    return this.#options.fsync === 'always' ? this.sync() : Promise.resolve();
  }

  sync(): Promise<void> {
    // Who asks while one is under way waits for the next, with all others who do.
    this.#syncNext ??= (this.#syncing ?? Promise.resolve()).then(() => {
      this.#syncNext = undefined;
      this.#syncing = this.#sync().finally(() => (this.#syncing = undefined));
      return this.#syncing;
    });
    return this.#syncNext;
  }

  async replay(from: number, replayer: LogReplayer, least = 0): Promise<Replayed> {
    const { disk } = this.#options;
    const result: Replayed = { entries: 0, missing: 0, damage: [] };
    const onDamage = ({ path, at, bytes }: Damage) => result.damage.push(`${path}: ${bytes} bytes at offset ${at}`);
    const segments = segmentsOf(disk);
    let last = from;
    let until = performance.now() + TURN_MS;
    for (const [i, first] of segments.entries()) {
      if (i + 1 < segments.length && segments[i + 1] <= last + 1) continue;
      const records = recordsOf(disk, first, onDamage);
      for (let next = records.next(); ; next = records.next()) {
        if (next.done === true) {
          if (i === segments.length - 1) this.#cutTail(first, next.value);
          break;
        }
        const { position, payload } = next.value;
        if (position <= last) continue;
        result.missing += position - last - 1;
        last = position;
        this.#queue.position = position;
        replayer.before(position);
        const entry = this.#decode(payload, () => onDamage({ path: segmentPath(first), at: 0, bytes: payload.length }));
        if (entry === undefined) result.missing++;
        else {
          replayer.read(entry, position);
          result.entries++;
        }
        if (performance.now() < until) continue;
        await nextTurn();
        until = performance.now() + TURN_MS;
      }
    }
    this.#appended = Math.max(last, least);
    await this.#makeSure(from);
    await this.#queue.replay(this.#appended);
    return result;
  }

  read(reader: (entry: LogEntry, position: number) => void): void {
    this.#queue.read(reader);
    if (this.#options.fsync !== 'interval') return;
    this.#cancel ??= this.#options.clock.every(this.#options.intervalMs, () => {
      if (this.#unsynced.length > 0) void this.sync();
    });
  }

  readNow(): void {
    this.#queue.readNow();
  }

  drained(): Promise<void> {
    return this.#queue.drained();
  }

  trim(position: number): void {
    const { disk } = this.#options;
    const segments = segmentsOf(disk);
    for (const [i, first] of segments.entries()) {
      // Entries up to the next segment's first are in this one.
      if (i + 1 < segments.length && segments[i + 1] <= position + 1) disk.remove(segmentPath(first));
    }
  }

  async close(): Promise<void> {
    this.#cancel?.();
    await this.#queue.close();
    await this.sync();
    const segment = this.#segment;
    this.#segment = undefined;
    if (segment !== undefined) this.#release(segment);
  }

  #keep(position: number, record: Uint8Array): void {
    if (this.#brokenAt !== undefined && this.#options.clock.now() - this.#brokenAt < RETRY_MS) return;
    try {
      const segment = this.#segmentFor(position, record.length);
      sealRecord(record, position - segment.first);
      writeWhole(segment.file, record);
      this.#owner.onWritten(record.length);
    } catch (error) {
      const begun = this.#segment;
      this.#fail(error);
      if (begun?.first === position) this.#discard(begun);
      return;
    }
    if (this.#brokenAt === undefined) return;
    this.#brokenAt = undefined;
    this.#owner.onTrouble(undefined);
  }

  #segmentFor(position: number, bytes: number): Segment {
    const now = this.#segment;
    // Of two new names a power cut could leave the second: nobody would know that the log begins with the first.
    const mayEnd = this.#named === now || this.#options.fsync === 'never';
    const isFull = now !== undefined && mayEnd && now.file.size + bytes > this.#options.segmentBytes;
    if (now !== undefined && !isFull && position - now.first <= RECORDS_MAX) {
      if (this.#unsynced.at(-1) !== now) this.#unsynced.push(now);
      return now;
    }
    const { disk } = this.#options;
    disk.makeFolder(LOG_FOLDER);
    const path = segmentPath(position);
    const segment = { path, first: position, file: disk.open(path, 'create') };
    this.#segment = segment;
    this.#unsynced.push(segment);
    if (now !== undefined) this.#release(now);
    writeWhole(segment.file, segmentHead(position));
    return segment;
  }

  async #sync(): Promise<void> {
    // What is written while it lasts is the next one's.
    this.#due = this.#unsynced.splice(0);
    const newest = this.#due.at(-1);
    try {
      for (const { file } of this.#due) await file.sync();
      if (newest !== undefined && newest !== this.#named) {
        await this.#syncFolders();
        this.#named = newest;
      }
    } catch (error) {
      this.#fail(error);
    }
    for (const segment of this.#due.splice(0)) if (segment !== this.#segment) this.#release(segment);
  }

  /** What the process before had written and not synced is acknowledged by this one. */
  async #makeSure(from: number): Promise<void> {
    const { disk } = this.#options;
    const segments = segmentsOf(disk).filter((_, i, all) => !(all[i + 1] <= from + 1));
    if (segments.length === 0) return;
    try {
      for (const first of segments) {
        const file = disk.open(segmentPath(first), 'append');
        try {
          await file.sync();
        } finally {
          file.close();
        }
      }
      await this.#syncFolders();
    } catch (error) {
      this.#fail(error);
    }
  }

  async #syncFolders(): Promise<void> {
    await this.#options.disk.syncFolder(LOG_FOLDER);
    await this.#options.disk.syncFolder('.');
  }

  /** What was written last is not to be relied on: nothing is added behind it. */
  #fail(error: unknown): void {
    const isNew = this.#brokenAt === undefined;
    this.#brokenAt = this.#options.clock.now();
    const segment = this.#segment;
    this.#segment = undefined;
    if (segment !== undefined) this.#release(segment);
    if (isNew) this.#owner.onTrouble(error);
  }

  /** There is no whole record in it. A disk that is full for hours must not fill up with files that are empty. */
  #discard({ path }: Segment): void {
    try {
      this.#options.disk.remove(path);
    } catch {
      // The next start steps over it.
    }
  }

  /** Nobody writes to it any more: it is closed once it is synced. */
  #release(segment: Segment): void {
    if (this.#unsynced.includes(segment) || this.#due.includes(segment)) return;
    try {
      segment.file.close();
    } catch {
      // It is synced, or known not to be.
    }
  }

  #decode(payload: Uint8Array, onDamage: () => void): LogEntry | undefined {
    try {
      return readEntry(new Reader(payload), this.#owner);
    } catch {
      onDamage();
      return undefined;
    }
  }

  /** A record that was being written when the process ended is no damage, and must not be taken for it next time. */
  #cutTail(first: number, { end, size }: { end: number; size: number }): void {
    const { disk } = this.#options;
    if (end >= size) return;
    const path = segmentPath(first);
    if (end <= SEGMENT_HEAD) {
      disk.remove(path);
      return;
    }
    const file = disk.open(path, 'append');
    file.truncate(end);
    file.close();
  }
}
