/**
 * All tracks: who they are, which detector steps them, where their numbers lie.
 *
 * A track is the owner of one detector block; today every series is a track of its own. Tracks live in 256 logical
 * partitions by hash of their id. A partition is what is saved as one shard and what a thread or a machine will own,
 * so nothing crosses it: memory, weights and seeds belong to one partition alone. Where series share their weights, those
 * of a family in a pipeline do, or, without families, those of a pipeline in a partition: they lie in a pool
 * (models/pool.ts).
 */
import type { ContextTrack } from './context-track.ts';
import { hash32 } from './hash.ts';
import { familyOf } from './peers.ts';
import { Pool } from './pool.ts';
import { type Slot, Slots } from './slots.ts';
import type { TrackDetector } from './track-detector.ts';

export const PARTITIONS = 256;
/** Some 4,700 series of the default detector: no stream of made-up topics can take the machine's memory. */
const BYTES_MAX = 512 * 1024 * 1024;

/** What a pipeline brings to its tracks. */
export interface Model<D extends TrackDetector = TrackDetector> {
  pipeline: string;
  /** Since when its sources are heard, epoch ms: nobody is overdue for the time before. Infinity: they are not. */
  listeningSince: number;
  detector: D;
  seed: number;
  /** Pattern of sources whose series are siblings (models/peers.ts). */
  peers?: string;
  /** What the series of a source shares a partition for beside its family (src/groups.ts). */
  home?: ((source: string) => string | undefined) | undefined;
  /** Series that explain the others: ids in the order of the inputs, and what steps them. */
  context?: { ids: readonly string[]; model: Model<ContextTrack> };
}

/** What steps this series of the pipeline. */
export function modelOf(model: Model, id: string): Model {
  return model.context?.ids.includes(id) === true ? model.context.model : model;
}

export interface Track extends Slot {
  /** Position in the registry; the `series` column of a batch. */
  index: number;
  /** For life, as the log knows it; −1 for a group. */
  number: number;
  id: string;
  /** Topic + '/' + field path as received: attacker's text. */
  source: string;
  model: Model;
  partition: number;
  /** What it has in common with its siblings; undefined where it has none. */
  family: string | undefined;
  /** Of a series that shares its weights: with whom, and where in its memory they lie. */
  pool: Pool | undefined;
  weights: number | undefined;
  /** Of a series that belongs to a group: which, and its place there. */
  member: { group: Track; channel: number } | undefined;
  /** Of a group: ids of its members, the watched ones first. */
  members: readonly string[];
}

export class Registry {
  /** By index; a hole where a track was removed. */
  readonly tracks: (Track | undefined)[] = [];

  readonly #byId = new Map<string, Track>();
  readonly #slots: Map<number, Slots>[] = Array.from({ length: PARTITIONS }, () => new Map<number, Slots>());
  readonly #pools = new Map<string, Pool>();
  readonly #holes: number[] = [];
  /** Places in groups, by pipeline and id of the member, be it there or not. */
  readonly #places = new Map<string, { group: Track; channel: number }>();
  readonly #families = new Map<string, Track[]>();
  readonly #byNumber = new Map<number, Track>();
  readonly #bytesMax: number;
  readonly #seriesMax: number;
  #bytes = 0;
  #nextNumber = 0;

  /**
   * A series that does not fit is not admitted.
   * @param bytesMax  memory of all blocks together
   * @param seriesMax  series; groups of them do not count
   */
  constructor(bytesMax = BYTES_MAX, seriesMax = Infinity) {
    this.#bytesMax = bytesMax;
    this.#seriesMax = seriesMax;
  }

  /** Memory of all blocks, bytes. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Whether there is room for blocks of so many numbers more, of so many series. */
  hasRoom(numbers: number, series = 0): boolean {
    const bytes = this.#bytes + numbers * Float64Array.BYTES_PER_ELEMENT;
    return bytes <= this.#bytesMax && (series === 0 || this.#byNumber.size + series <= this.#seriesMax);
  }

  get size(): number {
    return this.#byId.size;
  }

  /** One that no series has had. */
  get nextNumber(): number {
    return this.#nextNumber;
  }

  /** No number below it is given to a series from now on. */
  reserveNumbers(below: number): void {
    this.#nextNumber = Math.max(this.#nextNumber, below);
  }

  /** Where a series of this source is kept, or would be. */
  partitionOf(id: string, source: string, model: Model): number {
    return this.#byId.get(id)?.partition ?? homeOf(id, source, model);
  }

  /** Moves a series to the partition where its model has it by now. Its bits stay as they are. */
  rehome(track: Track): void {
    const partition = homeOf(track.id, track.source, track.model);
    if (partition === track.partition || track.pool !== undefined) return;
    const { size } = track.model.detector;
    const { memory, at } = this.#slotsOf(partition, size).take();
    memory.set(track.memory.subarray(track.at, track.at + size), at);
    this.#slotsOf(track.partition, size).give({ memory: track.memory, at: track.at });
    Object.assign(track, { memory, at, partition });
  }

  numbered(number: number): Track | undefined {
    return this.#byNumber.get(number);
  }

  find(id: string): Track | undefined {
    return this.#byId.get(id);
  }

