/** One connection to a broker, from its first byte to its end, and why it ended. */
import type { Duplex } from 'node:stream';
import { type IClientOptions, type IConnackPacket, type IPublishPacket, MqttClient } from 'mqtt';
import type { Net } from '../models/ports.ts';
import type { GuardedStream } from './frame-guard.ts';
import { farewellOf, isVersionRefusal, refusalOf, violationReason } from './mqtt-reason.ts';
import { shield } from './mqtt-shield.ts';
import { openStream } from './mqtt-stream.ts';
import type { Version } from './mqtt-version.ts';
import { peerOf } from './peer.ts';
import { reasonOf } from './reason.ts';
import type { Access } from './secret-files.ts';

export interface AttemptOptions {
  /** mqtt, mqtts, ws or wss. */
  url: string;
  clientId: string;
  /** 0: the broker forgets at once what it has not delivered. */
  sessionExpiryMs: number;
  /** Published by the broker, retained, when we are gone without a word. */
  will?: { topic: string; payload: string };
  keepaliveSeconds: number;
  packetBytesMax: number;
  connectMsMax: number;
}

export interface AttemptHandlers {
  onAccepted(connack: IConnackPacket): void;
  onMessage(topic: string, payload: Buffer, packet: IPublishPacket): void;
  onClosed(): void;
}

export class Attempt {
  readonly version: Version;
  readonly client: MqttClient;
  /** The first thing that went wrong; undefined where nobody said a word. */
  reason: string | undefined;
  versionRefused = false;
  readonly #stream: GuardedStream;
  #accepted = false;
  #ackedAfter: Promise<void> | undefined;

  constructor(options: AttemptOptions, version: Version, access: Access, handlers: AttemptHandlers, net: Net<Duplex>) {
    const { url, packetBytesMax } = options;
    const peer = peerOf(url, 'broker');
    this.version = version;
    const stream = openStream(
      {
        url,
        tls: access.tls,
        packetBytesMax,
        onViolation: (violation) => (this.reason ??= violationReason(violation, peer, packetBytesMax)),
      },
      net,
    );
    // The client keeps errors without a code to itself.
    stream.on('error', (error) => (this.reason ??= reasonOf(error, peer)));
    const client = new MqttClient(() => stream, clientOptions(options, version, access));
    shield(client);
    client.on('connect', (connack) => {
      this.#accepted = true;
      handlers.onAccepted(connack);
    });
    client.on('message', (topic, payload, packet) => handlers.onMessage(topic, payload, packet));
    client.on('disconnect', ({ reasonCode = 0 }) => (this.reason ??= farewellOf(reasonCode)));
    client.on('error', (error: Error & { code?: number | string }) => {
      if (typeof error.code !== 'number') this.reason ??= reasonOf(error, peer);
      else if (this.#accepted) this.reason ??= farewellOf(error.code);
      else if (isVersionRefusal(error.code)) this.versionRefused = true;
      else this.reason ??= refusalOf(error.code, access.username !== undefined);
    });
    client.on('close', () => handlers.onClosed());
    this.client = client;
    this.#stream = stream;
  }

  get ended(): boolean {
    return this.#stream.destroyed;
  }

  /** Reads nothing more, so that the broker waits. */
  hold(): void {
    this.#stream.hold();
  }

  release(): void {
    this.#stream.release();
  }

  /** Nothing goes out before that: what is acknowledged is kept. */
  holdAcks(until: Promise<void>): void {
    if (until === this.#ackedAfter) return;
    this.#ackedAfter = until;
    this.#stream.cork();
    void until.then(() => this.#stream.uncork());
  }

  /** Ends at once, for a reason of ours. */
  end(reason: string): void {
    this.reason = reason;
    this.#stream.destroy();
  }

  /** Says goodbye where there is somebody to hear it, and ends however the other end is. */
  async leave(withinMs: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => (timer = setTimeout(resolve, withinMs)));
    // Only who was let in says goodbye; and only then are the last acknowledgements on their way.
    await Promise.race([this.client.endAsync(!this.client.connected).catch(() => {}), late]);
    clearTimeout(timer);
    this.#stream.destroy();
  }
}

function clientOptions(options: AttemptOptions, version: Version, { username, password }: Access): IClientOptions {
  const { clientId, sessionExpiryMs, will, keepaliveSeconds, packetBytesMax, connectMsMax } = options;
  return {
    protocolVersion: version,
    clientId,
    clean: sessionExpiryMs === 0,
    keepalive: keepaliveSeconds,
    reconnectPeriod: 0,
    connectTimeout: connectMsMax,
    resubscribe: false,
    ...(will === undefined
      ? {}
      : { will: { topic: will.topic, payload: Buffer.from(will.payload), qos: 1, retain: true } }),
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    ...(version === 5
      ? {
          properties: {
            sessionExpiryInterval: Math.round(sessionExpiryMs / 1000),
            // The broker then leaves out what the guard would cut the connection for.
            maximumPacketSize: packetBytesMax,
          },
        }
      : {}),
  };
}
