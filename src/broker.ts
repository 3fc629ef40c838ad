/**
 * The embedded MQTT 3.1.1 broker: for the demo, and for those who have none. Loopback only, memory only.
 *
 * What it keeps is bounded: packets, connections, retained messages. Every session ends with its connection, whatever
 * the client asked for, because what waits for a client that never comes back would fill the memory. aedes is an
 * optional dependency and is loaded only when a broker is asked for.
 */
import { createServer, type Server, type Socket } from 'node:net';
import type { AedesOptions, Client } from 'aedes';
import { CodedError } from '../models/errors.ts';
import { GuardedStream, PACKET_BYTES_MAX } from '../sensors/frame-guard.ts';
import { isLoopback } from './config/address.ts';
import type { Address } from './config/config.ts';
import { listen } from './listen.ts';

export interface Broker {
  /** Where it listens; the port is the real one where 0 was asked for. */
  address: Address;
  /**
   * Everything that is published, before its publisher is told so: that waits for what the listener returns.
   * @returns stops it
   */
  hear(listener: (message: Published) => Promise<void> | undefined): () => void;
  /** Reads nothing more from anybody, or goes on. */
  hold(held: boolean): void;
  stop(): Promise<void>;
}

type PublishPacket = Parameters<NonNullable<AedesOptions['authorizePublish']>>[1];

export interface Published {
  topic: string;
  payload: Uint8Array;
  session: string;
  /** undefined: it is not acknowledged. */
  packetId: number | undefined;
  again: boolean;
}

export interface BrokerOptions {
  /** A connection was refused or cut, for this reason. */
  onRefused?: (reason: string) => void;
  limits?: Partial<typeof BROKER_LIMITS>;
}

export const BROKER_LIMITS = {
  connections: 100,
  /** From the first byte of a connection to its CONNECT. */
  connectMs: 10_000,
  /** A client that asks to be silent for longer is refused. */
  keepaliveSeconds: 1200,
  packetBytes: PACKET_BYTES_MAX,
  topicLevels: 32,
  /** Time for a client to take what waits for it. */
  drainMs: 10_000,
  /** QoS 2 messages of a client that are not yet released. */
  inflight: 100,
  retainedTopics: 10_000,
  retainedBytes: 16 * 1024 * 1024,
};

/** @throws CodedError PORT_IN_USE, BROKER_MISSING, BROKER_EXPOSED */
export async function startBroker(address: Address, options: BrokerOptions = {}): Promise<Broker> {
  const { onRefused = () => {} } = options;
  const limits = { ...BROKER_LIMITS, ...options.limits };
  if (!isLoopback(address)) {
    throw new CodedError('BROKER_EXPOSED', 'the embedded broker asks for no password, so it listens on loopback only');
  }
  const { Aedes } = await import('aedes').catch((error: unknown) => {
    throw new CodedError('BROKER_MISSING', 'the embedded broker needs the package aedes, which is not installed', {
      cause: error,
    });
  });
  const listeners = new Set<(message: Published) => Promise<void> | undefined>();
  const isKept = boundedRetained(limits);
  const aedes = await Aedes.createBroker({
    id: 'tidewatch',
    connectTimeout: limits.connectMs,
    keepaliveLimit: limits.keepaliveSeconds,
    maxTopicLevels: limits.topicLevels,
    drainTimeout: limits.drainMs,
    maxInflightInbound: limits.inflight,
    preConnect: (_client, packet, done) => {
      packet.clean = true;
      done(null, true);
    },
    authorizePublish: (client, packet, done) => {
      if (packet.topic.startsWith('$SYS/')) {
        done(new Error('topics of $SYS are reserved'));
        return;
      }
      if (packet.retain) packet.retain = isKept(packet);
      if (client !== null) tell(listeners, client, packet);
      done(null);
    },
  });
  aedes.on('clientError', (_client, error) => onRefused(error.message));
  aedes.on('connectionError', (_client, error) => onRefused(error.message));
  const sockets = new Set<Socket>();
  const streams = new Set<GuardedStream>();
  let held = false;
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    const stream = new GuardedStream(socket, { from: 'client', packetBytesMax: limits.packetBytes }, onRefused);
    streams.add(stream);
    stream.on('close', () => streams.delete(stream));
    if (held) stream.hold();
    aedes.handle(stream);
  });
  server.maxConnections = limits.connections;
  server.on('drop', () => onRefused('too many connections'));
  const closed = () => new Promise<void>((resolve) => aedes.close(resolve));
  const bound = await listen(server, address, `broker: {listen: HOST:PORT} in the configuration`).catch(
    async (error: unknown) => {
      await closed();
      throw error;
    },
  );
  return {
    address: bound,
    hear: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    hold: (isHeld) => {
      held = isHeld;
      for (const stream of streams)
        if (held) stream.hold();
        else stream.release();
    },
    stop: async () => {
      await closed();
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

/** Tells the listeners; what the publisher is sent waits until they have kept it. */
function tell(
  listeners: ReadonlySet<(message: Published) => Promise<void> | undefined>,
  client: Client,
  { topic, payload, qos, messageId, dup }: PublishPacket,
): void {
  const bytes = typeof payload === 'string' ? Buffer.from(payload) : payload;
  const packetId = qos > 0 ? messageId : undefined;
  const message = { topic, payload: bytes, session: `broker:${client.id}`, packetId, again: dup };
  for (const listener of listeners) {
    const kept = listener(message);
    if (kept === undefined || packetId === undefined) continue;
    client.conn.cork();
    void kept.then(() => client.conn.uncork());
  }
}

/** Above the limits a message still reaches who listens, and is not kept for who comes later. */
function boundedRetained({
  retainedTopics,
  retainedBytes,
}: Pick<typeof BROKER_LIMITS, 'retainedTopics' | 'retainedBytes'>): (packet: PublishPacket) => boolean {
  const bytesOf = new Map<string, number>();
  let total = 0;
  return ({ topic, payload }) => {
    const bytes = Buffer.byteLength(payload);
    const before = bytesOf.get(topic);
    const topics = bytesOf.size + (before === undefined ? 1 : 0);
    const after = total - (before ?? 0) + bytes;
    if (bytes > 0 && (topics > retainedTopics || after > retainedBytes)) return false;
    total = after;
    if (bytes === 0) bytesOf.delete(topic);
    else bytesOf.set(topic, bytes);
    return true;
  };
}
