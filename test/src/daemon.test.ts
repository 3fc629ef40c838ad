import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { connectAsync } from 'mqtt';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Detector } from '../../models/detector.ts';
import type { CheckpointStore } from '../../models/ports.ts';
import { type Broker, startBroker } from '../../src/broker.ts';
import type { Config } from '../../src/config/config.ts';
import { load } from '../../src/config/load.ts';
import { createDaemon, type Daemon } from '../../src/daemon.ts';
import type { DaemonPorts } from '../../src/ports/system.ts';
import { systemPorts } from '../../src/ports/system.ts';
import { Telemetry } from '../../src/telemetry.ts';
import { SimulatedClock } from '../sim/clock.ts';
import { wave } from '../sim/tracks.ts';
import { Lines } from '../sim/watch.ts';

let folder: string;
const ends: (() => unknown)[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tidewatch-daemon-'));
});

afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
  await rm(folder, { recursive: true });
});

/** A daemon on real sockets and files, whose clock stands still. */
class World {
  readonly clock = new SimulatedClock();
  readonly lines = new Lines();
  readonly telemetry = new Telemetry({ level: 'info', destination: this.lines });
  /** Connections to brokers. */
  readonly streams = new Set<Duplex>();
  readonly daemon: Daemon;

  constructor(changes: Partial<DaemonPorts> = {}) {
    const ports = systemPorts(join(folder, 'state'));
    const net: DaemonPorts['net'] = {
      connect: (target) => {
        const stream = ports.net.connect(target);
        this.streams.add(stream);
        stream.on('close', () => this.streams.delete(stream));
        return stream;
      },
    };
    this.daemon = createDaemon({ ...ports, clock: this.clock, net, ...changes }, { telemetry: this.telemetry });
    ends.push(() => this.daemon.stop());
  }

  get url(): string {
    return `http://127.0.0.1:${this.daemon.address.port}`;
  }

  /** Readings of a series that behaves, one a second, through the source `push`. */
  async calm(seconds: number, from = 0): Promise<void> {
    for (let i = from; i < from + seconds; i++) {
      this.daemon.engine.receive('push', 'plant/a', Buffer.from(String(wave(i))), this.clock.now());
      this.clock.advance(1000);
    }
    await this.daemon.engine.settled();
  }

  async push(value: number): Promise<number> {
    const headers = { 'content-type': 'text/plain' };
    const path = `${this.url}/api/v1/ingest?topic=plant/a`;
    return (await fetch(path, { method: 'POST', headers, body: String(value) })).status;
  }

  async health(): Promise<number> {
    return (await fetch(`${this.url}/healthz`)).status;
  }

  async sources(): Promise<Record<string, boolean>> {
    const { checks } = (await (await fetch(`${this.url}/readyz`)).json()) as {
      checks: Record<string, { ok: boolean }>;
    };
    return Object.fromEntries(Object.entries(checks).map(([name, { ok }]) => [name, ok]));
  }
}

function configOf(text: string): Config {
  const loaded = load(`version: 1\n${text}`, { file: 'test.yaml', env: {} });
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.errors));
  return loaded.config;
}

interface Options {
  port?: number;
  token?: string;
  more?: string;
  inputs?: string;
  sources?: string;
  hidden?: number;
}

function config({ port = 0, token, more = '', inputs = 'push', sources = '', hidden = 3 }: Options = {}): Config {
  return configOf(`
http: {listen: "127.0.0.1:${port}"${token === undefined ? '' : `, token_file: ${JSON.stringify(token)}`}}
sources:
  push: {type: http}
  ${sources}
pipelines: {main: {inputs: [${inputs}], season: 5m, hidden: ${hidden}}}
${more}`);
}

const plantAt = (port: number, topic = '#') =>
  `plant: {type: mqtt, url: "mqtt://127.0.0.1:${port}", topics: ["${topic}"]}`;

/** A server on a port of its own, which is therefore in use. */
async function occupied(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  ends.push(() => closed(server));
  return (server.address() as AddressInfo).port;
}

