/** Outputs on a real disk: what they were given arrives, whatever happens to the other end or to us. */
import { connectAsync } from 'mqtt';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import type { AlertDocument } from '../../models/alert-document.ts';
import type { SampleColumns } from '../../pipelines/thin.ts';
import { startBroker } from '../../src/broker.ts';
import { formatAddress } from '../../src/config/address.ts';
import type { OutputConfig } from '../../src/config/config.ts';
import { load } from '../../src/config/load.ts';
import { Outputs } from '../../src/outputs.ts';
import type { Overview } from '../../src/overview.ts';
import { systemClock } from '../../src/ports/clock.ts';
import { SystemDisk } from '../../src/ports/disk.ts';
import { Telemetry } from '../../src/telemetry.ts';
import { type Influxd, startInfluxd } from '../services/influxd.ts';
import { freePort, serviceOrSkip } from '../services/service.ts';
import { FaultyDisk } from '../sim/faulty-disk.ts';
import { Lines } from '../sim/watch.ts';
import { STATUS } from './sinks/context.ts';
import { eventually, events } from './sinks/contract.ts';
import { HttpPeer } from './sinks/http-peer.ts';
import { readLines } from './sinks/line-protocol.ts';

const OVERVIEW = { find: () => undefined, status: () => STATUS, openAlerts: () => [] } as unknown as Overview;

/** One state folder, and the outputs of one process after the other over it. */
class World {
  readonly folder = mkdtempSync(join(tmpdir(), 'tidewatch-outputs-'));
  disk = new FaultyDisk(new SystemDisk(this.folder));
  telemetry = new Telemetry({ level: 'warn', destination: new Lines() });
  outputs = this.#begin({ position: 0, end: 0 });

  constructor() {
    onTestFinished(async () => {
      await this.outputs.closeAll();
      rmSync(this.folder, { recursive: true });
    });
  }

  /** Another process, after this one was killed. */
  async crash(range: { position: number; end: number }): Promise<void> {
    this.disk = this.disk.inherit();
    // Its disk is gone already: whatever it does now, nobody is told.
    await this.outputs.closeAll();
    this.outputs = this.#begin(range);
  }

  async restart(range: { position: number; end: number }): Promise<void> {
    await this.outputs.closeAll();
    this.outputs = this.#begin(range);
  }

  deliver(alerts: readonly AlertDocument[], from = 1): void {
    for (const [i, alert] of alerts.entries()) this.outputs.deliver(alert, from + i);
  }

  read(path: string): string {
    return readFileSync(join(this.folder, 'spool', path), 'utf8');
  }

  metrics(): Promise<string> {
    return this.telemetry.metrics.metrics();
  }

  #begin(range: { position: number; end: number }): Outputs {
    this.telemetry = new Telemetry({ level: 'warn', destination: new Lines() });
    const outputs = new Outputs({
      clock: systemClock,
      disk: this.disk,
      logRange: () => range,
      telemetry: this.telemetry,
      overview: OVERVIEW,
      brokerUrl: (url) => url,
      command: () => Promise.resolve(),
      stopMsMax: 100,
    });
    outputs.begin();
    return outputs;
  }
}

function output(text: string): OutputConfig {
  const loaded = load(`version: 1\nhttp: {listen: "127.0.0.1:0"}\noutputs: {o: ${text}}`, { file: 'f', env: {} });
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.errors));
  return loaded.config.outputs.get('o')!;
}

const idsOf = (alerts: readonly AlertDocument[]): string[] => alerts.map(({ id }) => id);
const heardBy = (peer: HttpPeer): string[] => peer.heard.map(({ body }) => (JSON.parse(body) as AlertDocument).id);

async function peerThatIs(state: 'there' | 'away'): Promise<HttpPeer> {
  const peer = new HttpPeer();
  onTestFinished(() => peer.stop());
  await peer.start();
  if (state === 'away') await peer.stop();
  return peer;
}

