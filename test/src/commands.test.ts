import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { once } from 'node:events';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { parseCommandLine } from '../../src/cli.ts';
import { check } from '../../src/commands/check.ts';
import { inject } from '../../src/commands/inject.ts';
import { replay } from '../../src/commands/replay.ts';
import { replayFile } from '../../src/replay.ts';
import { wave } from '../sim/tracks.ts';

let folder: string;
let printed: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tidewatch-commands-'));
  printed = '';
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    printed += String(text);
    return true;
  });
});
afterEach(async () => {
  vi.restoreAllMocks();
  await rm(folder, { recursive: true });
});

const at = (name: string) => join(folder, name);
const line = (...words: string[]) => parseCommandLine(words);
const CSV = `timestamp,a\n${Array.from({ length: 200 }, (_, i) => `${i},${wave(i) + (i === 180 ? 500 : 0)}`).join('\n')}\n`;

describe('check', () => {
  it('shows the configuration with every default', async () => {
    await writeFile(at('c.yaml'), 'version: 1\nmqtt:\n  url: mqtt://broker\n  topics: ["a/+"]\n');
    expect(await check(line('check', '--config', at('c.yaml')))).toBe(0);
    expect(printed).toContain('mqtt://broker');
    expect(printed).toContain('alert_budget: 1/day');
  });

  it('shows it as JSON where asked', async () => {
    await writeFile(at('c.yaml'), 'version: 1\ndemo: true\n');
    await check(line('check', '--config', at('c.yaml'), '--json'));
    expect(JSON.parse(printed)).toMatchObject({ ok: true, file: at('c.yaml') });
  });

  it('names every mistake with its line, and shows nothing', async () => {
    await writeFile(at('c.yaml'), 'version: 1\ndemo: maybe\nhtpp: {}\n');
    const error: unknown = await check(line('check', '--config', at('c.yaml'))).catch((e: unknown) => e);
    expect(error).toMatchObject({ code: 'CONFIG' });
    expect((error as Error).message).toContain(`${at('c.yaml')}:2:`);
    expect((error as Error).message).toContain(`${at('c.yaml')}:3:`);
    expect(printed).toBe('');
  });

  it('says that there is no such file', async () => {
    await expect(check(line('check', '--config', at('none.yaml')))).rejects.toMatchObject({ code: 'CONFIG_MISSING' });
  });
});