/** Takes connections, reads them, and never says a word. */
async function muteBroker(): Promise<{ mute: Server; port: number }> {
  const mute = createServer((socket) => socket.resume()).listen(0, '127.0.0.1');
  await once(mute, 'listening');
  ends.push(() => closed(mute));
  return { mute, port: (mute.address() as AddressInfo).port };
}

/** Where nothing ever listens: a free port may be another's by the time it is tried. */
const NOBODY = 1;

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  await closed(server);
  return port;
}

async function closed(server: Server): Promise<void> {
  server.close();
  await once(server, 'close');
}

async function broker(port = 0): Promise<Broker> {
  const started = await startBroker({ host: '127.0.0.1', port });
  let stopped: Promise<void> | undefined;
  const stop = () => (stopped ??= started.stop());
  ends.push(stop);
  return { ...started, stop };
}

/** Whether something listens there. */
const listens = (port: number): Promise<boolean> =>
  fetch(`http://127.0.0.1:${port}/healthz`).then(
    () => true,
    () => false,
  );

/** Every file below the state folder, with its bytes. */
async function files(): Promise<Map<string, string>> {
  const entries = await readdir(join(folder, 'state'), { recursive: true, withFileTypes: true });
  const paths = entries.filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name));
  return new Map(await Promise.all(paths.map(async (path) => [path, await readFile(path, 'hex')] as const)));
}

/** Leaves a checkpoint of one series that has seen 20 samples. */
async function leaveCheckpoint(): Promise<void> {
  const world = await begun();
  await world.calm(20);
  await world.daemon.stop();
}

async function begun(options: Options = {}, changes: Partial<DaemonPorts> = {}) {
  const world = new World(changes);
  const report = await world.daemon.start(config(options));
  return Object.assign(world, { report });
}

/** Opens when told. */
function gate() {
  const opened = Promise.withResolvers<void>();
  const reached = Promise.withResolvers<void>();
  return {
    reached: reached.promise,
    open: () => opened.resolve(),
    pass: () => {
      reached.resolve();
      return opened.promise;
    },
  };
}

