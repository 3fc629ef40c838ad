import * as fc from 'fast-check';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { tagValue } from '../../../src/sinks/influx-points.ts';
import { InfluxSink, type InfluxSinkOptions } from '../../../src/sinks/influx.ts';
import type { SampleColumns } from '../../../pipelines/thin.ts';
import { type Influxd, startInfluxd } from '../../services/influxd.ts';
import { serviceOrSkip } from '../../services/service.ts';
import { RecordingContext } from './context.ts';
import { eventually, events, HOSTILE, sinkContract } from './contract.ts';
import { HttpPeer } from './http-peer.ts';
import { readLines } from './line-protocol.ts';

const OPTIONS: Omit<InfluxSinkOptions, 'url'> = {
  type: 'influx',
  database: 'plant',
  samples: true,
  flushMs: 5,
  batch: 100,
  queue: 1000,
  username: null,
  password: null,
  passwordFile: null,
  caFile: null,
  certFile: null,
  keyFile: null,
  retryMsFirst: 5,
  retryMsMax: 20,
};

function columns(s: string, from: number, count: number): SampleColumns {
  const t = Array.from({ length: count }, (_, i) => from + i);
  const all = (x: number) => t.map(() => x);
  return { s, t, y: all(7.5), e: all(5), lo: all(4), hi: all(6), z: all(3) };
}

async function startFake(): Promise<HttpPeer> {
  const peer = new HttpPeer();
  peer.answer = ({ path }) => (path.startsWith('/query') ? { status: 200, body: '{"results":[{}]}' } : { status: 204 });
  await peer.start();
  return peer;
}

const writesOf = (peer: HttpPeer) => peer.heard.filter(({ path }) => path.startsWith('/write'));
const linesOf = (peer: HttpPeer) => writesOf(peer).flatMap(({ body }) => readLines(body));

sinkContract('the InfluxDB sink', async () => {
  const peer = await startFake();
  return {
    open: (context, queue) => new InfluxSink({ ...OPTIONS, url: peer.url, queue }, context),
    arrived: () =>
      linesOf(peer)
        .filter(({ measurement }) => measurement === 'anomaly_events')
        .map(({ fields }) => String(fields.get('id'))),
    leave: () => peer.stop(),
    comeBack: () => peer.start(),
    close: () => peer.stop(),
    harmless: () => {
      const names = new Set(linesOf(peer).map(({ measurement }) => measurement));
      expect(names).toEqual(new Set(['anomaly', 'anomaly_events']));
      for (const { tags } of linesOf(peer)) {
        expect([...tags.keys()].filter((key) => key !== 'event')).toEqual(['series', 'pipeline']);
      }
    },
    thingsPerEvent: 2,
  };
});

async function begin(more: Partial<InfluxSinkOptions> = {}) {
  const peer = await startFake();
  const context = new RecordingContext();
  context.know('a', { pipeline: 'main' });
  const sink = new InfluxSink({ ...OPTIONS, url: peer.url, ...more }, context);
  onTestFinished(async () => {
    await sink.stop(0);
    await peer.stop();
  });
  return { peer, context, sink };
}