describe('replay', () => {
  it('walks a folder and writes the scores of every recording below another', async () => {
    await mkdir(at('in/deep'), { recursive: true });
    await writeFile(at('in/one.csv'), CSV);
    await writeFile(at('in/deep/two.csv.gz'), gzipSync(CSV));
    await writeFile(at('in/notes.txt'), 'not a recording');
    expect(await replay(line('replay', at('in'), '--scores', at('out'), '--json'))).toBe(0);
    expect(JSON.parse(printed)).toEqual({
      files: [
        { file: 'deep/two.csv.gz', rows: 200, alarms: expect.any(Number) },
        { file: 'one.csv', rows: 200, alarms: expect.any(Number) },
      ],
    });
    const scores = await readFile(at('out/one.csv'), 'utf8');
    expect(await readFile(at('out/deep/two.csv'), 'utf8')).toBe(scores);
    const [header, ...rows] = scores.trimEnd().split('\n');
    expect(header).toBe('timestamp,anomaly_score,surprise,level,alarm');
    expect(rows.map((row) => row.split(',')[0])).toEqual(Array.from({ length: 200 }, (_, i) => String(i)));
    expect(
      rows.every((row) =>
        row
          .split(',')
          .slice(1)
          .every((cell) => Number.isFinite(Number(cell))),
      ),
    ).toBe(true);
    const exact = await replayFile(at('in/one.csv'));
    expect(rows.map((row) => Number(row.split(',')[1]))).toEqual([...exact.anomalyScore]);
    expect(rows.map((row) => Number(row.split(',')[2]))).toEqual([...exact.surprise]);
    expect(rows.map((row) => Number(row.split(',')[3]))).toEqual([...exact.level]);
  });

  it('prints a table, and writes a report where asked', async () => {
    await writeFile(at('one.csv'), CSV);
    await replay(line('replay', at('one.csv'), '--report', at('r.html')));
    expect(printed).toMatch(/^file +rows +alarms\none\.csv +200 +\d+\n$/);
    expect(await readFile(at('r.html'), 'utf8')).toContain('<h2>one.csv</h2>');
  });

  it('starts every file anew, or from the state after a warm-up', async () => {
    await writeFile(at('w.csv'), CSV);
    await mkdir(at('in'));
    for (const name of ['a', 'b']) await writeFile(at(`in/${name}.csv`), CSV);
    await replay(line('replay', at('in'), '--scores', at('cold')));
    await replay(line('replay', at('in'), '--scores', at('warm'), '--warm', at('w.csv')));
    const [cold, coldToo, warm] = await Promise.all(
      ['cold/a', 'cold/b', 'warm/a'].map((name) => readFile(at(`${name}.csv`), 'utf8')),
    );
    expect(coldToo).toBe(cold);
    expect(warm).not.toBe(cold);
  });

  it('has the context of the configuration beside the channels of a file', async () => {
    const rows = CSV.trimEnd().split('\n');
    await writeFile(at('one.csv'), [`${rows[0]},b`, ...rows.slice(1).map((row, i) => `${row},${i % 7}`)].join('\n'));
    const pipeline = 'pipelines: {p: {inputs: [in], context: [line/valve/b]}}';
    await writeFile(at('c.yaml'), `sources: {in: {type: http}}\n${pipeline}\n`);
    await replay(line('replay', at('one.csv'), '--config', at('c.yaml'), '--scores', at('out')));
    const rowsOut = (await readFile(at('out/one.csv'), 'utf8')).trimEnd().split('\n').slice(1);
    const exact = await replayFile(at('one.csv'), { context: ['b'] });
    expect(rowsOut.map((row) => Number(row.split(',')[2]))).toEqual([...exact.surprise]);
  });

  it('scores sessions of events where asked, from another start where there is a warm-up', async () => {
    const lines = Array.from({ length: 60 }, (_, i) => `${i},a b ${i % 2 === 0 ? 'c' : 'd'} e,0`);
    await writeFile(at('one.csv'), `id,events,label\n${lines.join('\n')}\n`);
    const events = ['--kind', 'events'];
    expect(await replay(line('replay', at('one.csv'), ...events, '--scores', at('out'), '--json'))).toBe(0);
    expect(JSON.parse(printed)).toEqual({ files: [{ file: 'one.csv', rows: 60, alarms: 0 }] });
    const scores = await readFile(at('out/one.csv'), 'utf8');
    const [header, ...rows] = scores.trimEnd().split('\n');
    expect(header).toBe('timestamp,anomaly_score,surprise,level,alarm');
    expect(rows.map((row) => row.split(',')[0])).toEqual(Array.from({ length: 60 }, (_, i) => String(i)));
    expect(rows.every((row) => Number(row.split(',')[3]) > 0)).toBe(true);
    await replay(line('replay', at('one.csv'), ...events, '--scores', at('seed'), '--seed', '2'));
    await replay(line('replay', at('one.csv'), ...events, '--scores', at('warm'), '--warm', at('one.csv')));
    expect(await readFile(at('seed/one.csv'), 'utf8')).not.toBe(scores);
    expect(await readFile(at('warm/one.csv'), 'utf8')).not.toBe(scores);
  });

  it('says which column it misses where a file holds no sessions, and goes on with the other files', async () => {
    const said = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
    await writeFile(at('values.csv'), CSV);
    await writeFile(at('with.csv'), 'id,events\n0,a b\n');
    expect(await replay(line('replay', folder, '--kind', 'events', '--json'))).toBe(1);
    expect(said.mock.calls.map(([text]) => String(text)).join('')).toContain(
      `${at('values.csv')}:1  expected a column "events"`,
    );
    expect(JSON.parse(printed)).toMatchObject({ files: [{ file: 'with.csv', rows: 1 }] });
  });

  it.each([
    [[], 'expected one INPUT'],
    [['a', 'b'], 'expected one INPUT'],
    [['nowhere'], 'no such file or folder: nowhere'],
    [['nowhere', '--kind', 'dance'], 'expected values or events'],
    [['nowhere', '--period', '5'], 'expected a duration'],
    [['nowhere', '--period', '0s'], 'expected a duration'],
    [['nowhere', '--seed', 'one'], 'expected a whole number'],
    [['nowhere', '--seed=-1'], 'expected a whole number'],
  ])('refuses %j', async (words, why) => {
    const error: unknown = await replay(line('replay', ...words)).catch((e: unknown) => e);
    expect(error).toMatchObject({ code: 'USAGE' });
    expect((error as Error).message).toContain(why);
  });

  it('says that a folder holds no recording', async () => {
    await expect(replay(line('replay', folder))).rejects.toMatchObject({ code: 'REPLAY_EMPTY' });
  });

  it('does not write scores over the recording that it reads', async () => {
    await writeFile(at('one.csv'), CSV);
    await expect(replay(line('replay', at('one.csv'), '--scores', folder))).rejects.toMatchObject({ code: 'USAGE' });
    await expect(replay(line('replay', folder, '--scores', `${folder}/.`))).rejects.toMatchObject({ code: 'USAGE' });
    expect(await readFile(at('one.csv'), 'utf8')).toBe(CSV);
  });

  it('does not write the scores of two recordings into one file', async () => {
    await mkdir(at('in'));
    await writeFile(at('in/one.csv'), CSV);
    await writeFile(at('in/one.csv.gz'), gzipSync(CSV));
    await expect(replay(line('replay', at('in'), '--scores', at('out')))).rejects.toMatchObject({ code: 'USAGE' });
    expect(existsSync(at('out'))).toBe(false);
  });

  it('names the file and the line of a bad time, and goes on with the other files', async () => {
    const said = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
    await mkdir(at('in'));
    await writeFile(at('in/bad.csv'), 't,a\n1,2\nlater,3\n');
    expect(await replay(line('replay', at('in/bad.csv')))).toBe(1);
    expect(said.mock.calls.map(([text]) => String(text)).join('')).toContain(`${at('in/bad.csv')}:3:1`);
    expect(existsSync(at('out'))).toBe(false);
    await writeFile(at('in/good.csv'), CSV);
    printed = '';
    expect(await replay(line('replay', at('in'), '--json'))).toBe(1);
    expect(JSON.parse(printed)).toMatchObject({ files: [{ file: 'good.csv', rows: 200 }] });
  });
});

