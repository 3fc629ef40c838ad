/**
 * The embedded MQTT 3.1.1 broker: for the demo, and for those who have none. Loopback only, memory only.
 *
 * What it keeps is bounded: packets, connections, retained messages. Every session ends with its connection, whatever
 * the client asked for, because what waits for a client that never comes back would fill the memory. aedes is an
 * optional dependency and is loaded only when a broker is asked for.
 */
import { createServer, type Server, type Socket } from 'node:net';
import type { AedesOptions } from 'aedes';
import { CodedError } from '../models/errors.ts';
import { GuardedStream, PACKET_BYTES_MAX } from '../sensors/frame-guard.ts';
import { isLoopback } from './config/address.ts';
import type { Address } from './config/config.ts';
import { listen } from './listen.ts';

export interface Broker {
  /** Where it listens; the port is the real one where 0 was asked for. */
  address: Address;
  stop(): Promise<void>;
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
    authorizePublish: boundedRetained(limits),
  });
  aedes.on('clientError', (_client, error) => onRefused(error.message));
  aedes.on('connectionError', (_client, error) => onRefused(error.message));
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    aedes.handle(new GuardedStream(socket, { from: 'client', packetBytesMax: limits.packetBytes }, onRefused));
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
    stop: async () => {
      await closed();
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

/** Above the limits a message still reaches who listens, and is not kept for who comes later. */
function boundedRetained(
  limits: Pick<typeof BROKER_LIMITS, 'retainedTopics' | 'retainedBytes'>,
): NonNullable<AedesOptions['authorizePublish']> {
  const bytesOf = new Map<string, number>();
  let total = 0;
  return (_client, packet, done) => {
    const { topic, payload, retain } = packet;
    if (topic.startsWith('$SYS/')) {
      done(new Error('topics of $SYS are reserved'));
      return;
    }
    if (retain) {
      const bytes = Buffer.byteLength(payload);
      const before = bytesOf.get(topic);
      const topics = bytesOf.size + (before === undefined ? 1 : 0);
      const after = total - (before ?? 0) + bytes;
      if (bytes > 0 && (topics > limits.retainedTopics || after > limits.retainedBytes)) packet.retain = false;
      else {
        total = after;
        if (bytes === 0) bytesOf.delete(topic);
        else bytesOf.set(topic, bytes);
      }
    }
    done(null);
  };
}
