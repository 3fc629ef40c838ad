/**
 * What is still to be sent, on disk: in order, bounded, there again after a crash or a power cut.
 *
 *   push ──▶ segment ▸ segment ▸ segment ──▶ take ──▶ ack
 *                                  ▲           │
 *                                  └─ putBack ◀┘
 *
 *   000000000042.twsp   records, one behind the other
 *   read                how far they have been sent
 *
 * A crash costs at most that the things of the last second are sent again. A start never writes behind what it finds, so
 * a torn tail harms nothing and a read position can never lie beyond what is written later. While the disk fails, what
 * is pushed is held in memory, bounded, and written once that works again.
 */
import type { Cancel, Clock, Disk } from '../../models/ports.ts';
import { Fifo } from '../fifo.ts';
import { type Bookmark, noteBookmark, readBookmark, writeBookmark } from './bookmark.ts';
import { Marks } from './marks.ts';
import { type Found, nextRecord } from './record.ts';
import { nameOf, numberOf, Segment } from './segment.ts';

export interface SpoolOptions {
  disk: Disk;
  folder: string;
  clock: Clock;
  /** Beyond this the oldest segment goes. */
  bytesMax: number;
  segmentBytes?: number;
  /** Records and bytes that are held in memory while the disk fails; a segment more at most. */
  heldRecordsMax?: number;
  heldBytesMax?: number;
  /** Records that were given up. */
  onDropped: (count: number, why: string) => void;
  /** Places that could not be read. */
  onDamaged: (places: number, where: string) => void;
  /** undefined: the disk works again. */
  onTrouble: (error: unknown) => void;
  onWritten: (bytes: number) => void;
}

const DEFAULTS = { segmentBytes: 1024 * 1024, heldRecordsMax: 100_000, heldBytesMax: 16 * 1024 * 1024 };
const SAVE_MS = 1000;
const NOTE_MS = 20;
const NOTHING_SENT: Bookmark = { segment: 0, offset: 0, marksFrom: 0, marks: [] };
const RETRY_MS = 1000;
/** A bound is kept by whole segments, so there are a few of them. */
const SEGMENTS_MIN = 4;
/** Finished segments that are held in memory until a slow disk has synced them. */
const UNSYNCED_MAX = 16;

/** A record that is under way. */
type Taken = Found & { segment: Segment };

export class Spool {
  readonly #options: Required<SpoolOptions>;
  /** The oldest first. */
  #segments: Segment[] = [];
  /** The one that is being written, the last of them. */
  #current: Segment | undefined;
  #nextNumber = 1;
  /** The file that is being read. */
  #loaded: { segment: Segment; bytes: Buffer } | undefined;
  readonly #taken = new Fifo<Taken>();
  #length = 0;
  readonly #marks = new Marks();
  readonly #sentMarks = new Marks();
  #marksFrom = 0;
  #degraded = false;
  #namesChanged = false;
  #syncing: Promise<void> = Promise.resolve();
  #saving: Promise<void> = Promise.resolve();
  #saveTimer: Cancel | undefined;
  #noteTimer: Cancel | undefined;
  #retryTimer: Cancel | undefined;
  #closed = false;

  constructor(options: SpoolOptions) {
    this.#options = { ...DEFAULTS, ...options };
    const { segmentBytes, bytesMax } = this.#options;
    this.#options.segmentBytes = Math.min(segmentBytes, Math.ceil(bytesMax / SEGMENTS_MIN));
  }

  /** Records to be taken. */
  get length(): number {
    return this.#length;
  }

  /** Records that are not sent, those under way among them. */
  get records(): number {
    return this.#segments.reduce((sum, { left, out }) => sum + left + out, 0);
  }

  get bytes(): number {
    return this.#segments.reduce((sum, { size }) => sum + size, 0);
  }

  /** Whether something is in memory only, because the disk failed. */
  get degraded(): boolean {
    return this.#degraded;
  }

