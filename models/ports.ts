/**
 * What the daemon needs of the world, as interfaces: thin adapters in production, simulated ones in tests.
 *
 * Below: time, chance, storage and sockets. Above: the ordered log, checkpoints, ownership of partitions and the
 * doors that alerts leave by. Everything that can fail or differ between two runs comes through here.
 */
import type { AlertDocument } from './alert-document.ts';
import type { Batch } from './batch.ts';

export type Cancel = () => void;

export interface Clock {
  /** Epoch ms. */
  now(): number;
  every(intervalMs: number, action: () => void): Cancel;
  after(delayMs: number, action: () => void): Cancel;
}

/** Chance that nobody may guess: ids of a boot, client ids. Models use `random.ts` instead. */
export interface Rng {
  hex(bytes: number): string;
}

/**
 * Files and folders below one root, call by call as the system offers them: a call may write less than it was given,
 * throw an error with a `code`, or be the last one ever. What was not synced may be gone after a power cut, whole or in
 * part; a file's name is kept once its folder is synced.
 */
export interface Disk {
  /** `append` goes on at the end of what is there, `create` begins anew; both make the file, not its folder. */
  open(path: string, how: 'append' | 'create'): DiskFile;
  /** undefined where there is no such file. */
  read(path: string): Uint8Array | undefined;
  /** Names in a folder, sorted; none where there is no folder. */
  list(path: string): string[];
  /** With those above it; nothing happens where it is there. */
  makeFolder(path: string): void;
  rename(from: string, to: string): void;
  /** A file or a folder with everything in it; nothing happens where there is none. */
  remove(path: string): void;
  syncFolder(path: string): Promise<void>;
}

export interface DiskFile {
  /** Bytes in the file. */
  readonly size: number;
  /** Writes at the end. @returns bytes written, which may be fewer */
  write(bytes: Uint8Array): number;
  writeLater(bytes: Uint8Array): Promise<number>;
  truncate(size: number): void;
  sync(): Promise<void>;
  syncNow(): void;
  close(): void;
}

/** Whole files by path below one root. A write is there whole or not at all, and survives a power cut. */
export interface Storage {
  read(path: string): Promise<Uint8Array | undefined>;
  write(path: string, bytes: Uint8Array): Promise<void>;
  /** Names in a folder; none where there is no folder. */
  list(path: string): Promise<string[]>;
  /** A file or a folder with everything in it; nothing happens where there is none. */
  remove(path: string): Promise<void>;
}

/** Byte streams to other hosts. `Stream` is the platform's duplex stream. */
export interface Net<Stream = unknown> {
  /** @param target.tls  PEM texts for a secure stream; a peer whose certificate does not fit is always refused */
  connect(target: {
    host: string;
    port: number;
    secure: boolean;
    tls?: { ca?: string; cert?: string; key?: string };
  }): Stream;
}

/** Commands reach the state only as entries of the log, so that a replay repeats them. */
export type Command =
  /** Somebody has seen the open alert of a series. */
  | { verb: 'ack'; series: string }
  /** What the open alert of a series is about is the usual from now on; it ends with the next sample. */
  | { verb: 'accept'; series: string }
  /** From now on a source is heard again, null: every source. Nobody is overdue for the time before. */
  | { verb: 'listen'; source: string | null }
  /** A source cannot be heard: whoever is silent there may be talking. */
  | { verb: 'deaf'; source: string }
  /** So many series share the budget of a pipeline from now on. */
  | { verb: 'share'; pipeline: string; series: number }
  /** These series are a group from now on. */
  | { verb: 'group'; pipeline: string; source: string; watched: string[]; context: string[] }
  /** A series of this number begins. */
  | { verb: 'admit'; number: number; source: string; pipeline: string }
  /** What a series knows lies in this file from now on, until it is admitted again. */
  | { verb: 'park'; series: string; file: string }
  /** A parked series will not come back as it was. */
  | { verb: 'forget'; series: string }
  /** A pipeline begins or changes. `config` is as the configuration has it. */
  | { verb: 'configure'; pipeline: string; config: unknown; keepsModels: boolean }
  | { verb: 'remove'; pipeline: string }
  /** A peer has forgotten what it had sent and not yet got acknowledged. */
  | { verb: 'session'; session: number };

