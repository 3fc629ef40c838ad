/**
 * The HTTP door: the page, the API, health and metrics, and the WebSocket beside them.
 *
 * Errors are problem documents (RFC 9457). Nothing from outside is interpreted before the guard has let it in.
 */
import type { Server } from 'node:http';
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { createAdaptorServer } from '@hono/node-server';
import { type Context, Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { WebSocketServer, type WebSocket } from 'ws';
import { CodedError } from '../models/errors.ts';
import type { Asset } from './assets.ts';
import { isLoopback } from './config/address.ts';
import type { Address, HttpConfig } from './config/config.ts';
import { Guard } from './guard.ts';
import { listen } from './listen.ts';
import { openApi } from './openapi.ts';
import { SUBPROTOCOL } from './protocol.ts';

/** What the API shows and does; the daemon answers. */
export interface Api {
  version: string;
  series(): unknown[];
  oneSeries(id: string): unknown;
  alerts(status: 'active' | 'cleared' | undefined): unknown[];
  events(after: number): unknown;
  scoreboard(): unknown;
  /** @throws CodedError COMMAND_UNKNOWN, COMMAND_INVALID, COMMAND_REFUSED */
  command(verb: string, body: unknown): Promise<unknown>;
  ready(): { ready: boolean; checks: Record<string, { ok: boolean; detail: string }> };
  metrics(): Promise<string>;
}

export interface HttpOptions {
  config: HttpConfig;
  token: string | undefined;
  assets: ReadonlyMap<string, Asset>;
  api: Api;
  onSocket: (socket: WebSocket) => void;
  onRefused: (reason: string) => void;
}

const BODY_BYTES_MAX = 64 * 1024;
const STREAM_PATH = '/api/v1/stream';
const TOKEN_PROTOCOL = 'token.';

const HEADERS: readonly (readonly [string, string])[] = [
  [
    'content-security-policy',
    "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self' ws: wss:; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
  ],
  ['x-content-type-options', 'nosniff'],
  ['referrer-policy', 'no-referrer'],
  ['cross-origin-resource-policy', 'same-origin'],
];

export class HttpDoor {
  readonly #options: HttpOptions;
  readonly #guard: Guard;
  readonly #server: Server;
  readonly #sockets = new WebSocketServer({
    noServer: true,
    maxPayload: BODY_BYTES_MAX,
    handleProtocols: (offered) => (offered.has(SUBPROTOCOL) ? SUBPROTOCOL : false),
  });
  readonly #clientsOf = new Map<string, number>();
  address: Address;

  constructor(options: HttpOptions) {
    this.#options = options;
    this.address = options.config.listen;
    this.#guard = new Guard(isLoopback(options.config.listen), options.token);
    this.#server = createAdaptorServer({ fetch: this.#routes().fetch }) as Server;
    this.#server.headersTimeout = 10_000;
    this.#server.requestTimeout = 30_000;
    this.#server.on('upgrade', (request, socket, head) => this.#upgrade(request, socket, head));
  }

  /** @throws CodedError PORT_IN_USE, LISTEN_FAILED */
  async start(): Promise<void> {
    this.address = await listen(this.#server, this.address, '--listen HOST:PORT');
  }

  async stop(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const socket of this.#sockets.clients) socket.close(1001, 'server stops');
    this.#server.closeIdleConnections();
    const force = setTimeout(() => {
      for (const socket of this.#sockets.clients) socket.terminate();
      this.#server.closeAllConnections();
    }, 500);
    await closed;
    clearTimeout(force);
  }

  #routes(): Hono {
    const { api, assets } = this.#options;
    const app = new Hono();
    app.use(async (c, next) => {
      const facts = { host: c.req.header('host'), origin: c.req.header('origin'), token: bearer(c) };
      for (const [name, value] of HEADERS) c.header(name, value);
      if (!this.#guard.isOwnPage(facts)) {
        return problem(c, 403, 'forbidden', 'this server answers only under its own name and to its own page');
      }
      const open = !c.req.path.startsWith('/api/') && c.req.path !== '/metrics';
      if (!open && !this.#guard.mayUse(facts)) return problem(c, 401, 'unauthorized', 'a token is needed');
      await next();
      return undefined;
    });
    app.get('/healthz', (c) => c.json({ status: 'ok', version: api.version }));
    app.get('/readyz', (c) => {
      const state = api.ready();
      return c.json(state, state.ready ? 200 : 503);
    });
    app.get('/metrics', async (c) => c.body(await api.metrics(), 200, { 'content-type': 'text/plain; version=0.0.4' }));
    app.get('/openapi.json', (c) => c.json(openApi(api.version)));
    app.get('/api/v1/series', (c) => c.json(api.series()));
    app.get('/api/v1/series/:id', (c) => found(c, api.oneSeries(c.req.param('id')), 'no series has this id'));
    app.get('/api/v1/alerts', (c) => {
      const status = c.req.query('status');
      if (status !== undefined && status !== 'active' && status !== 'cleared') {
        return problem(c, 400, 'bad-query', `status: expected active or cleared, got ${JSON.stringify(status)}`);
      }
      return c.json(api.alerts(status));
    });
    app.get('/api/v1/events', (c) => {
      const after = Number(c.req.query('after') ?? 0);
      if (!Number.isSafeInteger(after) || after < 0) {
        return problem(
          c,
          400,
          'bad-query',
          `after: expected a number from 0, got ${JSON.stringify(c.req.query('after'))}`,
        );
      }
      return c.json(api.events(after));
    });
    app.get('/api/v1/demo/scoreboard', (c) => found(c, api.scoreboard(), 'the demo does not run'));
    const onError = (c: Context) => problem(c, 413, 'too-large', `expected at most ${BODY_BYTES_MAX} bytes`);
    app.post('/api/v1/cmd/:verb', bodyLimit({ maxSize: BODY_BYTES_MAX, onError }), (c) => this.#command(c));
    app.get('*', (c) => {
      const asset = assets.get(c.req.path);
      if (asset === undefined) return problem(c, 404, 'not-found', `nothing is at ${JSON.stringify(c.req.path)}`);
      const cacheControl = asset.immutable ? 'public, max-age=31536000, immutable' : 'no-cache';
      return c.body(asset.bytes, 200, { 'content-type': asset.type, 'cache-control': cacheControl });
    });
    app.notFound((c) => problem(c, 404, 'not-found', 'nothing is here'));
    app.onError((error, c) => problem(c, 500, 'internal', error.message));
    return app;
  }

  async #command(c: Context): Promise<Response> {
    // A page elsewhere can send plain forms to us unasked, but not JSON.
    if (c.req.header('content-type')?.startsWith('application/json') !== true) {
      return problem(c, 415, 'unsupported-media-type', 'expected content-type application/json');
    }
    let body: unknown;
    try {
      body = await c.req.json();
    } catch {
      return problem(c, 400, 'malformed', 'the body is not JSON');
    }
    try {
      return c.json((await this.#options.api.command(c.req.param('verb') ?? '', body)) as object, 202);
    } catch (error) {
      if (!(error instanceof CodedError)) throw error;
      return problem(c, error.code === 'COMMAND_UNKNOWN' ? 404 : 400, error.code.toLowerCase(), error.message);
    }
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    socket.on('error', () => socket.destroy());
    const offered = (request.headers['sec-websocket-protocol'] ?? '').split(',').map((word) => word.trim());
    const token = offered.find((word) => word.startsWith(TOKEN_PROTOCOL))?.slice(TOKEN_PROTOCOL.length);
    const facts = { host: request.headers.host, origin: request.headers.origin, token };
    const refusal = this.#refusal(request, facts);
    if (refusal !== undefined) {
      this.#options.onRefused(refusal.reason);
      socket.end(`HTTP/1.1 ${refusal.status}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`);
      return;
    }
    const peer = request.socket.remoteAddress ?? '';
    this.#sockets.handleUpgrade(request, socket, head, (ws) => {
      this.#clientsOf.set(peer, (this.#clientsOf.get(peer) ?? 0) + 1);
      ws.on('close', () => {
        const left = (this.#clientsOf.get(peer) ?? 1) - 1;
        if (left === 0) this.#clientsOf.delete(peer);
        else this.#clientsOf.set(peer, left);
      });
      this.#options.onSocket(ws);
    });
  }

  #refusal(
    request: IncomingMessage,
    facts: { host: string | undefined; origin: string | undefined; token: string | undefined },
  ): { status: string; reason: string } | undefined {
    const { maxClients, maxClientsPerIp } = this.#options.config;
    const peer = request.socket.remoteAddress ?? '';
    if ((request.url ?? '').split('?')[0] !== STREAM_PATH) return { status: '404 Not Found', reason: 'path' };
    if (!this.#guard.isOwnPage(facts)) return { status: '403 Forbidden', reason: 'origin' };
    if (!this.#guard.mayUse(facts)) return { status: '401 Unauthorized', reason: 'token' };
    const local = isLoopback({ host: peer.replace(/^::ffff:/, ''), port: 0 });
    const tooMany = !local && (this.#clientsOf.get(peer) ?? 0) >= maxClientsPerIp;
    if (tooMany || this.#sockets.clients.size >= maxClients) {
      return { status: '503 Service Unavailable', reason: 'too_many' };
    }
    return undefined;
  }
}

function bearer(c: Context): string | undefined {
  return /^Bearer (.+)$/i.exec(c.req.header('authorization') ?? '')?.[1];
}

function found(c: Context, value: unknown, detail: string): Response {
  return value === undefined ? problem(c, 404, 'not-found', detail) : c.json(value as object);
}

function problem(c: Context, status: 400 | 401 | 403 | 404 | 413 | 415 | 500, title: string, detail: string): Response {
  return c.body(JSON.stringify({ type: 'about:blank', title, status, detail }), status, {
    'content-type': 'application/problem+json',
  });
}