  /** Finds what is there. @throws where the folder cannot be listed: what is in it would be written over */
  open(): void {
    const { disk, folder } = this.#options;
    this.#makeFolder();
    const { bookmark = NOTHING_SENT, damaged } = readBookmark(disk, folder);
    for (const path of damaged) this.#options.onDamaged(1, path);
    this.#marksFrom = bookmark.marksFrom;
    for (const [lane, [position, ordinal]] of bookmark.marks.entries()) {
      this.#marks.raise(lane, { position, ordinal });
      this.#sentMarks.raise(lane, { position, ordinal });
    }
    const names = disk.list(folder);
    const numbers = names.map(numberOf).filter((number) => number !== undefined);
    for (const name of names) {
      const number = numberOf(name);
      const isLeftOver = number === undefined ? name.endsWith('.new') : number < bookmark.segment;
      if (isLeftOver) this.#tryTo(() => disk.remove(`${folder}/${name}`));
      else if (number !== undefined) {
        this.#find(number, number === bookmark.segment ? bookmark.offset : 0, number === numbers.at(-1));
      }
    }
    this.#nextNumber = Math.max(bookmark.segment, numbers.at(-1) ?? 0) + 1;
  }

  /**
   * Says where reading of the log goes on, and where the log ends. A mark beyond that end is of another log, whose state
   * was thrown away: nothing of this one has been spooled yet. To be called before the first push.
   */
  rebase(position: number, logEnd: number): void {
    if (this.#marks.isBeyond(logEnd)) {
      this.#marks.reset(position);
      this.#sentMarks.reset(position);
      this.#seal();
      this.#marksFrom = this.#nextNumber;
      this.#saveSoon();
    }
    this.#marks.goOnAfter(position);
  }

