import { once } from 'node:events';
import { type IncomingHttpHeaders, type IncomingMessage, request } from 'node:http';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { CodedError } from '../../models/errors.ts';
import { loadAssets } from '../../src/assets.ts';
import { formatAddress } from '../../src/config/address.ts';
import { HttpDoor, type HttpOptions } from '../../src/http.ts';
import type { Api } from '../../src/routes.ts';

const commands: [string, unknown][] = [];
const refused: string[] = [];
const pushed: string[] = [];
const failures: string[] = [];
let sockets = 0;
const doors: HttpDoor[] = [];

afterEach(async () => {
  for (const door of doors.splice(0)) await door.stop();
  commands.length = 0;
  refused.length = 0;
  pushed.length = 0;
  failures.length = 0;
  sockets = 0;
});

const api: Api = {
  version: '1.2.3',
  series: () => [{ id: 'a' }],
  oneSeries: (id) => (id === 'a' ? { id } : undefined),
  alerts: (status) => [{ status: status ?? 'any' }],
  events: (after) => ({ after }),
  scoreboard: () => undefined,
  command: (verb, body) => {
    if (verb === 'dance') throw new CodedError('COMMAND_UNKNOWN', 'expected ack');
    if (verb === 'ack') throw new CodedError('COMMAND_INVALID', 'alert: expected a text');
    if (verb === 'break') throw new Error('boom');
    commands.push([verb, body]);
    return Promise.resolve({ ok: true });
  },
  ingest: (topic, payload) =>
    Promise.resolve(topic === 'nobody' ? undefined : { accepted: payload.length, dropped: {} }),
  ready: () => ({ ready: false, checks: { state: { ok: false, detail: 'starting' } } }),
  metrics: () => Promise.resolve('tidewatch_x 1\n'),
};

async function open(options: Partial<Omit<HttpOptions, 'config'>> & { maxClients?: number } = {}): Promise<HttpDoor> {
  const { maxClients = 4, ...rest } = options;
  const door = new HttpDoor({
    config: { listen: { host: '127.0.0.1', port: 0 }, tokenFile: null, maxClients, maxClientsPerIp: 1 },
    token: undefined,
    assets: new Map([['/', { bytes: Buffer.from('<p>'), type: 'text/html; charset=utf-8', immutable: false }]]),
    api,
    onStream: () => sockets++,
    onIngest: (_, topic) => pushed.push(topic),
    onError: (error) => failures.push(error.message),
    onRefused: (reason) => refused.push(reason),
    ...rest,
  });
  await door.start();
  doors.push(door);
  return door;
}

interface Answer {
  status: number;
  headers: IncomingHttpHeaders;
  text: string;
}

/** A request exactly as written: `fetch` would put paths and names right. */
async function ask(
  door: HttpDoor,
  path: string,
  {
    method = 'GET',
    headers = {},
    body = '',
  }: { method?: string; headers?: Record<string, string>; body?: string | Buffer } = {},
): Promise<Answer> {
  const { host, port } = door.address;
  const sent = request({ host, port, path, method, headers: { host: formatAddress(door.address), ...headers } });
  sent.end(body);
  const [response] = (await once(sent, 'response')) as [IncomingMessage];
  let text = '';
  for await (const chunk of response) text += String(chunk);
  return { status: response.statusCode ?? 0, headers: response.headers, text };
}

const JSON_TYPE = { 'content-type': 'application/json' };
const post = (door: HttpDoor, verb: string, body: string, headers: Record<string, string> = JSON_TYPE) =>
  ask(door, `/api/v1/cmd/${verb}`, { method: 'POST', headers, body });

function expectProblem({ status, headers, text }: Answer, expected: number): void {
  expect(status).toBe(expected);
  expect(headers['content-type']).toBe('application/problem+json');
  expect(JSON.parse(text)).toMatchObject({ type: 'about:blank', status: expected, title: expect.stringMatching(/./) });
}

function boom(): never {
  throw new Error('boom');
}

