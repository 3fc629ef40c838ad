import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { Aedes } from 'aedes';
import { connectAsync, type MqttClient } from 'mqtt';
import { afterEach, describe, expect, it } from 'vitest';
import { createWebSocketStream, WebSocketServer } from 'ws';
import { type MqttOptions, MqttSource } from '../../sensors/mqtt.ts';
import { systemNet } from '../../src/ports/net.ts';
import { makeCertificates, startMosquitto } from '../services/mosquitto.ts';
import { serviceOrSkip } from '../services/service.ts';

/** A real broker that speaks 3.1.1 only, on the loopback. */
class Broker {
  port = 0;
  /** Topic filters it refuses. */
  readonly forbidden = new Set<string>();
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
    aedes.authorizeSubscribe = (_client, subscription, done) => {
      done(null, this.forbidden.has(subscription.topic) ? null : subscription);
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

  accept(stream: Duplex): void {
    this.#aedes!.handle(stream);
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
function listenTo(url: string, options: Partial<MqttOptions> = {}) {
  const heard: Heard = { messages: [], states: [] };
  let wake: (() => void) | undefined;
  const clientId = `test-${process.pid}-${Math.random().toString(36).slice(2, 10)}`;
  const source = new MqttSource(
    { url, topics: ['plant/#'], qos: 1, clientId, sessionExpiryMs: 0, ...options },
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
  return { source, heard, until, clientId };
}

async function turns(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await new Promise((resolve) => setImmediate(resolve));
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
    const { heard, until } = listenTo(`mqtt://127.0.0.1:${broker.port}`, {
      topics: ['plant/+', 'line/#'],
    });
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
    expect(heard.states).toEqual([{ connected: false, detail: `connection refused by 127.0.0.1:${port}` }]);
  });

  it('says so when the other end is no broker', async () => {
    const port = await serve((socket) => socket.resume().end('HTTP/1.1 400 Bad Request\r\n\r\n'));
    const { heard, until } = listenTo(`mqtt://127.0.0.1:${port}`);
    await until(isLost);
    expect(heard.states[0].detail).toBe(`127.0.0.1:${port} does not speak MQTT as it should: unexpected type`);
  });

  it('acknowledges nothing before it is kept, be it what comes along with the answer that there is a session', async () => {
    const said: Buffer[] = [];
    const sayTo: Socket[] = [];
    const port = await serve((socket) => {
      sayTo.push(socket);
      socket.once('data', () => {
        socket.on('data', (chunk: Buffer) => said.push(chunk));
        // CONNACK with a session, and a message of it: topic plant/a, packet 9, QoS 1
        const message = [0x32, 13, 0, 7, ...Buffer.from('plant/a'), 0, 9, 0, 0x78];
        socket.write(Buffer.from([0x20, 3, 1, 0, 0, ...message]));
      });
    });
    const kept = Promise.withResolvers<void>();
    const came = Promise.withResolvers<void>();
    const source = new MqttSource(
      { url: `mqtt://127.0.0.1:${port}`, topics: ['plant/#'], qos: 1, clientId: 'a', sessionExpiryMs: 60_000 },
      {
        onMessage: () => {
          came.resolve();
          return kept.promise;
        },
        onState: () => {},
      },
      systemNet,
    );
    open.push(source);
    source.start();
    await came.promise;
    // A turn of the other end would have brought it.
    const answered = once(sayTo[0], 'data');
    await turns(20);
    expect(Buffer.concat(said)).toHaveLength(0);
    kept.resolve();
    await answered;
    expect(Buffer.concat(said).subarray(0, 4)).toEqual(Buffer.from([0x40, 2, 0, 9]));
  });

  it('tries 3.1.1 where the broker hangs up on MQTT 5, and says so when it hangs up on both', async () => {
    let connections = 0;
    const port = await serve((socket) => {
      connections++;
      socket.once('data', () => socket.end());
    });
    const { heard, until } = listenTo(`mqtt://127.0.0.1:${port}`);
    await until(isLost);
    expect(heard.states[0].detail).toBe(`connection closed by 127.0.0.1:${port}`);
    expect(connections).toBe(2);
  });

  it.each([
    [null, 'the broker speaks neither MQTT 5 nor 3.1.1'],
    [5, 'the broker does not speak MQTT 5 (see protocol)'],
    [4, 'the broker does not speak MQTT 3.1.1 (see protocol)'],
  ] as const)('says so when the broker refuses protocol %s', async (protocol, detail) => {
    // CONNACK, remaining length, no session, unacceptable protocol version
    const port = await serve((socket) => socket.once('data', () => socket.end(Buffer.from([0x20, 2, 0, 1]))));
    const { heard, until } = listenTo(`mqtt://127.0.0.1:${port}`, { protocol });
    await until(isLost);
    expect(heard.states[0].detail).toBe(detail);
  });

  it('says which topics it may not read, and reads the others', async () => {
    const broker = await startBroker();
    broker.forbidden.add('plant/#');
    const { heard, until } = listenTo(`mqtt://127.0.0.1:${broker.port}`, { topics: ['plant/#', 'line/#'] });
    await until(isConnected);
    expect(heard.states.at(-1)?.detail).toBe('MQTT 3.1.1; not authorised for plant/#');
    await broker.publish('line/a', 'x');
    await until(({ messages }) => messages.length === 1);
    const none = listenTo(`mqtt://127.0.0.1:${broker.port}`);
    await none.until(isLost);
    expect(none.heard.states[0].detail).toBe('not authorised for plant/#');
  });

  it('never hands on what was published below our own base', async () => {
    const broker = await startBroker();
    const { heard, until } = listenTo(`mqtt://127.0.0.1:${broker.port}`, { topics: ['#'], ignoreBases: ['tidewatch'] });
    await until(isConnected);
    for (const topic of ['tidewatch', 'tidewatch/series/a/state', 'tidewatcher/a', 'a'])
      await broker.publish(topic, '1');
    await until(({ messages }) => messages.at(-1)?.topic === 'a');
    expect(heard.messages.map(({ topic }) => topic)).toEqual(['tidewatcher/a', 'a']);
  });

  it('says so when a host has no address or a file cannot be read', async () => {
    const nowhere = listenTo('mqtt://nowhere.invalid:1883');
    const fileless = listenTo('mqtts://127.0.0.1:1', { caFile: '/does/not/exist.crt' });
    await nowhere.until(isLost);
    expect(nowhere.heard.states[0].detail).toMatch(/^host name .*: nowhere.invalid$/);
    await fileless.until(isLost);
    expect(fileless.heard.states[0].detail).toBe('cannot read ca_file /does/not/exist.crt: no such file');
  });

  it('says so when the broker says goodbye with a reason', async () => {
    const port = await serve((socket) => {
      socket.once('data', () => {
        socket.write(Buffer.from([0x20, 3, 0, 0, 0])); // CONNACK, accepted, no properties
        socket.once('data', (subscribe: Buffer) => {
          socket.write(Buffer.from([0x90, 4, subscribe[2], subscribe[3], 0, 1])); // SUBACK
          socket.end(Buffer.from([0xe0, 2, 0x8e, 0])); // DISCONNECT, session taken over
        });
      });
    });
    const { heard, until } = listenTo(`mqtt://127.0.0.1:${port}`);
    await until(({ states }) => states.length === 2);
    expect(heard.states).toEqual([
      { connected: true, detail: 'MQTT 5' },
      { connected: false, detail: 'another client uses the same client id' },
    ]);
  });

  it('reads over a WebSocket', async () => {
    const broker = await startBroker();
    const server = new WebSocketServer({ port: 0, host: '127.0.0.1', handleProtocols: () => 'mqtt' });
    await once(server, 'listening');
    server.on('connection', (socket) => broker.accept(createWebSocketStream(socket)));
    const { heard, until } = listenTo(`ws://127.0.0.1:${(server.address() as AddressInfo).port}/mqtt`);
    await until(isConnected);
    await broker.publish('plant/a', 'over a socket');
    await until(({ messages }) => messages.length === 1);
    expect(heard.messages[0].text).toBe('over a socket');
    for (const socket of server.clients) socket.terminate();
    await until(isLost);
    await until(isConnected);
    for (const socket of server.clients) socket.close();
    await until(isLost);
    for (const socket of server.clients) socket.terminate();
    server.close();
  });

  it('cuts the connection at a packet above the limit, and keeps trying', async () => {
    const broker = await startBroker();
    const { heard, until } = listenTo(`mqtt://127.0.0.1:${broker.port}`, { packetBytesMax: 1000 });
    await until(isConnected);
    await broker.publish('plant/a', 'x'.repeat(1000));
    await until(isLost);
    expect(heard.states.at(-1)?.detail).toBe('the broker sent a packet of more than 1 KiB (narrow the topics)');
    await until(isConnected);
    expect(heard.messages).toEqual([]);
  });
});

/** A server that does as told, on the loopback. @returns its port */
async function serve(onSocket: (socket: Socket) => void): Promise<number> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    onSocket(socket);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  open.push({
    stop: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  });
  return (server.address() as AddressInfo).port;
}

