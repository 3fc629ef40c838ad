import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import type { IncomingMessage, Server } from 'node:http';
import { createServer } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { type WebSocket, WebSocketServer } from 'ws';
import { type WebSocketOptions, WebSocketSource } from '../../sensors/websocket.ts';
import { makeCertificates } from '../services/mosquitto.ts';

const open: { stop(): Promise<unknown> }[] = [];
afterEach(async () => {
  for (const part of open.splice(0).reverse()) await part.stop();
});

interface ServerOptions {
  port?: number;
  token?: string;
  /** Folder with server.crt and server.key. */
  secure?: string;
  onSocket?: (socket: WebSocket) => void;
  autoPong?: boolean;
}

async function startServer({ port = 0, token, secure, onSocket, autoPong = true }: ServerOptions = {}) {
  const http: Server =
    secure === undefined
      ? createServer()
      : createSecureServer({
          cert: readFileSync(join(secure, 'server.crt')),
          key: readFileSync(join(secure, 'server.key')),
        });
  const server = new WebSocketServer({
    server: http,
    autoPong,
    verifyClient: ({ req }: { req: IncomingMessage }) =>
      token === undefined || req.headers.authorization === `Bearer ${token}`,
  });
  server.on('connection', (socket) => onSocket?.(socket));
  http.listen(port, '127.0.0.1');
  await once(http, 'listening');
  const stop = async (): Promise<void> => {
    for (const socket of server.clients) socket.terminate();
    server.close();
    http.closeAllConnections();
    await new Promise((resolve) => http.close(resolve));
  };
  open.push({ stop });
  const bound = (http.address() as AddressInfo).port;
  return { port: bound, url: `${secure === undefined ? 'ws' : 'wss'}://127.0.0.1:${bound}/stream`, stop };
}

function listenTo(url: string, options: Partial<WebSocketOptions> = {}) {
  const messages: [string, string][] = [];
  const states: [boolean, string][] = [];
  let wake: (() => void) | undefined;
  const source = new WebSocketSource(
    { url, topic: 'line', ...options },
    {
      onMessage: (topic, payload) => {
        messages.push([topic, Buffer.from(payload).toString()]);
        wake?.();
      },
      onState: (connected, detail) => {
        states.push([connected, detail]);
        wake?.();
      },
    },
  );
  open.push(source);
  source.start();
  const until = async (condition: () => boolean): Promise<void> => {
    while (!condition()) await new Promise<void>((resolve) => (wake = resolve));
  };
  return { source, messages, states, until };
}

describe('the WebSocket source', () => {
  it('says hello, and hands on text and bytes under its topic', async () => {
    const { url } = await startServer({
      onSocket: (socket) =>
        socket.on('message', (hello: Buffer) => {
          socket.send(`{"asked":"${hello.toString()}"}`);
          socket.send(Buffer.from('1.5'));
        }),
    });
    const { messages, states, until } = listenTo(url, { hello: 'all' });
    await until(() => messages.length === 2);
    expect(messages).toEqual([
      ['line', '{"asked":"all"}'],
      ['line', '1.5'],
    ]);
    expect(states).toEqual([[true, 'WebSocket']]);
  });

  it('comes back when the server has been away', async () => {
    const server = await startServer();
    const { messages, states, until } = listenTo(server.url);
    await until(() => states.length === 1);
    await server.stop();
    await until(() => states.length === 2);
    expect(states[1]).toEqual([false, `connection closed by 127.0.0.1:${server.port}`]);
    await startServer({ port: server.port, onSocket: (socket) => socket.send('back') });
    await until(() => messages.length === 1);
    expect(states.at(-1)).toEqual([true, 'WebSocket']);
  });

  it('shows its token, and says so where it is wrong or missing', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'tidewatch-websocket-'));
    open.push({ stop: () => rm(folder, { recursive: true }) });
    const { url } = await startServer({ token: 'good' });
    await writeFile(join(folder, 'token'), 'good\n');
    await writeFile(join(folder, 'bad'), 'bad\n');
    const details: string[] = [];
    for (const tokenFile of [join(folder, 'token'), join(folder, 'bad'), null, join(folder, 'none')]) {
      const { states, until } = listenTo(url, { tokenFile });
      await until(() => states.length > 0);
      details.push(states[0][1]);
    }
    expect(details).toEqual([
      'WebSocket',
      'the server refuses the token',
      'the server wants a token (set token_file)',
      `cannot read token_file ${join(folder, 'none')}: no such file`,
    ]);
  });

  it('trusts the authority it was given and no other', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'tidewatch-websocket-'));
    open.push({ stop: () => rm(folder, { recursive: true }) });
    makeCertificates(folder);
    const { url } = await startServer({ secure: folder });
    const good = listenTo(url, { caFile: join(folder, 'ca.crt') });
    await good.until(() => good.states.length > 0);
    const bad = listenTo(url);
    await bad.until(() => bad.states.length > 0);
    expect(good.states).toEqual([[true, 'WebSocket']]);
    expect(bad.states).toEqual([[false, "the server's certificate is not trusted: unknown authority (set ca_file)"]]);
  });

  it('refuses a message above its limit', async () => {
    const { url } = await startServer({ onSocket: (socket) => socket.send('x'.repeat(2000)) });
    const { messages, states, until } = listenTo(url, { payloadBytesMax: 1024 });
    await until(() => states.length === 2);
    expect(states[1]).toEqual([false, 'the server sent a message of more than 1 KiB']);
    expect(messages).toEqual([]);
  });

  it('leaves a server that no longer answers', async () => {
    const { url } = await startServer({ autoPong: false });
    const { states, until } = listenTo(url, { pingMs: 20 });
    await until(() => states.length === 2);
    expect(states[1]).toEqual([false, 'no answer within 0.02 s']);
  });

  it('stays with one that does', async () => {
    const { url } = await startServer();
    const { states, until } = listenTo(url, { pingMs: 10 });
    await until(() => states.length === 1);
    await pause(100);
    expect(states).toHaveLength(1);
  });

  it('says so where there is no server, or none of this kind', async () => {
    const server = createServer((_request, response) => response.end('hello')).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const other = listenTo(`ws://127.0.0.1:${port}`);
    await other.until(() => other.states.length > 0);
    expect(other.states[0]).toEqual([false, 'the server answers with HTTP status 200, not with a WebSocket']);
    await other.source.stop();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    const none = listenTo(`ws://127.0.0.1:${port}`);
    await none.until(() => none.states.length > 0);
    expect(none.states[0]).toEqual([false, `connection refused by 127.0.0.1:${port}`]);
  });

  it('reads nothing while it is paused, and everything after', async () => {
    let socket: WebSocket | undefined;
    const { url } = await startServer({ onSocket: (accepted) => (socket = accepted) });
    const { source, messages, states, until } = listenTo(url);
    await until(() => states.length === 1);
    source.pause();
    for (let i = 0; i < 10; i++) socket!.send(String(i));
    await pause(50);
    expect(messages).toEqual([]);
    source.resume();
    await until(() => messages.length === 10);
  });

  it('is silent once it has been stopped', async () => {
    const server = await startServer();
    const { source, states, until } = listenTo(server.url);
    await until(() => states.length === 1);
    await source.stop();
    await server.stop();
    await pause(20);
    expect(states).toHaveLength(1);
    const early = listenTo(server.url);
    await early.source.stop();
  });
});
