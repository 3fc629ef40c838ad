import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readOne, readSet } from '../../../bench/quality/data.ts';
import { evaluate } from '../../../bench/quality/evaluate.ts';
import { aucPr } from '../../../bench/quality/figures.ts';
import { type Job, jobScores } from '../../../bench/quality/jobs.ts';
import { METHODS } from '../../../bench/quality/methods.ts';
import { type Scores, scoreStream } from '../../../bench/quality/score.ts';
import type { SetSpec } from '../../../bench/quality/sets.ts';

const folder = mkdtempSync(join(tmpdir(), 'quality-'));
const ROWS = 400;

/** A wave in two channels, labelled and disturbed from row 300 to 309; one cell is missing. */
function stream(shift: number): string {
  const lines = Array.from({ length: ROWS }, (_, t) => {
    const odd = t >= 300 && t < 310;
    const a = t === 7 ? '' : Math.sin(t / 9 + shift) + (odd ? 5 : 0);
    return `${t},${a},${Math.cos(t / 5)},${odd ? 1 : 0}`;
  });
  return `timestamp,a,b,label\n${lines.join('\n')}\n`;
}

beforeAll(() => {
  mkdirSync(join(folder, 'pumps'));
  const entry = { warmupRows: 100, periodSeconds: 60 };
  const streams = [
    { file: 'one.csv.gz', ...entry },
    { file: 'two.csv.gz', ...entry, runAfter: 'one.csv.gz' },
  ];
  writeFileSync(join(folder, 'pumps/manifest.json'), JSON.stringify({ streams }));
  writeFileSync(join(folder, 'pumps/one.csv.gz'), gzipSync(stream(0)));
  writeFileSync(join(folder, 'pumps/two.csv.gz'), gzipSync(stream(2)));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const method = (id: string) => METHODS.find((candidate) => candidate.id === id)!;
const job = (id: string, name: string): Job => ({
  folder,
  set: 'pumps',
  stream: name,
  method: id,
  seed: 1,
  channels: ['a'],
  cost: 1,
});

describe('a set', () => {
  test('is read with its channels, labels, warm-up, period, and what was run before', () => {
    const [one, two] = readSet(folder, 'pumps');
    expect(one).toMatchObject({ name: 'one', channels: ['a', 'b'], warmup: 100, periodMs: 60_000 });
    expect(one.stretches).toEqual([{ first: 300, last: 309 }]);
    expect(one.columns[0][7]).toBeNaN();
    expect(one.columns[1][5]).toBe(Math.cos(1));
    expect(one.runAfter).toBeUndefined();
    expect(two.runAfter!.columns[1]).toEqual(one.columns[1]);
  });

  test('that is not there is named', () => {
    expect(() => readSet(folder, 'boats')).toThrow(/boats/);
    expect(() => readOne(folder, 'pumps', 'three')).toThrow(/pumps\/three/);
  });
});

describe('a method', () => {
  test('scores every row, sees the channels it is given, and goes on from the run before', async () => {
    const [one, two] = readSet(folder, 'pumps');
    const alone = await scoreStream(one, method('detector'), 1, ['a']);
    expect(alone.level).toHaveLength(ROWS);
    expect(alone.error).toBeGreaterThan(0);
    const both = await scoreStream(one, method('detector'), 1);
    expect(both.surprise).not.toEqual(alone.surprise);
    const fresh = await scoreStream({ ...two, path: one.path }, method('detector'), 1, ['a']);
    expect(fresh.surprise[0]).not.toBe(alone.surprise[0]); // untrained, it says 0
  });

  test('of a few lines has one score for all, and goes on from the run before as well', async () => {
    const [, two] = readSet(folder, 'pumps');
    const z = await scoreStream(two, method('z'), 1, ['a']);
    expect(z.level).toBe(z.surprise);
    expect(z.level).toHaveLength(ROWS);
    expect(z.level[0]).toBeGreaterThan(0); // a score from the first row on
  });
});

test('the rows are the detector with its bars and the others without; tables name every method', async () => {
  const streams = readSet(folder, 'pumps');
  const methods = ['detector', 'linear', 'random', 'z'].map(method);
  const scores = new Map<string, Scores[]>();
  for (const { id } of methods) {
    scores.set(id, await Promise.all(streams.map(({ name }) => jobScores(job(id, name)))));
  }
  const set: SetSpec = {
    name: 'pumps',
    title: 'pumps',
    floors: ['random', 'z'],
    measures: [{ id: 'auc_pr', unit: '', better: 'higher', figure: aucPr('surprise'), bar: 0.1, overZ: true }],
  };
  const { rows, tables } = evaluate({ set, streams, methods }, (id, seed) => (seed === 1 ? scores.get(id)! : []));
  expect(rows.map(({ id, bar }) => [id, bar])).toEqual([
    ['pumps_auc_pr', 0.1],
    ['pumps_auc_pr_over_z', 0],
    ['pumps_auc_pr.linear', null],
    ['pumps_auc_pr.random', null],
    ['pumps_auc_pr.z', null],
  ]);
  expect(rows[0].value).toBeGreaterThan(rows[3].value!);
  expect(tables[0].rows.map(([name]) => name)).toEqual(['detector', 'linear', 'random', 'z', 'bar', 'stretch']);
  expect(tables[1].rows.map(([name]) => name)).toEqual(['linear', 'random', 'z']);
  for (const table of tables) for (const line of table.rows) expect(line).toHaveLength(table.header.length);
});

test('a set that cannot be run yet is skipped, with its floors shown', () => {
  const streams = readSet(folder, 'pumps');
  const measures = [{ id: 'auc_pr', unit: '', better: 'higher', figure: aucPr('level'), bar: 0.5 }] as const;
  const set: SetSpec = { name: 'pumps', title: 'pumps', unavailable: 'not yet', floors: ['random'], measures };
  const score = new Float64Array(ROWS);
  const flat = { level: score, surprise: score, anomaly: score, alarm: new Uint8Array(ROWS), error: 1, seconds: 0 };
  const { rows, tables } = evaluate({ set, streams, methods: [method('random')] }, (_, seed) =>
    seed === 1 ? [flat, flat] : [],
  );
  expect(rows[0]).toMatchObject({ id: 'pumps_auc_pr', value: null, skipped: 'not yet', pass: false });
  expect(tables).toHaveLength(1);
});
