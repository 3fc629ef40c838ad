import { Aedes } from 'aedes';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { connectAsync, type IClientOptions, type IPublishPacket, type MqttClient } from 'mqtt';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { createWebSocketStream, WebSocketServer } from 'ws';
import type { AlertDocument } from '../../../models/alert-document.ts';
import { MqttSink, type MqttSinkOptions } from '../../../src/sinks/mqtt.ts';
import { type Mosquitto, startMosquitto } from '../../services/mosquitto.ts';
import { serviceOrSkip } from '../../services/service.ts';
import { CLOSED } from '../../sim/alerts.ts';
import { SimulatedClock } from '../../sim/clock.ts';
import { RecordingContext } from './context.ts';
import { eventually, events, sinkContract } from './contract.ts';

const OPTIONS: Omit<MqttSinkOptions, 'url'> = {
  type: 'mqtt',
  protocol: null,
  clientId: null,
  base: 'tidewatch',
  username: null,
  password: null,
  passwordFile: null,
  caFile: null,
  certFile: null,
  keyFile: null,
  retryMsFirst: 5,
  retryMsMax: 20,
};

/** A broker that speaks 3.1.1 only, and remembers what it was given. */
class PlainBroker {
  readonly published: { topic: string; text: string; retain: boolean; qos: number }[] = [];
  #port = 0;
  readonly #sockets = new Set<Socket>();
  #aedes: Aedes | undefined;
  #server: Server | undefined;

  get url(): string {
    return `mqtt://127.0.0.1:${this.#port}`;
  }

