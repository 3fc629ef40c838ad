/**
 * Checkpoints as plain files: one shard a partition, the manifest last.
 *
 *   checkpoint/000042/017.twsn     one partition
 *   checkpoint/manifest.json       generation, partitions, log positions, the alert journal
 *
 * A checkpoint counts from the moment the manifest names it; the generation before stays until then, so that a crash
 * at any moment leaves one whole generation. Each track inside a shard has a checksum of its own.
 */
import { CodedError } from '../models/errors.ts';
import type { Checkpoint, CheckpointStore, KeptCheckpoint, Storage } from '../models/ports.ts';
import { PARTITIONS } from '../models/registry.ts';

const MANIFEST = 'checkpoint/manifest.json';
const FORMAT = 1;

interface Manifest {
  format: number;
  partitions: number;
  generation: number;
  shards: { partition: number; position: number }[];
  journal: unknown;
}

export class FileCheckpointStore implements CheckpointStore {
  readonly #storage: Storage;
  #generation = 0;

  constructor(storage: Storage) {
    this.#storage = storage;
  }

  async save(checkpoint: Checkpoint): Promise<void> {
    const generation = this.#generation + 1;
    for (const { partition, bytes } of checkpoint.shards) {
      await this.#storage.write(shardPath(generation, partition), bytes);
    }
    const manifest: Manifest = {
      format: FORMAT,
      partitions: PARTITIONS,
      generation,
      shards: checkpoint.shards.map(({ partition, position }) => ({ partition, position })),
      journal: checkpoint.journal,
    };
    await this.#storage.write(MANIFEST, Buffer.from(JSON.stringify(manifest)));
    this.#generation = generation;
    await this.#removeOlder(generation);
  }

  /** @throws CodedError CHECKPOINT_CORRUPT, CHECKPOINT_VERSION when what is there cannot be trusted */
  async load(): Promise<KeptCheckpoint | undefined> {
    const bytes = await this.#storage.read(MANIFEST);
    if (bytes === undefined) return undefined;
    const manifest = parseManifest(bytes);
    this.#generation = manifest.generation;
    const shards: KeptCheckpoint['shards'] = [];
    for (const { partition, position } of manifest.shards) {
      const newest = await this.#storage.read(shardPath(manifest.generation, partition));
      const before = await this.#storage.read(shardPath(manifest.generation - 1, partition));
      // A file that is gone is damage like any other.
      const bytes = newest ?? new Uint8Array();
      shards.push({ partition, position, bytes, older: before === undefined ? [] : [before] });
    }
    return { shards, journal: manifest.journal };
  }

  /** Two generations stay: the newest, and the one before for a shard that turns out to be damaged. */
  async #removeOlder(generation: number): Promise<void> {
    for (const name of await this.#storage.list('checkpoint')) {
      const kept = Number(name) === generation || Number(name) === generation - 1;
      if (/^\d{6,}$/.test(name) && !kept) await this.#storage.remove(`checkpoint/${name}`);
    }
  }
}

function shardPath(generation: number, partition: number): string {
  return `checkpoint/${String(generation).padStart(6, '0')}/${String(partition).padStart(3, '0')}.twsn`;
}

function parseManifest(bytes: Uint8Array): Manifest {
  let manifest: Manifest | null;
  try {
    manifest = JSON.parse(Buffer.from(bytes).toString('utf8')) as Manifest | null;
  } catch (error) {
    throw new CodedError('CHECKPOINT_CORRUPT', `${MANIFEST}: expected JSON`, { cause: error });
  }
  if (manifest === null || typeof manifest !== 'object' || Array.isArray(manifest)) {
    throw new CodedError('CHECKPOINT_CORRUPT', `${MANIFEST}: expected an object`);
  }
  if (manifest.format !== FORMAT || manifest.partitions !== PARTITIONS) {
    throw new CodedError(
      'CHECKPOINT_VERSION',
      `${MANIFEST}: expected format ${FORMAT} with ${PARTITIONS} partitions, got format ${String(manifest.format)} with ${String(manifest.partitions)}`,
    );
  }
  if (!Number.isSafeInteger(manifest.generation) || !Array.isArray(manifest.shards)) {
    throw new CodedError('CHECKPOINT_CORRUPT', `${MANIFEST}: expected a generation and its shards`);
  }
  return manifest;
}
