/** What is pushed over HTTP or a WebSocket, on its way to the source of type http. */
import type { WebSocket } from 'ws';
import type { Receipt } from './intake.ts';
import type { Ingested } from './routes.ts';

const BAD_REQUEST = 1008;
const PING_MS = 20_000;
/** A sender that does not read its answers gets no more of them. */
const UNREAD_BYTES_MAX = 64 * 1024;

export function ingestedOf({ accepted, drops }: Receipt): Ingested {
  const dropped = new Map<string, number>();
  for (const reason of drops) dropped.set(reason, (dropped.get(reason) ?? 0) + 1);
  return { accepted, dropped: Object.fromEntries(dropped) };
}

/**
 * Reads a socket whose every message is a payload of the topic. Only what was dropped is answered, so that a sender
 * that never reads is not held up by answers nobody takes.
 */
export function readPushed(
  socket: WebSocket,
  topic: string,
  ingest: (topic: string, payload: Uint8Array) => Promise<Ingested | undefined>,
): void {
  if (topic === '') {
    socket.close(BAD_REQUEST, 'expected ?topic=NAME');
    return;
  }
  // A sender that lost its power says no goodbye, and would keep its place for ever.
  let alive = true;
  const timer = setInterval(() => {
    if (!alive) socket.terminate();
    alive = false;
    socket.ping();
  }, PING_MS).unref();
  socket.on('pong', () => (alive = true));
  socket.on('close', () => clearInterval(timer));
  socket.on('error', () => socket.terminate());
  socket.on('message', (data) => {
    void ingest(topic, data as Buffer).then((ingested) => {
      if (ingested === undefined) socket.close(BAD_REQUEST, 'no source of type http is configured');
      else if (Object.keys(ingested.dropped).length > 0 && socket.bufferedAmount < UNREAD_BYTES_MAX) {
        socket.send(JSON.stringify(ingested));
      }
    });
  });
}