describe('the InfluxDB sink', () => {
  it('writes an alert event as a point of the curve and as an annotation that lasts as long as the alert', async () => {
    const { peer, sink } = await begin();
    const [alert] = events(3, 1, { event: 'close', status: 'cleared', ended_at: '2026-11-20T13:00:00.000Z' });
    sink.start();
    sink.deliver({ ...alert, updated_at: '2026-11-20T13:00:00.000Z' });
    await eventually(() => expect(writesOf(peer)).toHaveLength(1));
    const ended = Date.parse('2026-11-20T13:00:00.000Z');
    const tags = [
      ['series', 'a'],
      ['pipeline', 'main'],
    ] as const;
    expect(linesOf(peer)).toEqual([
      {
        measurement: 'anomaly',
        tags: new Map(tags),
        fields: new Map<string, number>([
          ['alert', 0],
          ['expected', 5],
          ['lower', 4],
          ['score', 5],
          ['upper', 6],
          ['value', 7],
        ]),
        time: ended,
      },
      {
        measurement: 'anomaly_events',
        tags: new Map([...tags, ['event', 'close']]),
        fields: new Map<string, number | string>([
          ['id', 'alert-3'],
          ['reason', 'prediction_error'],
          ['score', 5],
          ['severity', 'warning'],
          ['tags', 'warning,prediction_error,main,a'],
          ['text', 'A is 7, expected 4 to 6.'],
          ['timeEnd', ended],
          ['title', 'warning: a'],
          ['url', alert.url],
        ]),
        time: Date.parse(alert.started_at),
      },
    ]);
  });

  it('writes samples with whether their series is alerting, and finite numbers only', async () => {
    const { peer, context, sink } = await begin();
    context.know('b', { state: 'alert', pipeline: 'other' });
    sink.start();
    sink.samples([
      columns('a', 1000, 1),
      { s: 'b', t: [2000], y: [Infinity], e: [null], lo: [null], hi: [Number.NaN], z: [4] },
    ]);
    await eventually(() => expect(linesOf(peer)).toHaveLength(2));
    const [a, b] = linesOf(peer);
    expect(a.fields.get('alert')).toBe(0);
    expect(a.time).toBe(1000);
    expect(b.fields).toEqual(
      new Map([
        ['alert', 1],
        ['score', 4],
      ]),
    );
    expect(b.tags.get('pipeline')).toBe('other');
  });

  it('leaves samples out where only alerts are wanted', async () => {
    const { peer, sink } = await begin({ samples: false });
    sink.start();
    sink.samples([columns('a', 0, 5)]);
    sink.deliver(events(0, 1)[0]);
    await eventually(() => expect(linesOf(peer)).toHaveLength(2));
  });

  it('gathers points into batches', async () => {
    const { peer, context, sink } = await begin({ batch: 40, flushMs: 50 });
    sink.start();
    for (let i = 0; i < 10; i++) sink.samples([columns('a', i * 10, 10)]);
    await eventually(() => expect(context.counts.sent).toBe(100));
    expect(writesOf(peer).map(({ body }) => readLines(body).length)).toEqual([40, 40, 20]);
  });

  it('drops the oldest points when too many wait', async () => {
    const { peer, context, sink } = await begin({ queue: 50 });
    sink.samples([columns('a', 0, 80)]);
    expect(context.counts.dropped).toBe(30);
    sink.start();
    await eventually(() => expect(linesOf(peer).map(({ time }) => time)).toEqual(columns('a', 30, 50).t));
  });

  it.each([
    [400, '{"error":"partial write: field type conflict dropped=1"}', 1],
    [400, '{"error":"unable to parse"}', 5],
    [413, 'too large', 5],
  ])('never writes again what was refused with %i %s', async (status, body, dropped) => {
    const { peer, context, sink } = await begin();
    peer.answer = ({ path }) => (path.startsWith('/query') ? { status: 200, body: '{}' } : { status, body });
    sink.start();
    sink.samples([columns('a', 0, 5)]);
    await eventually(() => expect(context.counts).toEqual({ sent: 5 - dropped, retried: 0, dropped }));
    expect(context.details[0]).toContain(`HTTP ${status}`);
    peer.answer = () => ({ status: 204 });
    sink.samples([columns('a', 100, 1)]);
    await eventually(() => expect(writesOf(peer)).toHaveLength(2));
    expect(readLines(writesOf(peer)[1].body).map(({ time }) => time)).toEqual([100]);
  });

  it.each([401, 429, 500, 503])('writes again what was answered with %i', async (status) => {
    const { peer, context, sink } = await begin();
    peer.answer = ({ path }) => {
      if (path.startsWith('/query')) return { status: 200, body: '{"results":[{}]}' };
      return { status: writesOf(peer).length < 3 ? status : 204, body: '{"error":"not now"}' };
    };
    sink.start();
    sink.samples([columns('a', 0, 5)]);
    await eventually(() => expect(context.counts).toEqual({ sent: 5, retried: 10, dropped: 0 }));
  });

  it('tries again at somebody who takes the request and never answers', async () => {
    const { peer, context, sink } = await begin({ requestTimeoutMs: 50 });
    peer.answer = ({ path }) => {
      if (path.startsWith('/query')) return { status: 200, body: '{}' };
      return writesOf(peer).length < 2 ? undefined : { status: 204 };
    };
    sink.start();
    sink.samples([columns('a', 0, 5)]);
    await eventually(() => expect(context.counts).toEqual({ sent: 5, retried: 5, dropped: 0 }));
  });

  it('tries again at somebody who begins an answer and never ends it', async () => {
    const context = new RecordingContext();
    const half = createServer((socket) => {
      socket.on('error', () => {});
      socket.once('data', () => socket.write('HTTP/1.1 503 Busy\r\ncontent-length: 100\r\n\r\nabc'));
    }).listen(0, '127.0.0.1');
    await once(half, 'listening');
    onTestFinished(() => void half.close());
    const url = `http://127.0.0.1:${(half.address() as AddressInfo).port}`;
    const sink = new InfluxSink({ ...OPTIONS, url, deadlineMs: 50 }, context);
    sink.start();
    await eventually(() => expect(context.states.at(-1)?.detail).toContain('no answer from 127.0.0.1'));
    await sink.stop(0);
  });

  it('logs in with what its files hold now, and as nobody where it was given no name', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'tidewatch-influx-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const passwordFile = join(folder, 'password');
    writeFileSync(passwordFile, 'old\n');
    const { peer, context, sink } = await begin({ username: 'ada', passwordFile });
    const right = `Basic ${Buffer.from('ada:new').toString('base64')}`;
    peer.answer = ({ headers }) => (headers.authorization === right ? { status: 204 } : { status: 401, body: 'who?' });
    sink.start();
    await eventually(() => expect(context.states.at(-1)).toEqual({ connected: false, detail: 'HTTP 401 who?' }));
    writeFileSync(passwordFile, 'new\n');
    await eventually(() => expect(context.connected).toBe(true));
    const nobody = await begin();
    nobody.sink.start();
    await eventually(() => expect(nobody.context.connected).toBe(true));
    expect(nobody.peer.heard[0].headers.authorization).toBeUndefined();
  });
});