  /**
   * Appends what one entry of the log came to, as one: after a crash all of it counts as pushed, or none.
   *
   * @param position  undefined for what comes of no log
   * @returns false where it is there already
   */
  push(position: number | undefined, payloads: readonly Uint8Array[], lane: number): boolean {
    const before = this.#marks.of(lane);
    const mark = position === undefined ? before : this.#marks.next(lane, position);
    if (mark === undefined) return false;
    for (const [i, payload] of payloads.entries()) {
      const segment = this.#segmentFor(payload.length);
      // Only the last brings the mark: a crash in between makes them all come again.
      segment.add({ lane, payload, ...(i === payloads.length - 1 ? mark : before) });
    }
    this.#length += payloads.length;
    if (!this.#degraded) this.#flush();
    this.#bound();
    return true;
  }

  /** The oldest that nobody has taken; they are under way until they are acked or put back. */
  take(max: number): Buffer[] {
    const payloads: Buffer[] = [];
    while (payloads.length < max) {
      const segment = this.#segments.find(({ left }) => left > 0);
      if (segment === undefined) break;
      const found = this.#next(segment);
      if (found === undefined) {
        this.#options.onDamaged(segment.left, segment.path);
        this.#give(segment, 'unreadable');
        continue;
      }
      segment.takenTo = found.end;
      segment.left--;
      segment.out++;
      this.#length--;
      this.#taken.push({ ...found, segment });
      payloads.push(found.payload);
    }
    return payloads;
  }

  /** The oldest of those under way are sent, or never will be. */
  ack(count: number): void {
    for (const { segment, end, lane, position, ordinal } of this.#taken.take(count)) {
      segment.out--;
      segment.ackedTo = end;
      if (segment.number >= this.#marksFrom) this.#sentMarks.raise(lane, { position, ordinal });
    }
    this.#noteTimer ??= this.#options.clock.after(NOTE_MS, () => this.#note());
    this.#saveSoon();
  }

  /** All of those under way are to be taken again. */
  putBack(): void {
    let gone = 0;
    for (const { segment, begin } of this.#taken.take(this.#taken.length).reverse()) {
      if (segment.gone) {
        gone++;
        continue;
      }
      segment.takenTo = begin;
      segment.out--;
      segment.left++;
      this.#length++;
    }
    if (gone > 0) this.#options.onDropped(gone, 'queue full');
  }

  /**
   * Whatever has been pushed is on the disk, so far as the disk works; never fails, for what is in memory because of that
   * is tried again anyway.
   */
  sync(): Promise<void> {
    this.#syncing = this.#syncing.then(() => this.#sync());
    return this.#syncing;
  }

  /** @returns records that are lost by it, because they could not be written */
  async close(): Promise<number> {
    if (this.#closed) return 0;
    this.#closed = true;
    this.#saveTimer?.();
    this.#noteTimer?.();
    this.#retryTimer?.();
    this.#flush();
    await this.sync();
    if (this.#degraded && this.#flush()) await this.sync();
    await this.#save();
    const lost = this.#segments.filter(({ isHeld }) => isHeld).reduce((sum, { left, out }) => sum + left + out, 0);
    for (const segment of this.#segments) segment.close();
    return lost;
  }

  #find(number: number, from: number, isNewest: boolean): void {
    const { disk, folder, onDamaged } = this.#options;
    const bytes = this.#tryTo(() => disk.read(`${folder}/${nameOf(number)}`));
    const segment = new Segment(folder, number, bytes?.length ?? 0);
    if (bytes === undefined) {
      onDamaged(1, segment.path);
      return;
    }
    const buffer = bufferOf(bytes);
    segment.takenTo = segment.ackedTo = from;
    let at = from;
    let gaps = 0;
    for (let found = nextRecord(buffer, at); found !== undefined; found = nextRecord(buffer, at)) {
      if (found.begin > at) gaps++;
      at = found.end;
      segment.left++;
      if (number >= this.#marksFrom) this.#marks.raise(found.lane, found);
    }
    if (at < buffer.length) {
      // The last write before a power cut is torn as a rule; anywhere else it is damage.
      if (isNewest) this.#cut(segment, at);
      else gaps++;
    }
    if (gaps > 0) onDamaged(gaps, segment.path);
    this.#length += segment.left;
    this.#segments.push(segment);
    this.#namesChanged = true;
  }

  #cut(segment: Segment, size: number): void {
    this.#tryTo(() => {
      const file = this.#options.disk.open(segment.path, 'append');
      try {
        file.truncate(size);
      } finally {
        file.close();
      }
      segment.cutTo(size);
    });
  }

  #next(segment: Segment): Found | undefined {
    let bytes = segment.bytes;
    if (bytes === undefined) {
      if (this.#loaded?.segment !== segment) {
        const read = this.#tryTo(() => this.#options.disk.read(segment.path));
        if (read === undefined) return undefined;
        this.#loaded = { segment, bytes: bufferOf(read) };
      }
      bytes = this.#loaded.bytes;
    }
    return nextRecord(bytes, segment.takenTo);
  }

  #segmentFor(bytes: number): Segment {
    const { folder, segmentBytes } = this.#options;
    if (this.#current !== undefined && this.#current.size + bytes > segmentBytes) this.#seal();
    if (this.#current === undefined) {
      this.#current = new Segment(folder, this.#nextNumber++);
      this.#segments.push(this.#current);
      this.#namesChanged = true;
    }
    return this.#current;
  }

  /** The next record begins a new segment. */
  #seal(): void {
    const sealed = this.#current;
    if (sealed === undefined) return;
    sealed.sealed = true;
    this.#current = undefined;
    // In the background: a checkpoint should find little to sync, and memory little to hold.
    void Promise.resolve().then(() => this.sync());
    const unsynced = this.#segments.filter((segment) => segment.sealed && segment.bytes !== undefined);
    for (const segment of unsynced.slice(0, -UNSYNCED_MAX)) if (!segment.isHeld) segment.release();
  }

  /** Writes what is only in memory, in order. @returns whether that worked */
  #flush(): boolean {
    const { disk, onWritten } = this.#options;
    try {
      if (this.#degraded) disk.makeFolder(this.#options.folder);
      for (const segment of this.#segments) if (!segment.isWritten) onWritten(segment.write(disk));
      return true;
    } catch (error) {
      this.#fail(error);
      return false;
    }
  }

  async #sync(): Promise<void> {
    const { disk, folder } = this.#options;
    try {
      for (const segment of this.#segments) {
        if (segment.gone || segment.isSynced || !segment.isWritten) continue;
        await segment.sync(disk);
        if (segment.sealed && segment.isSynced && !segment.gone) segment.release();
      }
      if (this.#namesChanged) {
        this.#namesChanged = false;
        await disk.syncFolder(folder);
      }
    } catch (error) {
      this.#namesChanged = true;
      this.#fail(error);
    }
  }

