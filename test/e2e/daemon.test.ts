import { once } from 'node:events';
import { connectAsync, type MqttClient } from 'mqtt';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { load } from '../../src/config/load.ts';
import { createDaemon, type Daemon, type StartReport } from '../../src/daemon.ts';
import { systemPorts } from '../../src/ports/system.ts';
import { type AlertMessage, type ServerMessage, type SnapshotMessage, SUBPROTOCOL } from '../../src/protocol.ts';
import { Telemetry } from '../../src/telemetry.ts';
import { freePort } from '../services/service.ts';
import { temporaryFolder } from './harness.ts';

const config = (port: number) => `
version: 1
http: {listen: "127.0.0.1:0"}
broker: {listen: "127.0.0.1:${port}"}
sources: {plant: {type: mqtt, url: "mqtt://127.0.0.1:${port}", topics: ["#"]}}
pipelines: {main: {inputs: [plant], season: 5m}}
`;

let folder: ReturnType<typeof temporaryFolder>;
let daemon: Daemon;
let report: StartReport;
let telemetry: Telemetry;
let publisher: MqttClient;

async function startDaemon(): Promise<void> {
  const loaded = load(config(await freePort()), { file: 'test.yaml', env: {} });
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.errors));
  telemetry = new Telemetry({ level: 'silent' });
  daemon = createDaemon(systemPorts(folder.path), { telemetry });
  report = await daemon.start(loaded.config);
  publisher = await connectAsync(report.broker!, { protocolVersion: 4 });
  await expect.poll(async () => (await fetch(`${report.url}/readyz`)).status).toBe(200);
}

async function stopDaemon(): Promise<void> {
  await publisher.endAsync(true);
  await daemon.stop();
}

beforeEach(async () => {
  folder = temporaryFolder();
  await startDaemon();
});

afterEach(async () => {
  await stopDaemon();
  folder.remove();
});

/** A WebSocket client that keeps every message. */
async function openClient(): Promise<{ messages: ServerMessage[]; send(message: object): void; close(): void }> {
  const socket = new WebSocket(`${report.url.replace('http', 'ws')}/api/v1/stream`, SUBPROTOCOL);
  const messages: ServerMessage[] = [];
  socket.on('message', (data) => messages.push(JSON.parse((data as Buffer).toString('utf8')) as ServerMessage));
  await once(socket, 'open');
  return { messages, send: (message) => socket.send(JSON.stringify(message)), close: () => socket.close() };
}

const publishAt = (ts: number, value: number) =>
  publisher.publishAsync('clock/x', JSON.stringify({ ts, value }), { qos: 1 });

/** A calm sine with its own time, one sample a second, then whatever is put at the end. */
async function publish(topic: string, values: readonly number[], lastTime: number): Promise<void> {
  for (const [i, value] of values.entries()) {
    await publisher.publishAsync(topic, JSON.stringify({ ts: lastTime - (values.length - 1 - i) * 1000, value }), {
      qos: 1,
    });
  }
}

const calm = (n: number): number[] =>
  Array.from({ length: n }, (_, i) => 5 + Math.sin(i / 40) + ((i * 7919) % 97) / 970);

