/**
 * Reads topics of an MQTT broker and hands every message on as bytes.
 *
 * Speaks MQTT 5 and falls back to 3.1.1 where the broker refuses it. Every try is a client of its own, so that nothing
 * of a failed one is left, and there is always another try. Handlers are never held, because the client serves its
 * keep-alive in the same turn; who cannot keep up pauses the socket.
 */
import type { Duplex } from 'node:stream';
import { type IClientOptions, type IConnackPacket, MqttClient } from 'mqtt';
import { createWebSocketStream, WebSocket } from 'ws';
import type { Net } from '../models/ports.ts';
import { GuardedStream, PACKET_BYTES_MAX } from './frame-guard.ts';
import { Backoff } from './mqtt-backoff.ts';
import { topicFits } from './mqtt-filter.ts';
import {
  farewellOf,
  isVersionRefusal,
  notAuthorised,
  type Peer,
  reasonOf,
  refusalOf,
  versionRefused,
  violationReason,
} from './mqtt-reason.ts';
import { shield } from './mqtt-shield.ts';
import { readSecretFile, readTls, type TlsTexts } from './mqtt-tls.ts';
import { Valve } from './mqtt-valve.ts';
import type { Source, SourceHandlers, TlsFiles } from './source.ts';

export interface MqttOptions extends Partial<TlsFiles> {
  /** mqtt, mqtts, ws or wss. */
  url: string;
  topics: readonly string[];
  qos: 0 | 1;
  /** Default null: 5, and 3.1.1 where the broker refuses it. */
  protocol?: 4 | 5 | null;
  /** The same after every restart, so that the broker knows the session again. */
  clientId: string;
  /** 0: the broker forgets at once what it has not delivered. */
  sessionExpiryMs: number;
  username?: string | null;
  password?: string | null;
  /** Read at each connect; `password` goes before it. */
  passwordFile?: string | null;
  /** First levels of our own topics, which are never handed on. Default: none. */
  ignoreBases?: readonly string[];
  /** Default 30. */
  keepaliveSeconds?: number;
  /** Default 256 KiB. */
  packetBytesMax?: number;
}

const CONNECT_MS_MAX = 10_000;
/** Time to say goodbye to the broker. */
const STOP_MS_MAX = 1000;
const KEEPALIVE_SECONDS = 30;
const PORTS = new Map([
  ['mqtt:', 1883],
  ['mqtts:', 8883],
  ['ws:', 80],
  ['wss:', 443],
]);

/** One connection, from its first byte to its end. */
interface Attempt {
  protocol: 4 | 5;
  client: MqttClient;
  stream: GuardedStream;
  /** Why it ended: the first thing that went wrong. */
  reason: string | undefined;
  versionRefused: boolean;
  /** Since when messages may come, by the monotonic clock. */
  readyMs: number | undefined;
}

export class MqttSource implements Source {
  readonly #options: MqttOptions;
  readonly #handlers: SourceHandlers;
  readonly #net: Net<Duplex>;
  readonly #url: URL;
  readonly #peer: Peer;
  readonly #keepaliveSeconds: number;
  readonly #packetBytesMax: number;
  readonly #backoff = new Backoff();
  readonly #valve: Valve;
  #running = false;
  #attempt: Attempt | undefined;
  #retry: NodeJS.Timeout | undefined;
  #protocol: 4 | 5;
  /** Versions the broker refused since it last accepted one. */
  readonly #refused = new Set<4 | 5>();
  /** Whether the broker ever took us in with this version. */
  #versionKnown = false;
  /** Whether our session, if the broker still has it, holds our subscriptions. */
  #subscribed = false;
  /** Whether it may hold others too, of a configuration before this one. */
  #inherited = false;

