/**
 * The labelled streams that detection is measured on, all sets alike.
 *
 *   FOLDER/<set>/manifest.json      {"streams": [{file, warmupRows, periodSeconds, runAfter?, …}]}
 *   FOLDER/<set>/<stream>.csv.gz    timestamp, channels…, label [, changepoint]; an empty cell is a missing value
 *   FOLDER/nab                      in its own format, see nab-data.ts
 *
 * The judge's columns stay here: a detector is handed the file's path and never the labels.
 */
import { existsSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { UsageError } from '../flags.ts';
import { type NabFile, readNab } from '../nab-data.ts';

export interface Stretch {
  /** First and last row, both in it. */
  first: number;
  last: number;
}

export interface Stream {
  name: string;
  path: string;
  /** What the first column is: times, or row numbers. */
  timestamps: string[];
  channels: string[];
  /** One column for each channel; NaN = missing. Of a set of event sessions none. */
  columns: Float64Array[];
  /** The sessions of a set of events. */
  sessions: string[];
  /** 1 = anomalous. */
  labels: Uint8Array;
  /** Rows at the start that never count. */
  warmup: number;
  /** Labelled stretches in the rows that count. */
  stretches: Stretch[];
  periodMs: number;
  /** What the detector has been through before, with its state kept. */
  runAfter?: { path: string; columns: Float64Array[] };
  /** NAB alone: first and last timestamp of each window. */
  windows: [first: string, last: string][];
}

interface Entry {
  file: string;
  warmupRows: number;
  periodSeconds?: number;
  runAfter?: string;
}

const JUDGE_COLUMNS = new Set(['label', 'changepoint']);
const EVENTS = 'events';

/** All streams of a set, in the order of its manifest. @throws UsageError where there is no such set */
export function readSet(folder: string, set: string): Stream[] {
  if (set === 'nab') return readNab(join(folder, set)).map(nabStream);
  return entries(folder, set).map((entry) => readStream(folder, set, entry));
}

/** One stream of a set by its name. */
export function readOne(folder: string, set: string, name: string): Stream {
  if (set === 'nab') return nabStream(readNab(join(folder, set), name).find((file) => file.name === name)!);
  const entry = entries(folder, set).find(({ file }) => nameOf(file) === name);
  if (entry === undefined) throw new UsageError(`--data ${folder}: expected a stream ${set}/${name}, got none`);
  return readStream(folder, set, entry);
}

/** Runs of labelled rows from row `from` on. */
export function stretchesOf(labels: Uint8Array, from: number): Stretch[] {
  const stretches: Stretch[] = [];
  for (let row = from; row < labels.length; row++) {
    if (labels[row] === 0) continue;
    if (row === from || labels[row - 1] === 0) stretches.push({ first: row, last: row });
    stretches.at(-1)!.last = row;
  }
  return stretches;
}

function entries(folder: string, set: string): Entry[] {
  const manifest = join(folder, set, 'manifest.json');
  if (!existsSync(manifest)) throw new UsageError(`--data ${folder}: expected a set in ${manifest}, got none`);
  return (JSON.parse(readFileSync(manifest, 'utf8')) as { streams: Entry[] }).streams;
}

function nameOf(file: string): string {
  return basename(file).replace(/\.csv(\.gz)?$/, '');
}

function readStream(folder: string, set: string, entry: Entry): Stream {
  const path = join(folder, set, entry.file);
  const bytes = readFileSync(path);
  const text = (path.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8').trimEnd();
  const [header, ...lines] = text.split(/\r?\n/);
  const names = header.split(',');
  const label = names.indexOf('label');
  if (label < 0) throw new Error(`${path}:1  expected a column "label", got "${header}"`);
  const rows = lines.map((line) => line.split(','));
  const events = names.indexOf(EVENTS);
  const channels = names.flatMap((name, c) => (c === 0 || c === events || JUDGE_COLUMNS.has(name) ? [] : [c]));
  const labels = Uint8Array.from(rows, (row) => (Number(row[label]) > 0 ? 1 : 0));
  return {
    name: nameOf(entry.file),
    path,
    timestamps: rows.map((row) => row[0]),
    channels: channels.map((c) => names[c]),
    columns: channels.map((c) => Float64Array.from(rows, (row) => numberOf(row[c]))),
    sessions: events < 0 ? [] : rows.map((row) => row[events]),
    labels,
    warmup: entry.warmupRows,
    stretches: stretchesOf(labels, entry.warmupRows),
    periodMs: (entry.periodSeconds ?? 1) * 1000,
    ...(entry.runAfter === undefined
      ? {}
      : { runAfter: readStream(folder, set, { file: entry.runAfter, warmupRows: 0 }) }),
    windows: [],
  };
}

function numberOf(cell: string | undefined): number {
  return cell === undefined || cell.trim() === '' ? Number.NaN : Number(cell);
}

function nabStream({ name, path, timestamps, values, windows }: NabFile): Stream {
  const labels = new Uint8Array(timestamps.length);
  for (const [first, last] of windows) labels.fill(1, timestamps.indexOf(first), timestamps.indexOf(last) + 1);
  const warmup = Math.min(Math.floor(0.15 * timestamps.length), 750);
  return {
    name,
    path,
    timestamps,
    channels: ['value'],
    columns: [values],
    sessions: [],
    labels,
    warmup,
    stretches: stretchesOf(labels, warmup),
    periodMs: usualGap(timestamps),
    windows,
  };
}

/** The median gap of times, ms. */
function usualGap(timestamps: readonly string[]): number {
  const times = timestamps.map((text) => Date.parse(`${text.replace(' ', 'T')}Z`));
  const gaps = times.slice(1).map((time, k) => time - times[k]);
  return gaps.sort((a, b) => a - b)[gaps.length >> 1];
}
