import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type ConnectionOptions, MqttConnection } from '../../sensors/mqtt-connection.ts';
import { systemNet } from '../../src/ports/net.ts';
import { SimulatedClock } from '../sim/clock.ts';
import { eventually } from '../src/sinks/contract.ts';

const ACCEPTED = Buffer.from([0x20, 3, 0, 0, 0]);

/** A server that lets everybody in. */
async function serve(): Promise<{ port: number; sockets: Set<Socket> }> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => {});
    socket.once('data', () => socket.write(ACCEPTED));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return { port: (server.address() as AddressInfo).port, sockets };
}

class WaitingClock extends SimulatedClock {
  readonly waits: number[] = [];
  override after(delayMs: number, action: () => void) {
    this.waits.push(delayMs);
    return super.after(delayMs, action);
  }
}

async function begin(more: Partial<ConnectionOptions> = {}) {
  const { port, sockets } = await serve();
  const clock = new WaitingClock();
  const states: string[] = [];
  const connection = new MqttConnection(
    { url: `mqtt://127.0.0.1:${port}`, clientId: 'a', sessionExpiryMs: 0, clock, ...more },
    {
      onSession: ({ version }) => states.push(`version ${version}`),
      onLost: (detail) => states.push(detail),
      onMessage: () => {},
    },
    systemNet,
  );
  onTestFinished(() => connection.stop(0));
  connection.start();
  return { connection, clock, states, sockets, port };
}

describe('a connection to a broker', () => {
  it('comes back more and more slowly while no connection lasts for thirty seconds', async () => {
    const { clock, states, sockets } = await begin();
    const lastFor = async (ms: number): Promise<void> => {
      const told = states.length;
      await eventually(() => expect(states.at(-1)).toBe('version 5'));
      clock.advance(ms);
      for (const socket of sockets) socket.destroy();
      await eventually(() => expect(states.length).toBeGreaterThan(told));
      await eventually(() => expect(states.at(-1)).toMatch(/^connection closed by/));
      clock.advance(clock.waits.at(-1)!);
    };
    for (const ms of [0, 1000, 10_000, 29_999, 30_000, 0]) await lastFor(ms);
    const bounds = [1000, 2000, 4000, 8000, 1000, 2000];
    expect(clock.waits).toHaveLength(bounds.length);
    for (const [i, wait] of clock.waits.entries()) {
      expect(wait).toBeGreaterThan(bounds[i] / 2);
      expect(wait).toBeLessThanOrEqual(bounds[i]);
    }
  });

  it('takes no longer to stop than it is given, whoever still owes it an answer', async () => {
    let client: { publish(topic: string, payload: string, options: { qos: 1 }): unknown } | undefined;
    const { port, sockets } = await serve();
    const connection = new MqttConnection(
      { url: `mqtt://127.0.0.1:${port}`, clientId: 'a', sessionExpiryMs: 0 },
      { onSession: (session) => (client = session.client), onLost: () => {}, onMessage: () => {} },
      systemNet,
    );
    connection.start();
    await eventually(() => expect(client).toBeDefined());
    client!.publish('a', 'never acknowledged', { qos: 1 });
    const began = performance.now();
    await connection.stop(50);
    expect(performance.now() - began).toBeLessThan(500);
    await eventually(() => expect(sockets.size).toBe(0));
  });

  it('hands on what comes while it says goodbye, because that is acknowledged', async () => {
    let client: { publish(topic: string, payload: string, options: { qos: 1 }): unknown } | undefined;
    const handed: string[] = [];
    const { port, sockets } = await serve();
    const connection = new MqttConnection(
      { url: `mqtt://127.0.0.1:${port}`, clientId: 'a', sessionExpiryMs: 0 },
      {
        onSession: (session) => (client = session.client),
        onLost: () => {},
        onMessage: (topic) => void handed.push(topic),
      },
      systemNet,
    );
    connection.start();
    await eventually(() => expect(client).toBeDefined());
    client!.publish('owed', '', { qos: 1 }); // and never answered, so that it waits
    const [socket] = sockets;
    const acknowledged: Buffer[] = [];
    socket.on('data', (chunk: Buffer) => acknowledged.push(chunk));
    const stopped = connection.stop(500);
    socket.write(Buffer.from([0x32, 7, 0, 1, 0x74, 0, 9, 0, 0x78])); // topic t, packet 9, QoS 1
    const answer = Buffer.from([0x40, 2, 0, 9]);
    await eventually(() => expect(Buffer.concat(acknowledged).includes(answer)).toBe(true));
    expect(handed).toEqual(['t']);
    await stopped;
  });

  it('is not made once it has been stopped, however soon', async () => {
    const { connection, clock, states, sockets } = await begin();
    await connection.stop();
    clock.advance(60_000);
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(states).toEqual([]);
    expect(sockets.size).toBe(0);
  });

  it('says which file it cannot use, and tries again', async () => {
    const { clock, states } = await begin({ passwordFile: '/dev/null' });
    await eventually(() => expect(states).toEqual(['password_file /dev/null is empty']));
    clock.advance(1000);
    await eventually(() => expect(states).toHaveLength(2));
  });
});