describe('a webhook output', () => {
  it('sends after a restart what it could not send before, and drops nothing', async () => {
    const world = new World();
    const peer = await peerThatIs('away');
    world.outputs.open('o', output(`{type: webhook, url: "${peer.url}"}`));
    const all = events(0, 20);
    world.deliver(all.slice(0, 10));
    await world.restart({ position: 10, end: 10 });
    world.outputs.open('o', output(`{type: webhook, url: "${peer.url}"}`));
    expect(await world.metrics()).toContain('tidewatch_spool_records{output="o"} 10\n');
    world.deliver(all.slice(10), 11);
    await peer.start();
    await eventually(() => expect(heardBy(peer)).toEqual(idsOf(all)));
    await eventually(async () => expect(await world.metrics()).toContain('tidewatch_spool_records{output="o"} 0\n'));
    expect(await world.metrics()).not.toContain('result="dropped"');
  });

  it('sends nothing twice that a replay brings again', async () => {
    const world = new World();
    const peer = await peerThatIs('away');
    const config = output(`{type: webhook, url: "${peer.url}"}`);
    world.outputs.open('o', config);
    const all = events(0, 8);
    world.deliver(all.slice(0, 5));
    await world.crash({ position: 2, end: 5 });
    world.outputs.open('o', config);
    world.deliver(all.slice(2, 8), 3);
    await peer.start();
    await eventually(() => expect(heardBy(peer)).toEqual(idsOf(all)));
  });

  it('has what it was given after a power cut, once that was synced', async () => {
    const world = new World();
    const peer = await peerThatIs('away');
    const config = output(`{type: webhook, url: "${peer.url}"}`);
    world.outputs.open('o', config);
    const all = events(0, 8);
    world.deliver(all.slice(0, 5));
    await world.outputs.sync();
    world.deliver(all.slice(5, 7), 6);
    world.disk.cutPower();
    await world.crash({ position: 5, end: 7 });
    world.outputs.open('o', config);
    world.deliver(all.slice(5), 6);
    await peer.start();
    await eventually(() => expect(heardBy(peer)).toEqual(idsOf(all)));
  });

  it('keeps what was refused for people to look at, without its token', async () => {
    const world = new World();
    const peer = await peerThatIs('there');
    const token = join(world.folder, 'token');
    writeFileSync(token, 'hunter2');
    peer.answer = ({ body }) => (body.includes('alert-1') ? { status: 400, body: 'not\nthis one' } : { status: 200 });
    const all = events(0, 3);
    world.outputs.open('o', output(`{type: webhook, url: "${peer.url}/?key=hunter2", token_file: "${token}"}`));
    world.deliver(all);
    await eventually(() => expect(peer.heard).toHaveLength(3));
    await eventually(async () => expect(await world.metrics()).toContain('tidewatch_dead_letters_total{output="o"} 1'));
    const text = world.read('webhook-o/dead-letter.jsonl');
    expect(JSON.parse(text)).toEqual({
      time: expect.any(String) as string,
      output: 'o',
      reason: 'HTTP 400 not this one',
      item: all[1],
    });
    expect(text).not.toContain('hunter2');
    const segments = readdirSync(join(world.folder, 'spool', 'webhook-o')).filter((name) => name.endsWith('.twsp'));
    for (const name of segments) expect(world.read(`webhook-o/${name}`)).not.toContain('hunter2');
  });

  it('goes on in memory while the disk fails, and says so', async () => {
    const world = new World();
    const peer = await peerThatIs('there');
    world.disk.failing = { open: 'ENOSPC', write: 'ENOSPC' };
    world.outputs.open('o', output(`{type: webhook, url: "${peer.url}"}`));
    const all = events(0, 5);
    world.deliver(all);
    expect(await world.metrics()).toContain('tidewatch_spool_degraded{output="o"} 1\n');
    await eventually(() => expect(heardBy(peer)).toEqual(idsOf(all)));
    world.disk.failing = {};
  });

  it('takes what comes while it is being closed', async () => {
    const world = new World();
    const peer = await peerThatIs('away');
    const config = output(`{type: webhook, url: "${peer.url}"}`);
    world.outputs.open('o', config);
    const all = events(0, 3);
    world.deliver(all.slice(0, 2));
    const closed = world.outputs.close('o');
    world.deliver(all.slice(2), 3);
    await closed;
    await peer.start();
    world.outputs.open('o', config);
    await eventually(() => expect(heardBy(peer)).toEqual(idsOf(all)));
  });

  it('gives up an event that the receiver itself fails on, read from the disk each time', async () => {
    const world = new World();
    const peer = await peerThatIs('there');
    peer.answer = ({ body }) => ({ status: body.includes('alert-0') && peer.heard.length < 2 ? 500 : 200 });
    world.outputs.open('o', output(`{type: webhook, url: "${peer.url}"}`));
    world.deliver(events(0, 2));
    await eventually(() => expect(heardBy(peer)).toEqual(['alert-0', 'alert-0', 'alert-1']));
  });
});

function columns(s: string, from: number, count: number): SampleColumns {
  const t = Array.from({ length: count }, (_, i) => from + i);
  const all = (x: number) => t.map(() => x);
  return { s, t, y: all(7.5), e: all(5), lo: all(4), hi: all(6), z: all(3) };
}

const until = (end: number, from = 0) => Array.from({ length: end - from }, (_, i) => from + i);

const writtenTo = (peer: HttpPeer) =>
  peer.heard.filter(({ path }) => path.startsWith('/write')).flatMap(({ body }) => readLines(body));

