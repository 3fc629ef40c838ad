/**
 * The HTTP door: the page, the API, health and metrics, and the WebSockets beside them. Nothing from outside is
 * interpreted before the guard has let it in.
 */
import type { Server } from 'node:http';
import { createAdaptorServer } from '@hono/node-server';
import type { WebSocket } from 'ws';
import type { Asset } from './assets.ts';
import { isLoopback } from './config/address.ts';
import type { Address, HttpConfig } from './config/config.ts';
import { Guard } from './guard.ts';
import { listen } from './listen.ts';
import { type Api, createRoutes } from './routes.ts';
import { Upgrades } from './upgrades.ts';

export interface HttpOptions {
  config: HttpConfig;
  token: string | undefined;
  assets: ReadonlyMap<string, Asset>;
  api: Api;
  /** A dashboard. */
  onStream: (socket: WebSocket) => void;
  /** Somebody who pushes payloads of a topic. */
  onIngest: (socket: WebSocket, topic: string) => void;
  onRefused: (reason: string) => void;
  /** A mistake of ours while answering. */
  onError: (error: Error) => void;
}

const HEADERS_MS_MAX = 10_000;
const REQUEST_MS_MAX = 30_000;
const CONNECTIONS_MAX = 1000;
const CLOSE_MS_MAX = 500;

export class HttpDoor {
  readonly #server: Server;
  readonly #upgrades: Upgrades;
  readonly #guard: Guard;
  address: Address;

  constructor({ config, token, assets, api, onStream, onIngest, onRefused, onError }: HttpOptions) {
    this.address = config.listen;
    const guard = new Guard(isLoopback(config.listen), token);
    const server = createAdaptorServer({ fetch: createRoutes(guard, api, assets, onError).fetch }) as Server;
    server.headersTimeout = HEADERS_MS_MAX;
    server.requestTimeout = REQUEST_MS_MAX;
    server.maxConnections = CONNECTIONS_MAX;
    const upgrades = new Upgrades({
      limits: config,
      guard,
      paths: new Map<string, (socket: WebSocket, query: URLSearchParams) => void>([
        ['/api/v1/stream', onStream],
        ['/api/v1/ingest', (socket, query) => onIngest(socket, query.get('topic') ?? '')],
      ]),
      onRefused,
    });
    server.on('upgrade', (request, socket, head) => upgrades.handle(request, socket, head));
    this.#server = server;
    this.#upgrades = upgrades;
    this.#guard = guard;
  }

  setToken(token: string): void {
    this.#guard.token = token;
  }

  /** @throws CodedError PORT_IN_USE, LISTEN_FAILED */
  async start(): Promise<void> {
    this.address = await listen(this.#server, this.address, '--listen HOST:PORT');
  }

  async stop(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#upgrades.close();
    this.#server.closeIdleConnections();
    const force = setTimeout(() => {
      this.#upgrades.terminate();
      this.#server.closeAllConnections();
    }, CLOSE_MS_MAX);
    await closed;
    clearTimeout(force);
  }
}
