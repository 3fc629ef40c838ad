/** The last checkpoint, kept in memory as a copy; saving can be held up to see what happens meanwhile. */
import type { Checkpoint, CheckpointStore, KeptCheckpoint } from '../../models/ports.ts';

export class MemoryCheckpointStore implements CheckpointStore {
  saved: Checkpoint | undefined;
  saves = 0;
  /** What a save waits for before it counts. */
  gate: () => Promise<void> = () => Promise.resolve();

  async save(checkpoint: Checkpoint): Promise<void> {
    const copy = structuredClone(checkpoint);
    await this.gate();
    this.saved = copy;
    this.saves++;
  }

  load(): Promise<KeptCheckpoint | undefined> {
    const { saved } = this;
    if (saved === undefined) return Promise.resolve(saved);
    const shards = saved.shards.map((shard) => ({ ...shard, older: [] }));
    return Promise.resolve(structuredClone({ ...saved, shards }));
  }
}
