/**
 * A connection to a broker, made anew with patience for ever.
 *
 * Speaks MQTT 5 and falls back to 3.1.1 where the broker refuses it. Every try is a client of its own and reads its
 * files anew, so that nothing of a failed one is left.
 */
import type { Duplex } from 'node:stream';
import type { IConnackPacket, IPublishPacket } from 'mqtt';
import type { Cancel, Clock, Net } from '../models/ports.ts';
import { Backoff } from './backoff.ts';
import { REMOTE_PACKET_BYTES_MAX } from './frame-guard.ts';
import { Attempt, type AttemptOptions } from './mqtt-attempt.ts';
import { versionRefused } from './mqtt-reason.ts';
import { type Version, VersionChoice } from './mqtt-version.ts';
import { addressOf, type Peer, peerOf } from './peer.ts';
import { reasonOf } from './reason.ts';
import { type AccessOptions, readAccess } from './secret-files.ts';

type Limits = 'keepaliveSeconds' | 'packetBytesMax' | 'connectMsMax';

export interface ConnectionOptions
  extends AccessOptions, Omit<AttemptOptions, Limits>, Partial<Pick<AttemptOptions, Limits>> {
  /** Default null: 5, and 3.1.1 where the broker refuses it. */
  protocol?: Version | null;
  retryMsFirst?: number;
  retryMsMax?: number;
  /** Default: the monotonic one of the machine. */
  clock?: Pick<Clock, 'now' | 'after'>;
}

/** A connection that stands. */
export type Session = Pick<Attempt, 'client' | 'version' | 'ended' | 'hold' | 'release' | 'holdAcks' | 'end'>;

export interface ConnectionHandlers {
  onSession(session: Session, connack: IConnackPacket): void;
  /** Also for each try that failed. */
  onLost(detail: string): void;
  /** May come before `onSession`: what waited for a session comes along with the answer that there is one. */
  onMessage(topic: string, payload: Buffer, packet: IPublishPacket, session: Session): void;
}

const STOP_MS_MAX = 1000;

const DEFAULTS = {
  keepaliveSeconds: 30,
  packetBytesMax: REMOTE_PACKET_BYTES_MAX,
  connectMsMax: 10_000,
  clock: {
    now: () => performance.now(),
    after: (delayMs: number, action: () => void): Cancel => {
      const timer = setTimeout(action, delayMs);
      return () => clearTimeout(timer);
    },
  },
};

export class MqttConnection {
  readonly #options: ConnectionOptions & typeof DEFAULTS;
  readonly #handlers: ConnectionHandlers;
  readonly #net: Net<Duplex>;
  readonly #peer: Peer;
  readonly #backoff: Backoff;
  readonly #version: VersionChoice;
  #running = false;
  #attempt: Attempt | undefined;
  /** Says goodbye. What comes meanwhile is acknowledged, so it is handed on. */
  #leaving: Attempt | undefined;
  #connectedAt: number | undefined;
  #cancel: Cancel = () => {};

  constructor(options: ConnectionOptions, handlers: ConnectionHandlers, net: Net<Duplex>) {
    this.#options = { ...DEFAULTS, ...options };
    this.#handlers = handlers;
    this.#net = net;
    this.#peer = peerOf(options.url, 'broker');
    const { retryMsFirst, retryMsMax, protocol = null } = options;
    this.#backoff = new Backoff({
      ...(retryMsFirst === undefined ? {} : { firstMs: retryMsFirst }),
      ...(retryMsMax === undefined ? {} : { maxMs: retryMsMax }),
    });
    this.#version = new VersionChoice(protocol);
  }

  start(): void {
    if (this.#running) return;
    this.#running = true;
    void this.#open();
  }

  async stop(withinMs = STOP_MS_MAX): Promise<void> {
    this.#running = false;
    this.#cancel();
    const attempt = this.#attempt;
    this.#attempt = undefined;
    this.#leaving = attempt;
    await attempt?.leave(withinMs);
    if (this.#leaving === attempt) this.#leaving = undefined;
  }

  async #open(): Promise<void> {
    try {
      const access = await readAccess(this.#options);
      // Stopped meanwhile, or stopped and started again.
      if (!this.#running || this.#attempt !== undefined) return;
      this.#connectedAt = undefined;
      const attempt: Attempt = new Attempt(
        this.#options,
        this.#version.current,
        access,
        {
          onAccepted: (connack) => this.#accepted(attempt, connack),
          onMessage: (topic, payload, packet) => {
            if (attempt === this.#attempt || attempt === this.#leaving) {
              this.#handlers.onMessage(topic, payload, packet, attempt);
            }
          },
          onClosed: () => this.#closed(attempt),
        },
        this.#net,
      );
      this.#attempt = attempt;
    } catch (error) {
      this.#wait(reasonOf(error, this.#peer) ?? 'cannot connect');
    }
  }

  #accepted(attempt: Attempt, connack: IConnackPacket): void {
    if (attempt !== this.#attempt) return;
    this.#version.accepted();
    this.#connectedAt = this.#options.clock.now();
    this.#handlers.onSession(attempt, connack);
  }

  #closed(attempt: Attempt): void {
    if (attempt !== this.#attempt) return;
    this.#attempt = undefined;
    const { reason } = attempt;
    const silent = reason === undefined && this.#connectedAt === undefined;
    if (attempt.versionRefused ? this.#version.refused() : silent && this.#version.hungUp()) {
      void this.#open();
      return;
    }
    if (this.#connectedAt !== undefined) this.#backoff.lasted(this.#options.clock.now() - this.#connectedAt);
    if (attempt.versionRefused) this.#wait(versionRefused(this.#options.protocol ?? null));
    else this.#wait(reason ?? `connection closed by ${addressOf(this.#peer)}`);
  }

  #wait(reason: string): void {
    if (!this.#running) return;
    this.#cancel = this.#options.clock.after(this.#backoff.delayMs(), () => void this.#open());
    this.#handlers.onLost(reason);
  }
}
