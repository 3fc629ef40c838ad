import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PHASE } from '../../models/alert.ts';
import { DEFAULTS, Detector } from '../../models/detector.ts';
import { createLearner } from '../../models/training/create-learner.ts';
import { type ReplayOptions, replayFile, replayRows, type ScoredRow, warmUp } from '../../src/replay.ts';
import { NOON, wave } from '../sim/tracks.ts';

const DETECTOR = { hidden: 3, lags: 4, season: 60_000 };
let folder: string;
let count = 0;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tidewatch-replay-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function file(lines: readonly string[]): Promise<string> {
  const path = join(folder, `${count++}.csv`);
  await writeFile(path, `${lines.join('\n')}\n`);
  return path;
}

/** A header, and a value a second that jumps at `fault`. */
function series(rows: number, { channels = 1, fault = -1 }: { channels?: number; fault?: number } = {}): string[] {
  const names = Array.from({ length: channels }, (_, c) => `c${c}`);
  return [
    `timestamp,${names.join()}`,
    ...Array.from({ length: rows }, (_, i) => {
      const values = names.map((_name, c) => wave(i + c * 37) + (i === fault && c === channels - 1 ? 500 : 0));
      return `${new Date(NOON + i * 1000).toISOString()},${values.join()}`;
    }),
  ];
}

async function scored(path: string, options: ReplayOptions = {}): Promise<ScoredRow[]> {
  const rows: ScoredRow[] = [];
  for await (const some of replayRows(path, { detector: DETECTOR, ...options })) rows.push(...some);
  return rows;
}

const strip = (rows: ScoredRow[]) => rows.map((row) => ({ ...row, timestamp: '' }));