describe('the HTTP door', () => {
  it.each([
    ['/healthz', 200, { status: 'ok', version: '1.2.3' }],
    ['/readyz', 503, { ready: false }],
    ['/openapi.json', 200, { openapi: '3.1.0', info: { version: '1.2.3' } }],
    ['/api/v1/series', 200, [{ id: 'a' }]],
    ['/api/v1/series/a', 200, { id: 'a' }],
    ['/api/v1/alerts', 200, [{ status: 'any' }]],
    ['/api/v1/alerts?status=active', 200, [{ status: 'active' }]],
    ['/api/v1/events', 200, { after: 0 }],
    ['/api/v1/events?after=41', 200, { after: 41 }],
  ])('answers %s with %d', async (path, status, body) => {
    const answer = await ask(await open(), path);
    expect(answer.status).toBe(status);
    expect(answer.headers['content-type']).toBe('application/json');
    expect(JSON.parse(answer.text)).toMatchObject(body);
  });

  it('answers /metrics as text, and /readyz with 200 once it is ready', async () => {
    const door = await open({ api: { ...api, ready: () => ({ ready: true, checks: {} }) } });
    const { headers, text } = await ask(door, '/metrics');
    expect([headers['content-type'], text]).toEqual(['text/plain; version=0.0.4', 'tidewatch_x 1\n']);
    expect((await ask(door, '/readyz')).status).toBe(200);
  });

  it('serves the page under a strict policy', async () => {
    const { status, headers, text } = await ask(await open(), '/');
    expect([status, text, headers['content-type']]).toEqual([200, '<p>', 'text/html; charset=utf-8']);
    const policy = headers['content-security-policy'] ?? '';
    expect(policy).toContain("default-src 'self'");
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).not.toMatch(/unsafe-eval|script-src|\*/);
    expect(headers).toMatchObject({ 'x-content-type-options': 'nosniff', 'referrer-policy': 'no-referrer' });
  });

  it.each([
    ['/nothing', 404],
    ['/api/v1/series/b', 404],
    ['/api/v1/demo/scoreboard', 404],
    ['/api/v1/stream', 404],
    ['/api/v1/alerts?status=open', 400],
    ['/api/v1/events?after=-1', 400],
    ['/api/v1/events?after=x', 400],
    ['/api/v1/events?after=1.5', 400],
  ])('answers %s with the problem %d', async (path, status) => {
    expectProblem(await ask(await open(), path), status);
  });

  it('passes a command on and answers 202', async () => {
    const answer = await post(await open(), 'checkpoint', '{"a":1}', {
      'content-type': 'application/json; charset=utf-8',
    });
    expect([answer.status, answer.text]).toEqual([202, '{"ok":true}']);
    expect(commands).toEqual([['checkpoint', { a: 1 }]]);
  });

  it.each([
    ['dance', 404, '{}', JSON_TYPE],
    ['ack', 400, '{}', JSON_TYPE],
    ['checkpoint', 400, '{"a":', JSON_TYPE],
    ['checkpoint', 400, '', JSON_TYPE],
    ['checkpoint', 415, '{}', {}],
    ['checkpoint', 415, '{}', { 'content-type': 'text/plain' }],
    ['checkpoint', 415, '{}', { 'content-type': 'application/x-www-form-urlencoded' }],
    ['checkpoint', 413, `"${'x'.repeat(65 * 1024)}"`, JSON_TYPE],
    ['break', 500, '{}', JSON_TYPE],
  ] as [string, number, string, Record<string, string>][])(
    'refuses the command %s with the problem %d',
    async (verb, status, body, headers) => {
      expectProblem(await post(await open(), verb, body, headers), status);
      expect(commands).toEqual([]);
    },
  );

  it.each(['/api/v1/cmd/break', '/api/v1/series'])(
    'tells the log of a mistake of ours at %s, and not the client',
    async (path) => {
      const door = await open({ api: { ...api, series: boom } });
      const answer = path.endsWith('series') ? await ask(door, path) : await post(door, 'break', '{}');
      expectProblem(answer, 500);
      expect(answer.text).not.toContain('boom');
      expect(answer.text).toContain('the log says what');
      expect(failures).toEqual(['boom']);
    },
  );

  it('does not call it a mistake of ours when a request is refused', async () => {
    const door = await open();
    await ask(door, '/nothing');
    await post(door, 'dance', '{}');
    await post(door, 'checkpoint', '{"a":');
    expect(failures).toEqual([]);
  });

  it('takes in a payload of a topic and says what became of it', async () => {
    const door = await open();
    const push = (query: string, body: string | Buffer) =>
      ask(door, `/api/v1/ingest${query}`, { method: 'POST', headers: { 'content-type': 'text/plain' }, body });
    expect(await push('?topic=plant/a', '21.5')).toMatchObject({ status: 202 });
    expect(JSON.parse((await push('?topic=plant/a', '21.5')).text)).toEqual({ accepted: 4, dropped: {} });
    expect(await push('', '21.5')).toMatchObject({ status: 400 });
    expect(await push('?topic=nobody', '21.5')).toMatchObject({ status: 404 });
    expect(await push('?topic=plant/a', Buffer.alloc(300_000))).toMatchObject({ status: 413 });
  });

  it('has no command for other methods', async () => {
    const door = await open();
    expectProblem(await ask(door, '/api/v1/cmd/checkpoint'), 404);
    expectProblem(await ask(door, '/api/v1/series', { method: 'DELETE' }), 404);
    expect(commands).toEqual([]);
  });

  it.each([
    { host: 'evil.example' },
    { host: '127.0.0.1.nip.io:8420' },
    { origin: 'http://evil.example' },
    { origin: 'null' },
  ])('refuses a request with %o, whatever it asks for', async (headers) => {
    const door = await open();
    for (const path of ['/', '/healthz', '/metrics', '/api/v1/series']) {
      expectProblem(await ask(door, path, { headers }), 403);
    }
    expectProblem(await post(door, 'checkpoint', '{}', { ...JSON_TYPE, ...headers }), 403);
    expect(commands).toEqual([]);
  });

  it('lets its own page in', async () => {
    const door = await open();
    const origin = `http://${formatAddress(door.address)}`;
    expect((await post(door, 'checkpoint', '{}', { ...JSON_TYPE, origin })).status).toBe(202);
  });

  it('asks for the token where there is one, but not for the page itself and its health', async () => {
    const door = await open({ token: 's3cret' });
    for (const path of ['/', '/healthz', '/readyz']) expect((await ask(door, path)).status).not.toBe(401);
    for (const path of ['/api/v1/series', '/metrics', '/api/v1/nothing']) expectProblem(await ask(door, path), 401);
    expectProblem(await ask(door, '/api/v1/series', { headers: { authorization: 'Bearer wrong' } }), 401);
    const headers = { authorization: 'Bearer s3cret' };
    expect((await ask(door, '/api/v1/series', { headers })).status).toBe(200);
    expect((await ask(door, '/metrics', { headers })).status).toBe(200);
  });

  it('says which address is taken, and how to choose another', async () => {
    const door = await open();
    const second = new HttpDoor({
      config: { listen: door.address, tokenFile: null, maxClients: 1, maxClientsPerIp: 1 },
      token: undefined,
      assets: new Map(),
      api,
      onStream: () => {},
      onIngest: () => {},
      onError: () => {},
      onRefused: () => {},
    });
    const error: unknown = await second.start().catch((e: unknown) => e);
    expect(error).toMatchObject({ code: 'PORT_IN_USE' });
    expect((error as Error).message).toContain(`${formatAddress(door.address)} is in use`);
    expect((error as Error).message).toContain('--listen');
  });
});

