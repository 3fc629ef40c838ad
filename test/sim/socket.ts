/** The server's end of a WebSocket that goes nowhere: what was sent is kept, and its buffer is as full as told. */
import { EventEmitter } from 'node:events';
import type { WebSocket } from 'ws';
import type { ServerMessage } from '../../src/protocol.ts';

export class FakeSocket extends EventEmitter {
  readonly OPEN = 1;
  readyState = 1;
  bufferedAmount = 0;
  /** Whether what is sent stays in the buffer, as with a client that reads nothing. */
  stalled = false;
  pings = 0;
  closed: { code: number; reason: string } | undefined;
  terminated = false;
  #sent: ServerMessage[] = [];

  get socket(): WebSocket {
    return this as unknown as WebSocket;
  }

  send(text: string): void {
    if (this.stalled) this.bufferedAmount += text.length;
    this.#sent.push(JSON.parse(text) as ServerMessage);
  }

  /** What was sent since the last call. */
  take(): ServerMessage[] {
    return this.#sent.splice(0);
  }

  /** The client says something. */
  say(message: unknown): void {
    this.emit('message', Buffer.from(typeof message === 'string' ? message : JSON.stringify(message)), false);
  }

  ping(): void {
    this.pings++;
  }

  close(code: number, reason: string): void {
    this.readyState = 2;
    this.closed = { code, reason };
  }

  terminate(): void {
    this.terminated = true;
    this.readyState = 3;
    this.emit('close');
  }
}
