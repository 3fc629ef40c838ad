import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { Connection, type Link } from '../../src/dashboard/connection.ts';
import type { ServerMessage } from '../../src/protocol.ts';

/** A socket whose other end is the test. */
class FakeSocket extends EventTarget {
  readyState = 1;
  readonly sent: unknown[] = [];
  readonly protocol: string;

  constructor(protocol: string) {
    super();
    this.protocol = protocol;
  }
  send(data: string): void {
    this.sent.push(JSON.parse(data));
  }
  close(): void {
    this.readyState = 3;
    this.dispatchEvent(new Event('close'));
  }
  say(data: unknown): void {
    this.dispatchEvent(new MessageEvent('message', { data: typeof data === 'string' ? data : JSON.stringify(data) }));
  }
}

const HELLO = { type: 'hello', v: 1, server: '0.1.0', epoch: 'e', seq: 0, time: 0 };
const SNAPSHOT = { type: 'snapshot', series: [], samples: [], alerts: [], seq: 0 };

let sockets: FakeSocket[];
let links: Link[];
let messages: ServerMessage[];
let seq: number | null;
let connection: Connection;

beforeEach(() => {
  vi.useFakeTimers();
  vi.spyOn(Math, 'random').mockReturnValue(0);
  sockets = [];
  links = [];
  messages = [];
  seq = null;
  connection = new Connection({
    url: 'ws://here/api/v1/stream',
    onMessage: (message) => messages.push(message),
    onLink: (link) => links.push(link),
    lastSeq: () => seq,
    openSocket: (_url, protocol) => {
      const socket = new FakeSocket(protocol);
      sockets.push(socket);
      return socket as unknown as WebSocket;
    },
  });
  connection.start();
});

afterEach(() => {
  connection.stop();
  vi.restoreAllMocks();
  vi.useRealTimers();
});

const last = () => sockets[sockets.length - 1];

describe('a connection', () => {
  it('subscribes to everything once the server has greeted', () => {
    expect(last().protocol).toBe('tidewatch.v1');
    expect(last().sent).toEqual([]);
    last().say(HELLO);
    expect(last().sent).toEqual([{ type: 'subscribe', id: 1, series: ['*'], what: ['samples', 'alerts'], max_hz: 4 }]);
    expect(links).toEqual(['connecting', 'live']);
  });

  it('comes back after a loss and resumes from the last alert event seen', () => {
    last().say(HELLO);
    seq = 41;
    last().close();
    expect(links.at(-1)).toBe('reconnecting');
    vi.advanceTimersByTime(499);
    expect(sockets).toHaveLength(1);
    vi.advanceTimersByTime(1);
    expect(sockets).toHaveLength(2);
    last().say(HELLO);
    expect(last().sent).toMatchObject([{ type: 'subscribe', from_seq: 41 }]);
    expect(links.at(-1)).toBe('live');
  });

  it('waits longer each time, until a snapshot shows that the server is well', () => {
    last().close();
    vi.advanceTimersByTime(500);
    last().say(HELLO);
    last().close();
    vi.advanceTimersByTime(999);
    expect(sockets).toHaveLength(2);
    vi.advanceTimersByTime(1);
    expect(sockets).toHaveLength(3);
    last().say(HELLO);
    last().say(SNAPSHOT);
    last().close();
    vi.advanceTimersByTime(500);
    expect(sockets).toHaveLength(4);
  });

  it('takes a long silence for a dead line', () => {
    last().say(HELLO);
    vi.advanceTimersByTime(9_999);
    last().say({ type: 'pong', time: 0 });
    vi.advanceTimersByTime(9_999);
    expect(links.at(-1)).toBe('live');
    vi.advanceTimersByTime(1);
    expect(links.at(-1)).toBe('reconnecting');
    vi.advanceTimersByTime(500);
    expect(sockets).toHaveLength(2);
  });

  it('need not wait when the network is back, and does not open a second line', () => {
    last().close();
    connection.retryNow();
    connection.retryNow();
    vi.advanceTimersByTime(5_000);
    expect(sockets).toHaveLength(2);
  });

  it('survives whatever is not a message', () => {
    for (const data of ['', 'not json', 'null', '7', '[]', '{"no":"type"}']) last().say(data);
    expect(messages).toEqual([]);
    last().say(HELLO);
    expect(messages).toEqual([HELLO]);
  });

  it('gives each acknowledgement its own id, and none while the line is down', () => {
    last().say(HELLO);
    expect([connection.acknowledge('a'), connection.acknowledge('b')]).toEqual([2, 3]);
    expect(last().sent.slice(1)).toEqual([
      { type: 'ack', id: 2, alert: 'a' },
      { type: 'ack', id: 3, alert: 'b' },
    ]);
    last().close();
    expect(connection.acknowledge('c')).toBeNull();
  });
});
