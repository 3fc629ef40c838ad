import { appendFile, mkdir, mkdtemp, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { AlertDocument } from '../../../models/alert-document.ts';
import { LogSink } from '../../../src/sinks/log.ts';
import { RecordingContext } from './context.ts';
import { eventually, events, HOSTILE, sinkContract } from './contract.ts';

const RETRY = { retryMsFirst: 5, retryMsMax: 20 };

async function readAlerts(path: string): Promise<AlertDocument[]> {
  const text = await readFile(path, 'utf8').catch(() => '');
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as AlertDocument);
}

sinkContract('the log sink', async () => {
  const root = await mkdtemp(join(tmpdir(), 'tidewatch-log-'));
  const folder = join(root, 'here');
  const path = join(folder, 'alerts.jsonl');
  await mkdir(folder);
  let count = 0;
  return {
    open: (context, queueMax) => new LogSink({ type: 'log', path, queueMax, ...RETRY }, context),
    // An id that comes twice is fine: the times of the second one are none, and the log keeps every document.
    arrived: async () => {
      const alerts = await readAlerts(path);
      count = alerts.length;
      return alerts.map(({ id }) => id);
    },
    leave: () => rename(folder, join(root, 'away')),
    comeBack: () => rename(join(root, 'away'), folder),
    close: () => rm(root, { recursive: true }),
    harmless: async () => {
      const lines = (await readFile(path, 'utf8')).trimEnd().split('\n');
      expect(lines).toHaveLength(count);
      for (const line of lines) expect(line).not.toMatch(/\p{Cc}/u);
      const series = (await readAlerts(path)).map(({ series }) => series);
      expect(series.slice(0, HOSTILE.length)).toEqual(HOSTILE);
    },
  };
});

async function begin() {
  const folder = await mkdtemp(join(tmpdir(), 'tidewatch-log-'));
  const path = join(folder, 'alerts.jsonl');
  const context = new RecordingContext();
  const sink = new LogSink({ type: 'log', path, ...RETRY }, context);
  onTestFinished(async () => {
    await sink.stop(1000);
    await rm(folder, { recursive: true });
  });
  return { path, context, sink };
}

describe('the log sink', () => {
  it('makes the file for its owner alone', async () => {
    const { path, context, sink } = await begin();
    sink.start();
    await eventually(() => expect(context.states).toEqual([{ connected: true, detail: path }]));
    expect((await stat(path)).mode & 0o777).toBe(0o600);
  });

  it('writes whole documents, one a line', async () => {
    const { path, sink } = await begin();
    const [alert] = events(0, 1, { text: 'two\nlines' });
    sink.start();
    sink.deliver(alert);
    await sink.stop(1000);
    expect(await readFile(path, 'utf8')).toBe(`${JSON.stringify(alert)}\n`);
  });

  it('begins a new file when the old one was moved away', async () => {
    const { path, sink } = await begin();
    const [first, second] = events(0, 2);
    sink.start();
    sink.deliver(first);
    await eventually(async () => expect(await readAlerts(path)).toHaveLength(1));
    await rename(path, `${path}.1`);
    sink.deliver(second);
    await eventually(async () => expect(await readAlerts(path)).toEqual([second]));
    expect(await readAlerts(`${path}.1`)).toEqual([first]);
  });

  it('ends a line that was left unfinished before it writes its own', async () => {
    const { path, sink } = await begin();
    await writeFile(path, '{"schema":"ale');
    const [alert, next] = events(0, 2);
    sink.start();
    sink.deliver(alert);
    await eventually(async () => expect((await readFile(path, 'utf8')).endsWith('}\n')).toBe(true));
    await appendFile(path, '{"by":"another"}\n');
    sink.deliver(next);
    await sink.stop(1000);
    const lines = (await readFile(path, 'utf8')).split('\n');
    expect(lines).toEqual(['{"schema":"ale', JSON.stringify(alert), '{"by":"another"}', JSON.stringify(next), '']);
  });

  it('keeps no file where no path is given, and is content', async () => {
    const context = new RecordingContext();
    const sink = new LogSink({ type: 'log', path: null }, context);
    sink.start();
    sink.deliver(events(0, 1)[0]);
    await sink.stop(100);
    expect(context.states).toEqual([{ connected: true, detail: 'the log of the daemon' }]);
    expect(context.counts.dropped).toBe(0);
  });
});