describe('from publish to alert', () => {
  it('tells a WebSocket client of a spike, in the messages of tidewatch.v1', async () => {
    const client = await openClient();
    client.send({ type: 'subscribe', id: 7, series: ['*'], what: ['samples', 'alerts'], max_hz: 10 });
    await expect.poll(() => client.messages.map(({ type }) => type)).toContain('snapshot');
    expect(client.messages[0]).toMatchObject({ type: 'hello', v: 1 });
    expect(client.messages).toContainEqual({ type: 'result', id: 7, ok: true });

    const now = Date.now();
    await publish('line9/press/force', [...calm(400), 25], now);
    await expect.poll(() => client.messages.some(({ type }) => type === 'alert')).toBe(true);
    const { alert } = client.messages.find((m): m is AlertMessage => m.type === 'alert')!;
    expect(alert).toMatchObject({
      schema: 'alert/1',
      series: 'line9_press_force_value',
      pipeline: 'main',
      event: 'open',
      status: 'active',
      value: 25,
      acked: false,
      started_at: new Date(now).toISOString(),
      channels: [{ series: 'line9_press_force_value', share: 1 }],
    });
    expect(alert.id).toMatch(/^[a-z2-7]{20}$/);
    expect(alert.upper).toBeLessThan(25);
    expect(alert.text).toContain('Line9 press force value is 25');

    const values = () => client.messages.flatMap((m) => (m.type === 'samples' ? m.y : []));
    await expect.poll(values).toContain(25);
    client.send({ type: 'ack', id: 8, alert: alert.id });
    await expect.poll(() => client.messages).toContainEqual({ type: 'result', id: 8, ok: true });
    await expect
      .poll(() => client.messages.filter((m): m is AlertMessage => m.type === 'alert').at(-1)?.alert.event)
      .toBe('ack');

    const late = await openClient();
    late.send({ type: 'subscribe', id: 1, from_seq: 0 });
    await expect.poll(() => late.messages.some(({ type }) => type === 'snapshot')).toBe(true);
    const snapshot = late.messages.find((m): m is SnapshotMessage => m.type === 'snapshot')!;
    expect(snapshot.alerts[0]).toMatchObject({ id: alert.id, acked: true });
    expect(snapshot.samples[0].t.at(-1)).toBe(now);
    expect(late.messages.filter(({ type }) => type === 'alert').length).toBe(2);
    client.close();
    late.close();
  });

  it('has the open alert back after a restart, and does not raise it anew', async () => {
    const now = Date.now();
    await publish('line9/press/force', [...calm(400), 25], now);
    const active = async () =>
      (await (await fetch(`${report.url}/api/v1/alerts?status=active`)).json()) as { id: string }[];
    await expect.poll(async () => (await active()).length).toBe(1);
    const [{ id }] = await active();
    await stopDaemon();
    await startDaemon();
    expect(report.restored).toBe(1);
    expect((await active()).map((alert) => alert.id)).toEqual([id]);
    const { events } = (await (await fetch(`${report.url}/api/v1/events?after=0`)).json()) as {
      events: { event: string }[];
    };
    expect(events.map(({ event }) => event)).toEqual(['open']);
  });
});

describe('bad input', () => {
  it('is a counted drop by reason, and nothing else is lost', async () => {
    const bodies: [topic: string, body: string | Buffer, reason: string][] = [
      ['bad/a', '{"v": 1', 'malformed'],
      ['bad/b', '{"v": 1e999}', 'not_finite'],
      ['bad/c', '{"v": "warm"}', 'not_a_number'],
      ['bad/d', '{"v": null}', 'empty'],
      ['bad/f', `${'{"a":'.repeat(2000)}1${'}'.repeat(2000)}`, 'too_deep'],
      [
        'bad/g',
        JSON.stringify(Object.fromEntries(Array.from({ length: 400 }, (_, i) => [`f${i}`, i]))),
        'too_many_fields',
      ],
      ['bad/h', '{"v": [1, 2]}', 'not_a_number'],
      ['bad/i', '', 'empty'],
      ['bad/j', '{"ts": "yesterday", "v": 1}', 'bad_time'],
      ['bad/k', Buffer.from([0xff, 0xfe, 0x00]), 'malformed'],
    ];
    for (const [topic, body] of bodies) await publisher.publishAsync(topic, body, { qos: 1 });
    await publisher.publishAsync('__proto__', '{"__proto__": 1, "constructor": 2}', { qos: 1 });
    await publisher.publishAsync('good/one', '21.5', { qos: 1 });
    const ids = async () =>
      ((await (await fetch(`${report.url}/api/v1/series`)).json()) as { source: string }[]).map((s) => s.source);
    await expect.poll(ids).toContain('good/one');
    expect(await ids()).toEqual(expect.arrayContaining(['__proto__/__proto__', '__proto__/constructor']));
    for (const [topic, , reason] of bodies)
      expect(telemetry.dropped.get(reason as never) ?? 0, topic).toBeGreaterThan(0);
    expect(({} as Record<string, unknown>)['constructor']).toBe(Object);
    expect((await fetch(`${report.url}/healthz`)).status).toBe(200);
  });

  it('of a late, repeated or future sample is dropped by its own reason', async () => {
    const now = Date.now();
    await publishAt(now, 1);
    await publishAt(now, 1); // duplicate
    await publishAt(now - 5000, 2); // late
    await publishAt(now + 3600_000, 3); // future
    await publishAt(now + 1000, 4);
    await expect.poll(() => telemetry.dropped.get('future')).toBe(1);
    expect(telemetry.dropped.get('duplicate')).toBe(1);
    expect(telemetry.dropped.get('late')).toBe(1);
  });
});
