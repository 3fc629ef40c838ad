/**
 * A server on the loopback that is a database and a hook, goes away and comes back, and remembers what it was told and in
 * which order. What it was told counts once it has answered; one that goes away answers first.
 */
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { AlertDocument } from '../../models/alert-document.ts';

/** A point of a sample; an alert event brings one as well, before its own. */
const SAMPLE = /^anomaly,(?:\S*,)?series=([^ ,]+)\S* .* (\d+)$/;
const EVENT = 'anomaly_events,';

interface Written {
  last: number;
  times: Set<number>;
}

export class OutagePeer {
  /** Times by series. */
  readonly series = new Map<string, Written>();
  readonly alerts: string[] = [];
  /** Points that are older than one that came before them, and were not there. */
  outOfOrder = 0;
  #port = 0;
  #server: Server | undefined;
  #line = '';

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  async come(): Promise<void> {
    const server = createServer((request, response) => {
      const pieces: Buffer[] = [];
      request.on('data', (piece: Buffer) => pieces.push(piece));
      request.on('end', () => {
        const path = request.url ?? '';
        const isQuery = path.startsWith('/query');
        const body = Buffer.concat(pieces).toString();
        response.writeHead(isQuery ? 200 : 204, { connection: 'close' }).end(isQuery ? '{}' : undefined);
        if (path.startsWith('/write')) for (const line of body.split('\n')) this.#take(line);
        else if (!isQuery) this.#takeAlert(body);
      });
    });
    server.listen(this.#port, '127.0.0.1');
    await once(server, 'listening');
    this.#port = (server.address() as AddressInfo).port;
    this.#server = server;
  }

  /** Whoever waits for an answer gets it. */
  async go(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    if (server === undefined) return;
    server.close();
    server.closeIdleConnections();
    await once(server, 'close');
  }

  /** Takes what it was told last. */
  finish(): void {
    this.#take('');
  }

  /** A line is judged when the next is known. */
  #take(line: string): void {
    const before = this.#line;
    this.#line = line;
    const [, id, time] = SAMPLE.exec(before) ?? [];
    if (id === undefined || line.startsWith(EVENT)) return;
    let written = this.series.get(id);
    if (written === undefined) this.series.set(id, (written = { last: -Infinity, times: new Set() }));
    const at = Number(time);
    if (at < written.last && !written.times.has(at)) this.outOfOrder++;
    written.times.add(at);
    written.last = Math.max(written.last, at);
  }

  #takeAlert(body: string): void {
    const { id, event } = JSON.parse(body) as AlertDocument;
    this.alerts.push(`${event} ${id}`);
  }
}
