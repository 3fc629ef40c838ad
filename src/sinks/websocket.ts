/**
 * The WebSocket hub: tells every connected dashboard what happens, at `/api/v1/stream`.
 *
 *   server  hello
 *   client          subscribe
 *   server  result, snapshot, then samples, alert, series, status, scoreboard
 *
 * A client that reconnects names the last alert it saw; the events after it are sent again, or `gap` where the log no
 * longer reaches back.
 */
import type { WebSocket } from 'ws';
import { z } from 'zod';
import type { AlertDocument } from '../../models/alert-document.ts';
import type { AlertSink, Cancel, Clock } from '../../models/ports.ts';
import type { SampleColumns } from '../../pipelines/thin.ts';
import type { ClientMessage, Scoreboard, SeriesInfo, ServerMessage, StatusMessage } from '../protocol.ts';
import { Client, type Subscription } from './client.ts';

const clientMessage = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('subscribe'),
    id: z.number().int(),
    series: z.array(z.string().max(128)).max(1000).optional(),
    what: z.array(z.enum(['samples', 'alerts'])).optional(),
    from_seq: z.number().int().nonnegative().optional(),
    max_hz: z.number().min(0.1).max(10).optional(),
  }),
  z.object({ type: z.literal('unsubscribe'), id: z.number().int() }),
  z.object({ type: z.literal('ack'), id: z.number().int(), alert: z.string().max(64) }),
  z.object({ type: z.literal('ping') }),
]) as z.ZodType<ClientMessage>;

/** What a fresh client is told, and what a client may do; the daemon answers. */
export interface HubSource {
  version: string;
  /** New after each start. */
  epoch: string;
  seq(): number;
  series(): SeriesInfo[];
  samples(series: string): SampleColumns | undefined;
  /** Open and recently closed alerts, newest first. */
  alerts(): AlertDocument[];
  alertsAfter(seq: number): AlertDocument[];
  oldestSeq(): number;
  scoreboard(): Scoreboard | undefined;
  status(): StatusMessage;
  /** False when no such alert is open. */
  acknowledge(alert: string): boolean;
}

const PING_MS = 20_000;
const PINGS_MISSED_MAX = 2;
const FLUSH_MS = 100;
const HZ_DEFAULT = 10;

export class WebSocketHub implements AlertSink {
  readonly #source: HubSource;
  readonly #clock: Clock;
  readonly #clients = new Set<Client>();
  readonly #onDropped: (reason: string) => void;
  readonly #cancels: Cancel[] = [];

  constructor(source: HubSource, clock: Clock, onDropped: (reason: string) => void) {
    this.#source = source;
    this.#clock = clock;
    this.#onDropped = onDropped;
  }

