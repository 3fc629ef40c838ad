import { createServer } from 'node:net';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { AlertDocument } from '../../models/alert-document.ts';
import type { SeriesInfo } from '../../src/protocol.ts';
import { connectAsync } from 'mqtt';
import { startMosquitto } from '../services/mosquitto.ts';
import { freePort, serviceOrSkip } from '../services/service.ts';
import { HttpPeer } from '../src/sinks/http-peer.ts';
import { readLines } from '../src/sinks/line-protocol.ts';
import { DEMO, Program, temporaryFolder, writeConfig } from './harness.ts';

let folder: ReturnType<typeof temporaryFolder>;
const programs: Program[] = [];

beforeEach(() => {
  folder = temporaryFolder();
});

afterEach(async () => {
  for (const program of programs.splice(0)) await program.stop('SIGKILL');
  folder.remove();
});

function start(...args: string[]): Program {
  const program = new Program(args, folder.path);
  programs.push(program);
  return program;
}

async function get<T>(url: string): Promise<T> {
  return (await (await fetch(url)).json()) as T;
}

/** A broker of one's own, in three lines. */
const own = (url: string) =>
  `version: 1\nhttp: {listen: "127.0.0.1:0"}\ndemo: false\nmqtt:\n  url: ${url}\n  topics: ["plant/#"]\n`;

async function push(url: string, value: number): Promise<void> {
  const headers = { 'content-type': 'text/plain' };
  await fetch(`${url}/api/v1/ingest?topic=a`, { method: 'POST', headers, body: String(value) });
}

/** Records in the spool of the output `db`. */
const spooled = async (url: string) =>
  Number(/^tidewatch_spool_records\{output="db"\} (\d+)$/m.exec(await (await fetch(`${url}/metrics`)).text())?.[1]);

