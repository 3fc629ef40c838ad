/**
 * Series that are parked: what each knows lies in a file, and nothing of it in memory but this table.
 *
 *   keep      the block of a track into a file, at once and not yet synced
 *   enter     the track is read to be parked: it leaves the registry     (also when the log is read again)
 *   bringBack the block of the file into a track that is admitted again  (likewise)
 *   sync      what was written outlasts a power cut; before a checkpoint counts
 *   sweep     files that no checkpoint and no entry of the log that is kept will ask for are removed
 *
 * When the log is read again, the series is where it was when it was parked, and its file is written again if it is not
 * there as it should be. So a file has to be safe only once a checkpoint knows of it.
 */
import { acknowledge, isFiring } from '../models/alert.ts';
import { sampleCountOf } from '../models/order.ts';
import type { Disk } from '../models/ports.ts';
import type { Registry, Track } from '../models/registry.ts';
import { decodeSnapshot, encodeSnapshot, type ParkedState } from '../models/snapshot.ts';
import { FileStorage } from './ports/storage.ts';
import { writeWhole } from './ports/write-whole.ts';
import type { Telemetry } from './telemetry.ts';
import { TEXT, trackState } from './track-state.ts';

export interface Parked extends ParkedState {
  partition: number;
}

export interface ParkingOptions {
  registry: Registry;
  /** Absent: nothing can be parked. */
  disk: Disk | undefined;
  telemetry: Telemetry;
  /** Of the entry of the log that is read. */
  position: () => number;
}

const FOLDER = 'parked';

export class Parking {
  readonly #options: ParkingOptions;
  readonly #storage: FileStorage | undefined;
  readonly #byId = new Map<string, Parked>();
  /** Written since the last checkpoint. */
  readonly #unsynced = new Set<string>();
  /** What the disk did not take while the log was read again. */
  readonly #held = new Map<string, Uint8Array>();
  /** Files that nobody lies in any more, and the position in the log from which on. */
  readonly #left = new Map<string, number>();
  #isFailing = false;

  constructor(options: ParkingOptions) {
    this.#options = options;
    this.#storage = options.disk && new FileStorage(options.disk);
  }

  get size(): number {
    return this.#byId.size;
  }

  find(id: string): Parked | undefined {
    return this.#byId.get(id);
  }

  [Symbol.iterator](): Iterator<Parked> {
    return this.#byId.values();
  }

