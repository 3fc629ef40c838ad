/**
 * Checkpoints as plain files: one shard a partition, then the manifest of the generation, then what names it.
 *
 *   checkpoint/000042/017.twsn.zst    one partition, compressed
 *   checkpoint/000042/manifest.json   log positions, head and journal; length and CRC-32 of every shard
 *   checkpoint/manifest.json          the generation that counts, and the one before it
 *
 * A generation is a folder of its own that nothing is ever written to again. It counts from the moment the last file
 * names it, and the one before stays until then, so that a crash at any moment leaves a whole one. Both kinds of
 * manifest are sealed: a flipped bit, a cut file or a shard of another generation is seen, and the older copy serves.
 */
import { promisify } from 'node:util';
import { constants, crc32, zstdCompress, zstdDecompress } from 'node:zlib';
import { CodedError } from '../models/errors.ts';
import type { Checkpoint, CheckpointStore, KeptCheckpoint, KeptGeneration, Saved, Storage } from '../models/ports.ts';
import { PARTITIONS } from '../models/registry.ts';
import { seal, unseal } from './sealed.ts';

const compress = promisify(zstdCompress);
const decompress = promisify(zstdDecompress);
/** Weights compress by a third at once, and hardly more with any patience. */
const QUICKLY = { params: { [constants.ZSTD_c_compressionLevel]: 1 } };

/** More than all memory for series could hold. */
const SHARD_BYTES_MAX = 4 * 1024 ** 3;

const FOLDER = 'checkpoint';
const POINTER = `${FOLDER}/manifest.json`;
const GENERATION = /^\d{6,}$/;
const FORMAT = 2;

interface Sealed {
  format: number;
  partitions: number;
  generation: number;
}

interface Pointer extends Sealed {
  before: number | null;
}

interface Manifest extends Sealed {
  position: number;
  head: unknown;
  shards: { partition: number; position: number; size: number; crc: number }[];
  journal: unknown;
}

/** What is there. */
interface Survey {
  names: string[];
  /** The newest that can be read and the one before it. */
  manifests: Manifest[];
  /** The generation that counts; those beyond were not completed. */
  last: number;
  /** Higher than that of any generation there is. */
  next: number;
  damaged: string[];
}

export class FileCheckpointStore implements CheckpointStore {
  readonly #storage: Storage;

  constructor(storage: Storage) {
    this.#storage = storage;
  }

  /** @throws CodedError CHECKPOINT_VERSION rather than touch what another version wrote, or what the storage throws */
  async save(checkpoint: Checkpoint): Promise<Saved> {
    const { names, manifests, last, next } = await this.#survey();
    // What no pointer ever named may be there today and gone after a power cut.
    const before = names.includes('manifest.json') ? (manifests[0]?.generation ?? null) : null;
    // A save that failed may have left most of a generation, and the disk may be full of it. Older ones stay: the
    // pointer that a power cut brings back may be the one before.
    await this.#remove(names, (generation) => generation > last);
    const generation = { format: FORMAT, partitions: PARTITIONS, generation: next };
    let bytes = 0;
    const write = async (path: string, content: Uint8Array) => {
      await this.#storage.write(path, content);
      bytes += content.length;
    };
    const listed: Manifest['shards'] = [];
    for (const { partition, position, bytes: plain } of checkpoint.shards) {
      const packed = await compress(plain, QUICKLY);
      await write(shardPath(next, partition), packed);
      listed.push({ partition, position, size: packed.length, crc: crc32(packed) });
    }
    await write(manifestPath(next), seal(manifestOf(generation, checkpoint, listed)));
    const pointer: Pointer = { ...generation, before };
    await write(POINTER, seal(pointer));
    await this.#remove(await this.#storage.list(FOLDER), (number) => number !== next && number !== before);
    return { generation: next, bytes };
  }