  async start(): Promise<void> {
    const aedes = await Aedes.createBroker();
    aedes.on('publish', ({ topic, payload, retain, qos }, client) => {
      if (client !== null) this.published.push({ topic, text: payload.toString(), retain, qos });
    });
    const server = createServer((socket) => {
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
      aedes.handle(socket);
    }).listen(this.#port, '127.0.0.1');
    await once(server, 'listening');
    this.#port = (server.address() as AddressInfo).port;
    this.#aedes = aedes;
    this.#server = server;
  }

  accept(stream: Duplex): void {
    this.#aedes!.handle(stream);
  }

  async stop(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    if (server === undefined) return;
    await new Promise<void>((resolve) => this.#aedes!.close(resolve));
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  }

  /** Texts of a topic, in order. */
  of(topic: string): string[] {
    return this.published.filter((message) => message.topic === topic).map(({ text }) => text);
  }
}

sinkContract('the MQTT sink', async () => {
  const broker = new PlainBroker();
  await broker.start();
  return {
    open: (context, eventsMax) => new MqttSink({ ...OPTIONS, url: broker.url, eventsMax }, context),
    arrived: () => broker.of('tidewatch/event').map((text) => (JSON.parse(text) as AlertDocument).id),
    leave: () => broker.stop(),
    comeBack: () => broker.start(),
    close: () => broker.stop(),
    harmless: () => {
      for (const { topic } of broker.published) {
        expect(topic).toMatch(
          /^tidewatch\/(event|bridge\/(state|info)|(alert|series)\/[a-z0-9_-]{1,64}(\/state|\/availability)?)$/,
        );
      }
    },
  };
});

async function begin(more: Partial<MqttSinkOptions> = {}) {
  const broker = new PlainBroker();
  await broker.start();
  const clock = new SimulatedClock();
  const context = new RecordingContext();
  context.know('a');
  const sink = new MqttSink({ ...OPTIONS, url: broker.url, clock, ...more }, context);
  onTestFinished(async () => {
    await sink.stop(0);
    await broker.stop();
  });
  sink.start();
  await eventually(() => expect(broker.of('tidewatch/bridge/info')).toHaveLength(1));
  const sample = (s: string, y: number) => sink.samples([{ s, t: [1], y: [y], e: [5], lo: [4], hi: [6], z: [2] }]);
  const states = (s: string) => broker.of(`tidewatch/series/${s}/state`).map((text) => JSON.parse(text) as object);
  return { broker, clock, context, sink, sample, states };
}

describe('the MQTT sink', () => {
  it('tells the state of a series at most every ten seconds, and at once when an alert changes it', async () => {
    const { clock, sink, sample, states } = await begin();
    const calm = { alert: 'OFF', score: 2, expected: 5, lower: 4, upper: 6, severity: null, learning: 1, ts: 1 };
    sample('a', 1);
    clock.advance(1000);
    await eventually(() => expect(states('a')).toEqual([{ ...calm, value: 1 }]));
    sample('a', 2);
    clock.advance(9000);
    sample('a', 3);
    clock.advance(1000);
    await eventually(() => expect(states('a').at(-1)).toEqual({ ...calm, value: 3 }));
    expect(states('a')).toHaveLength(2);
    const [open] = events(0, 1);
    sink.deliver(open);
    const ts = Date.parse(open.updated_at);
    await eventually(() =>
      expect(states('a').at(-1)).toEqual({ ...calm, alert: 'ON', score: 5, severity: 'warning', value: 7, ts }),
    );
    sample('a', 8);
    clock.advance(10_000);
    await eventually(() => expect(states('a').at(-1)).toEqual({ ...calm, alert: 'ON', severity: 'warning', value: 8 }));
    sink.deliver({ ...open, ...CLOSED });
    await eventually(() => expect(states('a').at(-1)).toMatchObject({ alert: 'OFF', severity: null }));
  });

  it('tells when a series falls silent and when it is back, and takes the topics of one that is gone away', async () => {
    const { broker, clock, context, sink, sample } = await begin();
    const availability = () => broker.of('tidewatch/series/a/availability');
    sample('a', 1);
    clock.advance(1000);
    await eventually(() => expect(availability()).toEqual(['online']));
    context.know('a', { state: 'silent' });
    clock.advance(10_000);
    await eventually(() => expect(availability()).toEqual(['online', 'offline']));
    context.know('a');
    sample('a', 1);
    clock.advance(10_000);
    await eventually(() => expect(availability()).toEqual(['online', 'offline', 'online']));
    sink.deliver(events(0, 1, { reason: 'silence', value: null })[0]);
    await eventually(() => expect(availability().at(-1)).toBe('offline'));
    context.infos.delete('a');
    clock.advance(10_000);
    await eventually(() => expect(availability().at(-1)).toBe(''));
    expect(broker.of('tidewatch/series/a/state').at(-1)).toBe('');
  });

  it('tells its health each minute, and counts when they change', async () => {
    const { broker, clock } = await begin();
    clock.advance(120_000);
    await eventually(() => expect(broker.of('tidewatch/bridge/health')).toHaveLength(2));
    const health = JSON.parse(broker.of('tidewatch/bridge/health')[0]) as object;
    expect(health).toMatchObject({ samples_per_second: 5, alerts_open: 1, memory_bytes: expect.any(Number) as number });
    expect(broker.of('tidewatch/bridge/info').map((text) => JSON.parse(text) as object)).toEqual([
      { version: '9.9.9', series: 2, learning: 0, alerts_open: 1, alerts_today: 1, budget_per_day: 1, demo: false },
    ]);
  });

  it('gives every topic again to a broker that came back, for it may have lost them', async () => {
    const { broker, clock, context, sink, sample } = await begin();
    sample('a', 1);
    clock.advance(1000);
    sink.deliver(events(0, 1)[0]);
    await eventually(() => expect(broker.of('tidewatch/event')).toHaveLength(1));
    await broker.stop();
    await eventually(() => expect(context.connected).toBe(false));
    sink.deliver({ ...events(0, 1)[0], ...CLOSED });
    broker.published.length = 0;
    await broker.start();
    await eventually(() => {
      clock.advance(1000); // the next try may have been set only now
      expect(broker.of('tidewatch/event')).toHaveLength(1);
    });
    await eventually(() => expect(broker.of('tidewatch/bridge/state')).toEqual(['online']));
    await eventually(() => expect(broker.of('tidewatch/series/a/availability')).toEqual(['online']));
    await eventually(() => expect(broker.of('tidewatch/alert/a')).toEqual(['']));
    expect(broker.published.filter(({ retain }) => !retain).map(({ topic }) => topic)).toEqual(['tidewatch/event']);
  });

  it('publishes over a WebSocket, behind the same guard', async () => {
    const { broker } = await begin();
    const server = new WebSocketServer({ port: 0, host: '127.0.0.1', handleProtocols: () => 'mqtt' });
    await once(server, 'listening');
    let wild = false;
    server.on('connection', (socket) => {
      const stream = createWebSocketStream(socket);
      stream.on('error', () => {});
      if (wild) stream.resume().write(Buffer.from([0x30, 0xff, 0xff, 0xff, 0xff, 0xff]));
      else broker.accept(stream);
    });
    const { port } = server.address() as AddressInfo;
    const context = new RecordingContext();
    const sink = new MqttSink({ ...OPTIONS, url: `ws://127.0.0.1:${port}/mqtt`, base: 'socket' }, context);
    onTestFinished(async () => {
      await sink.stop(0);
      for (const socket of server.clients) socket.terminate();
      server.close();
    });
    sink.start();
    await eventually(() => expect(broker.of('socket/bridge/state')).toEqual(['online']));
    wild = true;
    for (const socket of server.clients) socket.terminate();
    await eventually(() =>
      expect(context.states.at(-1)?.detail).toBe(`127.0.0.1:${port} does not speak MQTT as it should: unexpected type`),
    );
  });

  it('says goodbye', async () => {
    const { broker, sink } = await begin();
    await sink.stop(2000);
    expect(broker.of('tidewatch/bridge/state')).toEqual(['online', 'offline']);
  });
});

interface Message {
  topic: string;
  text: string;
  packet: IPublishPacket;
}

/** A client that hears everything of the sink. */
async function listen(url: string, options: IClientOptions = {}): Promise<{ client: MqttClient; heard: Message[] }> {
  const client = await connectAsync(url, { protocolVersion: 5, reconnectPeriod: 20, ...options });
  const heard: Message[] = [];
  client.on('error', () => {});
  client.on('message', (topic, payload, packet) => heard.push({ topic, text: payload.toString(), packet }));
  await client.subscribeAsync('#', { qos: 1 });
  onTestFinished(() => void client.end(true));
  return { client, heard };
}

describe.skipIf(!serviceOrSkip('mosquitto'))('the MQTT sink at a real broker', () => {
  let broker: Mosquitto;
  beforeAll(async () => void (broker = await startMosquitto({ persistence: true })));
  afterAll(() => broker?.stop());

  /** Under a base of its own, so that no test meets the retained topics of another. */
  function begin(base: string, more: Partial<MqttSinkOptions> = {}) {
    const context = new RecordingContext();
    context.know('a');
    const sink = new MqttSink({ ...OPTIONS, url: broker.url, base, ...more }, context);
    onTestFinished(() => sink.stop(0));
    return { context, sink };
  }

  /** What a newcomer is told: the retained messages below a base. */
  async function retained(base: string): Promise<Map<string, string>> {
    const { client, heard } = await listen(broker.url);
    await client.publishAsync('end/of/retained', base);
    await eventually(() =>
      expect(heard.some(({ topic, text }) => topic === 'end/of/retained' && text === base)).toBe(true),
    );
    client.end(true);
    return new Map(heard.filter(({ topic }) => topic.startsWith(`${base}/`)).map(({ topic, text }) => [topic, text]));
  }

  it.each([
    [null, 'MQTT 5'],
    [5, 'MQTT 5'],
    [4, 'MQTT 3.1.1'],
  ] as const)('publishes with protocol %s', async (protocol, name) => {
    const base = `publishes/${protocol}`;
    const { context, sink } = begin(base, { protocol });
    const { heard } = await listen(broker.url);
    sink.start();
    const [alert] = events(0, 1);
    sink.deliver(alert);
    await eventually(() => expect(heard.filter(({ topic }) => topic.startsWith(base))).toHaveLength(6));
    expect(context.states).toEqual([{ connected: true, detail: name }]);
    const event = heard.find(({ topic }) => topic === `${base}/event`)!;
    expect(JSON.parse(event.text)).toEqual(alert);
    expect(event.packet).toMatchObject({ qos: 1, retain: false });
    if (name === 'MQTT 5') {
      const { properties } = event.packet;
      expect(properties?.messageExpiryInterval).toBe(24 * 3600);
      expect(properties?.contentType).toBe('application/json');
      expect({ ...properties?.userProperties }).toMatchObject({ id: 'alert-0-0', type: 'tidewatch.alert.open' });
    }
    const kept = await retained(base);
    expect([...kept.keys()].sort()).toEqual(
      ['alert/a', 'bridge/info', 'bridge/state', 'series/a/availability', 'series/a/state'].map(
        (topic) => `${base}/${topic}`,
      ),
    );
    expect(JSON.parse(kept.get(`${base}/alert/a`)!)).toEqual(alert);
    expect(kept.get(`${base}/bridge/state`)).toBe('online');
    sink.deliver({ ...alert, ...CLOSED });
    await sink.stop(2000);
    const after = await retained(base);
    expect(after.has(`${base}/alert/a`)).toBe(false);
    expect(after.get(`${base}/bridge/state`)).toBe('offline');
    expect(context.counts).toMatchObject({ retried: 0, dropped: 0 });
  });

  it('gives what was open before a restart again, and takes back what nobody knows of any more', async () => {
    const { context, sink } = begin('restart');
    const { client } = await listen(broker.url);
    await client.publishAsync('restart/alert/forgotten', '{"status":"active"}', { retain: true, qos: 1 });
    const [open] = events(0, 1);
    context.open.push(open);
    sink.start();
    await eventually(async () =>
      expect([...(await retained('restart')).keys()]).not.toContain('restart/alert/forgotten'),
    );
    expect(JSON.parse((await retained('restart')).get(`restart/alert/${open.series}`)!)).toEqual(open);
  });

  it('leaves its last will when it is gone without a word', async () => {
    const { context, sink } = begin('will', { clientId: 'mortal' });
    const { heard } = await listen(broker.url);
    sink.start();
    await eventually(() => expect(context.connected).toBe(true));
    await eventually(() => expect(heard.some(({ text }) => text === 'online')).toBe(true));
    // Another with its name: the broker ends the first connection, and says for it what it had left.
    const thief = await connectAsync(broker.url, { clientId: 'mortal', protocolVersion: 5, reconnectPeriod: 0 });
    onTestFinished(() => void thief.end(true));
    await eventually(() =>
      expect(heard.some(({ topic, text }) => topic === 'will/bridge/state' && text === 'offline')).toBe(true),
    );
    await eventually(() =>
      expect(context.states.map(({ detail }) => detail)).toContain(`connection closed by 127.0.0.1:${broker.port}`),
    );
  });

  it('takes commands, and answers where it is asked to', async () => {
    const { context, sink } = begin('commands');
    const { client, heard } = await listen(broker.url);
    sink.start();
    await eventually(() => expect(context.connected).toBe(true));
    const on = (topic: string) => heard.filter((message) => message.topic === topic);
    // It subscribes a moment after it has connected: asked until it answers.
    await eventually(async () => {
      await client.publishAsync('commands/cmd/ack', '{"alert":"x"}', { qos: 1 });
      expect(on('commands/cmd/ack/result')).not.toEqual([]);
    });
    expect(on('commands/cmd/ack/result')[0]).toMatchObject({ text: '{"ok":true,"result":{"acked":true}}' });
    expect(context.commands[0]).toEqual({ verb: 'ack', body: { alert: 'x' } });

    let asked = 0;
    const ask = async (verb: string, payload: string): Promise<unknown> => {
      const responseTopic = `my/answers/${++asked}`;
      const properties = { responseTopic, correlationData: Buffer.from([0, asked]) };
      await client.publishAsync(`commands/cmd/${verb}`, payload, { qos: 1, properties });
      await eventually(() => expect(on(responseTopic)).toHaveLength(1));
      const [{ text, packet }] = on(responseTopic);
      expect([...(packet.properties?.correlationData ?? [])]).toEqual([0, asked]);
      return JSON.parse(text) as unknown;
    };
    expect(await ask('ack', '')).toEqual({ ok: true, result: { acked: true } });
    expect(await ask('ack', '{"alert":')).toEqual({ ok: false, error: 'expected JSON' });
    expect(await ask('launch', '{}')).toEqual({ ok: false, error: 'no command launch  (NO_SUCH_VERB)' });
    expect(await ask('ack', 'x'.repeat(70_000))).toEqual({ ok: false, error: 'expected at most 65536 bytes' });
  });

  it('lets nobody publish in its name by way of an answer, and obeys no command of the past', async () => {
    const { context, sink } = begin('wary');
    const { client, heard } = await listen(broker.url);
    await client.publishAsync('wary/cmd/ack', '{"old":true}', { qos: 1, retain: true });
    sink.start();
    await eventually(() => expect(context.connected).toBe(true));
    await eventually(async () => {
      await client.publishAsync('wary/cmd/ack', '{}', { qos: 1, properties: { responseTopic: 'wary/alert/a' } });
      expect(heard.some(({ topic }) => topic === 'wary/cmd/ack/result')).toBe(true);
    });
    expect(heard.some(({ topic }) => topic === 'wary/alert/a')).toBe(false);
    expect(context.commands).not.toContainEqual({ verb: 'ack', body: { old: true } });
  });

  it('loses no event that fits the queue while the broker is away', async () => {
    const { context, sink } = begin('away');
    const { heard } = await listen(broker.url, {
      clientId: 'witness',
      clean: false,
      properties: { sessionExpiryInterval: 3600 },
    });
    const ids = () => [
      ...new Set(
        heard.filter(({ topic }) => topic === 'away/event').map(({ text }) => (JSON.parse(text) as AlertDocument).id),
      ),
    ];
    sink.start();
    const all = events(0, 300);
    for (const alert of all.slice(0, 100)) sink.deliver(alert);
    await eventually(() => expect(ids()).toHaveLength(100));
    for (const alert of all.slice(100, 150)) sink.deliver(alert);
    await broker.halt();
    for (const alert of all.slice(150)) sink.deliver(alert);
    await eventually(() => expect(context.states.at(-1)?.detail).toContain('connection refused'));
    await broker.restart();
    await eventually(() => expect(ids()).toEqual(all.map(({ id }) => id)));
    expect(context.counts.dropped).toBe(0);
  });
});

describe.skipIf(!serviceOrSkip('mosquitto'))('the MQTT sink at a broker behind TLS and a password', () => {
  let broker: Mosquitto;
  let folder: string;
  beforeAll(async () => {
    broker = await startMosquitto({ tls: true, password: { user: 'ada', password: 'right' } });
    folder = mkdtempSync(join(tmpdir(), 'tidewatch-mqtt-'));
  });
  afterAll(async () => {
    await broker?.stop();
    rmSync(folder, { recursive: true });
  });

  function begin(more: Partial<MqttSinkOptions>) {
    const context = new RecordingContext();
    const access = { username: 'ada', password: 'right', caFile: broker.caFile! };
    const sink = new MqttSink({ ...OPTIONS, url: broker.url, ...access, ...more }, context);
    onTestFinished(() => sink.stop(0));
    sink.start();
    return { context, sink };
  }

  it.each([4, 5] as const)('gets in with what its files hold, with protocol %i', async (protocol) => {
    const passwordFile = join(folder, 'password');
    writeFileSync(passwordFile, 'right\n');
    const { context, sink } = begin({ protocol, password: null, passwordFile, base: `in/${protocol}` });
    const access = { ca: readFileSync(broker.caFile!), username: 'ada', password: 'right' };
    const { heard } = await listen(broker.url, access);
    sink.deliver(events(0, 1)[0]);
    await eventually(() => expect(heard.some(({ topic }) => topic === `in/${protocol}/event`)).toBe(true));
    expect(context.connected).toBe(true);
  });

  it.each([
    ['a wrong password', { password: 'wrong' }, /wrong user name or password|not authorised/],
    ['a wrong password in 3.1.1', { password: 'wrong', protocol: 4 }, /wrong user name or password|not authorised/],
    ['no name', { username: null, password: null }, /wants a user name and a password/],
    ['a stranger’s certificate', { caFile: null }, /certificate is not trusted/],
    ['a file that is not there', { caFile: '/nowhere/ca.crt' }, /cannot read ca_file \/nowhere\/ca.crt/],
  ] as const)('says why it is not let in: %s', async (_name, more, reason) => {
    const { context } = begin(more);
    await eventually(() =>
      expect(context.states.at(-1)).toMatchObject({
        connected: false,
        detail: expect.stringMatching(reason) as string,
      }),
    );
    expect(JSON.stringify(context.states)).not.toMatch(/"wrong"|right/);
  });

  it('gets in as soon as its password file is right', async () => {
    const passwordFile = join(folder, 'later');
    writeFileSync(passwordFile, 'wrong');
    const { context } = begin({ password: null, passwordFile });
    await eventually(() => expect(context.states).not.toEqual([]));
    writeFileSync(passwordFile, 'right');
    await eventually(() => expect(context.connected).toBe(true));
  });
});
