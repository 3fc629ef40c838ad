import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isRecording, openRecording, type RecordedRow } from '../../sensors/recording.ts';

const NOON = Date.UTC(2026, 10, 20, 12);
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tidewatch-recording-'));
});
afterAll(() => rm(folder, { recursive: true }));

let count = 0;

/** Writes the text under this kind of name and reads it back as a recording. */
async function recorded(
  text: string | Uint8Array,
  { suffix = 'csv', periodMs = 1000 }: { suffix?: string; periodMs?: number } = {},
): Promise<{ channels: string[]; rows: RecordedRow[]; path: string; bytes: number }> {
  const path = join(folder, `${count++}.${suffix}`);
  await writeFile(path, suffix.endsWith('.gz') ? gzipSync(text) : text);
  const recording = await openRecording(path, periodMs);
  const rows: RecordedRow[] = [];
  for await (const row of recording.rows) rows.push(row);
  return { channels: recording.channels, rows, path, bytes: recording.bytesRead() };
}

const CSV = 'timestamp,flow,power\n2026-11-20 12:00:00,1.5,2\n2026-11-20 12:00:01,-3e2,4\n';
const JSONL = '{"ts":"2026-11-20 12:00:00","flow":1.5,"power":2}\n{"ts":"2026-11-20 12:00:01","power":4,"flow":-300}\n';
const ROWS = [
  { label: '2026-11-20 12:00:00', time: NOON, values: [1.5, 2] },
  { label: '2026-11-20 12:00:01', time: NOON + 1000, values: [-300, 4] },
];

