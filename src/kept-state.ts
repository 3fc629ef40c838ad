/** The state a daemon left behind, to be read and changed while none runs. */
import { CodedError } from '../models/errors.ts';
import type { KeptCheckpoint, KeptShard } from '../models/ports.ts';
import { decodeSnapshot, encodeSnapshot, type Snapshot, type TrackState } from '../models/snapshot.ts';
import { FileCheckpointStore } from './checkpoint.ts';
import { SystemDisk } from './ports/disk.ts';
import { FileStorage } from './ports/storage.ts';
import { TEXT } from './track-state.ts';

export class KeptState {
  readonly #store: FileCheckpointStore;
  readonly #checkpoint: KeptCheckpoint;
  /** Of each partition the newest copy that is whole. */
  readonly #shards: KeptShard[];
  /** By partition. */
  readonly #partitions: Map<number, Snapshot>;

  private constructor(store: FileCheckpointStore, checkpoint: KeptCheckpoint) {
    this.#store = store;
    this.#checkpoint = checkpoint;
    this.#shards = checkpoint.shards.map((shard) => newestWhole(checkpoint, shard));
    this.#partitions = new Map(this.#shards.map(({ partition, bytes }) => [partition, decodeSnapshot(bytes, TEXT)]));
  }

  /** @throws CodedError STATE_MISSING where no checkpoint was ever written, or what reading one throws */
  static async open(stateDir: string): Promise<KeptState> {
    const store = new FileCheckpointStore(new FileStorage(new SystemDisk(stateDir)));
    const checkpoint = await store.load();
    if (checkpoint === undefined) {
      throw new CodedError('STATE_MISSING', `${stateDir}: expected the state of a daemon that ran, found none`);
    }
    return new KeptState(store, checkpoint);
  }

  /** @throws CodedError SERIES_UNKNOWN */
  find(id: string): TrackState {
    const all = [...this.#partitions.values()].flatMap(({ tracks }) => tracks);
    const track = all.find((candidate) => candidate.id === id);
    if (track === undefined) {
      const known = all.map((candidate) => candidate.id).sort();
      const shown = known.slice(0, 10).join(', ') + (known.length > 10 ? ` and ${known.length - 10} more` : '');
      throw new CodedError(
        'SERIES_UNKNOWN',
        `expected a series of the state, got ${JSON.stringify(id)}; known: ${shown}`,
      );
    }
    return track;
  }

  /** Writes a checkpoint with the blocks as they are now. */
  async save(): Promise<void> {
    const shards = this.#shards.map(({ partition, position }) => {
      const { tracks, parked } = this.#partitions.get(partition)!;
      const rows = tracks.map((track) => ({ ...track, memory: track.block, at: 0, size: track.block.length }));
      return { partition, position, bytes: encodeSnapshot(partition, rows, TEXT, parked) };
    });
    await this.#store.save({ ...this.#checkpoint, shards });
  }
}

function newestWhole({ older }: KeptCheckpoint, newest: KeptShard): KeptShard {
  if (newest.whole) return newest;
  return older?.shards.find(({ partition, whole }) => whole && partition === newest.partition) ?? newest;
}
