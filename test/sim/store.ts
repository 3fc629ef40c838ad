/** The last two checkpoints, kept in memory as copies; saving can be held up to see what happens meanwhile. */
import type { Checkpoint, CheckpointStore, KeptCheckpoint } from '../../models/ports.ts';

export class MemoryCheckpointStore implements CheckpointStore {
  saved: Checkpoint | undefined;
  before: Checkpoint | undefined;
  saves = 0;
  /** What a save waits for before it counts. */
  gate: () => Promise<void> = () => Promise.resolve();

  async save(checkpoint: Checkpoint): Promise<void> {
    const copy = structuredClone(checkpoint);
    await this.gate();
    this.before = this.saved;
    this.saved = copy;
    this.saves++;
  }

  load(): Promise<KeptCheckpoint | undefined> {
    const { before, saved } = this;
    if (saved === undefined) return Promise.resolve(saved);
    const shards = saved.shards.map((shard) => {
      const older = before?.shards.filter(({ partition }) => partition === shard.partition) ?? [];
      return { ...shard, older: older.map(({ bytes }) => bytes) };
    });
    return Promise.resolve(structuredClone({ ...saved, shards }));
  }
}