  start(): void {
    this.#cancels.push(
      this.#clock.every(FLUSH_MS, () => {
        for (const client of this.#clients) client.flush(this.#clock.now());
      }),
      this.#clock.every(PING_MS, () => this.#ping()),
    );
  }

  get size(): number {
    return this.#clients.size;
  }

  /** Takes over an open socket. */
  accept(socket: WebSocket): void {
    const client = new Client(socket);
    this.#clients.add(client);
    socket.on('close', () => this.#clients.delete(client));
    socket.on('error', () => socket.terminate());
    socket.on('pong', () => (client.missedPings = 0));
    socket.on('message', (data, isBinary) => {
      this.#receive(client, isBinary ? '' : (data as Buffer).toString('utf8'));
    });
    const { version, epoch } = this.#source;
    client.send({ type: 'hello', v: 1, server: version, epoch, seq: this.#source.seq(), time: this.#clock.now() });
  }

  samples(all: readonly SampleColumns[]): void {
    for (const client of this.#clients) for (const columns of all) client.queue(columns);
  }

  deliver(alert: AlertDocument): void {
    for (const client of this.#clients) {
      const { subscription } = client;
      if (subscription?.alerts === true && subscription.matches(alert.series))
        this.#send(client, { type: 'alert', alert });
    }
  }

  /** To everybody who has subscribed to anything. */
  broadcast(message: ServerMessage): void {
    for (const client of this.#clients) if (client.subscription !== undefined) this.#send(client, message);
  }

  stop(): void {
    for (const cancel of this.#cancels.splice(0)) cancel();
    for (const client of this.#clients) client.socket.close(1001, 'server stops');
  }

  #receive(client: Client, text: string): void {
    const message = parse(text);
    if (message === undefined) {
      this.#send(client, { type: 'error', code: 'BAD_MESSAGE', message: 'expected a message of tidewatch.v1 as JSON' });
      return;
    }
    switch (message.type) {
      case 'ping':
        this.#send(client, { type: 'pong', time: this.#clock.now() });
        break;
      case 'subscribe':
        this.#subscribe(client, message);
        break;
      case 'unsubscribe':
        client.subscription = undefined;
        client.clear();
        this.#send(client, { type: 'result', id: message.id, ok: true });
        break;
      case 'ack': {
        const ok = this.#source.acknowledge(message.alert);
        this.#send(client, { type: 'result', id: message.id, ok, ...(ok ? {} : { error: 'no such open alert' }) });
        break;
      }
    }
  }

  #subscribe(client: Client, message: Extract<ClientMessage, { type: 'subscribe' }>): void {
    const subscription = subscriptionOf(message);
    client.subscription = subscription;
    client.clear();
    this.#send(client, { type: 'result', id: message.id, ok: true });
    if (message.from_seq !== undefined) this.#resume(client, subscription, message.from_seq);
    const series = this.#source.series().filter(({ id }) => subscription.matches(id));
    const samples = subscription.samples ? series.flatMap(({ id }) => this.#source.samples(id) ?? []) : [];
    const alerts = subscription.alerts
      ? this.#source.alerts().filter((alert) => subscription.matches(alert.series))
      : [];
    this.#send(client, { type: 'snapshot', series, samples, alerts, seq: this.#source.seq() });
    this.#send(client, this.#source.status());
    const scoreboard = this.#source.scoreboard();
    if (scoreboard !== undefined) this.#send(client, { type: 'scoreboard', scoreboard });
  }

  #resume(client: Client, subscription: Subscription, seq: number): void {
    const oldest = this.#source.oldestSeq();
    if (seq + 1 < oldest) {
      this.#send(client, { type: 'gap', from_seq: seq, oldest_seq: oldest });
      return;
    }
    for (const alert of this.#source.alertsAfter(seq)) {
      if (subscription.alerts && subscription.matches(alert.series)) this.#send(client, { type: 'alert', alert });
    }
  }

  #send(client: Client, message: ServerMessage): void {
    if (!client.send(message)) this.#onDropped('slow');
  }

  #ping(): void {
    for (const client of this.#clients) {
      if (client.missedPings >= PINGS_MISSED_MAX) {
        client.socket.terminate();
        this.#onDropped('no_pong');
      } else {
        client.missedPings++;
        client.socket.ping();
      }
    }
  }
}

function parse(text: string): ClientMessage | undefined {
  try {
    return clientMessage.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

function subscriptionOf(message: Extract<ClientMessage, { type: 'subscribe' }>): Subscription {
  const patterns = message.series ?? ['*'];
  const exact = new Set(patterns.filter((pattern) => !pattern.endsWith('*')));
  const prefixes = patterns.filter((pattern) => pattern.endsWith('*')).map((pattern) => pattern.slice(0, -1));
  const what = message.what ?? ['samples', 'alerts'];
  return {
    matches: (series) => exact.has(series) || prefixes.some((prefix) => series.startsWith(prefix)),
    samples: what.includes('samples'),
    alerts: what.includes('alerts'),
    intervalMs: 1000 / (message.max_hz ?? HZ_DEFAULT),
  };
}
