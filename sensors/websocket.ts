/**
 * Connects to a WebSocket server and hands on every message it sends, text or binary, under one topic.
 *
 * Asks now and then whether the server is alive, and comes back after every end, with patience.
 */
import { WebSocket } from 'ws';
import { Backoff } from './backoff.ts';
import { addressOf, type Peer, peerOf } from './peer.ts';
import { reasonOf } from './reason.ts';
import { readSecretFile, readTls } from './secret-files.ts';
import type { Source, SourceHandlers } from './source.ts';
import { Valve } from './valve.ts';

export interface WebSocketOptions {
  url: string;
  /** Topic of everything that comes. */
  topic: string;
  /** Sent once after connecting. Default: nothing. */
  hello?: string | null;
  /** File whose text is sent as `Authorization: Bearer`; read at each connect. */
  tokenFile?: string | null;
  caFile?: string | null;
  /** Default 1 MiB. */
  payloadBytesMax?: number;
  /** Time between two questions whether the server is alive, and for it to answer. Default 20 s. */
  pingMs?: number;
}

const CONNECT_MS_MAX = 10_000;
const PAYLOAD_BYTES_MAX = 1024 * 1024;
const PING_MS = 20_000;
const HOLD_MS_MAX = 10_000;

export class WebSocketSource implements Source {
  readonly #options: WebSocketOptions;
  readonly #handlers: SourceHandlers;
  readonly #peer: Peer;
  readonly #backoff = new Backoff();
  readonly #valve = new Valve(HOLD_MS_MAX, (held) => {
    if (this.#socket?.readyState !== WebSocket.OPEN) return;
    if (held) this.#socket.pause();
    else this.#socket.resume();
  });
  #running = false;
  #socket: WebSocket | undefined;
  #retry: NodeJS.Timeout | undefined;

  constructor(options: WebSocketOptions, handlers: SourceHandlers) {
    this.#options = options;
    this.#handlers = handlers;
    this.#peer = peerOf(options.url, 'server');
  }

  start(): void {
    if (this.#running) return;
    this.#running = true;
    void this.#open();
  }

  pause(): void {
    this.#valve.hold();
  }

  resume(): void {
    this.#valve.release();
  }

  async stop(): Promise<void> {
    this.#running = false;
    clearTimeout(this.#retry);
    this.#valve.release();
    const socket = this.#socket;
    this.#socket = undefined;
    if (socket === undefined || socket.readyState === WebSocket.CLOSED) return;
    const closed = new Promise((resolve) => socket.once('close', resolve));
    if (socket.readyState === WebSocket.OPEN) socket.close(1000);
    else socket.terminate();
    // A server that does not answer the goodbye is left.
    const deadline = setTimeout(() => socket.terminate(), 1000);
    await closed;
    clearTimeout(deadline);
  }

  async #open(): Promise<void> {
    const { url, caFile = null, tokenFile = null, payloadBytesMax = PAYLOAD_BYTES_MAX } = this.#options;
    let socket: WebSocket;
    try {
      const tls = await readTls({ caFile });
      const token = tokenFile === null ? undefined : await readSecretFile('token_file', tokenFile);
      if (!this.#running) return;
      socket = new WebSocket(url, {
        ...tls,
        ...(token === undefined ? {} : { headers: { Authorization: `Bearer ${token}` } }),
        maxPayload: payloadBytesMax,
        perMessageDeflate: false,
        handshakeTimeout: CONNECT_MS_MAX,
      });
    } catch (error) {
      this.#wait(reasonOf(error, this.#peer) ?? 'cannot connect');
      return;
    }
    this.#socket = socket;
    this.#listen(socket);
  }

  #listen(socket: WebSocket): void {
    const { hello = null, pingMs = PING_MS, topic } = this.#options;
    let reason: string | undefined;
    let openMs: number | undefined;
    let alive = true;
    let ping: NodeJS.Timeout | undefined;
    socket.on('open', () => {
      if (socket !== this.#socket) return;
      openMs = performance.now();
      if (hello !== null) socket.send(hello);
      ping = setInterval(() => {
        // Who is held back does not see the answer.
        if (!alive && !this.#valve.asked) {
          reason ??= `no answer within ${pingMs / 1000} s`;
          socket.terminate();
          return;
        }
        alive = false;
        socket.ping();
      }, pingMs);
      if (this.#valve.asked) socket.pause();
      this.#handlers.onState(true, 'WebSocket');
    });
    socket.on('pong', () => (alive = true));
    socket.on('message', (data: Buffer) => {
      alive = true;
      if (socket === this.#socket) void this.#handlers.onMessage(topic, data, { retained: false });
    });
    socket.on('error', (error) => (reason ??= this.#reasonOf(error)));
    socket.on('close', (code) => {
      clearInterval(ping);
      if (socket !== this.#socket) return;
      this.#socket = undefined;
      if (openMs !== undefined) this.#backoff.lasted(performance.now() - openMs);
      const closed = `closed by ${addressOf(this.#peer)}`;
      this.#wait(reason ?? (code === 1005 || code === 1006 ? `connection ${closed}` : `${closed} with code ${code}`));
    });
  }

  #reasonOf(error: Error): string | undefined {
    const { tokenFile = null, payloadBytesMax = PAYLOAD_BYTES_MAX } = this.#options;
    const status = /^Unexpected server response: (\d{3})$/.exec(error.message)?.[1];
    if (status === '401' || status === '403') {
      return tokenFile === null ? 'the server wants a token (set token_file)' : 'the server refuses the token';
    }
    if (status !== undefined) return `the server answers with HTTP status ${status}, not with a WebSocket`;
    if (error.message === 'Opening handshake has timed out') return `no answer within ${CONNECT_MS_MAX / 1000} s`;
    if ('code' in error && error.code === 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH') {
      return `the server sent a message of more than ${Math.round(payloadBytesMax / 1024)} KiB`;
    }
    return reasonOf(error, this.#peer);
  }

  #wait(reason: string): void {
    if (!this.#running) return;
    this.#handlers.onState(false, reason);
    this.#retry = setTimeout(() => void this.#open(), this.#backoff.delayMs());
  }
}