/** A message that its sender sends again until it is acknowledged. */
export interface Delivery {
  /** Between whom, as a checksum of their name: packet ids mean something within a session only. */
  session: number;
  packetId: number;
  /** Of topic and payload. */
  checksum: number;
}

/** What the log holds, in one order for everything: samples and ticks (as batches), commands. */
export type LogEntry =
  | { kind: 'batch'; batch: Batch; deliveries?: readonly Delivery[] }
  | { kind: 'command'; time: number; command: Command };

/** A series is known by its number for life, and by its index in the registry while the process lasts. */
export interface SeriesNumbers {
  /** −1 where there is no such series any more. */
  numberAt(index: number): number;
  /** −1 where there is no such series. */
  indexOf(number: number): number;
}

export interface LogOwner extends SeriesNumbers {
  /** Why entries are not kept any more; undefined: they are again, and there is a hole behind which state is whole. */
  onTrouble(error: unknown): void;
  onWritten(bytes: number): void;
}

export interface LogReplayer {
  /** The entry at this position comes next: what it speaks of must be there. */
  before(position: number): void;
  read(entry: LogEntry, position: number): void;
}

/** What came of reading a log again. */
export interface Replayed {
  entries: number;
  /** Entries that were there once and cannot be read. */
  missing: number;
  /** Bytes of damage, in words, for people; empty where there is none. */
  damage: string[];
}

/** The one ordered log. */
export interface SampleLog {
  /** Told once, before anything else, whose log it is. */
  open(owner: LogOwner): void;
  /** Position of the last entry that was read. */
  readonly position: number;
  /** Rows appended and not yet read. */
  readonly depth: number;
  /** Position of the oldest entry that is kept; Infinity where none is. */
  oldest(): number;
  /**
   * Position of the newest entry that is kept or waits to be read; 0 where there is none.
   * @throws CodedError LOG_VERSION for a log of a later version
   */
  newest(): number;
  /** Appends; when it returns, a process that is killed has the entry at its next start. */
  append(entry: LogEntry): void;
  /** Resolves when all that was appended is kept as safely as was asked for. Never rejects. */
  kept(): Promise<void>;
  /** Resolves when all that was appended would outlast a power cut, as far as the disk allows. Never rejects. */
  sync(): Promise<void>;
  /** Gives what is kept behind `position`, in order, and goes on from there, but not before `least`. */
  replay(position: number, replayer: LogReplayer, least?: number): Promise<Replayed>;
  /** Who reads, one entry at a time, in order, from now on. */
  read(reader: (entry: LogEntry, position: number) => void): void;
  /** Reads what waits, now. */
  readNow(): void;
  /** Resolves when everything appended so far has been read. */
  drained(): Promise<void>;
  /** Entries up to `position` will not be asked for again. */
  trim(position: number): void;
  close(): Promise<void>;
}

export interface Shard {
  partition: number;
  position: number;
  bytes: Uint8Array;
}

/** The whole state of a daemon at rest. */
export interface Checkpoint {
  /** Log position at the end, when the journal was taken; that of no shard is higher. */
  position: number;
  /** State that belongs to no track as it was at the start, before the first shard, as JSON. */
  head: unknown;
  /** Log position up to which each partition has been stepped. */
  shards: Shard[];
  /** State that belongs to no track as it was at the end, as JSON: the alert journal. */
  journal: unknown;
}

export interface KeptShard extends Shard {
  /** Whether these are the bytes that were saved. Where not, what is left of them: none where the file is gone. */
  whole: boolean;
}

export interface KeptGeneration extends Checkpoint {
  shards: KeptShard[];
}

/** The newest generation whose manifest can be read. It names every partition there is. */
export interface KeptCheckpoint extends KeptGeneration {
  /** The one before, for partitions that are not whole in the newest; it may name some that are gone since. */
  older?: KeptGeneration;
  /** Files that are gone or not what was saved. */
  damaged: string[];
}

export interface Saved {
  generation: number;
  /** Bytes written, manifests and all. */
  bytes: number;
}

export interface CheckpointStore {
  save(checkpoint: Checkpoint): Promise<Saved>;
  /** undefined where no save was ever completed. */
  load(): Promise<KeptCheckpoint | undefined>;
}

/** Which partitions this process steps. */
export interface Ownership {
  owns(partition: number): boolean;
}

export interface AlertSink {
  deliver(alert: AlertDocument): void;
}