describe('the process', () => {
  it('serves the page within 10 s, ends cleanly on SIGTERM within 5 s, and knows everything again', async () => {
    writeConfig(folder.path, DEMO);
    const started = performance.now();
    const first = start();
    const url = await first.url();
    const page = await fetch(url);
    expect(page.headers.get('content-security-policy')).toContain("default-src 'self'");
    expect(await page.text()).toContain('<title>');
    expect(performance.now() - started).toBeLessThan(10_000);
    expect((await get<{ ready: boolean }>(`${url}/readyz`)).ready).toBe(true);
    const before = await get<SeriesInfo[]>(`${url}/api/v1/series`);
    expect(before).toHaveLength(18);
    expect(before.filter(({ learning }) => learning === 1).length).toBeGreaterThanOrEqual(15);

    const asked = performance.now();
    expect((await first.stop()).code).toBe(0);
    expect(performance.now() - asked).toBeLessThan(5000);

    const second = start();
    const secondUrl = await second.url();
    expect(second.stdout).toContain('18 restored');
    const after = await get<SeriesInfo[]>(`${secondUrl}/api/v1/series`);
    for (const { id, samples } of before) {
      expect(after.find((series) => series.id === id)?.samples, id).toBeGreaterThanOrEqual(samples);
    }
    expect(await get<AlertDocument[]>(`${secondUrl}/api/v1/alerts?status=active`)).toEqual([]);
  }, 40_000);

  it('sends after a SIGKILL what the database did not get before, in order', async () => {
    const database = new HttpPeer();
    await database.start();
    await database.stop();
    const output = `{type: influx, url: "${database.url}", database: d, flush: 100ms}`;
    writeConfig(
      folder.path,
      `version: 1\nhttp: {listen: "127.0.0.1:0"}\nsources: {push: {type: http}}
pipelines: {main: {inputs: [push]}}\noutputs: {db: ${output}}\n`,
    );
    for (const run of [0, 1]) {
      const program = start();
      const url = await program.url();
      for (let i = 1; i <= 20; i++) await push(url, 20 * run + i);
      await expect.poll(() => spooled(url), { timeout: 5000 }).toBe(20 * (run + 1));
      await program.stop('SIGKILL');
    }
    database.answer = ({ path }) => (path.startsWith('/query') ? { status: 200, body: '{}' } : { status: 204 });
    await database.start();
    const program = start();
    const url = await program.url();
    const values = () =>
      database.heard
        .filter(({ path }) => path.startsWith('/write'))
        .flatMap(({ body }) => readLines(body).map(({ fields }) => fields.get('value')));
    await expect.poll(values, { timeout: 5000 }).toEqual(Array.from({ length: 40 }, (_, i) => i + 1));
    await expect.poll(() => spooled(url), { timeout: 5000 }).toBe(0);
    await database.stop();
  }, 40_000);

  it('says which address is in use and how to choose another', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    writeConfig(folder.path, DEMO);
    const { code, stderr } = await start('--listen', `127.0.0.1:${port}`).ended();
    server.close();
    expect(code).toBe(1);
    expect(stderr).toContain(`127.0.0.1:${port} is in use`);
    expect(stderr).toContain('--listen');
  });

  it('refuses a wrong configuration with every mistake, its line and its column', async () => {
    writeConfig(folder.path, 'version: 1\ndemo: true\nhtp: {}\npipelines:\n  plant: {inputs: [demo], hidden: 64k}\n');
    const { code, stderr, stdout } = await start('check').ended();
    expect(code).toBe(2);
    expect(stderr).toContain('pipelines.yaml:3:1');
    expect(stderr).toContain('did you mean "http"?');
    expect(stderr).toContain('pipelines.yaml:5:');
    expect(stdout).toBe('');
  });

  it('takes over a saved configuration and keeps the old one when the new one is wrong', async () => {
    writeConfig(folder.path, DEMO);
    const program = start();
    const url = await program.url();
    writeConfig(folder.path, `${DEMO}pipelines:\n  plant: {inputs: [demo], season: 5m, alert_budget: 7/day}\n`);
    await expect.poll(() => program.stderr, { timeout: 10_000 }).toContain('configuration applied');
    writeConfig(folder.path, `${DEMO}nonsense: 1\n`);
    await expect.poll(() => program.stderr, { timeout: 10_000 }).toContain('the configuration stays as it was');
    expect((await get<SeriesInfo[]>(`${url}/api/v1/series`)).length).toBe(18);
    expect(await (await fetch(`${url}/metrics`)).text()).toContain('tidewatch_config_reload_success 0');
  }, 40_000);

  it.skipIf(!serviceOrSkip('mosquitto'))(
    'changes from the demo to a broker of one’s own while it runs, once that broker answers',
    async () => {
      const port = await freePort();
      writeConfig(folder.path, DEMO);
      const program = start();
      const url = await program.url();
      writeConfig(folder.path, own(`mqtt://127.0.0.1:${port}`));
      await expect.poll(() => program.stderr, { timeout: 15_000 }).toContain(`connection refused by 127.0.0.1:${port}`);
      expect(program.stderr).toContain('the configuration stays as it was');
      expect((await fetch(`${url}/api/v1/demo/scoreboard`)).status).toBe(200);

      const broker = await startMosquitto({});
      try {
        const publisher = await connectAsync(broker.url);
        writeConfig(folder.path, own(broker.url));
        await expect.poll(() => program.stderr, { timeout: 15_000 }).toContain('configuration applied');
        await expect.poll(async () => (await fetch(`${url}/readyz`)).status, { timeout: 10_000 }).toBe(200);
        await publisher.publishAsync('plant/boiler', '{"temperature": 61.5}', { qos: 1 });
        const sources = async () => (await get<SeriesInfo[]>(`${url}/api/v1/series`)).map(({ source }) => source);
        await expect.poll(sources, { timeout: 10_000 }).toEqual(['plant/boiler/temperature']);
        await publisher.endAsync(true);
      } finally {
        await program.stop();
        await broker.stop();
      }
    },
    60_000,
  );

  it('told to stop while it starts, ends cleanly and leaves what is kept as it was', async () => {
    writeConfig(folder.path, DEMO);
    const first = start();
    await first.url();
    expect((await first.stop()).code).toBe(0);
    const second = start();
    await second.logged('source connected', 15_000);
    expect((await second.stop()).code).toBe(0);
    const third = start();
    await third.url();
    expect(third.stdout).toContain('18 restored');
  }, 40_000);

  it('takes a fault from the command line and tells another of the alert', async () => {
    writeConfig(folder.path, DEMO);
    const url = await start().url();
    const { host } = new URL(url);
    const tail = start('tail', '--listen', host);
    const { code, stdout } = await start(
      'inject',
      'silence',
      'line1/conveyor/speed',
      '--for',
      '15s',
      '--listen',
      host,
    ).ended();
    expect(stdout).toBe('injected silence into line1/conveyor/speed\n');
    expect(code).toBe(0);
    await tail.printed(/ open .* line1_conveyor_speed /, 15_000);
    expect((await tail.stop()).code).toBe(0);
    const refused = await start('inject', 'spike', 'line1/nowhere', '--listen', host).ended();
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain("expected one of the plant's");
  }, 40_000);
});

describe('replay', () => {
  it('writes one row for each recorded row, byte for byte the same every time', async () => {
    const rows = Array.from(
      { length: 3000 },
      (_, i) => `${i},${Math.sin(i / 20) + ((i * 7919) % 101) / 500 + (i === 2500 ? 9 : 0)}`,
    );
    writeFileSync(join(folder.path, 'wave.csv'), `row,value\n${rows.join('\n')}\n`);
    const outputs = [];
    for (const out of ['a', 'b']) {
      const { code, stdout } = await start('replay', 'wave.csv', '--scores', out, '--period', '5m').ended();
      expect(code).toBe(0);
      expect(stdout).toContain('3000');
      outputs.push(readFileSync(join(folder.path, out, 'wave.csv'), 'utf8'));
    }
    expect(outputs[0]).toBe(outputs[1]);
    const lines = outputs[0].trim().split('\n');
    expect(lines[0]).toBe('timestamp,anomaly_score,surprise,level,alarm');
    expect(lines).toHaveLength(3001);
    const spike = lines[2501].split(',');
    expect(spike[0]).toBe('2500');
    expect(Number(spike[2])).toBeGreaterThan(5);
    expect(spike[4]).toBe('1');
  });
});
