import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setImmediate as turn, setTimeout as pause } from 'node:timers/promises';
import { connectAsync, type MqttClient } from 'mqtt';
import { afterEach, describe, expect, it } from 'vitest';
import { createRandom } from '../../models/random.ts';
import { type BrokerOptions, startBroker } from '../../src/broker.ts';
import { chunked, clientPackets, mutated } from '../sensors/mqtt-mutator.ts';

const open: { stop(): Promise<unknown> }[] = [];
afterEach(async () => {
  for (const part of open.splice(0).reverse()) await part.stop();
});

async function started(limits: BrokerOptions['limits'] = {}) {
  const refused: string[] = [];
  const broker = await startBroker({ host: '127.0.0.1', port: 0 }, { limits, onRefused: (why) => refused.push(why) });
  open.push(broker);
  const { port } = broker.address;
  return { broker, port, refused, url: `mqtt://127.0.0.1:${port}` };
}

async function clientOf(url: string, options: Parameters<typeof connectAsync>[1] = {}): Promise<MqttClient> {
  const client = await connectAsync(url, { protocolVersion: 4, reconnectPeriod: 0, ...options });
  client.on('error', () => {});
  open.push({ stop: () => client.endAsync(true) });
  return client;
}

async function socketTo(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => {});
  await once(socket, 'connect');
  open.push({ stop: async () => socket.destroy() });
  return socket.resume();
}

const CONNECT = Buffer.from(clientPackets()[0]);

describe('the embedded broker', () => {
  it('brings messages from one client to another at QoS 0, 1 and 2', async () => {
    const { url } = await started();
    const reader = await clientOf(url);
    const heard: string[] = [];
    const three = new Promise<void>((resolve) => {
      reader.on('message', (_topic, payload) => heard.push(payload.toString()) === 3 && resolve());
    });
    await reader.subscribeAsync('plant/#', { qos: 1 });
    const writer = await clientOf(url);
    for (const qos of [0, 1, 2] as const) await writer.publishAsync('plant/a', String(qos), { qos });
    await three;
    expect(heard).toEqual(['0', '1', '2']);
  });

  it('listens on loopback only', async () => {
    await expect(startBroker({ host: '0.0.0.0', port: 0 })).rejects.toMatchObject({ code: 'BROKER_EXPOSED' });
  });

  it('says so when its port is taken', async () => {
    const { port } = await started();
    await expect(startBroker({ host: '127.0.0.1', port })).rejects.toMatchObject({ code: 'PORT_IN_USE' });
  });

  it('keeps no session of a client that is gone, whatever it asked for', async () => {
    const { url } = await started();
    const session = { clientId: 'foreign', clean: false };
    const gone = await clientOf(url, session);
    await gone.subscribeAsync('plant/#', { qos: 1 });
    await gone.endAsync();
    const writer = await clientOf(url);
    for (let i = 0; i < 100; i++) await writer.publishAsync('plant/a', String(i), { qos: 1 });
    const back = await clientOf(url, session);
    const heard: string[] = [];
    back.on('message', (_topic, payload) => heard.push(payload.toString()));
    await back.subscribeAsync('plant/#', { qos: 1 });
    await writer.publishAsync('plant/a', 'now', { qos: 1 });
    while (heard.length === 0) await pause(5);
    expect(heard).toEqual(['now']);
  });

  it('keeps retained messages up to its limits, and forgets those that were taken back', async () => {
    const { url } = await started({ retainedTopics: 2, retainedBytes: 10 });
    const writer = await clientOf(url);
    const publish = (topic: string, text: string) => writer.publishAsync(topic, text, { qos: 1, retain: true });
    await publish('a', '12345');
    await publish('b', '1');
    await publish('c', '1'); // one topic too many
    await publish('b', '');
    await publish('d', '123456'); // one byte too many
    await publish('e', '12345');
    const heard: string[] = [];
    const reader = await clientOf(url);
    reader.on('message', (topic) => heard.push(topic));
    await reader.subscribeAsync('#');
    while (heard.length < 2) await pause(5);
    expect(heard.sort()).toEqual(['a', 'e']);
  });

  it('refuses topics that are too deep, a keep-alive that is too long, and one connection too many', async () => {
    const { url, port, refused } = await started({ topicLevels: 3, keepaliveSeconds: 60, connections: 2 });
    await expect(clientOf(url, { keepalive: 61 })).rejects.toThrow();
    const deep = await clientOf(url, { keepalive: 60 });
    deep.publish('a/b/c/d', 'x');
    await new Promise<void>((resolve) => deep.once('close', resolve));
    await socketTo(port);
    await socketTo(port);
    const third = await socketTo(port);
    if (!third.destroyed) await once(third, 'close');
    expect(refused).toEqual(expect.arrayContaining(['topic has too many levels', 'too many connections']));
  });

  it('cuts off who does not say what it wants', async () => {
    const { port, refused } = await started({ connectMs: 50 });
    const silent = await socketTo(port);
    await once(silent, 'close');
    expect(refused).toEqual(['connect did not arrive in time']);
  });

  it('gathers nothing of a packet of 256 MB', { timeout: 20_000 }, async () => {
    const { port, refused } = await started();
    const before = process.memoryUsage.rss();
    const socket = await socketTo(port);
    socket.write(CONNECT);
    socket.write(Buffer.from([0x30, 0xff, 0xff, 0xff, 0x7f])); // PUBLISH, remaining length 268,435,455
    const mebibyte = Buffer.alloc(1024 * 1024);
    let sent = 0;
    while (sent < 64 && !socket.destroyed) {
      await new Promise((resolve) => socket.write(mebibyte, resolve));
      sent++;
    }
    expect(refused).toContain('packet_too_large');
    expect(process.memoryUsage.rss() - before).toBeLessThan(16 * 1024 * 1024);
  });

  it('outlives mutated packets, seed 21', { timeout: 30_000 }, async () => {
    const uncaught: unknown[] = [];
    const keep = (error: unknown): void => void uncaught.push(error);
    process.on('uncaughtException', keep).on('unhandledRejection', keep);
    const { port, refused, url } = await started();
    const random = createRandom(21 + SEED);
    const packets = clientPackets();
    let sent = 0;
    while (sent < PACKETS) {
      const socket = await socketTo(port);
      open.pop();
      if (random() < 0.9) socket.write(CONNECT);
      for (let i = 0; i < 40 && !socket.destroyed; i++) {
        for (const chunk of chunked(mutated(packets, random), random)) socket.write(chunk);
        sent++;
        if (i % 4 === 0) await turn();
      }
      socket.destroy();
    }
    await pause(50);
    process.off('uncaughtException', keep).off('unhandledRejection', keep);
    expect(uncaught).toEqual([]);
    expect(new Set(refused).size).toBeGreaterThanOrEqual(5);
    const healthy = await clientOf(url);
    await healthy.publishAsync('plant/a', 'still here', { qos: 1 });
    if (VERBOSE) process.stderr.write(`${sent} packets, ${refused.length} refused\n`);
  });
});

const PACKETS = Number(process.env['FUZZ_PACKETS'] ?? 20_000);
const SEED = Number(process.env['FUZZ_SEED'] ?? 0);
const VERBOSE = process.env['FUZZ_PACKETS'] !== undefined;