describe('a tag value', () => {
  it('is never empty, and holds nothing that could end it or begin a line', () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.constantFrom(...HOSTILE),
      fc.string({ unit: fc.constantFrom('\\', ',', ' ', '=', '\n', '\0', 'a') }),
    );
    fc.assert(
      fc.property(text, (text) => {
        const value = tagValue(text);
        expect(value).not.toBe('');
        expect(value).not.toMatch(/[\p{Cc}\\]/u);
        expect(value.isWellFormed()).toBe(true);
      }),
      { numRuns: 2000 },
    );
  });
});

describe.skipIf(!serviceOrSkip('influxd'))('the InfluxDB sink at a real InfluxDB', () => {
  let database: Influxd;
  beforeAll(async () => void (database = await startInfluxd()));
  afterAll(() => database?.stop());

  function begin(name: string, more: Partial<InfluxSinkOptions> = {}) {
    const context = new RecordingContext();
    context.know('a');
    const sink = new InfluxSink({ ...OPTIONS, url: database.url, database: name, ...more }, context);
    onTestFinished(() => sink.stop(0));
    return { context, sink };
  }

  it('creates the database, and what it writes can be asked for', async () => {
    const { context, sink } = begin('fresh "one"');
    sink.start();
    sink.samples([columns('a', 1_700_000_000_000, 3)]);
    sink.deliver(events(0, 1)[0]);
    await eventually(() => expect(context.counts.sent).toBe(5));
    expect(context.states).toEqual([{ connected: true, detail: `fresh "one" at 127.0.0.1:${database.port}` }]);
    const rows = await database.query('SELECT * FROM anomaly WHERE time < 1800000000s ORDER BY time', 'fresh "one"');
    expect(rows[1]).toEqual({
      time: 1_700_000_000_001,
      series: 'a',
      pipeline: 'main',
      value: 7.5,
      expected: 5,
      lower: 4,
      upper: 6,
      score: 3,
      alert: 0,
    });
    const [event] = await database.query<Record<string, unknown>>('SELECT * FROM anomaly_events', 'fresh "one"');
    expect(event).toMatchObject({ event: 'open', severity: 'warning', title: 'warning: a', id: 'alert-0' });
  });

  it('writes again after the database was dropped', async () => {
    const { context, sink } = begin('dropped');
    sink.start();
    await eventually(() => expect(context.connected).toBe(true));
    await database.query('DROP DATABASE dropped', '');
    sink.samples([columns('a', 1000, 3)]);
    await eventually(() => expect(context.counts).toEqual({ sent: 3, retried: 3, dropped: 0 }));
  });

  it('keeps the database to its two measurements, whatever the names', async () => {
    const { context, sink } = begin('hostile', { queue: 10_000 });
    const random = fc.sample(fc.string({ unit: 'binary', maxLength: 80 }), { numRuns: 300, seed: 7 });
    const syntax = fc.sample(
      fc.string({ unit: fc.constantFrom('\\', ',', ' ', '=', '\n', '"', "'", '#', 'a', '1', 'i') }),
      { numRuns: 300, seed: 7 },
    );
    const names = [...HOSTILE, ...random, ...syntax];
    sink.start();
    names.forEach((name, i) => {
      context.know(name, { pipeline: name });
      sink.samples([{ ...columns(name, 1_700_000_000_000 + i, 1), z: [Number.NaN] }]);
    });
    await eventually(() => expect(context.counts.sent).toBe(names.length));
    names.forEach((name, i) => {
      const at = new Date(1_800_000_000_000 + i).toISOString();
      const [alert] = events(i, 1, {
        series: name,
        pipeline: name,
        text: name,
        url: name,
        started_at: at,
        updated_at: at,
      });
      sink.deliver(alert);
    });
    await eventually(() => expect(context.counts.sent).toBe(3 * names.length));
    expect(context.counts).toEqual({ sent: 3 * names.length, retried: 0, dropped: 0 });
    const measurements = await database.query('SHOW MEASUREMENTS', 'hostile');
    expect(measurements).toEqual([{ name: 'anomaly' }, { name: 'anomaly_events' }]);
    expect(await database.query('SHOW TAG KEYS FROM anomaly', 'hostile')).toEqual([
      { tagKey: 'pipeline' },
      { tagKey: 'series' },
    ]);
    const [{ count }] = await database.query<{ count: number }>('SELECT count(alert) FROM anomaly', 'hostile');
    expect(count).toBe(2 * names.length);
    const stored = await database.query<{ id: string }>('SELECT id FROM anomaly_events', 'hostile');
    expect(new Set(stored.map(({ id }) => id)).size).toBe(names.length);
  });

  it('counts what a partial write left out, once, and keeps the rest', async () => {
    const { context, sink } = begin('conflict');
    const [alert] = events(0, 1);
    await database.query('CREATE DATABASE conflict', '');
    // Types are fixed within a shard: the same time, to be in the same one.
    const body = `anomaly,series=a,pipeline=other value="text" ${Date.parse(alert.updated_at)}`;
    await fetch(`${database.url}/write?db=conflict&precision=ms`, { method: 'POST', body });
    sink.start();
    sink.deliver(alert);
    await eventually(() => expect(context.counts).toEqual({ sent: 1, retried: 0, dropped: 1 }));
    expect(context.details[0]).toContain('field type conflict');
    expect(await database.query('SELECT id FROM anomaly_events', 'conflict')).toHaveLength(1);
  });

  it('loses nothing that fits the queue while the server is away', async () => {
    const { context, sink } = begin('away', { queue: 10_000 });
    sink.start();
    sink.samples([columns('a', 1000, 100)]);
    await eventually(() => expect(context.counts.sent).toBe(100));
    await database.halt();
    for (let i = 1; i < 20; i++) sink.samples([columns('a', 1000 + i * 100, 100)]);
    await eventually(() => expect(context.connected).toBe(false));
    expect(context.states.at(-1)?.detail).toBe(`connection refused by 127.0.0.1:${database.port}`);
    await database.restart();
    await eventually(() => expect(context.counts.sent).toBe(2000));
    expect(context.counts.dropped).toBe(0);
    const [{ count }] = await database.query<{ count: number }>('SELECT count(value) FROM anomaly', 'away');
    expect(count).toBe(2000);
  });
});