describe('a start', () => {
  it('takes over what the daemon before has learned, and a stop leaves no timer and no port', async () => {
    await leaveCheckpoint();
    const { report, daemon, clock, url } = await begun();
    expect(report).toMatchObject({ restored: 1, series: 1, broker: null, history: null, url });
    const { port } = daemon.address;
    expect(await listens(port)).toBe(true);
    await daemon.stop();
    expect(await listens(port)).toBe(false);
    expect(clock.pending).toBe(0);
  });

  it('becomes what the configuration says by now: a pipeline of another shape begins anew, one that is gone is gone', async () => {
    await leaveCheckpoint();
    const reshaped = await begun({ hidden: 4 });
    expect(reshaped.report).toMatchObject({ restored: 1, series: 0 });
    await reshaped.calm(20);
    await reshaped.daemon.stop();
    const renamed = new World();
    const other = configOf(
      'http: {listen: "127.0.0.1:0"}\nsources: {push: {type: http}}\npipelines: {other: {inputs: [push]}}',
    );
    expect(await renamed.daemon.start(other)).toMatchObject({ restored: 1, series: 0 });
    expect([...renamed.daemon.engine.pipelines.keys()]).toEqual(['other']);
    await renamed.daemon.stop();
  });

  it('that is stopped at once opens nothing and leaves the checkpoint as it is', async () => {
    await leaveCheckpoint();
    const before = await files();
    expect(before.size).toBeGreaterThan(1);
    const port = await freePort();
    const { daemon, clock } = new World();
    const started = daemon.start(config({ port })).catch((error: unknown) => error);
    await daemon.stop();
    expect(await started).toMatchObject({ code: 'STOPPING' });
    expect(await files()).toEqual(before);
    expect(await listens(port)).toBe(false);
    expect(clock.pending).toBe(0);
  });

  it.each([1, 2, 3, 5, 8, 13, 30])('that is stopped after %i turns leaves a whole checkpoint', async (turns) => {
    await leaveCheckpoint();
    const port = await freePort();
    const { daemon } = new World();
    const started = daemon.start(config({ port })).catch((error: unknown) => error);
    for (let i = 0; i < turns; i++) await nextTurn();
    await daemon.stop();
    await started;
    expect(await listens(port)).toBe(false);
    const next = await begun();
    expect(next.report.restored).toBe(1);
    expect(samplesOf(next)).toBe(20);
  });

  it('that is stopped while it reads its checkpoint leaves a whole one', async () => {
    await leaveCheckpoint();
    const { store } = systemPorts(join(folder, 'state'));
    const door = gate();
    const slow: CheckpointStore = {
      save: (checkpoint) => store.save(checkpoint),
      load: async () => {
        await door.pass();
        return store.load();
      },
    };
    const port = await freePort();
    const { daemon } = new World({ store: slow });
    const started = daemon.start(config({ port })).catch((error: unknown) => error);
    await door.reached;
    const stopped = daemon.stop();
    await nextTurn();
    door.open();
    await stopped;
    expect(await started).toMatchObject({ code: 'STOPPING' });
    expect(await listens(port)).toBe(false);
    const next = await begun();
    expect(next.report.restored).toBe(1);
    expect(samplesOf(next)).toBe(20);
  });

  it.each([
    ['is of another version', 'CHECKPOINT_VERSION', '{"format":9,"partitions":256}'],
    ['and its log cannot be read', 'STATE_LOST', '{"format":2}'],
  ])('fails where the checkpoint %s, and leaves it and nothing open', async (_, code, text) => {
    await leaveCheckpoint();
    const checkpoint = join(folder, 'state/checkpoint');
    const manifests = (await readdir(checkpoint, { recursive: true })).filter((name) => name.endsWith('manifest.json'));
    for (const name of manifests) await writeFile(join(checkpoint, name), text);
    await rm(join(folder, 'state/log'), { recursive: true });
    const before = await files();
    const port = await freePort();
    const { daemon, clock } = new World();
    await expect(daemon.start(config({ port }))).rejects.toMatchObject({ code });
    await daemon.stop();
    expect(await files()).toEqual(before);
    expect(await listens(port)).toBe(false);
    expect(clock.pending).toBe(0);
  });

  it('fails where another works with the same state, which goes on', async () => {
    const first = await begun();
    const port = await freePort();
    const { daemon, clock } = new World();
    await expect(daemon.start(config({ port }))).rejects.toMatchObject({ code: 'STATE_LOCKED' });
    expect(await listens(port)).toBe(false);
    expect(clock.pending).toBe(0);
    expect(await listens(first.daemon.address.port)).toBe(true);
    await first.daemon.stop();
    await daemon.start(config({ port }));
    await daemon.stop();
  });

  it('fails where the file with the token is missing, and leaves nothing open', async () => {
    const [port, brokerPort] = [await freePort(), await freePort()];
    const { daemon, clock, streams } = new World();
    const missing = config({
      port,
      token: join(folder, 'missing'),
      more: `broker: {listen: "127.0.0.1:${brokerPort}"}`,
      sources: plantAt(brokerPort),
    });
    await expect(daemon.start(missing)).rejects.toMatchObject({
      code: 'SECRET_UNREADABLE',
      message: expect.stringContaining(join(folder, 'missing')),
    });
    expect([await listens(port), await listens(brokerPort)]).toEqual([false, false]);
    expect([clock.pending, streams.size]).toEqual([0, 0]);
    expect(await readdir(folder)).toEqual([]);
  });

  it('fails where a later port is in use, and closes what it has opened', async () => {
    const port = await freePort();
    const { daemon, clock } = new World();
    const second = config({ port, more: `broker: {listen: "127.0.0.1:${await occupied()}"}` });
    await expect(daemon.start(second)).rejects.toMatchObject({ code: 'PORT_IN_USE' });
    expect(await listens(port)).toBe(false);
    expect(clock.pending).toBe(0);
  });
});

/** Samples that the only series has seen. */
function samplesOf({ daemon }: World): number {
  const [{ memory, at }] = daemon.engine.registry;
  return memory[at];
}

