/**
 * Reads topics of an MQTT broker and hands every message on as bytes.
 *
 * Handlers are never held, because the client serves its keep-alive in the same turn; who cannot keep up pauses the
 * connection. Acknowledgements wait on their way out, until what they acknowledge is kept.
 */
import type { Duplex } from 'node:stream';
import type { IConnackPacket, IPublishPacket } from 'mqtt';
import type { Net } from '../models/ports.ts';
import { MqttConnection, type Session } from './mqtt-connection.ts';
import { topicFits } from './mqtt-filter.ts';
import { notAuthorised } from './mqtt-reason.ts';
import { subscribe } from './mqtt-subscribe.ts';
import { nameOf } from './mqtt-version.ts';
import type { AccessOptions } from './secret-files.ts';
import type { Source, SourceHandlers } from './source.ts';
import { Valve } from './valve.ts';

export interface MqttOptions extends AccessOptions {
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
  /** First levels of our own topics, which are never handed on. Default: none. */
  ignoreBases?: readonly string[];
  /** Default 30. */
  keepaliveSeconds?: number;
  /** Default 16 MiB. */
  packetBytesMax?: number;
}

const KEEPALIVE_SECONDS = 30;

export class MqttSource implements Source {
  readonly #options: MqttOptions;
  readonly #handlers: SourceHandlers;
  readonly #connection: MqttConnection;
  readonly #valve: Valve;
  #session: Session | undefined;
  /** Whether messages may come. */
  #ready = false;
  /** Whether our session, if the broker still has it, holds our subscriptions. */
  #subscribed = false;
  /** Whether it may hold others too, of a configuration before this one. It may, until it is known that there is none. */
  #inherited = true;

  constructor(options: MqttOptions, handlers: SourceHandlers, net: Net<Duplex>) {
    this.#options = options;
    this.#handlers = handlers;
    const { keepaliveSeconds = KEEPALIVE_SECONDS } = options;
    this.#connection = new MqttConnection(
      { ...options, keepaliveSeconds },
      {
        onSession: (session, connack) => this.#connected(session, connack),
        onLost: (detail) => this.#lost(detail),
        onMessage: (topic, payload, packet, session) => this.#received(topic, payload, packet, session),
      },
      net,
    );
    this.#valve = new Valve((keepaliveSeconds * 1000) / 3, (held) => {
      if (!this.#ready) return;
      if (held) this.#session?.hold();
      else this.#session?.release();
    });
  }

  start(): void {
    this.#connection.start();
  }

  pause(): void {
    this.#valve.hold();
  }

  resume(): void {
    this.#valve.release();
  }

  async stop(): Promise<void> {
    this.#valve.release();
    this.#forget();
    await this.#connection.stop();
  }

  #connected(session: Session, { sessionPresent }: IConnackPacket): void {
    this.#session = session;
    if (!sessionPresent) this.#handlers.onSessionLost?.();
    const name = nameOf(session.version);
    const lost = this.#subscribed && !sessionPresent && this.#options.sessionExpiryMs > 0;
    const detail = lost ? `${name}; the broker had lost the session` : name;
    if (sessionPresent && this.#subscribed) {
      this.#begin(session, detail);
      return;
    }
    this.#inherited = sessionPresent;
    void this.#subscribe(session, detail);
  }

  async #subscribe(session: Session, detail: string): Promise<void> {
    const { topics, qos } = this.#options;
    const { refused, error } = await subscribe(session, topics, qos);
    if (session !== this.#session || session.ended) return;
    if (error !== undefined) session.end(`subscription refused: ${error}`);
    else if (refused.length === topics.length) session.end(notAuthorised(refused));
    else {
      this.#subscribed = true;
      this.#begin(session, refused.length > 0 ? `${detail}; ${notAuthorised(refused)}` : detail);
    }
  }

  #begin(session: Session, detail: string): void {
    this.#ready = true;
    if (this.#valve.asked) session.hold();
    this.#handlers.onState(true, detail);
  }

  #received(topic: string, payload: Buffer, packet: IPublishPacket, session: Session): void {
    const { retain, qos, dup, messageId } = packet;
    const { ignoreBases = [], topics } = this.#options;
    if (ignoreBases.some((base) => topic === base || topic.startsWith(`${base}/`))) return;
    if (this.#inherited && !topics.some((filter) => topicFits(topic, filter))) return;
    const packetId = qos > 0 ? messageId : undefined;
    const kept = this.#handlers.onMessage(topic, payload, { retained: retain, packetId, again: dup });
    if (packetId !== undefined && kept !== undefined) session.holdAcks(kept);
  }

  #lost(detail: string): void {
    this.#forget();
    this.#handlers.onState(false, detail);
  }

  #forget(): void {
    this.#session = undefined;
    this.#ready = false;
  }
}