describe('a recording', () => {
  it.each([
    ['csv', CSV],
    ['csv.gz', CSV],
    ['jsonl', JSONL],
    ['jsonl.gz', JSONL],
  ])('is read row by row from %s', async (suffix, text) => {
    const { channels, rows, bytes } = await recorded(text, { suffix });
    expect(channels).toEqual(['flow', 'power']);
    expect(rows).toEqual(ROWS);
    expect(bytes).toBeGreaterThan(0);
  });

  it('is known by its name', () => {
    for (const name of ['a.csv', 'b/a.csv.gz', 'a.jsonl', 'a.jsonl.gz']) expect(isRecording(name)).toBe(true);
    for (const name of ['a.json', 'a.csv.zip', 'csv', 'a.csv.bak', 'a.gz']) expect(isRecording(name)).toBe(false);
  });

  it.each([
    ['CRLF line ends', CSV.replaceAll('\n', '\r\n')],
    ['a byte order mark', `\uFEFF${CSV}`],
    ['no line end at the end', CSV.trimEnd()],
    ['blank lines', CSV.replaceAll('\n', '\n\n')],
    ['spaces around the names', CSV.replace('flow,power', ' flow , power ')],
  ])('reads the same with %s', async (_, text) => {
    expect(await recorded(text)).toMatchObject({ channels: ['flow', 'power'], rows: ROWS });
  });

  it.each([
    ['a headless CSV file', 'csv', '7,1\n8,2\n'],
    ['JSON lines', 'jsonl', '{"t":7,"a":1}\n{"t":8,"a":2}\n'],
  ])('keeps a byte order mark of %s out of the first row', async (_, suffix, text) => {
    const { rows } = await recorded(`\uFEFF${text}`, { suffix });
    expect(rows).toEqual([
      { label: '7', time: 7000, values: [1] },
      { label: '8', time: 8000, values: [2] },
    ]);
  });

  it('makes up the names of a file without a header and loses no row', async () => {
    const { channels, rows } = await recorded('0,1.5,x\n1,2.5,y\n');
    expect(channels).toEqual(['column1', 'column2']);
    expect(rows.map(({ label, values }) => [label, ...values])).toEqual([
      ['0', 1.5, Number.NaN],
      ['1', 2.5, Number.NaN],
    ]);
  });

  it.each([
    ['csv', 'i,label,a,changepoint,b\n0,1,5,1,6\n'],
    ['jsonl', '{"i":0,"label":1,"a":5,"changepoint":1,"b":6}\n'],
  ])('never reads label and changepoint of %s', async (suffix, text) => {
    const { channels, rows } = await recorded(text, { suffix });
    expect(channels).toEqual(['a', 'b']);
    expect(rows[0].values).toEqual([5, 6]);
  });

  it.each(['', ' ', 'NaN', 'null', 'Infinity', '1e999', '0x10', '1 2', '"5"'])(
    'takes the cell %j for a missing value',
    async (cell) => {
      const { rows } = await recorded(`i,a,b\n0,${cell},2\n`);
      expect(rows[0].values).toEqual([Number.NaN, 2]);
    },
  );

  it('takes cells that are not there, or are null, for missing values', async () => {
    expect((await recorded('i,a,b\n0,1\n')).rows[0].values).toEqual([1, Number.NaN]);
    const { rows } = await recorded('{"i":0,"a":1,"b":2}\n{"i":1,"a":null}\n{"i":2,"a":true,"b":"7"}\n', {
      suffix: 'jsonl',
    });
    expect(rows.map(({ values }) => values)).toEqual([
      [1, 2],
      [Number.NaN, Number.NaN],
      [1, 7],
    ]);
  });

  it('spaces row numbers by the period', async () => {
    const { rows } = await recorded('i,a\n0,1\n1,1\n7,1\n', { periodMs: 300_000 });
    expect(rows.map(({ time }) => time)).toEqual([0, 300_000, 2_100_000]);
  });

  it.each([
    ['seconds', NOON / 1000],
    ['milliseconds', NOON],
    ['microseconds', NOON * 1000],
  ])('knows an epoch in %s from a row number', async (_, number) => {
    const { rows } = await recorded(`t,a\n${number},1\n`, { periodMs: 60_000 });
    expect(rows[0]).toEqual({ label: String(number), time: NOON, values: [1] });
  });

  it('copies the first column verbatim', async () => {
    const labels = ['2026-11-20T12:00:00.000Z', '2026-11-20T13:00:01+01:00', '1763640002', '+1763640003.50'];
    const { rows } = await recorded(`t,a\n${labels.map((label) => `${label},1\n`).join('')}`);
    expect(rows.map(({ label }) => label)).toEqual(labels);
  });

  it.each([
    ['csv', 'time,a\n2026-11-20T12:00:00Z,1\nyesterday,2\n', 3, '"yesterday"'],
    ['csv', '5,1\n,2\n', 2, '""'],
    ['csv.gz', 'time,a\n\n\nsensor-1,2\n', 4, '"sensor-1"'],
    ['jsonl', '{"t":1,"a":1}\n{"a":2}\n', 2, '""'],
    ['jsonl', '{"t":1,"a":1}\nnot json\n', 2, '""'],
    ['jsonl', '7\n', 1, '""'],
  ])('names file and line of a time that is none (%s %j)', async (suffix, text, line, got) => {
    const error: unknown = await recorded(text, { suffix }).catch((e: unknown) => e);
    expect(error).toMatchObject({ code: 'RECORDING_TIME' });
    expect((error as Error).message).toContain(`.${suffix}:${line}:1  expected an ISO time`);
    expect((error as Error).message).toContain(`got ${got}`);
  });

  it.each(['csv', 'csv.gz', 'jsonl'])('refuses an empty %s file', async (suffix) => {
    const error: unknown = await recorded('', { suffix }).catch((e: unknown) => e);
    expect(error).toMatchObject({ code: 'RECORDING_EMPTY' });
    expect((error as Error).message).toContain(`.${suffix}:1  expected`);
  });

  it('has no rows when there is only a header', async () => {
    expect(await recorded('timestamp,a\n')).toMatchObject({ channels: ['a'], rows: [] });
  });

  it('ends with an error, not with silence, where the file is missing or its gzip is cut off', async () => {
    await expect(openRecording(join(folder, 'nowhere.csv'), 1000)).rejects.toThrow(/nowhere\.csv/);
    const path = join(folder, 'cut.csv.gz');
    const whole = gzipSync(`i,a\n${Array.from({ length: 5000 }, (_, i) => `${i},${Math.sin(i)}\n`).join('')}`);
    await writeFile(path, whole.subarray(0, whole.length / 2));
    const read = async () => {
      let rows = 0;
      for await (const _ of (await openRecording(path, 1000)).rows) rows++;
      return rows;
    };
    await expect(read()).rejects.toThrow();
  });

  it('reads a line at a time, not the whole file', async () => {
    const path = join(folder, 'long.csv');
    await writeFile(path, `i,a\n${Array.from({ length: 200_000 }, (_, i) => `${i},1\n`).join('')}`);
    const recording = await openRecording(path, 1000);
    const rows = recording.rows[Symbol.asyncIterator]();
    await rows.next();
    expect(recording.bytesRead()).toBeLessThan(1_000_000);
    await rows.return?.();
  });
});