describe('an InfluxDB output', () => {
  it('loses no sample and no event through an outage and a crash, and keeps their order', async () => {
    const world = new World();
    const peer = await peerThatIs('away');
    const config = output(`{type: influx, url: "${peer.url}", database: d, flush: 100ms, batch: 7}`);
    world.outputs.open('o', config);
    for (let i = 0; i < 10; i++) world.outputs.samples([columns('a', 10 * i, 10)], i + 1);
    world.outputs.deliver(events(0, 1)[0], 10);
    await world.crash({ position: 5, end: 10 });
    world.outputs.open('o', config);
    // Gathered otherwise this time, as it is by the clock: what belongs to 10 and before is there already.
    world.outputs.samples([columns('a', 50, 30)], 8);
    world.outputs.deliver(events(0, 1)[0], 10);
    world.outputs.samples([columns('a', 80, 40)], 12);
    await peer.start();
    peer.answer = ({ path }) => (path.startsWith('/query') ? { status: 200, body: '{}' } : { status: 204 });
    await eventually(() => {
      const times = writtenTo(peer).flatMap(({ tags, time }) => (tags.get('pipeline') === '-' ? [time] : []));
      expect(times).toEqual([...until(100), ...until(120, 80)]);
    });
    const alerts = writtenTo(peer).filter(({ measurement }) => measurement === 'anomaly_events');
    expect(alerts.map(({ fields }) => fields.get('id'))).toEqual(['alert-0']);
  });

  it.each([
    [5, 'partial write: field type conflict dropped=1', 5, 1],
    [150, 'partial write: field type conflict dropped=1', 1, 1],
    [150, 'unable to parse', 150, 150],
  ])('keeps of %i refused points as many as tell something: %s', async (count, reason, lines, buried) => {
    const world = new World();
    const peer = await peerThatIs('there');
    peer.answer = ({ path }) =>
      path.startsWith('/query')
        ? { status: 200, body: '{}' }
        : { status: 400, body: JSON.stringify({ error: reason }) };
    world.outputs.open('o', output(`{type: influx, url: "${peer.url}", database: d, flush: 100ms}`));
    world.outputs.samples([columns('a', 0, count)], 1);
    await eventually(async () =>
      expect(await world.metrics()).toContain(`tidewatch_dead_letters_total{output="o"} ${buried}\n`),
    );
    const letters = world.read('influx-o/dead-letter.jsonl').trimEnd().split('\n');
    expect(letters).toHaveLength(lines);
    for (const letter of letters)
      expect(JSON.parse(letter)).toMatchObject({ reason: expect.stringContaining(reason) as string });
  });
});

describe('an MQTT output', () => {
  it('publishes after a restart the events that it could not publish before, in order', async () => {
    const world = new World();
    world.outputs.open('o', output(`{type: mqtt, url: "mqtt://127.0.0.1:${await freePort()}"}`));
    const all = events(0, 50);
    world.deliver(all.slice(0, 30));
    await world.restart({ position: 30, end: 30 });
    const broker = await startBroker({ host: '127.0.0.1', port: 0 });
    const url = `mqtt://${formatAddress(broker.address)}`;
    const client = await connectAsync(url);
    onTestFinished(async () => {
      client.end(true);
      await world.outputs.closeAll();
      await broker.stop();
    });
    const heard: string[] = [];
    client.on('message', (_topic, payload) => heard.push((JSON.parse(payload.toString()) as AlertDocument).id));
    await client.subscribeAsync('tidewatch/event', { qos: 1 });
    world.outputs.open('o', output(`{type: mqtt, url: "${url}"}`));
    world.deliver(all.slice(30), 31);
    await eventually(() => expect(heard).toEqual(idsOf(all)));
    await world.restart({ position: 50, end: 50 });
    world.outputs.open('o', output(`{type: mqtt, url: "${url}"}`));
    expect(await world.metrics()).toContain('tidewatch_spool_records{output="o"} 0\n');
  });
});

describe.skipIf(!serviceOrSkip('influxd'))('an InfluxDB output at a real InfluxDB', () => {
  let database: Influxd;
  beforeAll(async () => void (database = await startInfluxd()));
  afterAll(() => database?.stop());

  it('has written everything when the server was away and we were killed meanwhile', async () => {
    const world = new World();
    const config = output(`{type: influx, url: "${database.url}", database: d, flush: 100ms, batch: 100}`);
    const [first, second, third] = [0, 1, 2].map((i) => columns('a', 1_700_000_000_000 + 1000 * i, 1000));
    world.outputs.open('o', config);
    world.outputs.samples([first], 1);
    await eventually(async () => expect(await world.metrics()).toContain('tidewatch_spool_records{output="o"} 0\n'));
    await database.halt();
    world.outputs.samples([second], 2);
    await world.crash({ position: 2, end: 2 });
    world.outputs.open('o', config);
    world.outputs.samples([third], 3);
    await database.restart();
    await eventually(async () => {
      const rows = await database.query<{ time: number }>('SELECT value FROM anomaly ORDER BY time', 'd');
      expect(rows.map(({ time }) => time)).toEqual([...first.t, ...second.t, ...third.t]);
    });
  });
});