  #fail(error: unknown): void {
    if (!this.#degraded) this.#options.onTrouble(error);
    this.#degraded = true;
    if (this.#retryTimer !== undefined || this.#closed) return;
    this.#retryTimer = this.#options.clock.after(RETRY_MS, () => {
      this.#retryTimer = undefined;
      void this.#tryAgain();
    });
  }

  async #tryAgain(): Promise<void> {
    if (this.#closed || !this.#flush()) return;
    await this.sync();
    // Pushed meanwhile, or a sync that failed: once more.
    if (this.#segments.some(({ isHeld }) => isHeld)) {
      if (this.#retryTimer === undefined && !this.#closed) await this.#tryAgain();
      return;
    }
    this.#degraded = false;
    this.#options.onTrouble(undefined);
  }

  #bound(): void {
    const { bytesMax, heldBytesMax, heldRecordsMax } = this.#options;
    while (this.#segments.length > 1 && this.bytes > bytesMax) this.#drop(this.#segments[0]);
    if (!this.#degraded) return;
    for (;;) {
      const held = this.#segments.filter(({ isHeld }) => isHeld);
      const records = held.reduce((sum, { left }) => sum + left, 0);
      const bytes = held.reduce((sum, { size }) => sum + size, 0);
      if (held.length < 2 || (records <= heldRecordsMax && bytes <= heldBytesMax)) return;
      this.#drop(held[0]);
    }
  }

  #drop(segment: Segment): void {
    this.#give(segment, 'queue full');
    this.#forget(segment);
    this.#saveSoon();
  }

  /** Gives up what nobody has taken. */
  #give(segment: Segment, why: string): void {
    const { left } = segment;
    if (left === 0) return;
    segment.left = 0;
    this.#length -= left;
    this.#options.onDropped(left, why);
  }

  #forget(segment: Segment): void {
    this.#segments = this.#segments.filter((other) => other !== segment);
    if (this.#loaded?.segment === segment) this.#loaded = undefined;
    if (this.#current === segment) this.#current = undefined;
    this.#tryTo(() => segment.remove(this.#options.disk));
  }

  #saveSoon(): void {
    if (this.#closed) return;
    this.#saveTimer ??= this.#options.clock.after(SAVE_MS, () => {
      this.#saveTimer = undefined;
      void this.#save();
    });
  }

  #save(): Promise<void> {
    this.#saving = this.#saving.then(() => this.#saveNow());
    return this.#saving;
  }

  /** Writes how far things are sent, and then takes away what nobody needs any more. */
  async #saveNow(): Promise<void> {
    const { disk, folder, onWritten } = this.#options;
    const place = this.#place();
    const sent = this.#segments.filter((segment) => segment.number < place.segment && segment.isSent);
    try {
      onWritten(await writeBookmark(disk, folder, this.#bookmark(place)));
      for (const segment of sent) if (!segment.gone) this.#forget(segment);
    } catch {
      // Things may be sent again, and their files stay. Where writing fails for long, pushing says so.
      this.#saveSoon();
    }
  }

  #note(): void {
    this.#noteTimer = undefined;
    if (this.#closed) return;
    const { disk, folder, onWritten } = this.#options;
    this.#tryTo(() => onWritten(noteBookmark(disk, folder, this.#bookmark(this.#place()))));
  }

  #bookmark(place: { segment: number; offset: number }): Bookmark {
    return { ...place, marksFrom: this.#marksFrom, marks: this.#sentMarks.toJSON() };
  }

  /** Where sending goes on. */
  #place(): { segment: number; offset: number } {
    const unsent = this.#segments.find(({ isSent }) => !isSent) ?? this.#current;
    return unsent === undefined
      ? { segment: this.#nextNumber, offset: 0 }
      : { segment: unsent.number, offset: unsent.ackedTo };
  }

  #makeFolder(): void {
    this.#tryTo(() => this.#options.disk.makeFolder(this.#options.folder));
  }

  /** What may fail without harm: whatever it was to do is missed later, and told then. */
  #tryTo<T>(action: () => T): T | undefined {
    try {
      return action();
    } catch {
      return undefined;
    }
  }
}

function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
}
