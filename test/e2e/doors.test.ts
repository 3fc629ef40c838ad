import { once } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { connectAsync, type IClientOptions } from 'mqtt';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import type { AlertDocument } from '../../models/alert-document.ts';
import { load } from '../../src/config/load.ts';
import { createDaemon } from '../../src/daemon.ts';
import { systemPorts } from '../../src/ports/system.ts';
import { type ServerMessage, type SeriesInfo, SUBPROTOCOL } from '../../src/protocol.ts';
import { Telemetry } from '../../src/telemetry.ts';
import { startInfluxd } from '../services/influxd.ts';
import { startMosquitto } from '../services/mosquitto.ts';
import { serviceOrSkip } from '../services/service.ts';
import { temporaryFolder } from './harness.ts';

const hasMosquitto = serviceOrSkip('mosquitto');
const hasInfluxd = serviceOrSkip('influxd');
const SAMPLES = 400;
const SPIKE = 25;

/** A calm sine at one sample a second that ends now with a spike. */
function story(): { time: number; value: number }[] {
  const now = Math.floor(Date.now() / 1000) * 1000;
  return Array.from({ length: SAMPLES }, (_, i) => ({
    time: now - (SAMPLES - 1 - i) * 1000,
    value: i === SAMPLES - 1 ? SPIKE : 5 + Math.sin(i / 40) + ((i * 7919) % 97) / 970,
  }));
}

let folder: ReturnType<typeof temporaryFolder>;
const closers: (() => Promise<unknown>)[] = [];

beforeEach(() => {
  folder = temporaryFolder();
});

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
  folder.remove();
});

async function startDaemon(
  text: string,
  env: Record<string, string> = {},
): Promise<{ telemetry: Telemetry; lines: string[]; url: string; alerts: AlertDocument[] }> {
  const loaded = load(`version: 1\nhttp: {listen: "127.0.0.1:0"}\n${text}`, { file: 'test.yaml', env });
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.errors));
  const lines: string[] = [];
  const telemetry = new Telemetry({ level: 'info', destination: { write: (line) => lines.push(line) } });
  const daemon = createDaemon(systemPorts(join(folder.path, 'state')), { telemetry });
  const { url } = await daemon.start(loaded.config);
  closers.push(() => daemon.stop());
  return { telemetry, lines, url, alerts: await watchAlerts(url) };
}

/** Alerts as a dashboard gets them. */
async function watchAlerts(url: string): Promise<AlertDocument[]> {
  const alerts: AlertDocument[] = [];
  const socket = new WebSocket(`${url.replace('http', 'ws')}/api/v1/stream`, SUBPROTOCOL);
  socket.on('message', (data) => {
    const message = JSON.parse((data as Buffer).toString('utf8')) as ServerMessage;
    if (message.type === 'alert') alerts.push(message.alert);
  });
  await once(socket, 'open');
  socket.send(JSON.stringify({ type: 'subscribe', id: 1, what: ['alerts'] }));
  closers.push(() => Promise.resolve(socket.terminate()));
  return alerts;
}

const ready = (url: string) =>
  expect.poll(async () => (await fetch(`${url}/readyz`)).status, { timeout: 10_000 }).toBe(200);
const opened = (alerts: AlertDocument[], series: string) =>
  expect
    .poll(() => alerts.find((alert) => alert.series === series && alert.event === 'open'), { timeout: 15_000 })
    .toMatchObject({ value: SPIKE, status: 'active' });

