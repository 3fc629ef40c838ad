import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EVENT_THRESHOLD } from '../../models/events/event-detector.ts';
import { type EventReplayOptions, replayEvents, warmUpEvents } from '../../src/replay-events.ts';
import type { ScoredRow } from '../../src/replay.ts';
import { usualSessions } from '../models/events/play.ts';

const DETECTOR = { classes: 16, hidden: 6 };
const HEADER = 'timestamp,events,label';
let folder: string;
let count = 0;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tidewatch-replay-events-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function file(content: string | Uint8Array, ending = 'csv'): Promise<string> {
  const path = join(folder, `${count++}.${ending}`);
  await writeFile(path, content);
  return path;
}

/** A header and a row for each session; its label is the judge's. */
const csv = (sessions: readonly (readonly string[])[], label = 0): string =>
  `${[HEADER, ...sessions.map((session, i) => `${i},${session.join(' ')},${label}`)].join('\n')}\n`;

async function scored(path: string, options: EventReplayOptions = {}): Promise<ScoredRow[]> {
  const rows: ScoredRow[] = [];
  for await (const some of replayEvents(path, { detector: DETECTOR, ...options })) rows.push(...some);
  return rows;
}

describe('a replay of sessions', () => {
  const sessions = usualSessions(600, 1);

  it('gives one row for every session, with its first column verbatim, whatever that is', async () => {
    const lines = csv(sessions)
      .replace('\n7,', '\n 2026-01-05T00:00:00Z,')
      .replace('\n8,', '\nblk_-1608999687919862906,');
    const rows = await scored(await file(lines));
    expect(rows).toHaveLength(600);
    expect(rows.map(({ timestamp }) => timestamp)).toEqual(
      lines
        .trimEnd()
        .split('\n')
        .slice(1)
        .map((line) => line.split(',')[0]),
    );
    expect(rows.map(({ value }) => value)).toEqual(sessions.map((session) => session.length));
  });

  it('finds the odd session and says so in every column', async () => {
    const many = usualSessions(3000, 2);
    many[2900] = ['open', 'read', 'ack', 'melt', 'ack', 'close'];
    const rows = await scored(await file(csv(many)));
    const odd = rows[2900];
    expect(odd.level).toBeGreaterThan(EVENT_THRESHOLD);
    expect(odd).toMatchObject({ anomalyScore: odd.level, alarm: 1 });
    expect(odd.surprise).toBeGreaterThan(EVENT_THRESHOLD);
    const others = rows.filter(({ timestamp }) => timestamp !== '2900');
    expect(others.slice(1000).every(({ anomalyScore, alarm }) => anomalyScore === 0 && alarm === 0)).toBe(true);
    expect(others.every(({ level, surprise }) => level >= surprise && surprise > 0)).toBe(true);
  });

  it('gives the same bits every time, and others under another seed', async () => {
    const path = await file(csv(sessions));
    const rows = await scored(path);
    expect(await scored(path)).toEqual(rows);
    expect(await scored(path, { seed: 1 })).toEqual(rows);
    expect(await scored(path, { seed: 2 })).not.toEqual(rows);
  });

  it('does not look ahead, nor at the labels', async () => {
    const rows = await scored(await file(csv(sessions)));
    const other = [...sessions.slice(0, 400), ...usualSessions(50, 9), ['melt']];
    expect((await scored(await file(csv(other)))).slice(0, 400)).toEqual(rows.slice(0, 400));
    expect(await scored(await file(csv(sessions, 1)))).toEqual(rows);
  });

  it('reads JSON lines and compressed files as it reads the same in CSV', async () => {
    const rows = await scored(await file(csv(sessions)));
    const lines = sessions
      .map((session, i) => JSON.stringify({ id: i, label: 1, events: session.join(' ') }))
      .join('\n');
    expect(await scored(await file(lines, 'jsonl'))).toEqual(rows);
    expect(await scored(await file(gzipSync(csv(sessions)), 'csv.gz'))).toEqual(rows);
    expect(await scored(await file(`\uFEFF${csv(sessions).replaceAll('\n', '\r\n\r\n')}`))).toEqual(rows);
  });

  it('knows a session without events as missing, and learns nothing from it', async () => {
    const holes = csv(sessions).trimEnd().split('\n');
    holes.splice(300, 0, 'gone,,0', 'blank,   ,0', 'short');
    const rows = await scored(await file(holes.join('\n')));
    expect(rows.slice(299, 302)).toEqual(
      ['gone', 'blank', 'short'].map((timestamp) => ({
        timestamp,
        value: Number.NaN,
        expected: Number.NaN,
        anomalyScore: 0,
        surprise: 0,
        level: 0,
        alarm: 0,
      })),
    );
    rows.splice(299, 3);
    expect(rows).toEqual(await scored(await file(csv(sessions))));
  });

  it('goes on from a copy of the state after a warm-up', async () => {
    const rows = await scored(await file(csv(sessions)));
    const warm = await warmUpEvents(await file(csv(sessions.slice(0, 350))), { detector: DETECTOR });
    const rest = await file(csv(sessions.slice(350)));
    const levels = rows.slice(350).map(({ level }) => level);
    for (let i = 0; i < 2; i++) expect((await scored(rest, { warm })).map(({ level }) => level)).toEqual(levels);
    expect((await scored(rest))[5].level).not.toBe(levels[5]);
  });

  it('tells how far it is', async () => {
    const seen: number[] = [];
    const text = csv(sessions);
    await scored(await file(text), { onProgress: (bytes) => seen.push(bytes) });
    expect(seen.length).toBeGreaterThan(2);
    expect(seen.at(-1)).toBe(Buffer.byteLength(text));
  });

  it('survives a session that goes on and on, of symbols without end', async () => {
    const endless = Array.from({ length: 20_000 }, (_, i) => `junk${i}`);
    const rows = await scored(await file(csv([...sessions.slice(0, 50), endless, ...sessions.slice(50, 100)])));
    expect(rows).toHaveLength(101);
    expect(rows.every(({ level, surprise }) => Number.isFinite(level) && Number.isFinite(surprise))).toBe(true);
  });
});

describe('a file without sessions is refused', () => {
  it.each([
    ['of values', 'timestamp,value,label\n0,1,0\n', 'csv', 'RECORDING_EVENTS', 'got timestamp,value,label'],
    ['whose first column has that name', 'events,value\n0,1\n', 'csv', 'RECORDING_EVENTS', 'got events,value'],
    ['of other lines', '{"t":0,"v":1}\n', 'jsonl', 'RECORDING_EVENTS', 'got t,v'],
    ['with nothing in it', '', 'csv', 'RECORDING_EMPTY', 'got nothing'],
  ])('%s', async (_, content, ending, code, said) => {
    const path = await file(content, ending);
    const error: unknown = await scored(path).catch((e: unknown) => e);
    expect(error).toMatchObject({ code });
    expect((error as Error).message).toContain(`${path}:1`);
    expect((error as Error).message).toContain(said);
  });

  it('that is not there, or is cut short', async () => {
    await expect(scored(join(folder, 'none.csv'))).rejects.toMatchObject({ code: 'ENOENT' });
    const whole = gzipSync(csv(usualSessions(500, 3)));
    const cut = await file(whole.subarray(0, whole.length - 30), 'csv.gz');
    await expect(scored(cut)).rejects.toMatchObject({ code: 'Z_BUF_ERROR' });
  });
});
