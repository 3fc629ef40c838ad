/** The last two checkpoints, kept in memory as copies; saving can be held up to see what happens meanwhile. */
import type { Checkpoint, CheckpointStore, KeptCheckpoint, KeptGeneration, Saved } from '../../models/ports.ts';

export class MemoryCheckpointStore implements CheckpointStore {
  saved: Checkpoint | undefined;
  before: Checkpoint | undefined;
  saves = 0;
  /** What a save waits for before it counts. */
  gate: () => Promise<void> = () => Promise.resolve();

  async save(checkpoint: Checkpoint): Promise<Saved> {
    const copy = structuredClone(checkpoint);
    await this.gate();
    this.before = this.saved;
    this.saved = copy;
    const bytes = copy.shards.reduce((sum, shard) => sum + shard.bytes.length, 0);
    return { generation: ++this.saves, bytes };
  }

  load(): Promise<KeptCheckpoint | undefined> {
    const { before, saved } = this;
    if (saved === undefined) return Promise.resolve(saved);
    const older = before === undefined ? {} : { older: kept(before) };
    return Promise.resolve({ ...kept(saved), ...older, damaged: [] });
  }
}

/** The store knows of no damage: what a test does to a shard, the snapshot has to see. */
function kept(checkpoint: Checkpoint): KeptGeneration {
  const copy = structuredClone(checkpoint);
  return { ...copy, shards: copy.shards.map((shard) => ({ ...shard, whole: true })) };
}