  /** @throws CodedError CHECKPOINT_CORRUPT, CHECKPOINT_VERSION when what is there cannot be trusted */
  async load(): Promise<KeptCheckpoint | undefined> {
    const { manifests, damaged } = await this.#survey();
    const [newest, before] = manifests;
    if (newest !== undefined) {
      const kept = await this.#read(newest, damaged);
      return { ...kept, ...(before === undefined ? {} : { older: await this.#read(before, damaged) }), damaged };
    }
    if (damaged.length === 0) return undefined;
    throw new CodedError('CHECKPOINT_CORRUPT', `${damaged.join(', ')}: expected what was saved, got something else`);
  }

  async #survey(): Promise<Survey> {
    const names = await this.#storage.list(FOLDER);
    const damaged: string[] = [];
    const pointer = await this.#readSealed<Pointer>(POINTER, damaged);
    const present = names
      .filter((name) => GENERATION.test(name))
      .map(Number)
      .sort((a, b) => b - a);
    // What the pointer does not name was not completed, or is half removed; without one, whole manifests are it.
    const named = pointer && [pointer.generation, ...(pointer.before === null ? [] : [pointer.before])];
    const manifests: Manifest[] = [];
    for (const number of named ?? present) {
      const path = manifestPath(number);
      const manifest = await this.#readSealed<Manifest>(path, damaged, named !== undefined);
      if (manifest !== undefined && manifest.generation !== number) damaged.push(path);
      else if (manifest !== undefined && manifests.length < 2) manifests.push(manifest);
    }
    const last = pointer?.generation ?? manifests[0]?.generation ?? 0;
    return { names, manifests, last, next: Math.max(last, ...present) + 1, damaged };
  }

  /** undefined where it cannot be read; damage unless it is not there and need not be. */
  async #readSealed<T extends Sealed>(path: string, damaged: string[], expected = false): Promise<T | undefined> {
    const bytes = await this.#storage.read(path);
    const sealed = bytes && ((unseal(bytes) ?? unsealed(bytes)) as T | undefined);
    if (sealed === undefined) {
      if (expected || bytes !== undefined) damaged.push(path);
      return undefined;
    }
    if (sealed.format === FORMAT && sealed.partitions === PARTITIONS) return sealed;
    throw new CodedError(
      'CHECKPOINT_VERSION',
      `${path}: expected format ${FORMAT} with ${PARTITIONS} partitions, got format ${sealed.format} with ${sealed.partitions}`,
    );
  }

  async #read({ generation, position, head, shards, journal }: Manifest, damaged: string[]): Promise<KeptGeneration> {
    const kept: KeptGeneration = { position, head, shards: [], journal };
    for (const shard of shards) {
      const path = shardPath(generation, shard.partition);
      const packed = (await this.#storage.read(path)) ?? new Uint8Array();
      const whole = packed.length === shard.size && crc32(packed) === shard.crc;
      if (!whole) damaged.push(path);
      const bytes = await unpack(packed);
      kept.shards.push({ partition: shard.partition, position: shard.position, bytes, whole });
    }
    return kept;
  }

  /** Removes generations, and what failed writes left beside. */
  async #remove(names: readonly string[], isOver: (generation: number) => boolean): Promise<void> {
    for (const name of names) {
      if (name.endsWith('.tmp') || (GENERATION.test(name) && isOver(Number(name)))) {
        await this.#storage.remove(`${FOLDER}/${name}`);
      }
    }
  }
}

/** Of what is damaged there may be nothing left that can be unpacked. */
async function unpack(packed: Uint8Array): Promise<Uint8Array> {
  try {
    const { buffer, byteOffset, length } = await decompress(packed, { maxOutputLength: SHARD_BYTES_MAX });
    return new Uint8Array(buffer, byteOffset, length);
  } catch {
    return new Uint8Array();
  }
}

function manifestOf(generation: Sealed, { position, head, journal }: Checkpoint, shards: Manifest['shards']): Manifest {
  return { ...generation, position, head, shards, journal };
}

function folderOf(generation: number): string {
  return `${FOLDER}/${String(generation).padStart(6, '0')}`;
}

function manifestPath(generation: number): string {
  return `${folderOf(generation)}/manifest.json`;
}

function shardPath(generation: number, partition: number): string {
  return `${folderOf(generation)}/${String(partition).padStart(3, '0')}.twsn.zst`;
}

/** The manifest of another format, which need not be sealed our way. undefined where it is none. */
function unsealed(bytes: Uint8Array): unknown {
  try {
    const value = JSON.parse(Buffer.from(bytes).toString()) as { crc?: unknown; format?: unknown } | null;
    const isOther = value?.crc === undefined && typeof value?.format === 'number' && value.format !== FORMAT;
    return isOther ? value : undefined;
  } catch {
    return undefined;
  }
}
