/**
 * Memory for detector blocks of one size: slots of fixed size in slabs of eight, handed out and taken back.
 *
 * A slot never moves while it is used, so a track keeps its (memory, at) for life; a slot given back is reused first.
 */
const SLOTS_PER_SLAB = 8;
/** A larger one, such as that of a wide group, stands alone and is not kept for another: few are of its size. */
const NUMBERS_SHARED_MAX = 32_768;

export interface Slot {
  memory: Float64Array;
  at: number;
}

export class Slots {
  readonly size: number;
  readonly #free: Slot[] = [];

  constructor(size: number) {
    this.size = size;
  }

  take(): Slot {
    if (this.size > NUMBERS_SHARED_MAX) return { memory: new Float64Array(this.size), at: 0 };
    if (this.#free.length === 0) {
      const memory = new Float64Array(this.size * SLOTS_PER_SLAB);
      for (let i = SLOTS_PER_SLAB - 1; i >= 0; i--) this.#free.push({ memory, at: i * this.size });
    }
    return this.#free.pop()!;
  }

  give(slot: Slot): void {
    if (this.size > NUMBERS_SHARED_MAX) return;
    this.#free.push({ memory: slot.memory, at: slot.at });
  }
}