  constructor(options: MqttOptions, handlers: SourceHandlers, net: Net<Duplex>) {
    this.#options = options;
    this.#handlers = handlers;
    this.#net = net;
    this.#url = new URL(options.url);
    const { hostname, port, protocol } = this.#url;
    const host = hostname.replace(/^\[|\]$/g, '');
    this.#peer = { role: 'broker', host, port: Number(port) || (PORTS.get(protocol) ?? 1883) };
    this.#protocol = options.protocol ?? 5;
    this.#keepaliveSeconds = options.keepaliveSeconds ?? KEEPALIVE_SECONDS;
    this.#packetBytesMax = options.packetBytesMax ?? PACKET_BYTES_MAX;
    this.#valve = new Valve((this.#keepaliveSeconds * 1000) / 3, (held) => {
      if (this.#attempt?.readyMs === undefined) return;
      if (held) this.#attempt.stream.hold();
      else this.#attempt.stream.release();
    });
  }

  start(): void {
    if (this.#running) return;
    this.#running = true;
    void this.#open();
  }

  pause(): void {
    this.#valve.hold();
  }

  resume(): void {
    this.#valve.release();
  }

  async stop(): Promise<void> {
    this.#running = false;
    clearTimeout(this.#retry);
    this.#valve.release();
    const attempt = this.#attempt;
    this.#attempt = undefined;
    if (attempt === undefined) return;
    const { client, stream } = attempt;
    const deadline = setTimeout(() => stream.destroy(), STOP_MS_MAX);
    // Only who was let in says goodbye; and only then are the last acknowledgements on their way.
    await client.endAsync(!client.connected).catch(() => {});
    clearTimeout(deadline);
    stream.destroy();
  }

  async #open(): Promise<void> {
    let tls: TlsTexts;
    let password: string | undefined;
    try {
      tls = this.#isSecure ? await readTls({ caFile: null, certFile: null, keyFile: null, ...this.#options }) : {};
      password = await this.#password();
    } catch (error) {
      this.#wait(reasonOf(error, this.#peer) ?? 'cannot read a file');
      return;
    }
    if (!this.#running) return;
    const limits = { from: 'broker', packetBytesMax: this.#packetBytesMax } as const;
    const stream = new GuardedStream(this.#connect(tls), limits, (violation) => {
      attempt.reason ??= violationReason(violation, this.#peer, this.#packetBytesMax);
    });
    // The client keeps errors without a code to itself.
    stream.on('error', (error) => (attempt.reason ??= reasonOf(error, this.#peer)));
    const client = new MqttClient(() => stream, this.#clientOptions(password));
    const attempt: Attempt = {
      protocol: this.#protocol,
      client,
      stream,
      reason: undefined,
      versionRefused: false,
      readyMs: undefined,
    };
    this.#attempt = attempt;
    this.#listen(attempt);
  }

  get #isSecure(): boolean {
    return this.#url.protocol === 'mqtts:' || this.#url.protocol === 'wss:';
  }

  async #password(): Promise<string | undefined> {
    const { password, passwordFile } = this.#options;
    if (password !== undefined && password !== null) return password;
    if (passwordFile === undefined || passwordFile === null) return undefined;
    return readSecretFile('password_file', passwordFile);
  }

  #connect(tls: TlsTexts): Duplex {
    const { protocol, href } = this.#url;
    const { host, port } = this.#peer;
    if (protocol === 'mqtt:' || protocol === 'mqtts:') {
      return this.#net.connect({ host, port, secure: this.#isSecure, tls });
    }
    const socket = new WebSocket(href, ['mqtt'], {
      ...tls,
      maxPayload: 2 * this.#packetBytesMax, // a frame may hold several packets
      perMessageDeflate: false,
    });
    return createWebSocketStream(socket);
  }

  #clientOptions(password: string | undefined): IClientOptions {
    const { clientId, sessionExpiryMs, username } = this.#options;
    return {
      protocolVersion: this.#protocol,
      clientId,
      clean: sessionExpiryMs === 0,
      keepalive: this.#keepaliveSeconds,
      reconnectPeriod: 0,
      connectTimeout: CONNECT_MS_MAX,
      resubscribe: false,
      ...(username === undefined || username === null ? {} : { username }),
      ...(password === undefined ? {} : { password }),
      ...(this.#protocol === 5
        ? {
            properties: {
              sessionExpiryInterval: Math.round(sessionExpiryMs / 1000),
              // The broker then leaves out what the guard would cut the connection for.
              maximumPacketSize: this.#packetBytesMax,
            },
          }
        : {}),
    };
  }

  #listen(attempt: Attempt): void {
    const { client } = attempt;
    const { ignoreBases = [], topics } = this.#options;
    shield(client);
    client.on('connect', (connack) => this.#accepted(attempt, connack));
    client.on('message', (topic, payload, { retain }) => {
      if (attempt !== this.#attempt) return;
      if (ignoreBases.some((base) => topic === base || topic.startsWith(`${base}/`))) return;
      if (this.#inherited && !topics.some((filter) => topicFits(topic, filter))) return;
      this.#handlers.onMessage(topic, payload, { retained: retain });
    });
    client.on('disconnect', ({ reasonCode = 0 }) => {
      attempt.reason ??= farewellOf(reasonCode);
    });
    client.on('error', (error: Error & { code?: number | string }) => {
      if (typeof error.code !== 'number') attempt.reason ??= reasonOf(error, this.#peer);
      else if (attempt.readyMs !== undefined || client.connected) attempt.reason ??= farewellOf(error.code);
      else if (isVersionRefusal(error.code)) attempt.versionRefused = true;
      else attempt.reason ??= refusalOf(error.code, typeof this.#options.username === 'string');
    });
    client.on('close', () => this.#closed(attempt));
  }

  #accepted(attempt: Attempt, { sessionPresent }: IConnackPacket): void {
    if (attempt !== this.#attempt) return;
    this.#versionKnown = true;
    this.#refused.clear();
    const lost = this.#subscribed && !sessionPresent && this.#options.sessionExpiryMs > 0;
    const name = attempt.protocol === 5 ? 'MQTT 5' : 'MQTT 3.1.1';
    const detail = lost ? `${name}; the broker had lost the session` : name;
    if (sessionPresent && this.#subscribed) {
      this.#ready(attempt, detail);
      return;
    }
    this.#inherited = sessionPresent;
    this.#subscribe(attempt, detail);
  }

  #subscribe(attempt: Attempt, detail: string): void {
    const { topics, qos } = this.#options;
    // 5 can ask for no retained messages and none of its own; 3.1.1 marks retained ones instead. What is shared with
    // others cannot leave out our own.
    const nl = !topics.some((topic) => topic.startsWith('$share/'));
    const options = attempt.protocol === 5 ? { qos, rh: 2, nl } : { qos };
    attempt.client.subscribe([...topics], options, (error, _granted, suback) => {
      if (attempt !== this.#attempt || attempt.stream.destroyed) return;
      const codes = suback?.granted.map(Number) ?? [];
      const refused = topics.filter((_, i) => codes[i] >= 0x80);
      if (refused.length === topics.length || (error !== null && refused.length === 0)) {
        attempt.reason = refused.length > 0 ? notAuthorised(refused) : `subscription refused: ${error?.message}`;
        attempt.stream.destroy();
        return;
      }
      this.#subscribed = true;
      this.#ready(attempt, refused.length > 0 ? `${detail}; ${notAuthorised(refused)}` : detail);
    });
  }

  #ready(attempt: Attempt, detail: string): void {
    attempt.readyMs = performance.now();
    if (this.#valve.asked) attempt.stream.hold();
    this.#handlers.onState(true, detail);
  }

  #closed(attempt: Attempt): void {
    if (attempt !== this.#attempt) return;
    this.#attempt = undefined;
    if (attempt.readyMs !== undefined) this.#backoff.lasted(performance.now() - attempt.readyMs);
    if (this.#tryOtherVersion(attempt)) {
      void this.#open();
      return;
    }
    const { host, port } = this.#peer;
    const reason = attempt.versionRefused ? versionRefused(this.#options.protocol ?? null) : attempt.reason;
    this.#wait(reason ?? `connection closed by ${host}:${port}`);
  }

  /** @returns whether to go on at once with the version that is set now */
  #tryOtherVersion({ protocol, versionRefused, reason, readyMs }: Attempt): boolean {
    if ((this.#options.protocol ?? null) !== null) return false;
    // Some brokers hang up on a version they do not know.
    const silent = reason === undefined && readyMs === undefined && !this.#versionKnown;
    if (!versionRefused && !silent) return false;
    this.#refused.add(protocol);
    this.#protocol = protocol === 5 ? 4 : 5;
    if (!this.#refused.has(this.#protocol)) return true;
    this.#refused.clear();
    this.#protocol = 5;
    return false;
  }

  #wait(reason: string): void {
    if (!this.#running) return;
    this.#handlers.onState(false, reason);
    this.#retry = setTimeout(() => void this.#open(), this.#backoff.delayMs());
  }
}
