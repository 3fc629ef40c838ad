/**
 * A recorded file, row by row: CSV or JSON lines, plain or gzip.
 *
 * The first column is the time: ISO (no zone = UTC), epoch (unit by magnitude), or integers below 1e8, which are row
 * numbers one period apart. Columns `label` and `changepoint` are the judge's and are never read. Every other column
 * is a channel; an empty or non-numeric cell is a missing value. Nothing looks ahead.
 */
import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { CodedError } from '../models/errors.ts';
import { DECIMAL } from './decode/decoded.ts';
import { timeOf } from './decode.ts';

const JUDGE_COLUMNS = new Set(['label', 'changepoint']);
const ROW_NUMBER_MAX = 1e8;

export interface RecordedRow {
  /** The first column, verbatim. */
  label: string;
  /** Epoch ms. */
  time: number;
  /** One value for each channel; NaN = missing. */
  values: number[];
}

export interface Recording {
  channels: string[];
  rows: AsyncIterable<RecordedRow>;
  /** Bytes of the file read so far. */
  bytesRead(): number;
}

export function isRecording(path: string): boolean {
  return /\.(csv|jsonl)(\.gz)?$/.test(path);
}

/** @throws CodedError RECORDING_EMPTY, RECORDING_TIME with file and line */
export async function openRecording(path: string, periodMs: number): Promise<Recording> {
  const file = createReadStream(path);
  const bytes: Readable = path.endsWith('.gz') ? file.pipe(createGunzip()) : file;
  file.on('error', (error) => bytes.destroy(error));
  const lines = createInterface({ input: bytes, crlfDelay: Infinity })[Symbol.asyncIterator]();
  const first = await lines.next();
  if (first.done === true)
    throw new CodedError('RECORDING_EMPTY', `${path}:1  expected a header or a row, got nothing`);
  const firstLine = first.value.replace(/^\uFEFF/, ''); // a byte order mark is no part of the first cell
  const reader = /\.jsonl(\.gz)?$/.test(path) ? new JsonRows(firstLine) : new CsvRows(firstLine);
  return {
    channels: reader.channels,
    rows: readRows(path, reader, lines, periodMs),
    bytesRead: () => file.bytesRead,
  };
}

async function* readRows(
  path: string,
  reader: CsvRows | JsonRows,
  lines: AsyncIterator<string>,
  periodMs: number,
): AsyncGenerator<RecordedRow> {
  let number = 1;
  let line: string | undefined = reader.firstRow;
  for (;;) {
    if (line !== undefined && line.trim() !== '') {
      const { label, values } = reader.read(line);
      const time = rowTime(label, periodMs);
      if (Number.isNaN(time)) {
        throw new CodedError(
          'RECORDING_TIME',
          `${path}:${number}:1  expected an ISO time, an epoch or a row number, got ${JSON.stringify(label)}`,
        );
      }
      yield { label, time, values };
    }
    const next = await lines.next();
    if (next.done === true) return;
    line = next.value;
    number++;
  }
}

function rowTime(label: string, periodMs: number): number {
  if (DECIMAL.test(label.trim())) {
    const number = Number(label);
    return number < ROW_NUMBER_MAX ? number * periodMs : timeOf(number);
  }
  return timeOf(label);
}

function valueOf(cell: unknown): number {
  if (typeof cell === 'number') return Number.isFinite(cell) ? cell : Number.NaN;
  if (typeof cell === 'boolean') return cell ? 1 : 0;
  if (typeof cell !== 'string' || !DECIMAL.test(cell.trim())) return Number.NaN;
  const value = Number(cell);
  return Number.isFinite(value) ? value : Number.NaN;
}

class CsvRows {
  readonly channels: string[];
  readonly firstRow: string | undefined;
  readonly #columns: number[];

  constructor(header: string) {
    const names = header.split(',').map((name) => name.trim());
    // A file without a header starts with its first row: names are then made up.
    const headless = names.slice(1).some((name) => DECIMAL.test(name));
    this.firstRow = headless ? header : undefined;
    this.#columns = names.map((_, i) => i).filter((i) => i > 0 && (headless || !JUDGE_COLUMNS.has(names[i])));
    this.channels = this.#columns.map((i) => (headless ? `column${i}` : names[i]));
  }

  read(line: string): { label: string; values: number[] } {
    const cells = line.split(',');
    return { label: cells[0], values: this.#columns.map((i) => valueOf(cells[i])) };
  }
}

class JsonRows {
  readonly channels: string[];
  readonly firstRow: string;
  readonly #timeKey: string;

  constructor(line: string) {
    const keys = Object.keys(parseObject(line));
    this.firstRow = line;
    this.#timeKey = keys[0] ?? '';
    this.channels = keys.slice(1).filter((key) => !JUDGE_COLUMNS.has(key));
  }

  read(line: string): { label: string; values: number[] } {
    const row = new Map(Object.entries(parseObject(line)));
    return { label: String(row.get(this.#timeKey) ?? ''), values: this.channels.map((key) => valueOf(row.get(key))) };
  }
}

/** A line that is no object reads as an empty one: all its values are missing, and its time is refused by line. */
function parseObject(line: string): object {
  try {
    const json: unknown = JSON.parse(line);
    return typeof json === 'object' && json !== null ? json : {};
  } catch {
    return {};
  }
}
