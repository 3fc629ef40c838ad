/**
 * A connection to a broker for publishing: MQTT 5, and 3.1.1 where that is refused; made anew with patience for ever.
 *
 * Every attempt is a client of its own without a session: what must not be lost, the sink keeps itself.
 */
import { randomBytes } from 'node:crypto';
import type { Duplex } from 'node:stream';
import { connect as connectUrl, type IClientOptions, type IConnackPacket, type IPublishPacket, MqttClient } from 'mqtt';
import type { Cancel, Clock, Net } from '../../models/ports.ts';
import { GuardedStream, PACKET_BYTES_MAX } from '../../sensors/frame-guard.ts';
import { isVersionRefusal, reasonOf, refusalOf, versionRefused, violationReason } from '../../sensors/mqtt-reason.ts';
import type { AccessConfig } from '../config/config.ts';
import { type Access, peerOf, readAccess } from './access.ts';
import { Backoff } from './backoff.ts';

export interface ConnectionOptions extends AccessConfig {
  url: string;
  protocol: 4 | 5 | null;
  clientId: string | null;
  /** Published by the broker, retained, when we are gone without a word. */
  will: { topic: string; payload: string };
  retryMsFirst: number;
  retryMsMax: number;
  connectMsMax: number;
  clock: Clock;
  net: Net<Duplex>;
}

/** A connection that stands, and what its broker can do. */
export interface Session {
  readonly client: MqttClient;
  readonly version: 4 | 5;
  readonly qos: 0 | 1;
  readonly retains: boolean;
  /** Messages that may be under way. */
  readonly window: number;
  readonly packetBytesMax: number;
}

export interface ConnectionHandlers {
  onSession(session: Session): void;
  /** Also for each attempt that failed. */
  onLost(detail: string): void;
  onMessage(topic: string, payload: Buffer, packet: IPublishPacket): void;
}

const KEEPALIVE_SECONDS = 30;
const WINDOW_MAX = 20;
/** A connection that lasted this long was a good one, and the next attempt may come soon. */
const GOOD_MS = 10_000;

export class MqttConnection {
  readonly #options: ConnectionOptions;
  readonly #handlers: ConnectionHandlers;
  readonly #backoff: Backoff;
  readonly #clientId: string;
  #version: 4 | 5;
  #client: MqttClient | undefined;
  /** Says goodbye. */
  #ending: MqttClient | undefined;
  #connectedAt: number | undefined;
  #cancel: Cancel = () => {};
  #stopped = false;

  constructor(options: ConnectionOptions, handlers: ConnectionHandlers) {
    this.#options = options;
    this.#handlers = handlers;
    this.#backoff = new Backoff({ firstMs: options.retryMsFirst, maxMs: options.retryMsMax });
    this.#clientId = options.clientId ?? `tidewatch-out-${randomBytes(6).toString('hex')}`;
    this.#version = options.protocol ?? 5;
  }

  start(): void {
    this.#attempt().catch((error: unknown) => this.#lose(undefined, this.#explain(error)));
  }

  /** Says goodbye where there is somebody to hear it. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#cancel();
    const client = this.#client;
    this.#client = undefined;
    this.#ending = client;
    await client?.endAsync(!client.connected);
    this.#ending = undefined;
  }

  /** Ends at once, however the other end is. */
  abort(): void {
    this.#stopped = true;
    this.#cancel();
    const client = this.#client;
    this.#client = undefined;
    client?.end(true);
    this.#ending?.stream.destroy();
  }

  async #attempt(): Promise<void> {
    const access = await readAccess(this.#options);
    if (this.#stopped) return;
    const client = this.#connect(access);
    this.#client = client;
    const named = access.username !== undefined;
    client.on('connect', (connack) => this.#connected(client, connack));
    client.on('message', (topic, payload, packet) => {
      if (client === this.#client) this.#handlers.onMessage(topic, payload, packet);
    });
    client.on('disconnect', ({ reasonCode = 0 }) => {
      if (reasonCode >= 0x80) this.#lose(client, refusalOf(reasonCode, named));
    });
    client.on('error', (error) => this.#failed(client, error, named));
    client.on('close', () => this.#lose(client, `connection closed by ${new URL(this.#options.url).host}`));
  }

  #connect({ username, password, tls }: Access): MqttClient {
    const { url, will, connectMsMax } = this.#options;
    const options: IClientOptions = {
      protocolVersion: this.#version,
      clientId: this.#clientId,
      clean: true,
      keepalive: KEEPALIVE_SECONDS,
      reconnectPeriod: 0,
      connectTimeout: connectMsMax,
      resubscribe: false,
      will: { topic: will.topic, payload: Buffer.from(will.payload), qos: 1, retain: true },
      ...(username === undefined ? {} : { username }),
      ...(password === undefined ? {} : { password }),
    };
    const { protocol } = new URL(url);
    if (protocol !== 'mqtt:' && protocol !== 'mqtts:') {
      return connectUrl(url, { ...options, ...tls, rejectUnauthorized: true });
    }
    const target = { ...peerOf(url, 'broker'), secure: protocol === 'mqtts:', tls };
    return new MqttClient((client) => this.#guarded(client, this.#options.net.connect(target)), options);
  }

  #guarded(client: MqttClient, stream: Duplex): Duplex {
    const limits = { from: 'broker', packetBytesMax: PACKET_BYTES_MAX } as const;
    return new GuardedStream(stream, limits, (violation) => {
      const detail = violationReason(violation, peerOf(this.#options.url, 'broker'), PACKET_BYTES_MAX);
      this.#lose(client, detail);
    });
  }

  #connected(client: MqttClient, { properties }: IConnackPacket): void {
    if (client !== this.#client) return;
    this.#connectedAt = this.#options.clock.now();
    this.#handlers.onSession({
      client,
      version: this.#version,
      qos: properties?.maximumQoS === 0 ? 0 : 1,
      retains: properties?.retainAvailable !== false,
      window: Math.min(WINDOW_MAX, properties?.receiveMaximum ?? WINDOW_MAX),
      packetBytesMax: properties?.maximumPacketSize ?? Infinity,
    });
  }

  #failed(client: MqttClient, error: Error & { code?: number | string }, named: boolean): void {
    if (client !== this.#client) return;
    const { protocol } = this.#options;
    if (typeof error.code !== 'number') return this.#lose(client, this.#explain(error));
    if (!isVersionRefusal(error.code)) return this.#lose(client, refusalOf(error.code, named));
    if (this.#version === 4 || protocol !== null) return this.#lose(client, versionRefused(protocol));
    this.#version = 4;
    this.#client = undefined;
    client.end(true);
    this.start();
  }

  /** @param client  undefined: there was none yet */
  #lose(client: MqttClient | undefined, detail: string): void {
    if (client !== this.#client || this.#stopped) return;
    this.#client = undefined;
    client?.end(true);
    const { clock } = this.#options;
    if (this.#connectedAt !== undefined && clock.now() - this.#connectedAt >= GOOD_MS) this.#backoff.reset();
    this.#connectedAt = undefined;
    this.#cancel = clock.after(this.#backoff.next(), () => this.start());
    this.#handlers.onLost(detail);
  }

  #explain(error: unknown): string {
    return reasonOf(error, peerOf(this.#options.url, 'broker')) ?? 'the connection ended';
  }
}
