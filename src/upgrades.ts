/**
 * WebSockets beside the HTTP routes: who may open one, how many, and who gets it.
 *
 *   /api/v1/stream            dashboards, subprotocol tidewatch.v1
 *   /api/v1/ingest?topic=T    every message is a payload of the topic
 */
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import { isLoopback } from './config/address.ts';
import type { HttpConfig } from './config/config.ts';
import type { Guard, RequestFacts } from './guard.ts';
import { SUBPROTOCOL } from './protocol.ts';
import { PAYLOAD_BYTES_MAX } from './routes.ts';

export interface UpgradeOptions {
  limits: Pick<HttpConfig, 'maxClients' | 'maxClientsPerIp'>;
  guard: Guard;
  /** By path; gets the open socket and the query of its request. */
  paths: ReadonlyMap<string, (socket: WebSocket, query: URLSearchParams) => void>;
  onRefused: (reason: string) => void;
}

interface Refusal {
  status: string;
  reason: string;
}

const NOT_FOUND: Refusal = { status: '404 Not Found', reason: 'path' };
const TOKEN_PROTOCOL = 'token.';

export class Upgrades {
  readonly #options: UpgradeOptions;
  readonly #server = new WebSocketServer({
    noServer: true,
    maxPayload: PAYLOAD_BYTES_MAX,
    perMessageDeflate: false,
    handleProtocols: (offered) => (offered.has(SUBPROTOCOL) ? SUBPROTOCOL : false),
  });
  readonly #openBy = new Map<string, number>();

  constructor(options: UpgradeOptions) {
    this.#options = options;
  }

  handle(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    socket.on('error', () => socket.destroy());
    const [path, query = ''] = (request.url ?? '').split('?', 2);
    const accept = this.#options.paths.get(path);
    const refusal = accept === undefined ? NOT_FOUND : this.#refusal(request);
    if (accept === undefined || refusal !== undefined) {
      this.#refuse(socket, refusal ?? NOT_FOUND);
      return;
    }
    const peer = request.socket.remoteAddress ?? '';
    this.#server.handleUpgrade(request, socket, head, (ws) => {
      this.#count(peer, 1);
      ws.on('close', () => this.#count(peer, -1));
      accept(ws, new URLSearchParams(query));
    });
  }

  close(): void {
    for (const socket of this.#server.clients) socket.close(1001, 'server stops');
  }

  terminate(): void {
    for (const socket of this.#server.clients) socket.terminate();
  }

  #refuse(socket: Duplex, { status, reason }: Refusal): void {
    this.#options.onRefused(reason);
    // A peer that never closes its side would otherwise hold the socket for ever.
    socket.end(`HTTP/1.1 ${status}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`, () => socket.destroy());
  }

  #refusal(request: IncomingMessage): Refusal | undefined {
    const { limits, guard } = this.#options;
    const facts = factsOf(request);
    if (!guard.isOwnPage(facts)) return { status: '403 Forbidden', reason: 'origin' };
    if (!guard.mayUse(facts)) return { status: '401 Unauthorized', reason: 'token' };
    const peer = request.socket.remoteAddress ?? '';
    const local = isLoopback({ host: peer.replace(/^::ffff:/, ''), port: 0 });
    const tooMany = !local && (this.#openBy.get(peer) ?? 0) >= limits.maxClientsPerIp;
    if (!tooMany && this.#server.clients.size < limits.maxClients) return undefined;
    return { status: '503 Service Unavailable', reason: 'too_many' };
  }

  #count(peer: string, change: number): void {
    const open = (this.#openBy.get(peer) ?? 0) + change;
    if (open <= 0) this.#openBy.delete(peer);
    else this.#openBy.set(peer, open);
  }
}

/** Browsers cannot set headers on a WebSocket, so the token may come as a subprotocol. */
function factsOf({ headers }: IncomingMessage): RequestFacts {
  const offered = (headers['sec-websocket-protocol'] ?? '').split(',').map((word) => word.trim());
  const protocol = offered.find((word) => word.startsWith(TOKEN_PROTOCOL))?.slice(TOKEN_PROTOCOL.length);
  const bearer = /^Bearer (.+)$/i.exec(headers.authorization ?? '')?.[1];
  return { host: headers.host, origin: headers.origin, token: protocol ?? bearer };
}