describe('assets', () => {
  it('are what lies in the folder at the start, by their path, and nothing outside it', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'tidewatch-assets-'));
    await mkdir(join(folder, 'public/assets'), { recursive: true });
    await writeFile(join(folder, 'secret.json'), '{}');
    await writeFile(join(folder, 'public/index.html'), '<p>');
    await writeFile(join(folder, 'public/assets/app-1a2b.js'), 'x');
    await writeFile(join(folder, 'public/notes.txt'), 'no');
    const assets = await loadAssets(join(folder, 'public'));
    await rm(folder, { recursive: true });
    expect([...assets.keys()].sort()).toEqual(['/', '/assets/app-1a2b.js', '/index.html']);
    const door = await open({ assets });
    const script = await ask(door, '/assets/app-1a2b.js');
    expect(script.headers).toMatchObject({
      'content-type': 'text/javascript; charset=utf-8',
      'cache-control': 'public, max-age=31536000, immutable',
    });
    expect((await ask(door, '/')).headers['cache-control']).toBe('no-cache');
    for (const path of [
      '/../secret.json',
      '/..%2fsecret.json',
      '/assets/../../secret.json',
      '/%2e%2e/secret.json',
      '/notes.txt',
      '//etc/passwd',
      '/assets',
    ]) {
      expectProblem(await ask(door, path), 404);
    }
  });

  it('are none where the dashboard has not been built', async () => {
    expect((await loadAssets('/nowhere/at/all')).size).toBe(0);
  });
});