describe.skipIf(!hasMosquitto)('through Mosquitto', () => {
  it.each([
    { qos: 0, protocol: 4, tls: false },
    { qos: 1, protocol: 4, tls: false },
    { qos: 0, protocol: 5, tls: false },
    { qos: 1, protocol: 5, tls: true },
  ] as const)(
    'a spike becomes an alert on every door: QoS $qos, protocol $protocol, TLS $tls',
    async ({ qos, protocol, tls }) => {
      const password = tls ? { user: 'watch', password: 's3cret' } : undefined;
      const broker = await startMosquitto({ tls, ...(password === undefined ? {} : { password }) });
      closers.push(() => broker.stop());
      const influx = hasInfluxd ? await startInfluxd() : undefined;
      if (influx !== undefined) closers.push(() => influx.stop());
      const access = tls ? `username: watch, password: "\${PASSWORD}", ca_file: "${broker.caFile}", ` : '';
      const version = protocol === 4 ? '3.1.1' : '5';
      const { url, alerts } = await startDaemon(
        `
sources: {plant: {type: mqtt, url: "${broker.url}", ${access}qos: ${qos}, protocol: ${version}, topics: ["#"]}}
pipelines: {main: {inputs: [plant], season: 5m}}
outputs:
  back: {type: mqtt, url: "${broker.url}", ${access}base: tw}
${influx === undefined ? '' : `  points: {type: influx, url: "${influx.url}", database: plant, flush: 200ms}`}
`,
        { PASSWORD: 's3cret' },
      );
      await ready(url);
      const options: IClientOptions = {
        protocolVersion: protocol,
        ...(tls ? { username: 'watch', password: 's3cret', ca: readFileSync(broker.caFile!) } : {}),
      };
      const peer = await connectAsync(broker.url, options);
      closers.push(() => peer.endAsync(true));
      const seen = new Map<string, string>();
      peer.on('message', (topic, payload) => seen.set(topic, payload.toString('utf8')));
      await peer.subscribeAsync('tw/#', { qos: 1 });
      for (const { time, value } of story()) {
        await peer.publishAsync('line9/press/force', JSON.stringify({ ts: time, value }), { qos });
      }
      await opened(alerts, 'line9_press_force_value');
      await expect.poll(() => seen.get('tw/alert/line9_press_force_value'), { timeout: 10_000 }).toBeDefined();
      expect(JSON.parse(seen.get('tw/alert/line9_press_force_value')!)).toMatchObject({
        schema: 'alert/1',
        value: SPIKE,
      });
      expect(seen.get('tw/bridge/state')).toBe('online');
      // Its own topics are under '#', and are not taken for sensors.
      const series = (await (await fetch(`${url}/api/v1/series`)).json()) as SeriesInfo[];
      expect(series.map(({ id }) => id)).toEqual(['line9_press_force_value']);
      if (influx === undefined) return;
      const rows = () =>
        influx.query<{ value: number }>(
          `SELECT value FROM anomaly WHERE "series" = 'line9_press_force_value'`,
          'plant',
        );
      await expect.poll(async () => (await rows()).map(({ value }) => value), { timeout: 10_000 }).toContain(SPIKE);
      const events = await influx.query<{ text: string }>('SELECT * FROM anomaly_events', 'plant');
      expect(events.length).toBeGreaterThanOrEqual(1);
    },
    60_000,
  );

  it('hostile topics do no harm on any door', async () => {
    const broker = await startMosquitto({});
    closers.push(() => broker.stop());
    const influx = hasInfluxd ? await startInfluxd() : undefined;
    if (influx !== undefined) closers.push(() => influx.stop());
    const { telemetry, lines, url, alerts } = await startDaemon(`
sources: {plant: {type: mqtt, url: "${broker.url}", topics: ["#"]}, push: {type: http}}
pipelines: {main: {inputs: [plant, push], season: 5m}}
${influx === undefined ? '' : `outputs: {points: {type: influx, url: "${influx.url}", database: plant, flush: 200ms}}`}
`);
    await ready(url);
    const names = [
      'a\nevil2,admin=1 v=1',
      '<img src=x onerror=alert(1)>',
      '__proto__',
      'x\u0000y',
      '\u001b[2J',
      'back\\',
    ];
    for (const topic of names) {
      const batch = story().map(({ time, value }) => ({ ts: time, v: value }));
      const query = new URLSearchParams({ topic }).toString();
      const answer = await fetch(`${url}/api/v1/ingest?${query}`, { method: 'POST', body: JSON.stringify(batch) });
      expect(answer.status).toBe(202);
    }
    // 64 kB of name are too much to be one: a counted drop.
    const peer = await connectAsync(broker.url);
    closers.push(() => peer.endAsync(true));
    await peer.publishAsync(`long/${'x'.repeat(65_000)}`, '1', { qos: 1 });
    await peer.publishAsync('<img src=y>', '1', { qos: 1 });
    await expect.poll(() => telemetry.dropped.get('bad_name'), { timeout: 10_000 }).toBe(1);

    const series = (await (await fetch(`${url}/api/v1/series`)).json()) as SeriesInfo[];
    expect(series).toHaveLength(names.length + 1);
    for (const { id } of series) expect(id).toMatch(/^[a-z0-9_-]{1,64}$/);
    const opens = () => alerts.filter(({ event }) => event === 'open').length;
    await expect.poll(opens, { timeout: 15_000 }).toBe(names.length);
    // One line of JSON for each, with nothing in it that a terminal obeys.
    const told = lines.map((line) => JSON.parse(line) as { event?: string });
    expect(told.filter(({ event }) => event === 'open')).toHaveLength(names.length);
    // oxlint-disable-next-line no-control-regex
    for (const line of lines) expect(line.trimEnd()).not.toMatch(/[\u0000-\u001f\u007f]/);
    if (influx === undefined) return;
    await expect
      .poll(async () => (await influx.query('SELECT * FROM anomaly_events', 'plant')).length, { timeout: 10_000 })
      .toBeGreaterThan(0);
    const measurements = await influx.query<{ name: string }>('SHOW MEASUREMENTS', 'plant');
    expect(measurements.map(({ name }) => name).sort()).toEqual(['anomaly', 'anomaly_events']);
  }, 60_000);
});

