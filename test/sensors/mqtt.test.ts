import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { Aedes } from 'aedes';
import { afterEach, describe, expect, it } from 'vitest';
import { MqttSource } from '../../sensors/mqtt.ts';
import { systemNet } from '../../src/ports/net.ts';

/** A real broker that speaks 3.1.1 only, on the loopback. */
class Broker {
  port = 0;
  /** Protocol version of every CONNECT, in the order they came. */
  readonly versions: number[] = [];
  readonly #sockets = new Set<Socket>();
  #aedes: Aedes | undefined;
  #server: Server | undefined;

  async start(): Promise<void> {
    const aedes = await Aedes.createBroker();
    aedes.preConnect = (_client, packet, done) => {
      this.versions.push((packet as unknown as { protocolVersion: number }).protocolVersion);
      done(null, true);
    };
    const server = createServer((socket) => {
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
      aedes.handle(socket);
    });
    server.listen(this.port, '127.0.0.1');
    await once(server, 'listening');
    this.port = (server.address() as AddressInfo).port;
    this.#aedes = aedes;
    this.#server = server;
  }

  get sockets(): number {
    return this.#sockets.size;
  }

  publish(topic: string, payload: string, retain = false): Promise<void> {
    const packet = { cmd: 'publish', qos: 0, dup: false, retain, topic, payload: Buffer.from(payload) } as const;
    return new Promise((resolve, reject) =>
      this.#aedes!.publish(packet, (error) => (error ? reject(error) : resolve())),
    );
  }

  async stop(): Promise<void> {
    const server = this.#server;
    if (server === undefined) return;
    this.#server = undefined;
    await new Promise<void>((resolve) => this.#aedes!.close(() => resolve()));
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  }
}

interface Heard {
  messages: { topic: string; text: string; retained: boolean }[];
  states: { connected: boolean; detail: string }[];
}

const open: { stop(): Promise<void> }[] = [];
afterEach(async () => {
  for (const part of open.splice(0).reverse()) await part.stop();
});

async function startBroker(): Promise<Broker> {
  const broker = new Broker();
  await broker.start();
  open.push(broker);
  return broker;
}

/** A source that keeps what it hears, and a way to wait until it has heard enough. */
function listenTo(url: string, topics = ['plant/#'], sessionExpiryMs = 0) {
  const heard: Heard = { messages: [], states: [] };
  let wake: (() => void) | undefined;
  const source = new MqttSource(
    { url, topics, qos: 1, clientId: `test-${process.pid}-${open.length}`, sessionExpiryMs },
    {
      onMessage: (topic, payload, { retained }) => {
        heard.messages.push({ topic, text: Buffer.from(payload).toString(), retained });
        wake?.();
      },
      onState: (connected, detail) => {
        heard.states.push({ connected, detail });
        wake?.();
      },
    },
    systemNet,
  );
  open.push(source);
  source.start();
  const until = async (condition: (heard: Heard) => boolean): Promise<void> => {
    while (!condition(heard)) await new Promise<void>((resolve) => (wake = resolve));
  };
  return { source, heard, until };
}

const isConnected = ({ states }: Heard): boolean => states.at(-1)?.connected === true;
const isLost = ({ states }: Heard): boolean => states.at(-1)?.connected === false;

describe('the MQTT source', () => {
  it('asks for MQTT 5 first and falls back to 3.1.1 where the broker refuses it', async () => {
    const broker = await startBroker();
    const { heard, until } = listenTo(`mqtt://127.0.0.1:${broker.port}`);
    await until(isConnected);
    expect(broker.versions).toEqual([5, 4]);
    expect(heard.states.at(-1)).toEqual({ connected: true, detail: 'MQTT 3.1.1' });
  });

  it('hands on what is published on its topics, byte for byte and in order, and nothing else', async () => {
    const broker = await startBroker();
    const { heard, until } = listenTo(`mqtt://127.0.0.1:${broker.port}`, ['plant/+', 'line/#']);
    await until(isConnected);
    await broker.publish('plant/a/b', 'too deep');
    await broker.publish('other', 'no');
    for (let i = 0; i < 20; i++) await broker.publish(i % 2 === 0 ? 'plant/a' : 'line/1/x', `{"v":${i},"s":"é"}`);
    await until(({ messages }) => messages.length >= 20);
    expect(heard.messages.map(({ text }) => text)).toEqual(Array.from({ length: 20 }, (_, i) => `{"v":${i},"s":"é"}`));
    expect(new Set(heard.messages.map(({ topic }) => topic))).toEqual(new Set(['plant/a', 'line/1/x']));
  });

  it('flags what the broker had kept as retained, and what comes fresh as not', async () => {
    const broker = await startBroker();
    await broker.publish('plant/a', 'old', true);
    const { heard, until } = listenTo(`mqtt://127.0.0.1:${broker.port}`);
    await until(({ messages }) => messages.length === 1);
    await broker.publish('plant/a', 'new', true);
    await until(({ messages }) => messages.length === 2);
    expect(heard.messages).toEqual([
      { topic: 'plant/a', text: 'old', retained: true },
      { topic: 'plant/a', text: 'new', retained: false },
    ]);
  });

  it('comes back and subscribes again when the broker has been away', async () => {
    const broker = await startBroker();
    const { heard, until } = listenTo(`mqtt://127.0.0.1:${broker.port}`);
    await until(isConnected);
    await broker.stop();
    await until(isLost);
    await broker.start();
    await until(isConnected);
    await broker.publish('plant/a', 'back');
    await until(({ messages }) => messages.length === 1);
    expect(heard.messages[0].text).toBe('back');
    expect(broker.versions).toEqual([5, 4, 4]); // the refused version is not tried twice
  });

  it('is silent and leaves no socket once it has been stopped', async () => {
    const broker = await startBroker();
    const { source, heard, until } = listenTo(`mqtt://127.0.0.1:${broker.port}`);
    await until(isConnected);
    const told = heard.states.length;
    await source.stop();
    await broker.publish('plant/a', 'late');
    const witness = listenTo(`mqtt://127.0.0.1:${broker.port}`);
    await witness.until(isConnected);
    expect(heard.messages).toEqual([]);
    expect(heard.states).toHaveLength(told);
    expect(broker.sockets).toBe(1);
  });

  it('can be stopped before it was ever connected', async () => {
    const { source } = listenTo('mqtt://127.0.0.1:9');
    await source.stop();
  });

  it('says why it is not connected', async () => {
    const broker = await startBroker();
    const { port } = broker;
    await broker.stop();
    const { heard, until } = listenTo(`mqtt://127.0.0.1:${port}`);
    await until(isLost);
    expect(heard.states[0].detail).toContain(`ECONNREFUSED 127.0.0.1:${port}`);
  });

  it('says so when the other end is no broker', async () => {
    const server = createServer((socket) => socket.resume().end('HTTP/1.1 400 Bad Request\r\n\r\n')).listen(
      0,
      '127.0.0.1',
    );
    await once(server, 'listening');
    open.push({ stop: () => new Promise((resolve) => server.close(() => resolve())) });
    const { heard, until } = listenTo(`mqtt://127.0.0.1:${(server.address() as AddressInfo).port}`);
    await until(isLost);
    expect(heard.states[0].connected).toBe(false);
    expect(heard.states[0].detail).not.toBe('');
  });
});