/** Starts with this text as the token. @returns the world, or why it did not start */
async function tried(text: string): Promise<World | Error> {
  const token = join(folder, 'token');
  await writeFile(token, text);
  const world = new World();
  return world.daemon.start(config({ token })).then(
    () => world,
    (error: Error) => error,
  );
}

describe('an access token', () => {
  const GOOD = 'abcdefghijKLMNOP0123._-';

  it.each([
    ['empty', ''],
    ['blank', ' \n\n'],
    ['of 21 characters', 'x'.repeat(21)],
    ['of 513 characters', 'x'.repeat(513)],
    ['with a space in it', `${GOOD} ${GOOD}`],
    ['of two lines', `${GOOD}\n${GOOD}`],
    ['with a comma in it', `${GOOD},`],
    ['with letters of no ASCII', `${GOOD}é`],
    ['with a null byte in it', `${GOOD}\0`],
  ])('that is %s is refused, and in no message', async (_, text) => {
    const outcome = await tried(text);
    expect(outcome).toMatchObject({ code: 'SECRET_UNFIT', message: expect.stringContaining('at least 22 letters') });
    expect((outcome as Error).message).not.toMatch(/xxx|KLMNOP/);
  });

  it.each([GOOD, `\n  ${GOOD}\n`, 'x'.repeat(22), 'x'.repeat(512)])('may be %j', async (text) => {
    const world = (await tried(text)) as World;
    const path = `${world.url}/api/v1/series`;
    const status = async (authorization: string) => (await fetch(path, { headers: { authorization } })).status;
    expect(await status(`Bearer ${text.trim()}`)).toBe(200);
    expect(await status(`Bearer ${text.trim()}x`)).toBe(401);
    expect((await fetch(path)).status).toBe(401);
  });
});