describe('a replay', () => {
  it('gives one row for every row of the file, with its first column verbatim', async () => {
    const lines = series(1200);
    const rows = await scored(await file(lines));
    expect(rows.map(({ timestamp }) => timestamp)).toEqual(lines.slice(1).map((line) => line.split(',')[0]));
    expect(rows.map(({ value }) => value)).toEqual(lines.slice(1).map((line) => Number(line.split(',')[1])));
  });

  it('finds the fault and says so in every column', async () => {
    const rows = await scored(await file(series(800, { fault: 700 })));
    expect(rows[700]).toMatchObject({ alarm: 1 });
    expect(rows[700].anomalyScore).toBeGreaterThan(2.9);
    expect(rows[700].surprise).toBeGreaterThan(3);
    expect(rows.reduce((sum, { alarm }) => sum + alarm, 0)).toBe(1);
    expect(rows.filter(({ anomalyScore }) => anomalyScore === 0).length).toBeGreaterThan(780);
  });

  it('gives the same bits whatever the number of rows in a batch', async () => {
    const lines = series(600, { channels: 2, fault: 500 });
    lines.splice(300, 40); // a silence, which makes the clock tick
    lines[200] = lines[199];
    const path = await file(lines);
    const whole = await scored(path);
    for (const batchRows of [1, 3, 64, 4096]) expect(await scored(path, { batchRows })).toEqual(whole);
  });

  it('notices a silence just before the row that ends it, whatever the number of rows in a batch', async () => {
    const lines = series(300);
    lines.splice(201, 60);
    const { layout } = new Detector({ ...DEFAULTS, ...DETECTOR });
    const path = await file(lines.slice(0, 202));
    const blocks = await Promise.all(
      [1, 512].map(async (batchRows) => (await warmUp(path, { detector: DETECTOR, batchRows })).get('replay_c0')!),
    );
    const [phase, openedAt] = blocks[0].subarray(layout.alert);
    expect([phase, openedAt]).toEqual([PHASE.firing, NOON + 260_000 - 1]);
    expect(blocks[1]).toEqual(blocks[0]);
  });

  it('gives the same bits every time, and others under another seed', async () => {
    const path = await file(series(300));
    expect(await scored(path)).toEqual(await scored(path));
    expect(await scored(path, { seed: 2 })).not.toEqual(await scored(path));
  });

  it('does not look ahead: what comes later changes no row before it', async () => {
    const lines = series(600, { fault: 550 });
    const all = await scored(await file(lines));
    const some = await scored(await file(lines.slice(0, 401)));
    expect(all.slice(0, 400)).toEqual(some);
  });

  it('takes the highest of the channels for a row where they are watched apart', async () => {
    const lines = series(700, { channels: 3, fault: 650 });
    const all = await scored(await file(lines), { apart: true });
    const alone = await Promise.all(
      [0, 1, 2].map(async (c) => {
        const columns = lines.map((line) => line.split(',').filter((_, i) => i === 0 || i === c + 1));
        return scored(await file(columns.map((cells) => cells.join())));
      }),
    );
    for (let i = 0; i < all.length; i++) {
      for (const key of ['surprise', 'level', 'anomalyScore', 'alarm'] as const) {
        expect(all[i][key]).toBe(Math.max(...alone.map((rows) => rows[i][key])));
      }
      expect(all[i].value).toBe(alone[0][i].value);
    }
    expect(all[650].alarm).toBe(1);
  });

  it('can be narrowed to some channels, which then score as they do in a file of their own', async () => {
    const lines = series(300, { channels: 3 });
    const path = await file(lines);
    const alone = await file(lines.map((line) => `${line.split(',')[0]},${line.split(',')[2]}`));
    expect(await scored(path, { channels: ['c1'] })).toEqual(await scored(alone));
    expect(await scored(path, { channels: ['c0', 'c1', 'c2'] })).toEqual(await scored(path));
    await expect(scored(path, { channels: ['c3'] })).rejects.toMatchObject({ code: 'RECORDING_CHANNEL' });
  });

  it('has beside the others what the configuration calls context, by the source or its last levels', async () => {
    const path = await file(series(300, { channels: 3 }));
    const beside = await scored(path, { context: ['c1'], apart: true });
    const of = (...contextSources: string[]) => scored(path, { contextSources, apart: true });
    expect(beside).not.toEqual(await scored(path, { apart: true }));
    expect(await of('line/pump/c1', 'line/pump/c7')).toEqual(beside);
    expect(await of('c1')).toEqual(beside);
    expect(await of('line/pump_c1')).toEqual(await scored(path, { apart: true }));
    await expect(of('a/c0', 'a/c1', 'a/c2')).rejects.toMatchObject({ code: 'RECORDING_CHANNEL' });
  });

  it('says what was expected of the first channel, from what came before', async () => {
    const rows = await scored(await file(series(600)));
    expect(rows[0].expected).toBeNaN();
    const late = rows.slice(500);
    const error = (to: (i: number) => number) =>
      late.reduce((sum, { value }, i) => sum + Math.abs(value - to(i + 500)), 0);
    expect(error((i) => rows[i].expected)).toBeLessThan(error((i) => rows[i - 1].value));
  });

  it('forecasts with the learner that it is handed', async () => {
    const path = await file(series(300));
    const shapes: string[] = [];
    const learner: NonNullable<ReplayOptions['learner']> = (cell, inputs, hidden, head, training) => {
      shapes.push(`${cell} ${inputs > 0} ${hidden}`);
      return createLearner('gru', inputs, hidden, head, training);
    };
    expect(await scored(path, { learner })).toEqual(await scored(path, { detector: { ...DETECTOR, cell: 'gru' } }));
    expect(shapes).toEqual(['lstm true 3']);
  });

  it('goes on from a copy of the state after a warm-up', async () => {
    const lines = series(500);
    const first = await file(lines.slice(0, 301));
    const second = await file([lines[0], ...lines.slice(301)]);
    const whole = await scored(await file(lines));
    const warm = await warmUp(first, { detector: DETECTOR });
    expect([...warm.keys()]).toEqual(['replay_c0']);
    for (let i = 0; i < 2; i++) expect(await scored(second, { warm })).toEqual(whole.slice(300)); // a copy: twice the same
    expect((await scored(second))[5].level).not.toBe(whole[305].level);
  });

  it('counts every row, also where its time repeats or goes back', async () => {
    const lines = series(400);
    const times = lines.slice(1).map((line) => line.split(',')[0]);
    const stuck = lines.map((line, i) => (i > 200 && i <= 210 ? `${times[199]},${line.split(',')[1]}` : line));
    const back = lines.map((line, i) => (i === 250 ? `${times[10]},${line.split(',')[1]}` : line));
    for (const some of [stuck, back]) {
      const rows = await scored(await file(some));
      expect(rows).toHaveLength(400);
      expect(rows.map(({ timestamp }) => timestamp)).toEqual(some.slice(1).map((line) => line.split(',')[0]));
      expect(rows.every(({ surprise, level }) => Number.isFinite(surprise) && Number.isFinite(level))).toBe(true);
      expect(rows.slice(300).some(({ surprise }) => surprise > 0)).toBe(true);
    }
  });

  it('survives missing values and knows them as such', async () => {
    const lines = series(300).map((line, i) => (i % 7 === 3 ? `${line.split(',')[0]},` : line));
    const rows = await scored(await file(lines));
    expect(rows).toHaveLength(300);
    expect(rows[2].value).toBeNaN();
    expect(rows[2].surprise).toBe(0);
    expect(rows.every(({ surprise, level }) => Number.isFinite(surprise) && Number.isFinite(level))).toBe(true);
  });

  it('reads row numbers as times one period apart', async () => {
    const numbered = series(300).map((line, i) => (i === 0 ? line : `${i - 1},${line.split(',')[1]}`));
    const path = await file(numbered);
    const timed = await file(numbered.map((line, i) => (i === 0 ? line : `${(i - 1) * 5},${line.split(',')[1]}`)));
    expect(strip(await scored(path, { periodMs: 5000 }))).toEqual(strip(await scored(timed)));
    expect(strip(await scored(path, { periodMs: 5000 }))).not.toEqual(strip(await scored(path)));
  });

  it('shifts the season by local time', async () => {
    const path = await file(series(300));
    const day = { detector: DETECTOR, localOffset: () => 60_000 };
    expect(await scored(path, day)).toEqual(await scored(path)); // a whole season is no shift
    expect(await scored(path, { ...day, localOffset: () => 20_000 })).not.toEqual(await scored(path));
  });

  it('of a file with a header alone, or without channels, has no scores', async () => {
    expect(await scored(await file(['timestamp,a']))).toEqual([]);
    expect(await scored(await file(['timestamp', '1', '2']))).toMatchObject([
      { timestamp: '1', level: 0 },
      { timestamp: '2', level: 0 },
    ]);
  });

  it('as a whole has the same columns', async () => {
    const path = await file(series(100));
    const rows = await scored(path);
    const whole = await replayFile(path, { detector: DETECTOR });
    expect(whole.timestamps).toEqual(rows.map(({ timestamp }) => timestamp));
    expect([...whole.level]).toEqual(rows.map(({ level }) => level));
    expect([...whole.surprise]).toEqual(rows.map(({ surprise }) => surprise));
    expect([...whole.anomalyScore]).toEqual(rows.map(({ anomalyScore }) => anomalyScore));
    expect([...whole.alarm]).toEqual(rows.map(({ alarm }) => alarm));
  });

  it('tells how far it is', async () => {
    const path = await file(series(1500));
    const seen: number[] = [];
    await scored(path, { onProgress: (bytes) => seen.push(bytes) });
    expect(seen.length).toBeGreaterThan(2);
    expect(seen).toEqual(seen.toSorted((a, b) => a - b));
  });

  it('refuses a file with more channels than a batch has rows, and says so', async () => {
    const path = await file([`t,${Array.from({ length: 5000 }, (_, i) => `c${i}`).join()}`, `0,${'1,'.repeat(4999)}1`]);
    await expect(scored(path)).rejects.toMatchObject({ code: 'RECORDING_CHANNELS' });
  });
});