  /** Writes a track to a file. @returns its name; undefined where the disk does not take it */
  keep(track: Track): string | undefined {
    const file = `${FOLDER}/${track.number}.${this.#options.position() + 1}.twsn`;
    try {
      this.#write(file, bytesOf(track));
      this.#isFailing = false;
      return file;
    } catch (error) {
      if (!this.#isFailing) this.#options.telemetry.parkingFailed(error);
      this.#isFailing = true;
      this.#tryToRemove(file);
      return undefined;
    }
  }

  /** @param replaying  its file may be gone, or that of another past */
  enter(track: Track, file: string, replaying: boolean): void {
    const { registry, position, telemetry } = this.#options;
    const { id, source, number, partition, memory, at, model } = track;
    const { pipeline, detector } = model;
    if (replaying) this.#keepAgain(track, file);
    else telemetry.parked();
    this.#left.delete(file);
    this.#byId.set(id, {
      id,
      source,
      number,
      pipeline,
      partition,
      file,
      position: position(),
      samples: sampleCountOf(memory, at + detector.layout.order),
      alerting: isFiring(memory, at + detector.layout.alert),
      said: [],
    });
    registry.remove(track);
  }

  /** A track that was admitted again is as it was. False where its file is not what it should be. */
  bringBack(track: Track, replaying: boolean): boolean {
    const parked = this.#byId.get(track.id);
    if (parked === undefined) return true;
    const { telemetry } = this.#options;
    const block = this.#read(track, parked.file);
    this.#leave(parked);
    if (block === undefined) {
      telemetry.parkedLost(track.id, parked.file);
      return false;
    }
    const { memory, at, model } = track;
    memory.set(block, at);
    for (const verb of parked.said) {
      if (verb === 'ack') acknowledge(memory, at + model.detector.layout.alert);
      else model.detector.acceptRegime(memory, at);
    }
    if (!replaying) telemetry.returned();
    return true;
  }

  forget(id: string): void {
    const parked = this.#byId.get(id);
    if (parked !== undefined) this.#leave(parked);
  }

  /** As a checkpoint has it. */
  restore(parked: ParkedState, partition: number): void {
    this.#byId.set(parked.id, { ...parked, partition });
  }

  /** The log has been read again: files that nobody lies in by now are asked for by older checkpoints at most. */
  begin(): void {
    const { registry } = this.#options;
    // Admitted, and the entry that says so is lost.
    for (const { id } of this) {
      const track = registry.find(id);
      if (track !== undefined) this.bringBack(track, true);
    }
    const files = new Set([...this.#byId.values()].map(({ file }) => file));
    for (const name of this.#options.disk?.list(FOLDER) ?? []) {
      const file = `${FOLDER}/${name}`;
      if (!files.has(file) && !this.#left.has(file)) this.#left.set(file, this.#options.position());
    }
  }

  /** @throws what the disk throws */
  async sync(): Promise<void> {
    // What is parked meanwhile is for the next one.
    const due = Array.from(this.#unsynced);
    for (const file of due) {
      const bytes = this.#held.get(file) ?? this.#options.disk?.read(file);
      // Written anew: what a sync that fails leaves of a file nobody knows.
      if (bytes !== undefined) await this.#storage?.write(file, bytes);
      this.#held.delete(file);
      this.#unsynced.delete(file);
    }
  }

  /** The log will not be read again from before `position`. */
  sweep(position: number): void {
    for (const [file, since] of this.#left) {
      if (since <= position && this.#tryToRemove(file)) this.#left.delete(file);
    }
  }

  #leave({ id, file }: Parked): void {
    this.#byId.delete(id);
    this.#left.set(file, this.#options.position());
  }

  #keepAgain(track: Track, file: string): void {
    const bytes = bytesOf(track);
    try {
      const kept = this.#options.disk?.read(file);
      if (kept !== undefined && Buffer.compare(kept, bytes) === 0) this.#unsynced.add(file);
      else this.#write(file, bytes);
    } catch (error) {
      this.#options.telemetry.parkingFailed(error);
      this.#held.set(file, bytes);
      this.#unsynced.add(file);
    }
  }

  #write(file: string, bytes: Uint8Array): void {
    const { disk, telemetry } = this.#options;
    if (disk === undefined) throw new Error('there is no disk');
    disk.makeFolder(FOLDER);
    const to = disk.open(file, 'create');
    try {
      writeWhole(to, bytes);
    } finally {
      to.close();
    }
    this.#unsynced.add(file);
    telemetry.written('parked', bytes.length);
  }

  #read({ id, model }: Track, file: string): Float64Array | undefined {
    try {
      const bytes = this.#held.get(file) ?? this.#options.disk?.read(file);
      const state = bytes && decodeSnapshot(bytes, TEXT).tracks[0];
      const { shape, size } = model.detector;
      const fits = state?.id === id && state.shape === shape && state.block.length === size;
      return fits ? state.block : undefined;
    } catch {
      return undefined; // whatever is wrong with the file: it is no good
    }
  }

  #tryToRemove(file: string): boolean {
    try {
      this.#options.disk?.remove(file);
    } catch {
      return false; // the next checkpoint tries again
    }
    this.#unsynced.delete(file);
    this.#held.delete(file);
    return true;
  }
}

function bytesOf(track: Track): Uint8Array {
  return encodeSnapshot(track.partition, [trackState(track)], TEXT);
}