describe('a reload', () => {
  it('takes over another token from the same file, and the old one opens nothing any more', async () => {
    const token = join(folder, 'token');
    const [first, second] = ['first-token-of-22-letters', 'other-token-of-22-letters'];
    await writeFile(token, first);
    const { daemon, url } = await begun({ token });
    const withToken = async (text: string) =>
      (await fetch(`${url}/api/v1/series`, { headers: { authorization: `Bearer ${text}` } })).status;
    expect([await withToken(first), await withToken(second)]).toEqual([200, 401]);
    await writeFile(token, second);
    await daemon.reload(config({ token }));
    expect([await withToken(first), await withToken(second)]).toEqual([401, 200]);
  });

  it('that cannot read the token of the page it keeps changes nothing', async () => {
    const token = join(folder, 'token');
    await writeFile(token, 'first-token-of-22-letters');
    const { daemon } = await begun({ token });
    await rm(token);
    await expect(daemon.reload(config({ token, hidden: 4 }))).rejects.toThrow('cannot read');
    await writeFile(token, 'first-token-of-22-letters');
    daemon.engine.receive('push', 'plant/a', Buffer.from('1'), 0);
    const [track] = [...daemon.engine.registry];
    expect((track.model.detector as Detector).options.hidden).toBe(3);
  });

  it('that lost the page for want of two files brings it back once one is there', async () => {
    const token = join(folder, 'token');
    await writeFile(token, 'first-token-of-22-letters');
    const port = await freePort();
    const world = await begun({ token, port });
    await rm(token);
    await expect(world.daemon.reload(config({ token: join(folder, 'missing'), port }))).rejects.toThrow('cannot read');
    expect(await listens(port)).toBe(false);
    await writeFile(token, 'other-token-of-22-letters');
    await world.daemon.reload(config({ token, port }));
    expect(await listens(port)).toBe(true);
  });

  it('away from the demo ends its question to a broker that never answers when the daemon is told to stop', async () => {
    const { mute, port } = await muteBroker();
    const world = new World();
    await world.daemon.start(configOf('http: {listen: "127.0.0.1:0"}\nbroker: {listen: "127.0.0.1:0"}\ndemo: true'));
    const own = configOf(`http: {listen: "127.0.0.1:0"}\nmqtt: {url: "mqtt://127.0.0.1:${port}", topics: ["#"]}`);
    const reload = world.daemon.reload(own).catch((error: unknown) => error);
    await once(mute, 'connection');
    await world.daemon.stop();
    expect(await reload).toMatchObject({ code: 'SOURCE_UNREACHABLE' });
  });

  it('that is asked for twice at a time opens a source once', async () => {
    const { address } = await broker();
    const world = await begun();
    const next = config({ sources: plantAt(address.port), inputs: 'push, plant' });
    await Promise.all([world.daemon.reload(next), world.daemon.reload(next)]);
    await expect.poll(() => world.sources()).toEqual({ 'source:push': true, 'source:plant': true, state: true });
    expect(world.streams.size).toBe(1);
    await world.daemon.reload(config());
    await expect.poll(() => world.streams.size).toBe(0);
    expect(await world.sources()).toEqual({ 'source:push': true, state: true });
  });

  it('that is asked for while another runs comes after it, and has the last word', async () => {
    const { address } = await broker();
    const world = await begun();
    const reading = (topic: string) =>
      world.daemon.reload(config({ sources: plantAt(address.port, topic), inputs: 'push, plant' }));
    await Promise.all(['a', 'b', 'c'].map(reading));
    await expect.poll(() => world.sources()).toMatchObject({ 'source:plant': true });
    await expect.poll(() => world.streams.size).toBe(1);
    const publisher = await connectAsync(`mqtt://127.0.0.1:${address.port}`, { protocolVersion: 4 });
    ends.push(() => publisher.endAsync(true));
    for (const topic of ['a', 'b', 'c']) await publisher.publishAsync(topic, '1', { qos: 1 });
    const seen = () => [...world.daemon.engine.registry].map(({ source }) => source);
    await expect.poll(seen).toEqual(['c']);
  });

  it('and a start and a stop at the same time end stopped', async () => {
    const { daemon, clock, streams } = new World();
    const { address } = await broker();
    const port = await freePort();
    const next = config({ port, sources: plantAt(address.port), inputs: 'push, plant' });
    const all = Promise.allSettled([daemon.start(config({ port })), daemon.reload(next), daemon.reload(next)]);
    await daemon.stop();
    await all;
    expect(await listens(port)).toBe(false);
    await expect.poll(() => streams.size).toBe(0);
    expect(clock.pending).toBe(0);
  });

  it('to a port in use fails and keeps the page where it was; going back and on works', async () => {
    const [port, other] = [await freePort(), await freePort()];
    const world = await begun({ port });
    await world.calm(20);
    await expect(world.daemon.reload(config({ port: await occupied() }))).rejects.toMatchObject({
      code: 'PORT_IN_USE',
    });
    expect([world.daemon.address.port, await world.health()]).toEqual([port, 200]);
    expect(await world.push(50)).toBe(202);
    await world.daemon.reload(config({ port }));
    expect([world.daemon.address.port, await world.health()]).toEqual([port, 200]);
    await world.daemon.reload(config({ port: other }));
    expect([world.daemon.address.port, await world.health(), await listens(port)]).toEqual([other, 200, false]);
    await world.daemon.reload(config({ port }));
    expect([world.daemon.address.port, await world.health(), await listens(other)]).toEqual([port, 200, false]);
    await world.daemon.engine.settled();
    expect(samplesOf(world)).toBe(21);
  });

  it('that fails later on takes back what it has changed by then', async () => {
    const [port, other] = [await freePort(), await freePort()];
    const world = await begun({ port });
    const next = config({ port: other, more: `broker: {listen: "127.0.0.1:${await occupied()}"}` });
    await expect(world.daemon.reload(next)).rejects.toMatchObject({ code: 'PORT_IN_USE' });
    expect([world.daemon.address.port, await world.health(), await listens(other)]).toEqual([port, 200, false]);
    await world.daemon.reload(config({ port: other }));
    expect([world.daemon.address.port, await world.health(), await listens(port)]).toEqual([other, 200, false]);
  });

  it('that fails at the last part takes back sources and pipelines as well', async () => {
    const { address } = await broker();
    const port = await freePort();
    const world = await begun({ port });
    const next = config({
      port,
      sources: `${plantAt(address.port)}\n  sim: {type: simulator, url: "mqtt://127.0.0.1:${NOBODY}"}`,
      inputs: 'push, plant',
      hidden: 5,
    });
    for (let i = 0; i < 2; i++) {
      await expect(world.daemon.reload(next)).rejects.toThrow(/ECONNREFUSED/);
      await expect.poll(() => world.streams.size).toBe(0);
      expect(await world.sources()).toEqual({ 'source:push': true, state: true });
      await world.calm(5);
      const [track] = world.daemon.engine.registry;
      expect((track.model.detector as Detector).options.hidden).toBe(3);
    }
    const status = await fetch(`${world.url}/api/v1/demo/scoreboard`);
    expect(status.status).toBe(404);
  });

  it('keeps what was learned where the shape stays', async () => {
    const world = await begun();
    await world.calm(20);
    const { address } = await broker();
    await world.daemon.reload(config({ sources: plantAt(address.port), inputs: 'push, plant' }));
    await world.calm(1, 20);
    expect(samplesOf(world)).toBe(21);
  });
});