/** A daemon's page that answers like this; what it was asked is kept. */
async function daemon(status: number, answer: object) {
  const asked: { url: string | undefined; token: string | undefined; body: unknown }[] = [];
  const server = createServer((request, response) => {
    let text = '';
    request.on('data', (chunk: Buffer) => (text += chunk.toString()));
    request.on('end', () => {
      asked.push({ url: request.url, token: request.headers.authorization, body: JSON.parse(text) });
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  await writeFile(at('c.yaml'), 'version: 1\ndemo: true\n');
  const listen = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { asked, options: ['--config', at('c.yaml'), '--listen', listen], close: () => server.close() };
}

describe('inject', () => {
  it('asks the daemon for the fault and says that it is done', async () => {
    const { asked, options, close } = await daemon(202, { ok: true, fault: 7 });
    expect(await inject(line('inject', 'stuck', 'line1/pump/flow', '--for', '10s', ...options))).toBe(0);
    close();
    expect(asked).toEqual([
      { url: '/api/v1/cmd/inject', token: undefined, body: { kind: 'stuck', series: 'line1/pump/flow', for: '10s' } },
    ]);
    expect(printed).toBe('injected stuck into line1/pump/flow\n');
  });

  it('shows the token, and the answer as JSON where asked', async () => {
    const { asked, options, close } = await daemon(202, { ok: true, fault: 7 });
    await writeFile(at('token'), 'a-token-of-22-characters\n');
    await inject(line('inject', 'spike', 'x', '--token-file', at('token'), '--json', ...options));
    close();
    expect(asked).toMatchObject([{ token: 'Bearer a-token-of-22-characters', body: { for: '30s' } }]);
    expect(JSON.parse(printed)).toEqual({ ok: true, fault: 7 });
  });

  it('hands on why it was refused', async () => {
    const { options, close } = await daemon(400, { detail: 'kind: expected spike' });
    const error: unknown = await inject(line('inject', 'dance', 'x', ...options)).catch((e: unknown) => e);
    close();
    expect(error).toMatchObject({ code: 'INJECT_REFUSED' });
    expect((error as Error).message).toContain('kind: expected spike');
  });

  it('says so where no daemon answers', async () => {
    const { options, close } = await daemon(200, {});
    close();
    await expect(inject(line('inject', 'spike', 'x', ...options))).rejects.toMatchObject({ code: 'DAEMON_AWAY' });
  });

  it.each([[[]], [['stuck']], [['stuck', 'a', 'b']]])('refuses the words %j', async (words) => {
    await expect(inject(line('inject', ...words))).rejects.toMatchObject({ code: 'USAGE' });
  });
});
