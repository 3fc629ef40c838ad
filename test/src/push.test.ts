import { EventEmitter } from 'node:events';
import { describe, expect, it, vi } from 'vitest';
import type { WebSocket } from 'ws';
import { ingestedOf, readPushed } from '../../src/push.ts';

class FakeSocket extends EventEmitter {
  bufferedAmount = 0;
  readonly sent: string[] = [];
  readonly calls: string[] = [];
  send(text: string): void {
    this.sent.push(text);
  }
  close(code: number): void {
    this.calls.push(`close ${code}`);
  }
  terminate(): void {
    this.calls.push('terminate');
    this.emit('close');
  }
  ping(): void {
    this.calls.push('ping');
  }
}

const refuse = () => Promise.resolve({ accepted: 0, dropped: { malformed: 1 } });
const answered = () => Promise.resolve();

function pushed(topic = 'shop/oven', ingest: Parameters<typeof readPushed>[2] = refuse): FakeSocket {
  const socket = new FakeSocket();
  readPushed(socket as unknown as WebSocket, topic, ingest);
  return socket;
}

describe('what is pushed over a WebSocket', () => {
  it('is answered only where something was dropped', async () => {
    const socket = pushed('shop/oven', (_, payload) =>
      Promise.resolve({ accepted: 1, dropped: payload.length > 1 ? { empty: 1 } : {} }),
    );
    socket.emit('message', Buffer.from('1'));
    await answered();
    expect(socket.sent).toEqual([]);
    socket.emit('message', Buffer.from('""'));
    await answered();
    expect(socket.sent).toEqual(['{"accepted":1,"dropped":{"empty":1}}']);
  });

  it('is answered no more to a sender that does not read', async () => {
    const socket = pushed();
    socket.bufferedAmount = 64 * 1024;
    socket.emit('message', Buffer.from('x'));
    await answered();
    expect(socket.sent).toEqual([]);
  });

  it('is refused without a topic, and where no source takes it', async () => {
    expect(pushed('').calls).toEqual(['close 1008']);
    const socket = pushed('shop/oven', () => Promise.resolve(undefined));
    socket.emit('message', Buffer.from('1'));
    await answered();
    expect(socket.calls).toEqual(['close 1008']);
  });

  it('ends when the sender no longer answers pings', () => {
    vi.useFakeTimers();
    try {
      const socket = pushed();
      vi.advanceTimersByTime(20_000);
      socket.emit('pong');
      vi.advanceTimersByTime(20_000);
      expect(socket.calls).toEqual(['ping', 'ping']);
      vi.advanceTimersByTime(20_000);
      expect(socket.calls).toContain('terminate');
    } finally {
      vi.useRealTimers();
    }
  });
});

it('drops are counted by reason', () => {
  expect(ingestedOf({ accepted: 2, drops: ['empty', 'late', 'empty'] })).toEqual({
    accepted: 2,
    dropped: { empty: 2, late: 1 },
  });
});