describe('a source that is not connected', () => {
  it('raises no silence, and once it is back its series wait their time again', async () => {
    const first = await broker();
    const { port } = first.address;
    const world = await begun({ sources: plantAt(port), inputs: 'push, plant' });
    const connected = async () => (await world.sources())['source:plant'];
    await expect.poll(connected).toBe(true);
    await world.calm(60);
    await first.stop();
    await expect.poll(connected).toBe(false);
    const silent = async (seconds: number) => {
      for (let i = 0; i < seconds; i++) world.clock.advance(1000);
      await world.daemon.engine.settled();
      return world.daemon.engine.alertLog.open().map(({ reason }) => reason);
    };
    expect(await silent(60)).toEqual([]);
    await broker(port);
    await expect.poll(connected, { timeout: 10_000 }).toBe(true);
    expect(await silent(2)).toEqual([]);
    expect(await silent(2)).toEqual(['silence']);
  }, 15_000);

  it('and becomes one that is pushed to is heard again', async () => {
    const nobody = await freePort();
    const world = await begun({ sources: plantAt(nobody), inputs: 'push, plant' });
    await expect.poll(() => JSON.stringify(world.lines.all)).toContain('source not connected');
    const pushed = configOf(`
http: {listen: "127.0.0.1:0"}
sources: {plant: {type: http}}
pipelines: {main: {inputs: [plant], season: 5m, hidden: 3}}`);
    await world.daemon.reload(pushed);
    await world.daemon.engine.settled();
    const send = (i: number) =>
      world.daemon.engine.receive('plant', 'plant/a', Buffer.from(String(wave(i))), world.clock.now());
    for (let i = 0; i < 60; i++) {
      send(i);
      world.clock.advance(1000);
    }
    for (let i = 0; i < 10; i++) world.clock.advance(1000);
    await world.daemon.engine.settled();
    expect(world.daemon.engine.alertLog.open().map(({ reason }) => reason)).toEqual(['silence']);
  });

  it('from the start on, for want of its password file, says so and raises no silence', async () => {
    await leaveCheckpoint();
    const { address } = await broker();
    const missing = join(folder, 'missing');
    const plant = `plant: {type: mqtt, url: "mqtt://127.0.0.1:${address.port}", topics: ["#"], username: u, password_file: ${JSON.stringify(missing)}}`;
    const world = await begun({ sources: plant, inputs: 'push, plant' });
    await expect.poll(() => JSON.stringify(world.lines.all)).toContain(missing);
    expect(await world.sources()).toMatchObject({ 'source:plant': false });
    for (let i = 0; i < 60; i++) world.clock.advance(1000);
    await world.daemon.engine.settled();
    expect(world.daemon.engine.alertLog.open()).toEqual([]);
    expect(world.streams.size).toBe(0);
  });

  it('that has not answered yet raises no silence either', async () => {
    await leaveCheckpoint();
    const { port } = await muteBroker();
    const world = await begun({ sources: plantAt(port), inputs: 'push, plant' });
    for (let i = 0; i < 60; i++) world.clock.advance(1000);
    await world.daemon.engine.settled();
    expect(world.daemon.engine.alertLog.open()).toEqual([]);
  });
});
