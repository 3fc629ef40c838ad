/**
 * The recent samples of one series, at a fixed cost: six columns of `capacity` doubles, written round and round.
 *
 * Index 0 is the oldest. Not-a-number stands for "not known". Times strictly ascend, which the charts rely on: a
 * sample that is not newer than those held replaces them, so a source whose clock jumped back is followed, not ignored.
 */
import type { SampleColumns } from '../protocol.ts';

export const RING_CAPACITY = 600;
/** The last time a Date can hold; beyond it nothing can be written on an axis. */
const TIME_MAX = 8.64e15;

export class Ring {
  readonly capacity: number;
  length = 0;
  #oldest = 0;
  readonly #t: Float64Array;
  readonly #y: Float64Array;
  readonly #e: Float64Array;
  readonly #lo: Float64Array;
  readonly #hi: Float64Array;
  readonly #z: Float64Array;

  constructor(capacity: number = RING_CAPACITY) {
    this.capacity = capacity;
    this.#t = new Float64Array(capacity);
    this.#y = new Float64Array(capacity);
    this.#e = new Float64Array(capacity);
    this.#lo = new Float64Array(capacity);
    this.#hi = new Float64Array(capacity);
    this.#z = new Float64Array(capacity);
  }

  get full(): boolean {
    return this.length === this.capacity;
  }

  clear(): void {
    this.length = 0;
    this.#oldest = 0;
  }

  append(columns: SampleColumns): void {
    const { t, y, e, lo, hi, z } = columns;
    for (let i = 0; i < t.length; i++) this.#push(t[i], y[i], e[i], lo[i], hi[i], z[i]);
  }

  time(i: number): number {
    return this.#t[this.#slot(i)];
  }
  value(i: number): number {
    return this.#y[this.#slot(i)];
  }
  expectation(i: number): number {
    return this.#e[this.#slot(i)];
  }
  lower(i: number): number {
    return this.#lo[this.#slot(i)];
  }
  upper(i: number): number {
    return this.#hi[this.#slot(i)];
  }
  surprise(i: number): number {
    return this.#z[this.#slot(i)];
  }

  /** Index of the first sample at or after `time`; `length` when there is none. */
  indexAt(time: number): number {
    let low = 0;
    let high = this.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.time(middle) < time) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #slot(i: number): number {
    return (this.#oldest + i) % this.capacity;
  }

  #push(t: number, y: number, e?: number | null, lo?: number | null, hi?: number | null, z?: number | null): void {
    if (!(Math.abs(t) <= TIME_MAX)) return;
    if (this.length > 0 && t <= this.time(this.length - 1)) this.length = this.indexAt(t);
    const slot = this.#slot(this.length);
    this.#t[slot] = t;
    this.#y[slot] = y ?? Number.NaN;
    this.#e[slot] = e ?? Number.NaN;
    this.#lo[slot] = lo ?? Number.NaN;
    this.#hi[slot] = hi ?? Number.NaN;
    this.#z[slot] = z ?? Number.NaN;
    if (this.full) this.#oldest = (this.#oldest + 1) % this.capacity;
    else this.length += 1;
  }
}
