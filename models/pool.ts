/**
 * Memory of tracks that share what they learn: one set of weights and moments, and behind it a slot for each track.
 *
 *   [ weights | block | block | block | ··· ]      all in one array, for a network computes in one memory
 *
 * It doubles when it is full. Then the array is another one, which its tracks are told; places in it stay.
 */
import type { Slot } from './slots.ts';

export class Pool {
  /** Of the registry. */
  readonly key: string;
  /** What its tracks have in common; empty where that is no more than their pipeline. */
  readonly family: string;
  readonly weightsSize: number;
  readonly #slotSize: number;
  readonly #tracks = new Set<Slot>();
  readonly #free: number[] = [];
  #memory: Float64Array;

  constructor(key: string, family: string, weightsSize: number, slotSize: number) {
    this.key = key;
    this.family = family;
    this.weightsSize = weightsSize;
    this.#slotSize = slotSize;
    this.#memory = new Float64Array(weightsSize + slotSize);
    this.#free.push(weightsSize);
  }

  get memory(): Float64Array {
    return this.#memory;
  }

  /** Tracks that have a slot. */
  get size(): number {
    return this.#tracks.size;
  }

  /** The weights and moments as they lie there. */
  get block(): Float64Array {
    return this.#memory.subarray(0, this.weightsSize);
  }

  /** Takes over weights of a checkpoint; each track brings the same ones. They stay as they are where those are damaged. */
  restore(weights: Float64Array): void {
    if (weights.length === this.weightsSize) this.#memory.set(weights);
  }

  /** A place for the block of a track, which is then to `enter`. */
  take(): Slot {
    if (this.#free.length === 0) this.#grow();
    return { memory: this.#memory, at: this.#free.pop()! };
  }

  /** From here on the track is told where its memory is. */
  enter(track: Slot): void {
    this.#tracks.add(track);
  }

  give(track: Slot): void {
    if (this.#tracks.delete(track)) this.#free.push(track.at);
  }

  #grow(): void {
    const slots = (this.#memory.length - this.weightsSize) / this.#slotSize;
    const memory = new Float64Array(this.weightsSize + 2 * slots * this.#slotSize);
    memory.set(this.#memory);
    for (let i = 2 * slots - 1; i >= slots; i--) this.#free.push(this.weightsSize + i * this.#slotSize);
    this.#memory = memory;
    for (const track of this.#tracks) track.memory = memory;
  }
}
