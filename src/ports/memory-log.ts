/**
 * The ordered log in memory: entries are read in the order they were appended, one a turn of the event loop, so that
 * sockets and timers are served between two batches however long the queue is.
 *
 * It is bounded by whoever appends: `depth` tells how far reading lags behind.
 */
import type { LogEntry, LogReplayer, Replayed, SampleLog } from '../../models/ports.ts';

export class MemoryLog implements SampleLog {
  position = 0;
  depth = 0;
  readonly #entries: LogEntry[] = [];
  #head = 0;
  #reader: ((entry: LogEntry, position: number) => void) | undefined;
  #scheduled: NodeJS.Immediate | undefined;
  #waiting: { position: number; resolve: () => void }[] = [];

  open(): void {}

  oldest(): number {
    return Infinity;
  }

  newest(): number {
    return this.position + this.#entries.length - this.#head;
  }

  append(entry: LogEntry): void {
    this.#entries.push(entry);
    this.depth += rowsOf(entry);
    this.#schedule();
  }

  kept(): Promise<void> {
    return Promise.resolve();
  }

  sync(): Promise<void> {
    return Promise.resolve();
  }

  /** Nothing outlasts the process. */
  replay(position: number, _replayer?: LogReplayer, least = 0): Promise<Replayed> {
    this.position = Math.max(position, least);
    return Promise.resolve({ entries: 0, missing: 0, damage: [] });
  }

  read(reader: (entry: LogEntry, position: number) => void): void {
    this.#reader = reader;
    this.#schedule();
  }

  readNow(): void {
    if (this.#reader === undefined) return;
    while (this.#head < this.#entries.length) this.#readOne();
  }

  drained(): Promise<void> {
    if (this.#head === this.#entries.length) return Promise.resolve();
    const position = this.position + this.#entries.length - this.#head;
    return new Promise((resolve) => this.#waiting.push({ position, resolve }));
  }

  trim(_position: number): void {}

  close(): Promise<void> {
    this.#reader = undefined;
    if (this.#scheduled !== undefined) clearImmediate(this.#scheduled);
    this.#scheduled = undefined;
    return Promise.resolve();
  }

  #schedule(): void {
    if (this.#reader === undefined || this.#scheduled !== undefined || this.#head === this.#entries.length) return;
    this.#scheduled = setImmediate(() => {
      this.#scheduled = undefined;
      if (this.#head < this.#entries.length) this.#readOne();
      this.#schedule();
    });
  }

  #readOne(): void {
    const entry = this.#entries[this.#head++];
    // A queue that never shrinks from the front would leak; one copy for every thousand entries is cheap.
    if (this.#head === this.#entries.length) this.#forgetRead();
    else if (this.#head > 1024) this.#forgetRead();
    this.depth -= rowsOf(entry);
    this.position++;
    this.#reader?.(entry, this.position);
    while (this.#waiting.length > 0 && this.#waiting[0].position <= this.position) this.#waiting.shift()!.resolve();
  }

  #forgetRead(): void {
    this.#entries.splice(0, this.#head);
    this.#head = 0;
  }
}

function rowsOf(entry: LogEntry): number {
  return entry.kind === 'batch' ? Math.max(1, entry.batch.length) : 1;
}
