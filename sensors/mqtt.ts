/**
 * Reads topics of an MQTT broker and hands every message on as bytes.
 *
 * Speaks MQTT 5 and falls back to 3.1.1 where the broker refuses it. Reconnects for ever, with patience. Handlers are
 * never held, because the client serves its keep-alive in the same turn; who cannot keep up pauses the socket.
 */
import type { Duplex } from 'node:stream';
import { connect as connectUrl, type IClientOptions, type IPublishPacket, MqttClient } from 'mqtt';
import type { Net } from '../models/ports.ts';

export interface MqttOptions {
  url: string;
  topics: string[];
  qos: 0 | 1;
  clientId: string;
  username?: string;
  password?: string;
  sessionExpiryMs: number;
}

export interface MqttHandlers {
  onMessage(topic: string, payload: Uint8Array, packet: { retained: boolean }): void;
  onState(connected: boolean, detail: string): void;
}

const RETRY_MS_FIRST = 500;
const RETRY_MS_MAX = 30_000;
const KEEPALIVE_SECONDS = 30;
/** Answers of a broker that does not know MQTT 5: a 3.1.1 refusal, and the one of version 5. */
const WRONG_VERSION = new Set([1, 0x84]);

export class MqttSource {
  readonly #options: MqttOptions;
  readonly #handlers: MqttHandlers;
  readonly #net: Net<Duplex>;
  #client: MqttClient | undefined;
  #version: 4 | 5 = 5;
  #lastError = '';

  constructor(options: MqttOptions, handlers: MqttHandlers, net: Net<Duplex>) {
    this.#options = options;
    this.#handlers = handlers;
    this.#net = net;
  }

  start(): void {
    const client = this.#connect();
    this.#client = client;
    client.on('connect', () => this.#connected(client));
    client.on('message', (topic, payload, packet: IPublishPacket) => {
      this.#handlers.onMessage(topic, payload, { retained: packet.retain });
    });
    client.on('error', (error) => this.#failed(client, error));
    client.on('close', () => {
      if (client !== this.#client) return;
      this.#handlers.onState(false, this.#lastError || 'connection closed');
      client.options.reconnectPeriod = Math.min(RETRY_MS_MAX, (client.options.reconnectPeriod ?? RETRY_MS_FIRST) * 2);
    });
  }

  async stop(): Promise<void> {
    const client = this.#client;
    this.#client = undefined;
    await client?.endAsync(true);
  }

  #connect(): MqttClient {
    const { url, clientId, username, password, sessionExpiryMs } = this.#options;
    const options: IClientOptions = {
      protocolVersion: this.#version,
      clientId,
      clean: sessionExpiryMs === 0,
      keepalive: KEEPALIVE_SECONDS,
      reconnectPeriod: RETRY_MS_FIRST,
      connectTimeout: 10_000,
      resubscribe: false,
      ...(username === undefined ? {} : { username }),
      ...(password === undefined ? {} : { password }),
      ...(this.#version === 5 ? { properties: { sessionExpiryInterval: Math.round(sessionExpiryMs / 1000) } } : {}),
    };
    const { protocol, hostname, port } = new URL(url);
    if (protocol !== 'mqtt:' && protocol !== 'mqtts:') return connectUrl(url, options);
    const secure = protocol === 'mqtts:';
    const target = { host: hostname.replace(/^\[|\]$/g, ''), port: Number(port) || (secure ? 8883 : 1883), secure };
    const client = new MqttClient(() => this.#net.connect(target), options);
    return client;
  }

  #connected(client: MqttClient): void {
    this.#lastError = '';
    client.options.reconnectPeriod = RETRY_MS_FIRST;
    // 5 can ask for no retained messages and none of its own; 3.1.1 marks retained ones instead.
    const options = this.#version === 5 ? { qos: this.#options.qos, rh: 2, nl: true } : { qos: this.#options.qos };
    client.subscribe(this.#options.topics, options, (error) => {
      if (client !== this.#client) return;
      if (error) this.#handlers.onState(false, `subscription refused: ${error.message}`);
      else this.#handlers.onState(true, this.#version === 5 ? 'MQTT 5' : 'MQTT 3.1.1');
    });
  }

  #failed(client: MqttClient, error: Error & { code?: number | string }): void {
    if (client !== this.#client) return;
    if (this.#version === 5 && typeof error.code === 'number' && WRONG_VERSION.has(error.code)) {
      this.#version = 4;
      client.end(true);
      this.start();
      return;
    }
    this.#lastError = error.message || String(error.code ?? 'connection failed');
  }
}