/** Asks for an upgrade and is refused. */
async function isRefused(client: Socket): Promise<void> {
  client.on('error', () => {}); // the server may cut it off
  client.write(
    'GET /elsewhere HTTP/1.1\r\nhost: localhost\r\nconnection: Upgrade\r\nupgrade: websocket\r\n' +
      'sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
  );
  const [answer] = (await once(client, 'data')) as [Buffer];
  expect(answer.toString()).toMatch(/^HTTP\/1\.1 404 /);
}

/** Of this process, clients' and servers'. */
const openSockets = () => process.getActiveResourcesInfo().filter((name) => name === 'TCPSocketWrap').length;

describe('an upgrade', () => {
  interface Options {
    path?: string;
    headers?: Record<string, string>;
    protocols?: string[];
  }

  /** The socket, or the status of the refusal. */
  async function upgrade(door: HttpDoor, options: Options = {}): Promise<WebSocket | number> {
    const { path = '/api/v1/stream', headers = {}, protocols = ['tidewatch.v1'] } = options;
    const socket = new WebSocket(`ws://${formatAddress(door.address)}${path}`, protocols, { headers });
    return new Promise((resolve, reject) => {
      socket.on('open', () => resolve(socket));
      socket.on('unexpected-response', (_, response) => {
        resolve(response.statusCode ?? 0);
        response.destroy();
      });
      socket.on('error', reject);
    });
  }

  it('to the stream is accepted, and speaks tidewatch.v1', async () => {
    const socket = (await upgrade(await open(), { path: '/api/v1/stream?x=1' })) as WebSocket;
    expect(socket.protocol).toBe('tidewatch.v1');
    expect(sockets).toBe(1);
    socket.terminate();
  });

  it.each([
    ['elsewhere', { path: '/elsewhere' }, 404, 'path'],
    ['for another page', { headers: { origin: 'http://evil.example' } }, 403, 'origin'],
    ['under a foreign name', { headers: { host: 'evil.example' } }, 403, 'origin'],
  ] as [string, Options, number, string][])('%s is refused', async (_, options, status, reason) => {
    expect(await upgrade(await open(), options)).toBe(status);
    expect([sockets, refused]).toEqual([0, [reason]]);
  });

  it('to the ingest path is led there, with its topic', async () => {
    const socket = (await upgrade(await open(), {
      path: '/api/v1/ingest?topic=plant%2Fa',
      protocols: [],
    })) as WebSocket;
    expect(pushed).toEqual(['plant/a']);
    socket.terminate();
  });

  it('needs the token where there is one, as a subprotocol that is not answered', async () => {
    const door = await open({ token: 's3cret' });
    expect(await upgrade(door)).toBe(401);
    expect(await upgrade(door, { protocols: ['tidewatch.v1', 'token.wrong'] })).toBe(401);
    expect(refused).toEqual(['token', 'token']);
    const socket = (await upgrade(door, { protocols: ['tidewatch.v1', 'token.s3cret'] })) as WebSocket;
    expect(socket.protocol).toBe('tidewatch.v1');
    socket.terminate();
  });

  it('is refused above the greatest number of clients, until one goes', async () => {
    const door = await open({ maxClients: 2 });
    const all = [await upgrade(door), await upgrade(door)] as WebSocket[];
    expect(await upgrade(door)).toBe(503);
    expect(refused).toEqual(['too_many']);
    all[0].close();
    await once(all[0], 'close');
    const again = await upgrade(door);
    expect(again).toBeInstanceOf(WebSocket);
    for (const socket of [all[1], again as WebSocket]) socket.terminate();
  });

  it('that is refused leaves no socket, even where the client never closes its side', async () => {
    const door = await open();
    const before = openSockets();
    const clients: Socket[] = [];
    try {
      for (let i = 0; i < 200; i++) clients.push(connect({ ...door.address, allowHalfOpen: true }));
      await Promise.all(clients.map(isRefused));
      expect(refused).toHaveLength(200);
      // The clients' ends are still open; the server's, in the same process, are gone.
      await expect.poll(openSockets).toBeLessThanOrEqual(before + 200);
      expect(clients.filter(({ destroyed }) => destroyed)).toEqual([]);
      doors.length = 0;
      await door.stop();
    } finally {
      for (const client of clients) client.destroy();
    }
  });

  it('ends with the door, which says goodbye', async () => {
    const door = await open();
    const socket = (await upgrade(door)) as WebSocket;
    const closed = once(socket, 'close');
    await door.stop();
    doors.length = 0;
    expect((await closed)[0]).toBe(1001);
  });
});