async function startReal(options: Parameters<typeof startMosquitto>[0] = {}) {
  const broker = await startMosquitto(options);
  open.push(broker);
  return broker;
}

async function publisherFor(url: string): Promise<MqttClient> {
  const client = await connectAsync(url, { reconnectPeriod: 100 });
  client.on('error', () => {});
  open.push({ stop: () => client.endAsync(true) });
  return client;
}

describe.skipIf(!serviceOrSkip('mosquitto'))('the MQTT source and Mosquitto', () => {
  it.each([
    [5, 0],
    [5, 1],
    [4, 0],
    [4, 1],
  ] as const)('reads with protocol %d at QoS %d, in order and once', async (protocol, qos) => {
    const broker = await startReal();
    const { heard, until } = listenTo(broker.url, { protocol, qos, topics: ['plant/+/temp', 'line/#'] });
    await until(isConnected);
    expect(heard.states.at(-1)?.detail).toBe(protocol === 5 ? 'MQTT 5' : 'MQTT 3.1.1');
    const publisher = await publisherFor(broker.url);
    await publisher.publishAsync('plant/a/flow', 'no', { qos: 1 });
    for (let i = 0; i < 200; i++) publisher.publish(i % 2 === 0 ? 'plant/a/temp' : 'line/1/2/3', String(i), { qos: 1 });
    await until(({ messages }) => messages.length >= 200);
    expect(heard.messages.map(({ text }) => text)).toEqual(Array.from({ length: 200 }, (_, i) => String(i)));
  });

  it.each([
    [5, []],
    [4, ['kept']],
  ] as const)('with protocol %d hears of retained messages %j, flagged as such', async (protocol, expected) => {
    const broker = await startReal();
    const publisher = await publisherFor(broker.url);
    await publisher.publishAsync('plant/a', 'kept', { retain: true, qos: 1 });
    const { heard, until } = listenTo(broker.url, { protocol });
    await until(isConnected);
    await publisher.publishAsync('plant/a', 'fresh', { retain: true, qos: 1 });
    await until(({ messages }) => messages.some(({ text }) => text === 'fresh'));
    expect(heard.messages).toEqual([
      ...expected.map((text) => ({ topic: 'plant/a', text, retained: true })),
      { topic: 'plant/a', text: 'fresh', retained: false },
    ]);
  });

  it('loses nothing at QoS 1 while the broker is away, and repeats at most what was under way, where the session survives', async () => {
    const broker = await startReal({ persistence: true });
    const { heard, until } = listenTo(broker.url, { sessionExpiryMs: 3600_000 });
    await until(isConnected);
    const publisher = await publisherFor(broker.url);
    await publisher.publishAsync('plant/a', '0', { qos: 1 });
    await until(({ messages }) => messages.length === 1);
    await broker.halt();
    await until(isLost);
    expect(heard.states.at(-1)?.detail).toMatch(/^(connection closed by|connection refused by|the broker is)/);
    const later = Promise.all(['1', '2', '3'].map((text) => publisher.publishAsync('plant/a', text, { qos: 1 })));
    await broker.restart();
    await later;
    await until(({ messages }) => messages.at(-1)?.text === '3');
    const texts = heard.messages.map(({ text }) => text);
    expect([...new Set(texts)]).toEqual(['0', '1', '2', '3']);
    // The broker may have gone before it read that the first had come.
    expect(texts.filter((text) => text !== '0')).toEqual(['1', '2', '3']);
    expect(heard.states.at(-1)).toEqual({ connected: true, detail: 'MQTT 5' });
  });

  it('subscribes again, and says so, when the broker has lost the session', async () => {
    const broker = await startReal();
    const { heard, until } = listenTo(broker.url, { sessionExpiryMs: 3600_000 });
    await until(isConnected);
    await broker.restart();
    await until(({ states }) => states.length >= 3 && states.at(-1)!.connected);
    expect(heard.states.at(-1)?.detail).toBe('MQTT 5; the broker had lost the session');
    const publisher = await publisherFor(broker.url);
    await publisher.publishAsync('plant/a', 'again', { qos: 1 });
    await until(({ messages }) => messages.length === 1);
  });

  it('hears nothing of the topics that an earlier configuration left in its session', async () => {
    const broker = await startReal();
    const before = listenTo(broker.url, { sessionExpiryMs: 3600_000, topics: ['old/#', 'plant/#'] });
    await before.until(isConnected);
    await before.source.stop();
    const publisher = await publisherFor(broker.url);
    await publisher.publishAsync('plant/a', 'while away', { qos: 1 });
    const after = listenTo(broker.url, { sessionExpiryMs: 3600_000, clientId: before.clientId });
    await after.until(isConnected);
    await publisher.publishAsync('old/a', 'no', { qos: 1 });
    await publisher.publishAsync('plant/a', 'yes', { qos: 1 });
    await after.until(({ messages }) => messages.length >= 2);
    expect(after.heard.messages.map(({ text }) => text)).toEqual(['while away', 'yes']);
  });

  it.each([5, 4] as const)('takes part in a shared subscription, with protocol %d', async (protocol) => {
    const broker = await startReal();
    const topics = ['$share/group/plant/#', 'line/#', '$share/group/hall/+'];
    const { heard, until } = listenTo(broker.url, { protocol, topics });
    await until(isConnected);
    const publisher = await publisherFor(broker.url);
    for (const topic of ['plant/a/b', 'line/a', 'hall/a']) await publisher.publishAsync(topic, '1', { qos: 1 });
    await until(({ messages }) => messages.length === 3);
    expect(heard.messages.map(({ topic }) => topic)).toEqual(['plant/a/b', 'line/a', 'hall/a']);
    expect(heard.states).toHaveLength(1);
  });

  it('keeps its connection where a retained message is larger than any decoder takes', async () => {
    const broker = await startReal();
    const publisher = await publisherFor(broker.url);
    await publisher.publishAsync('plant/large', Buffer.alloc(1024 * 1024), { qos: 1, retain: true });
    const { heard, until } = listenTo(broker.url, { protocol: 4 });
    await until(({ messages }) => messages.length === 1);
    expect(heard.messages[0]).toMatchObject({ topic: 'plant/large', retained: true });
    expect(heard.states).toEqual([{ connected: true, detail: 'MQTT 3.1.1' }]);
  });

  it('reads behind TLS and a password', async () => {
    const broker = await startReal({ tls: true, password: { user: 'ada', password: 'secret' } });
    const folder = await mkdtemp(join(tmpdir(), 'tidewatch-mqtt-'));
    open.push({ stop: () => rm(folder, { recursive: true }) });
    await writeFile(join(folder, 'password'), 'secret\n');
    makeCertificates(folder);
    const access = { username: 'ada', passwordFile: join(folder, 'password'), caFile: broker.caFile! };
    const good = listenTo(broker.url, access);
    await good.until(isConnected);
    const named = listenTo(broker.url.replace('127.0.0.1', 'localhost'), access);
    await named.until(isConnected);

    const details: string[] = [];
    for (const wrong of [
      { ...access, passwordFile: null, password: 'wrong' },
      { ...access, passwordFile: null, password: 'wrong', protocol: 4 as const },
      { caFile: broker.caFile! },
      { ...access, caFile: null },
      { ...access, caFile: join(folder, 'ca.crt') },
      { ...access, caFile: join(folder, 'password') },
    ]) {
      const { heard, until } = listenTo(broker.url, wrong);
      await until(isLost);
      details.push(heard.states[0].detail);
    }
    expect(details).toEqual([
      'wrong user name or password',
      'wrong user name or password',
      'the broker wants a user name and a password',
      "the broker's certificate is not trusted: unknown authority (set ca_file)",
      "the broker's certificate is not trusted: unknown authority (set ca_file)",
      `ca_file ${join(folder, 'password')} cannot be used`,
    ]);
    expect(await readFile(access.passwordFile, 'utf8')).toBe('secret\n');
  });

  it('reads nothing while it is paused, for a third of the keep-alive at most, and loses nothing', async () => {
    const broker = await startReal();
    const { source, heard, until } = listenTo(broker.url, { keepaliveSeconds: 3 });
    await until(isConnected);
    const publisher = await publisherFor(broker.url);
    source.pause();
    const paused = performance.now();
    for (let i = 0; i < 50; i++) await publisher.publishAsync('plant/a', String(i), { qos: 1 });
    expect(heard.messages).toEqual([]);
    await until(({ messages }) => messages.length > 0);
    expect(performance.now() - paused).toBeGreaterThan(900);
    source.resume();
    await until(({ messages }) => messages.length === 50);
    expect(heard.states).toHaveLength(1);
  });
});