  /**
   * The track of this id, made untrained where there is none; undefined when there is no room for another.
   * @param place  number of a series, a group has none; partition where it is settled already; whether it was there
   *   before, and is not asked whether it fits
   */
  admit(
    id: string,
    source: string,
    model: Model,
    place: { number?: number; partition?: number; wasThere?: boolean } = {},
  ): Track | undefined {
    const known = this.#byId.get(id);
    if (known !== undefined) return known;
    const family = familyIn(model, source);
    const { number = -1, partition = homeOf(id, source, model), wasThere = false } = place;
    const key = poolKey(partition, model, family);
    const { sharedWeights, size } = model.detector;
    const makesPool = sharedWeights !== undefined && !this.#pools.has(key);
    const numbers = size + (makesPool ? sharedWeights.size : 0);
    if (!wasThere && !this.hasRoom(numbers, number < 0 ? 0 : 1)) return undefined;
    this.#bytes += size * Float64Array.BYTES_PER_ELEMENT;
    const pool = sharedWeights && this.#poolOf(key, model, family);
    const index = this.#holes.pop() ?? this.tracks.length;
    const track: Track = {
      index,
      number,
      id,
      source,
      model,
      partition,
      ...(pool ?? this.#slotsOf(partition, size)).take(),
      family,
      pool,
      weights: pool && 0,
      member: this.#places.get(placeOf(model, id)),
      members: [],
    };
    pool?.enter(track);
    model.detector.initialise(track.memory, track.at, hash32(id, model.seed));
    this.tracks[index] = track;
    this.#byId.set(id, track);
    if (number >= 0) {
      this.#byNumber.set(number, track);
      this.#nextNumber = Math.max(this.#nextNumber, number + 1);
    }
    if (family !== undefined) this.#enter(track, family);
    return track;
  }

  /**
   * Makes a track a group of these series, the watched ones first; the context of its pipeline, which all its groups have,
   * is last. Any other series belongs to one group, and to one of its own pipeline.
   */
  join(group: Track, members: readonly string[]): void {
    group.members = members;
    for (const [channel, id] of members.entries()) {
      if (group.model.context?.ids.includes(id) === true) continue;
      const place = { group, channel };
      this.#places.set(placeOf(group.model, id), place);
      const track = this.#byId.get(id);
      if (track?.model.pipeline === group.model.pipeline) track.member = place;
    }
  }

  remove(track: Track): void {
    if (this.#byId.get(track.id) !== track) return;
    this.#dissolve(track);
    if (track.family !== undefined) this.#leave(track, track.family);
    this.#byId.delete(track.id);
    this.#byNumber.delete(track.number);
    this.#bytes -= track.model.detector.size * Float64Array.BYTES_PER_ELEMENT;
    this.tracks[track.index] = undefined;
    this.#holes.push(track.index);
    if (track.pool === undefined) this.#slotsOf(track.partition, track.model.detector.size).give(track);
    else this.#drain(track.pool, track);
  }

  /** Tracks in the order of their index. */
  *[Symbol.iterator](): Iterator<Track> {
    for (const track of this.tracks) if (track !== undefined) yield track;
  }

  /** Tracks of a family, by id: in the same order after a restart. */
  siblings(family: string): readonly Track[] {
    return this.#families.get(family) ?? [];
  }

  #enter(track: Track, family: string): void {
    const siblings = this.#families.get(family) ?? [];
    const after = siblings.findIndex(({ id }) => id > track.id);
    siblings.splice(after < 0 ? siblings.length : after, 0, track);
    this.#families.set(family, siblings);
  }

  #leave(track: Track, family: string): void {
    const others = this.siblings(family).filter((sibling) => sibling !== track);
    if (others.length > 0) this.#families.set(family, others);
    else this.#families.delete(family);
  }

  #dissolve(group: Track): void {
    for (const id of group.members) {
      const place = placeOf(group.model, id);
      if (this.#places.get(place)?.group !== group) continue;
      this.#places.delete(place);
      const track = this.#byId.get(id);
      if (track?.member?.group === group) track.member = undefined;
    }
  }

  /** The pool of this key, with weights of its own seed where it is a new one. */
  #poolOf(key: string, model: Model, family: string | undefined): Pool {
    let pool = this.#pools.get(key);
    if (pool !== undefined) return pool;
    const { sharedWeights, size } = model.detector;
    pool = new Pool(key, family ?? '', sharedWeights!.size, size);
    sharedWeights!.initialise(pool.memory, 0, hash32(key, model.seed));
    this.#pools.set(key, pool);
    this.#bytes += pool.block.byteLength;
    return pool;
  }

  /** A pool goes with its last track. */
  #drain(pool: Pool, track: Track): void {
    pool.give(track);
    if (pool.size > 0) return;
    this.#pools.delete(pool.key);
    this.#bytes -= pool.block.byteLength;
  }

  #slotsOf(partition: number, size: number): Slots {
    const bySize = this.#slots[partition];
    let slots = bySize.get(size);
    if (slots === undefined) bySize.set(size, (slots = new Slots(size)));
    return slots;
  }
}

function familyIn({ peers }: Model, source: string): string | undefined {
  return peers === undefined ? undefined : familyOf(peers, source);
}

function homeOf(id: string, source: string, model: Model): number {
  return hash32(model.home?.(source) ?? familyIn(model, source) ?? id) % PARTITIONS;
}

function placeOf({ pipeline }: Model, id: string): string {
  return `${pipeline}/${id}`;
}

/** Who shares weights: series of one shape, pipeline and partition, and of one family where they have such. */
function poolKey(partition: number, { pipeline, detector }: Model, family = ''): string {
  return [partition, pipeline, detector.shape, family].join(' ');
}
