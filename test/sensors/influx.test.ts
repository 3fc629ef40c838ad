import { EventEmitter, once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type InfluxOptions, InfluxSource } from '../../sensors/influx.ts';
import { SimulatedClock } from '../sim/clock.ts';
import { type Influxd, startInfluxd } from '../services/influxd.ts';
import { serviceOrSkip } from '../services/service.ts';

const open: { stop(): Promise<unknown> }[] = [];
afterEach(async () => {
  for (const part of open.splice(0).reverse()) await part.stop();
});

const recent = (ms: number): number => Date.now() - 60_000 + ms;

/** A source whose questions come when the clock is told to go on. */
function listenTo(url: string, options: Partial<InfluxOptions> = {}) {
  const messages: [string, unknown][] = [];
  const states: [boolean, string][] = [];
  const clock = new SimulatedClock(Date.now());
  let wake: (() => void) | undefined;
  const source = new InfluxSource(
    { url, database: 'plant', measurements: ['cpu'], everyMs: 1000, lookbackMs: 3600_000, ...options },
    {
      onMessage: (topic, payload) => {
        messages.push([topic, JSON.parse(Buffer.from(payload).toString())]);
        wake?.();
      },
      onState: (connected, detail) => {
        states.push([connected, detail]);
        wake?.();
      },
    },
    clock,
  );
  open.push(source);
  source.start();
  const until = async (condition: () => boolean): Promise<void> => {
    while (!condition()) await new Promise<void>((resolve) => (wake = resolve));
  };
  /** Waits for the answer to come, and asks again. */
  const again = async (): Promise<void> => {
    while (clock.pending === 0) await new Promise((resolve) => setTimeout(resolve, 2));
    clock.advance(60_000);
    while (clock.pending === 0) await new Promise((resolve) => setTimeout(resolve, 2));
  };
  return { source, messages, states, until, again, clock };
}

describe.skipIf(!serviceOrSkip('influxd'))('the InfluxDB source', () => {
  let database: Influxd;
  let number = 0;
  beforeAll(async () => void (database = await startInfluxd()));
  afterAll(() => database.stop());

  async function fresh(...lines: string[]): Promise<string> {
    const name = `plant${number++}`;
    await database.query(`CREATE DATABASE ${name}`, '');
    await write(name, ...lines);
    return name;
  }

  async function write(name: string, ...lines: string[]): Promise<void> {
    if (lines.length === 0) return;
    const response = await fetch(`${database.url}/write?db=${name}&precision=ms`, {
      method: 'POST',
      body: lines.join('\n'),
    });
    expect(response.status).toBe(204);
  }

  it('reads the points of the last while, tags in the topic in the order of their keys', async () => {
    const t = recent(0);
    const name = await fresh(
      `cpu,host=b,core=1 user=1.5,on=true,word="x" ${t}`,
      `cpu,host=a user=2 ${t + 1}`,
      `cpu,host=a user=9 ${t - 7200_000}`,
      `other v=1 ${t}`,
    );
    const { messages, states, until } = listenTo(database.url, { database: name });
    await until(() => states.length === 1);
    expect(messages).toEqual([
      ['cpu/1/b', { time: t, on: true, user: 1.5, word: 'x' }],
      ['cpu/a', { time: t + 1, user: 2 }],
    ]);
    expect(states[0]).toEqual([true, expect.stringMatching(/^InfluxDB \d/)]);
  });

  it('then reads only what is new, also at the time of the last point', async () => {
    const t = recent(0);
    const name = await fresh(`cpu,host=a v=1 ${t}`);
    const { messages, again, states, until } = listenTo(database.url, { database: name });
    await until(() => states.length === 1);
    await write(name, `cpu,host=b v=2 ${t}`, `cpu,host=a v=3 ${t + 1}`);
    await again();
    await again();
    expect(messages.map(([topic, row]) => [topic, (row as { v: number }).v])).toEqual([
      ['cpu/a', 1],
      ['cpu/b', 2],
      ['cpu/a', 3],
    ]);
    expect(states).toHaveLength(1);
  });

  it('reads page by page, however many points share a time', async () => {
    const t = recent(0);
    const lines = Array.from({ length: 95 }, (_, i) => `cpu,n=${i} v=${i} ${t + Math.floor(i / 40)}`);
    const name = await fresh(...lines);
    const { messages, states, until } = listenTo(database.url, { database: name, pageRows: 10 });
    await until(() => states.length === 1);
    expect(messages).toHaveLength(95);
    expect(new Set(messages.map(([topic]) => topic)).size).toBe(95);
  });

  it('reads measurements of any name', async () => {
    const t = recent(0);
    const name = await fresh(`a"\\ b\\,c,x=1 __proto__=1,v=2 ${t}`, `\\"\\; v=3 ${t}`);
    const names = (await database.query<{ name: string }>('SHOW MEASUREMENTS', name)).map((row) => row.name);
    const { messages, states, until } = listenTo(database.url, { database: name, measurements: names });
    await until(() => states.length === 1);
    expect(states[0][0]).toBe(true);
    expect(messages).toHaveLength(2);
    expect(messages.map(([, row]) => (row as { v: number }).v)).toEqual(expect.arrayContaining([2, 3]));
  });

  it('says what the database says, and hears nothing of a measurement that is not there', async () => {
    const missing = listenTo(database.url, { database: 'nowhere' });
    await missing.until(() => missing.states.length === 1);
    expect(missing.states[0]).toEqual([false, 'the database says: database not found: nowhere']);
    const empty = listenTo(database.url, { database: await fresh() });
    await empty.until(() => empty.states.length === 1);
    expect(empty.states[0][0]).toBe(true);
    expect(empty.messages).toEqual([]);
  });

  it('outlives the database being away, and reads what was written since', async () => {
    const t = recent(0);
    const name = await fresh(`cpu v=1 ${t}`);
    const { messages, states, again, until } = listenTo(database.url, { database: name });
    await until(() => states.length === 1);
    await database.halt();
    await again();
    await again();
    expect(states[1]).toEqual([false, `connection refused by 127.0.0.1:${database.port}`]);
    expect(states).toHaveLength(2);
    await database.restart();
    await write(name, `cpu v=2 ${t + 1}`);
    await again();
    expect(states[2][0]).toBe(true);
    expect(messages.map(([, row]) => (row as { v: number }).v)).toEqual([1, 2]);
  });

  it('waits while it is paused', async () => {
    const name = await fresh(`cpu v=1 ${recent(0)}`);
    const { source, messages, states, again, until } = listenTo(database.url, { database: name });
    await until(() => states.length === 1);
    await write(name, `cpu v=2 ${recent(1)}`);
    source.pause();
    const asked = again();
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(messages).toHaveLength(1);
    source.resume();
    await asked;
    expect(messages).toHaveLength(2);
  });
});