async function push(url: string, topic: string, body: string): Promise<unknown> {
  const response = await fetch(`${url}/api/v1/ingest?topic=${encodeURIComponent(topic)}`, { method: 'POST', body });
  expect(response.status).toBe(202);
  return response.json();
}

describe('without a broker', () => {
  const PUSH = 'sources: {push: {type: http}}\npipelines: {main: {inputs: [push], season: 5m}}\n';

  it('a spike that is pushed over HTTP becomes an alert, a sample or a batch at a time', async () => {
    const { url, alerts } = await startDaemon(PUSH);
    for (const { time, value } of story()) await push(url, 'shop/oven', JSON.stringify({ ts: time, value }));
    await opened(alerts, 'shop_oven_value');
    const batch = story().map(({ time, value }) => ({ ts: time, value }));
    expect(await push(url, 'shop/batch', JSON.stringify(batch))).toEqual({ accepted: SAMPLES, dropped: {} });
    await opened(alerts, 'shop_batch_value');
    expect(await push(url, 'shop/oven', '{"value": "warm", "other": 1}')).toEqual({
      accepted: 1,
      dropped: { not_a_number: 1 },
    });
  }, 30_000);

  it('so does line protocol, with its own times', async () => {
    const { url, alerts } = await startDaemon(PUSH);
    const lines = story().map(({ time, value }) => `press,line=9 force=${value},on=true ${time}000000`);
    await push(url, 'telegraf', lines.join('\n'));
    await opened(alerts, 'telegraf_press_9_force');
  }, 30_000);

  it('so does SenML', async () => {
    const { url, alerts } = await startDaemon(PUSH);
    const [first, ...rest] = story();
    const pack = [
      { bn: 'press/', bt: first.time / 1000, n: 'force', v: first.value },
      ...rest.map(({ time, value }) => ({ n: 'force', t: (time - first.time) / 1000, v: value })),
    ];
    await push(url, 'senml', JSON.stringify(pack));
    await opened(alerts, 'senml_press_force');
  }, 30_000);

  it('so does a WebSocket that pushes, and only what is dropped is answered', async () => {
    const { url, alerts } = await startDaemon(PUSH);
    const socket = new WebSocket(`${url.replace('http', 'ws')}/api/v1/ingest?topic=shop%2Fpump`);
    const answers: unknown[] = [];
    socket.on('message', (data) => answers.push(JSON.parse((data as Buffer).toString('utf8'))));
    await once(socket, 'open');
    for (const { time, value } of story()) socket.send(JSON.stringify({ ts: time, value }));
    await opened(alerts, 'shop_pump_value');
    socket.send('{"value": null}');
    await expect.poll(() => answers).toEqual([{ accepted: 0, dropped: { empty: 1 } }]);
    socket.terminate();
  }, 30_000);

  it('so does a WebSocket server that is read', async () => {
    const { WebSocketServer } = await import('ws');
    const server = new WebSocketServer({ host: '127.0.0.1', port: 0 });
    await once(server, 'listening');
    closers.push(() => new Promise((resolve) => server.close(resolve)));
    server.on('connection', (socket) => {
      for (const { time, value } of story()) socket.send(JSON.stringify({ ts: time, value }));
    });
    const { port } = server.address() as { port: number };
    const { alerts, url } = await startDaemon(
      `sources: {feed: {type: websocket, url: "ws://127.0.0.1:${port}"}}\npipelines: {main: {inputs: [feed], season: 5m}}\n`,
    );
    await ready(url);
    await expect
      .poll(
        async () =>
          ((await (await fetch(`${url}/api/v1/alerts`)).json()) as AlertDocument[])[0]?.series ?? alerts[0]?.series,
        { timeout: 15_000 },
      )
      .toBe('feed_value');
    for (const client of server.clients) client.terminate();
  }, 30_000);

  it('so does a recorded file', async () => {
    mkdirSync(join(folder.path, 'recorded'));
    const rows = story().map(({ value }, i) => `${i},${value}`);
    writeFileSync(join(folder.path, 'recorded/wave.csv'), `row,force\n${rows.join('\n')}\n`);
    const { url } = await startDaemon(
      `sources: {old: {type: replay, path: "${join(folder.path, 'recorded')}", speed: 200, period: 1s}}\npipelines: {main: {inputs: [old], season: 5m}}\n`,
    );
    const alerts = async () => (await (await fetch(`${url}/api/v1/alerts`)).json()) as AlertDocument[];
    await expect
      .poll(async () => (await alerts()).map(({ series }) => series), { timeout: 20_000 })
      .toContain('wave_force');
  }, 30_000);
});
