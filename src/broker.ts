/**
 * The embedded MQTT 3.1.1 broker: for the demo, and for those who have none. Loopback only, memory only.
 *
 * aedes is an optional dependency and is loaded only when a broker is asked for.
 */
import { createServer, type Server, type Socket } from 'node:net';
import { CodedError } from '../models/errors.ts';
import type { Address } from './config/config.ts';
import { listen } from './listen.ts';

export interface Broker {
  /** Where it listens; the port is the real one where 0 was asked for. */
  address: Address;
  stop(): Promise<void>;
}

/** @throws CodedError PORT_IN_USE, BROKER_MISSING */
export async function startBroker(address: Address): Promise<Broker> {
  const { Aedes } = await import('aedes').catch((error: unknown) => {
    throw new CodedError('BROKER_MISSING', 'the embedded broker needs the package aedes, which is not installed', {
      cause: error,
    });
  });
  const aedes = await Aedes.createBroker({ id: 'tidewatch' });
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    aedes.handle(socket);
  });
  const bound = await listen(server, address, `broker: {listen: HOST:PORT} in the configuration`);
  return {
    address: bound,
    stop: async () => {
      await new Promise<void>((resolve) => aedes.close(resolve));
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}
