/**
 * What a start makes of a disk.
 *
 * A start depends on nothing but what the store loads and what the log has. Of thousands of damaged disks most come to
 * the same, so each of these is started once, and remembered by a key of what was read.
 */
import { crc32 } from 'node:zlib';
import { CodedError } from '../../models/errors.ts';
import type { CheckpointStore, Disk, KeptGeneration } from '../../models/ports.ts';
import { FileCheckpointStore } from '../../src/checkpoint.ts';
import { RECORD_HEAD, sealRecord, segmentHead } from '../../src/log/frame.ts';
import { type KeptRecord, recordsOf, segmentPath, segmentsOf } from '../../src/log/segments.ts';
import { FileStorage } from '../../src/ports/storage.ts';
import { SimDisk } from '../../test/sim/disk.ts';
import { frozenDisk } from './disks.ts';
import { Life, type Planted, type State, stateOf } from './life.ts';

/** Refusals that a person can act upon. */
const NAMED = new Set(['STATE_LOST', 'CHECKPOINT_CORRUPT', 'CHECKPOINT_VERSION', 'LOG_VERSION']);

/** Disks that are read at a time. */
const AT_ONCE = 24;

export interface Outcome {
  /** undefined where it does not start. */
  state?: State;
  /** Of the last entry that was read. */
  position: number;
  /** Entries that are said to be missing. */
  missing: number;
  /** What it says of losses and damage. */
  said: string[];
  /** Code of the refusal. */
  refusal?: string;
  /** An error that is none of those. */
  crash?: string;
}

export async function start(disk: SimDisk, planted: Planted = {}, acceptLoss = false): Promise<Outcome> {
  const life = new Life(disk, { planted });
  const said = () => life.lines.all.map(({ msg, damage, file }) => [msg, damage, file].filter(Boolean).join(' '));
  const missing = () => life.lines.all.reduce((sum, line) => sum + Number(line['missing'] ?? 0), 0);
  try {
    await life.restore(acceptLoss);
    return { state: stateOf(life.engine), position: life.engine.position, missing: missing(), said: said() };
  } catch (error) {
    const nothing = { position: 0, missing: 0, said: said() };
    if (error instanceof CodedError && NAMED.has(error.code)) return { ...nothing, refusal: error.code };
    return { ...nothing, crash: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
}

export interface Read {
  key: string;
  /** Positions of all records that can be read. */
  positions: number[];
}

/** What a start would read. */
export async function readOf(disk: Disk, store?: (disk: Disk) => CheckpointStore): Promise<Read> {
  const parts: string[] = [];
  const positions: number[] = [];
  const tell = (error: unknown) => parts.push(String(error));
  try {
    const kept = await (store?.(disk) ?? new FileCheckpointStore(new FileStorage(disk))).load();
    if (kept !== undefined) {
      parts.push(keyOf(kept), kept.damaged.join());
      if (kept.older !== undefined) parts.push(keyOf(kept.older));
    }
  } catch (error) {
    tell(error);
  }
  for (const first of segmentsOf(disk)) {
    parts.push(`segment ${first}`);
    try {
      const onDamage = ({ at, bytes }: { at: number; bytes: number }) => parts.push(`damage ${at} ${bytes}`);
      for (const { position, payload } of recordsOf(disk, first, onDamage)) {
        positions.push(position);
        parts.push(`${position} ${crc32(payload)}`);
      }
    } catch (error) {
      tell(error);
    }
  }
  return { key: parts.join('\n'), positions };
}

function keyOf({ position, head, journal, shards }: KeptGeneration): string {
  const listed = shards.map((shard) => [shard.partition, shard.position, shard.whole || crc32(shard.bytes)]);
  return JSON.stringify([position, head, journal, listed]);
}

/** Starts, each different one once. */
export class Starts {
  readonly #planted: Planted;
  readonly #known = new Map<string, Outcome>();

  constructor(planted: Planted = {}) {
    this.#planted = planted;
  }

  /** Many at once: what is compressed is read in threads. */
  async *readAll<T, D extends SimDisk | ReadonlyMap<string, Uint8Array>>(
    items: Iterable<T>,
    diskOfItem: (item: T) => D,
  ): AsyncGenerator<[T, D, Read]> {
    const waiting: Promise<[T, D, Read]>[] = [];
    for (const item of items) {
      const disk = diskOfItem(item);
      waiting.push(this.read(disk instanceof SimDisk ? disk : frozenDisk(disk)).then((read) => [item, disk, read]));
      if (waiting.length >= AT_ONCE) yield await waiting.shift()!;
    }
    for (const one of waiting) yield await one;
  }

  read(disk: Disk): Promise<Read> {
    const { disk: change, store } = this.#planted;
    return readOf(change?.(disk) ?? disk, store);
  }

  async ofRead(key: string, disk: () => SimDisk): Promise<Outcome> {
    let outcome = this.#known.get(key);
    if (outcome === undefined) this.#known.set(key, (outcome = await start(disk(), this.#planted)));
    return outcome;
  }
}

/** The log of a life from its first entry on, and the state after any of them. */
export class Reference {
  readonly #records: KeptRecord[];
  readonly #states = new Map<string, Promise<Outcome>>();

  constructor(files: ReadonlyMap<string, Uint8Array>) {
    this.#records = allRecords(files);
    this.newest =
      [...files.keys()]
        .filter((path) => path.startsWith('log/'))
        .sort()
        .at(-1) ?? '';
  }

  /** Position of the last entry. */
  get last(): number {
    return this.#records.at(-1)?.position ?? 0;
  }

  /** Path of the last file. */
  readonly newest: string;

  /** @param without  positions of entries that are left out */
  stateAt(position: number, without: ReadonlySet<number> = new Set()): Promise<Outcome> {
    const key = `${position} ${[...without].join()}`;
    let state = this.#states.get(key);
    if (state === undefined) this.#states.set(key, (state = start(this.#diskWith(position, without))));
    return state;
  }

  #diskWith(last: number, without: ReadonlySet<number>): SimDisk {
    const parts: Uint8Array[] = [segmentHead(1)];
    for (const { position, payload } of this.#records) {
      if (position > last || without.has(position)) continue;
      const record = new Uint8Array(RECORD_HEAD + payload.length);
      record.set(payload, RECORD_HEAD);
      sealRecord(record, position - 1);
      parts.push(record);
    }
    return diskOf(new Map(last === 0 ? [] : [[segmentPath(1), Buffer.concat(parts)]]));
  }
}

function allRecords(files: ReadonlyMap<string, Uint8Array>): KeptRecord[] {
  const disk = diskOf(files);
  return segmentsOf(disk).flatMap((first) => [...recordsOf(disk, first, () => {})]);
}

export function diskOf(files: ReadonlyMap<string, Uint8Array>): SimDisk {
  const disk = new SimDisk();
  for (const [path, bytes] of files) {
    disk.makeFolder(path.slice(0, path.lastIndexOf('/')));
    const file = disk.open(path, 'create');
    file.write(bytes);
    file.close();
  }
  return disk;
}
