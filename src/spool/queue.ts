/** What waits to be sent, oldest first, whether it lies in memory or on disk. */
import { Fifo } from '../fifo.ts';
import { LANE } from './marks.ts';
import type { Spool } from './spool.ts';

/** Where in the log things come from; see `marks.ts`. */
export interface Origin {
  position: number;
  lane: number;
}

/** undefined for what comes of no log. */
export function originOf(position: number | undefined, lane: keyof typeof LANE): Origin | undefined {
  return position === undefined ? undefined : { position, lane: LANE[lane] };
}

export interface Queue<T> {
  /** Items to be taken. */
  readonly length: number;
  /** Whether what is in it is there again after a restart. */
  readonly durable: boolean;
  /** @returns items that came in; none where a replay brings what is there already */
  push(items: readonly T[], origin: Origin | undefined): number;
  /** Items that are under way from then on. */
  take(max: number): T[];
  /** The oldest under way are done with. */
  settle(count: number): void;
  /** All under way are to be taken again. */
  putBack(): void;
}

export class MemoryQueue<T> implements Queue<T> {
  readonly durable = false;
  readonly #max: number;
  readonly #onDropped: (count: number, why: string) => void;
  readonly #waiting = new Fifo<T>();
  readonly #taken = new Fifo<T>();

  /** @param max  items that may wait; beyond it the oldest goes */
  constructor(max: number, onDropped: (count: number, why: string) => void) {
    this.#max = max;
    this.#onDropped = onDropped;
  }

  get length(): number {
    return this.#waiting.length;
  }

  push(items: readonly T[]): number {
    for (const item of items) this.#waiting.push(item);
    this.#bound();
    return items.length;
  }

  take(max: number): T[] {
    const items = this.#waiting.take(max);
    for (const item of items) this.#taken.push(item);
    return items;
  }

  settle(count: number): void {
    this.#taken.take(count);
  }

  putBack(): void {
    this.#waiting.putBack(this.#taken.take(this.#taken.length));
    this.#bound();
  }

  #bound(): void {
    const excess = this.#waiting.take(this.#waiting.length - this.#max).length;
    if (excess > 0) this.#onDropped(excess, 'queue full');
  }
}

/** How items become text on disk, and come back: a checksum stands for what is decoded. */
export interface Codec<T> {
  encode(item: T): string;
  decode(text: string): T;
}

export class SpoolQueue<T> implements Queue<T> {
  readonly durable = true;
  readonly #spool: Spool;
  readonly #codec: Codec<T>;

  constructor(spool: Spool, codec: Codec<T>) {
    this.#spool = spool;
    this.#codec = codec;
  }

  get length(): number {
    return this.#spool.length;
  }

  push(items: readonly T[], origin: Origin | undefined): number {
    const payloads = items.map((item) => Buffer.from(this.#codec.encode(item)));
    return this.#spool.push(origin?.position, payloads, origin?.lane ?? 0) ? items.length : 0;
  }

  take(max: number): T[] {
    return this.#spool.take(max).map((bytes) => this.#codec.decode(bytes.toString()));
  }

  settle(count: number): void {
    this.#spool.ack(count);
  }

  putBack(): void {
    this.#spool.putBack();
  }
}

export interface QueueOptions<T> {
  /** undefined: in memory. */
  spool: Spool | undefined;
  /** Items in memory. */
  max: number;
  codec: Codec<T>;
  onDropped: (count: number, why: string) => void;
}

export function queueOf<T>({ spool, max, codec, onDropped }: QueueOptions<T>): Queue<T> {
  return spool === undefined ? new MemoryQueue(max, onDropped) : new SpoolQueue(spool, codec);
}
