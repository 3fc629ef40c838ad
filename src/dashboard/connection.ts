/**
 * The line to the server: opens the socket, subscribes after `hello`, and comes back when the line drops.
 *
 *   connecting ──hello──▶ live ──close, or 10 s without a word──▶ reconnecting ──hello──▶ live
 *
 * Samples are not resumed, the snapshot covers them; alert events are, from the last one seen. The server speaks at
 * least once a second, so a long silence means a line that died without saying so, as after a laptop's sleep.
 */
import { SUBPROTOCOL } from '../protocol.ts';
import type { ClientMessage, ServerMessage, SubscribeMessage } from '../protocol.ts';
import { backoffMs } from './backoff.ts';

export type Link = 'connecting' | 'live' | 'reconnecting';

export interface ConnectionOptions {
  url: string;
  onMessage: (message: ServerMessage) => void;
  onLink: (link: Link) => void;
  /** The last alert event seen, null before the first snapshot. */
  lastSeq: () => number | null;
  openSocket?: (url: string, protocol: string) => WebSocket;
}

const SILENCE_MS_MAX = 10_000;
const SUBSCRIBE_ID = 1;

export class Connection {
  readonly #options: ConnectionOptions;
  #socket: WebSocket | null = null;
  #attempt = 0;
  #retry: ReturnType<typeof setTimeout> | undefined;
  #silence: ReturnType<typeof setTimeout> | undefined;
  #nextId = SUBSCRIBE_ID + 1;

  constructor(options: ConnectionOptions) {
    this.#options = options;
  }

  start(): void {
    this.#options.onLink('connecting');
    this.#open();
  }

  stop(): void {
    clearTimeout(this.#retry);
    clearTimeout(this.#silence);
    const socket = this.#socket;
    this.#socket = null;
    socket?.close();
  }

  /** For the moment the machine wakes up or finds its network again: no need to sit out the wait. */
  retryNow(): void {
    if (this.#socket) return;
    clearTimeout(this.#retry);
    this.#open();
  }

  /** Asks to acknowledge an alert. Returns the id its result will carry, or null while the line is down. */
  acknowledge(alert: string): number | null {
    const id = this.#nextId++;
    return this.#send({ type: 'ack', id, alert }) ? id : null;
  }

  #open(): void {
    const open = this.#options.openSocket ?? ((url, protocol) => new WebSocket(url, protocol));
    const socket = open(this.#options.url, SUBPROTOCOL);
    this.#socket = socket;
    socket.addEventListener('message', (event) => this.#socket === socket && this.#receive(event.data));
    socket.addEventListener('close', () => this.#lost(socket));
    this.#listen(socket);
  }

  #receive(data: unknown): void {
    if (this.#socket) this.#listen(this.#socket);
    const message = parse(data);
    if (!message) return;
    this.#options.onMessage(message);
    if (message.type === 'hello') {
      this.#subscribe();
      this.#options.onLink('live');
    }
    // Only now: a server that greets and then closes is still to be approached with patience.
    if (message.type === 'snapshot') this.#attempt = 0;
  }

  #subscribe(): void {
    const message: SubscribeMessage = {
      type: 'subscribe',
      id: SUBSCRIBE_ID,
      series: ['*'],
      what: ['samples', 'alerts'],
      max_hz: 4,
    };
    const seq = this.#options.lastSeq();
    if (seq !== null) message.from_seq = seq;
    this.#send(message);
  }

  #send(message: ClientMessage): boolean {
    if (this.#socket?.readyState !== 1) return false;
    this.#socket.send(JSON.stringify(message));
    return true;
  }

  #listen(socket: WebSocket): void {
    clearTimeout(this.#silence);
    this.#silence = setTimeout(() => {
      // A dead line answers no closing handshake either: do not wait for its close event.
      this.#lost(socket);
      socket.close();
    }, SILENCE_MS_MAX);
  }

  #lost(socket: WebSocket): void {
    if (this.#socket !== socket) return;
    this.#socket = null;
    clearTimeout(this.#silence);
    this.#options.onLink('reconnecting');
    this.#retry = setTimeout(() => this.#open(), backoffMs(this.#attempt++));
  }
}

function parse(data: unknown): ServerMessage | null {
  if (typeof data !== 'string') return null;
  try {
    const message: unknown = JSON.parse(data);
    return typeof message === 'object' && message !== null && 'type' in message ? (message as ServerMessage) : null;
  } catch {
    return null;
  }
}