async function serve(answer: (request: IncomingMessage, response: ServerResponse) => void): Promise<string> {
  const server = createServer(answer).listen(0, '127.0.0.1');
  await once(server, 'listening');
  open.push({
    stop: () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(resolve));
    },
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

describe('the InfluxDB source and a server of its own kind', () => {
  it.each([
    [401, '{"error":"authorization failed"}', null, 'the database wants a user name and a password'],
    [401, '{"error":"authorization failed"}', 'ada', 'wrong user name or password'],
    [403, '{}', 'ada', 'not authorised for database plant'],
    [200, '<html>', null, 'the server answers with HTTP status 200, not with rows'],
    [500, '{}', null, 'the server answers with HTTP status 500, not with rows'],
    [
      200,
      '{"results":[{"series":[{"columns":["time"],"values":[["\' OR 1=1"]]}]}]}',
      null,
      'the database answers with times nobody can read',
    ],
  ])('says of status %d and %s: …', async (status, body, username, detail) => {
    const url = await serve((_request, response) => response.writeHead(status).end(body));
    const { states, until } = listenTo(url, { username });
    await until(() => states.length === 1);
    expect(states[0]).toEqual([false, detail]);
  });

  it('asks by GET with its name and password in a header, and never in the address', async () => {
    const requests: IncomingMessage[] = [];
    const url = await serve((request, response) => {
      requests.push(request);
      response.end('{"results":[{}]}');
    });
    const { states, until } = listenTo(url, { username: 'ada', password: 's:ecret' });
    await until(() => states.length === 1);
    const [{ headers, method, url: path }] = requests;
    expect(method).toBe('GET');
    expect(headers.authorization).toBe(`Basic ${Buffer.from('ada:s:ecret').toString('base64')}`);
    expect(path).not.toContain('ecret');
  });

  it('can be stopped while it waits for an answer', async () => {
    const asked = new EventEmitter();
    const url = await serve(() => asked.emit('asked'));
    const { source, states } = listenTo(url);
    await once(asked, 'asked');
    await source.stop();
    expect(states).toEqual([]);
  });
});
