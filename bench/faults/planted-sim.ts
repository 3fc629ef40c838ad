/** Faults planted in a daemon, each of which has to be found: a harness that finds none of them finds nothing. */
import type {
  Checkpoint,
  CheckpointStore,
  Disk,
  KeptCheckpoint,
  LogEntry,
  LogOwner,
  Replayed,
  SampleLog,
  Saved,
} from '../../models/ports.ts';
import { RECORD_HEAD, SEGMENT_HEAD, sealRecord } from '../../src/log/frame.ts';
import type { Row } from '../rows.ts';
import { measuredRow } from '../rows.ts';
import { killEverywhere } from './calls.ts';
import { changed, changedFiles } from '../../test/sim/changed-disk.ts';
import type { Findings } from './findings.ts';
import { damageEverywhere } from './flips.ts';
import { failEverywhere } from './full.ts';
import type { Planted } from './life.ts';
import { cutAnywhere } from './power.ts';

/** A log that is another but for what a subclass does. */
class OtherLog implements SampleLog {
  protected readonly log: SampleLog;

  constructor(log: SampleLog) {
    this.log = log;
  }

  get position(): number {
    return this.log.position;
  }

  get depth(): number {
    return this.log.depth;
  }

  open(owner: LogOwner): void {
    this.log.open(owner);
  }

  oldest(): number {
    return this.log.oldest();
  }

  newest(): number {
    return this.log.newest();
  }

  append(entry: LogEntry): void {
    this.log.append(entry);
  }

  kept(): Promise<void> {
    return this.log.kept();
  }

  sync(): Promise<void> {
    return this.log.sync();
  }

  replay(...args: Parameters<SampleLog['replay']>): Promise<Replayed> {
    return this.log.replay(...args);
  }

  read(reader: (entry: LogEntry, position: number) => void): void {
    this.log.read(reader);
  }

  readNow(): void {
    this.log.readNow();
  }

  drained(): Promise<void> {
    return this.log.drained();
  }

  trim(position: number): void {
    this.log.trim(position);
  }

  close(): Promise<void> {
    return this.log.close();
  }
}

/** Says that an entry is kept, and writes it a turn later. */
class LateLog extends OtherLog {
  readonly #late: LogEntry[] = [];

  override append(entry: LogEntry): void {
    this.#late.push(entry);
    setImmediate(() => this.#write());
  }

  override sync(): Promise<void> {
    this.#write();
    return super.sync();
  }

  override readNow(): void {
    this.#write();
    super.readNow();
  }

  override drained(): Promise<void> {
    this.#write();
    return super.drained();
  }

  #write(): void {
    for (const entry of this.#late.splice(0)) this.log.append(entry);
  }
}

/** Forgets what a checkpoint will have, before it has it. */
class EagerLog extends OtherLog {
  override sync(): Promise<void> {
    this.trim(this.position);
    return super.sync();
  }
}

/** Writes each partition over the one before. */
class InPlaceStore implements CheckpointStore {
  readonly #disk: Disk;

  constructor(disk: Disk) {
    this.#disk = disk;
  }

  async save({ shards, ...rest }: Checkpoint): Promise<Saved> {
    this.#disk.makeFolder('state');
    for (const { partition, bytes } of shards) await this.#write(String(partition), bytes);
    const places = shards.map(({ partition, position }) => ({ partition, position }));
    await this.#write('rest', Buffer.from(JSON.stringify({ ...rest, shards: places })));
    return { generation: 1, bytes: 1 };
  }

  async load(): Promise<KeptCheckpoint | undefined> {
    const rest = this.#disk.read('state/rest');
    if (rest === undefined) return undefined;
    const { shards, ...others } = JSON.parse(Buffer.from(rest).toString()) as Checkpoint;
    const kept = shards.map((shard) => {
      return { ...shard, bytes: this.#disk.read(`state/${shard.partition}`) ?? new Uint8Array(), whole: true };
    });
    return { ...others, shards: kept, damaged: [] };
  }

  async #write(name: string, bytes: Uint8Array): Promise<void> {
    const file = this.#disk.open(`state/${name}`, 'create');
    await file.writeLater(bytes);
    await file.sync();
    file.close();
  }
}

/** Takes every record of the log for whole that has a beginning and an end. */
function unchecked(bytes: Uint8Array): Uint8Array {
  const copy = bytes.slice();
  for (let at = SEGMENT_HEAD; at + RECORD_HEAD <= copy.length;) {
    const [, low, middle, high] = copy.subarray(at);
    const record = copy.subarray(at, at + RECORD_HEAD + (low | (middle << 8) | (high << 16)));
    const [first, second, third] = record.subarray(4);
    sealRecord(record, first | (second << 8) | (third << 16));
    at += record.length;
  }
  return copy;
}

function uncheckedLog(disk: Disk): Disk {
  return changed(disk, {
    read: (path) => {
      const bytes = disk.read(path);
      return bytes !== undefined && path.startsWith('log/') ? unchecked(bytes) : bytes;
    },
  });
}

/** Takes a write for done, however little of it was. */
function longWrites(disk: Disk): Disk {
  return changedFiles(disk, (file) => ({ write: (bytes) => Math.max(file.write(bytes), bytes.length) }));
}

/** @param first  call that is of interest */
function kills(planted: Planted, first = 5): Promise<Findings> {
  return killEverywhere({ planted, first, stride: 3, untilFound: true });
}

/** The name of each fault, and the part of the harness that has to find it. */
export const PLANTED: Readonly<Record<string, () => Promise<Findings>>> = {
  acknowledged_unwritten: () => kills({ log: (log) => new LateLog(log) }),
  no_deduplication: () => kills({ isForgetful: true }),
  checkpoint_in_place: () => kills({ store: (disk) => new InPlaceStore(disk) }, 101),
  trim_before_checkpoint: () => kills({ log: (log) => new EagerLog(log) }),
  no_datasync: () => cuts({ disk: (disk) => changedFiles(disk, () => ({ sync: () => Promise.resolve() })) }),
  no_folder_sync: () => cuts({ disk: (disk) => changed(disk, { syncFolder: () => Promise.resolve() }) }),
  no_checksum: () =>
    damageEverywhere({ stride: 37, shardStride: 100_000, planted: { disk: uncheckedLog }, untilFound: true }),
  short_writes: () => failEverywhere('short', { planted: { disk: longWrites }, untilFound: true }),
};

function cuts(planted: Planted): Promise<Findings> {
  return cutAnywhere({ fsync: 'always', lives: 6, moments: 20, cuts: 20, seed: 1, planted, untilFound: true });
}

export const name = 'planted_sim';

export async function run(): Promise<Row[]> {
  const rows: Row[] = [];
  for (const [name, find] of Object.entries(PLANTED)) {
    const { violations } = await find();
    rows.push(measuredRow(`planted_${name}_caught`, [violations], { unit: 'states', better: 'higher', bar: 1 }));
  }
  return rows;
}
