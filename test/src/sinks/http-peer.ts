/** An HTTP server on the loopback that can go away and come back at the same port. */
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Heard {
  path: string;
  headers: IncomingHttpHeaders;
  body: string;
}

export interface Reply {
  status: number;
  headers?: Record<string, string>;
  body?: string;
}

export class HttpPeer {
  readonly heard: Heard[] = [];
  /** `undefined`: no answer at all. */
  answer: (heard: Heard) => Reply | undefined = () => ({ status: 204 });
  #port = 0;
  #server: Server | undefined;

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  async start(): Promise<void> {
    const server = createServer((request, response) => {
      const pieces: Buffer[] = [];
      request.on('data', (piece: Buffer) => pieces.push(piece));
      request.on('end', () => {
        const heard = { path: request.url ?? '', headers: request.headers, body: Buffer.concat(pieces).toString() };
        this.heard.push(heard);
        const reply = this.answer(heard);
        if (reply !== undefined) response.writeHead(reply.status, reply.headers).end(reply.body);
      });
    });
    server.listen(this.#port, '127.0.0.1');
    await once(server, 'listening');
    this.#port = (server.address() as AddressInfo).port;
    this.#server = server;
  }

  async stop(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    if (server === undefined) return;
    server.close();
    server.closeAllConnections();
    await once(server, 'close');
  }
}
