/**
 * One dashboard: what it subscribed to, and what waits to be sent to it.
 *
 * Samples wait conflated, a bounded stretch for each series, while the socket is slow; alerts never wait, and a client
 * that cannot even take those is closed, so that nobody's slow network grows our memory.
 */
import type { WebSocket } from 'ws';
import { emptyColumns, type SampleColumns } from '../../pipelines/thin.ts';
import type { ServerMessage } from '../protocol.ts';
import { appendColumns } from '../recent.ts';

/** Above this, samples wait. */
const SAMPLES_BUFFERED_MAX = 256 * 1024;
/** Above this, the client is closed. */
const BUFFERED_MAX = 1024 * 1024;
const WAITING_SAMPLES_MAX = 600;
const TRY_AGAIN_LATER = 1013;

export interface Subscription {
  matches(series: string): boolean;
  samples: boolean;
  alerts: boolean;
  /** Time between two sample messages of a series, ms. */
  intervalMs: number;
}

export class Client {
  readonly socket: WebSocket;
  subscription: Subscription | undefined;
  /** Pings without an answer. */
  missedPings = 0;
  readonly #waiting = new Map<string, SampleColumns>();
  #sentAt = -Infinity;
  /** Bytes of the last snapshot that may still be under way: it goes in one piece, so it does not count as slowness. */
  #snapshotBytes = 0;

  constructor(socket: WebSocket) {
    this.socket = socket;
  }

  /** False when the client could not take it and was closed. */
  send(message: ServerMessage): boolean {
    if (this.socket.readyState !== this.socket.OPEN) return true;
    const { bufferedAmount } = this.socket;
    this.#snapshotBytes = Math.min(this.#snapshotBytes, bufferedAmount);
    if (bufferedAmount > BUFFERED_MAX + this.#snapshotBytes) {
      this.socket.close(TRY_AGAIN_LATER, 'too slow');
      return false;
    }
    const text = JSON.stringify(message);
    if (message.type === 'snapshot') this.#snapshotBytes = Buffer.byteLength(text);
    this.socket.send(text);
    return true;
  }

  queue(columns: SampleColumns): void {
    if (this.subscription?.samples !== true || !this.subscription.matches(columns.s)) return;
    let waiting = this.#waiting.get(columns.s);
    if (waiting === undefined) this.#waiting.set(columns.s, (waiting = emptyColumns(columns.s)));
    appendColumns(waiting, columns, WAITING_SAMPLES_MAX);
  }

  /** Sends what waits, where the subscribed rate and the socket allow. */
  flush(now: number): void {
    const { subscription } = this;
    if (subscription === undefined || this.#waiting.size === 0) return;
    if (now - this.#sentAt < subscription.intervalMs) return;
    for (const [series, columns] of this.#waiting) {
      // What does not fit goes next time, and then it is first.
      if (this.socket.bufferedAmount > SAMPLES_BUFFERED_MAX) return;
      this.#sentAt = now;
      this.#waiting.delete(series);
      this.send({ type: 'samples', ...columns });
    }
  }

  /** Forgets what waits: a snapshot covers it. */
  clear(): void {
    this.#waiting.clear();
  }
}
