/** The last two checkpoints, kept in memory as copies; saving can be held up to see what happens meanwhile. */
import { crc32 } from '../../models/crc32.ts';
import type { Checkpoint, CheckpointStore, KeptCheckpoint, KeptGeneration, Saved, Shard } from '../../models/ports.ts';

export class MemoryCheckpointStore implements CheckpointStore {
  saved: Checkpoint | undefined;
  before: Checkpoint | undefined;
  saves = 0;
  /** Checksums of shards as they were saved. */
  readonly #sums = new Map<Shard, number>();
  /** What a save waits for before it counts. */
  gate: () => Promise<void> = () => Promise.resolve();

  async save(checkpoint: Checkpoint): Promise<Saved> {
    const copy = structuredClone(checkpoint);
    await this.gate();
    this.before = this.saved;
    this.saved = copy;
    for (const shard of copy.shards) this.#sums.set(shard, crc32(shard.bytes));
    const bytes = copy.shards.reduce((sum, shard) => sum + shard.bytes.length, 0);
    return { generation: ++this.saves, bytes };
  }

  load(): Promise<KeptCheckpoint | undefined> {
    const { before, saved } = this;
    if (saved === undefined) return Promise.resolve(saved);
    const older = before === undefined ? {} : { older: this.#kept(before) };
    return Promise.resolve({ ...this.#kept(saved), ...older, damaged: [] });
  }

  #kept(checkpoint: Checkpoint): KeptGeneration {
    const shards = checkpoint.shards.map((shard) => {
      return { ...shard, bytes: shard.bytes.slice(), whole: crc32(shard.bytes) === this.#sums.get(shard) };
    });
    return { ...checkpoint, shards };
  }
}
