/**
 * A recorded file of event sessions through an event detector: a row is a session, its column `events` the names of its
 * events, separated by spaces.
 *
 * Every file starts untrained (or from a copy of the state after a warm-up file), every session from rest. Level and
 * surprise of a row are the highest of the session, its end included. The first column is copied and means nothing: it
 * may be a time or a name. A row without events is a missing one. Nothing looks ahead, and memory stays the same
 * however many rows there are.
 */
import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { CodedError } from '../models/errors.ts';
import {
  createEventReading,
  EVENT_DEFAULTS,
  EventDetector,
  type EventOptions,
} from '../models/events/event-detector.ts';
import { symbolOf } from '../models/events/symbol.ts';
import type { ScoredRow } from './replay.ts';

export interface EventReplayOptions {
  seed?: number;
  detector?: Partial<EventOptions>;
  /** What to forecast with instead of the LSTM: for comparisons. */
  makeCell?: ConstructorParameters<typeof EventDetector>[1];
  /** Block to start from; see `warmUpEvents`. */
  warm?: Float64Array;
  /** Called now and then with the bytes of the file read so far. */
  onProgress?: (bytes: number) => void;
}

const EVENTS = 'events';
const BATCH_ROWS = 256;

/** Replays a file in constant memory. @throws CodedError for a file without sessions */
export function replayEvents(path: string, options: EventReplayOptions = {}): AsyncGenerator<ScoredRow[]> {
  return new EventReplay(options).run(path);
}

/** State after a file, for the `warm` of others. */
export async function warmUpEvents(path: string, options: EventReplayOptions = {}): Promise<Float64Array> {
  const replay = new EventReplay(options);
  for await (const _ of replay.run(path));
  return replay.block;
}

class EventReplay {
  readonly block: Float64Array;
  readonly #detector: EventDetector;
  readonly #reading = createEventReading();
  readonly #onProgress: ((bytes: number) => void) | undefined;

  constructor({ seed = 1, detector, makeCell, warm, onProgress }: EventReplayOptions) {
    this.#detector = new EventDetector({ ...EVENT_DEFAULTS, ...detector, sessions: true }, makeCell);
    this.block = new Float64Array(this.#detector.size);
    this.#detector.initialise(this.block, 0, seed);
    if (warm !== undefined) this.block.set(warm);
    this.#onProgress = onProgress;
  }

  async *run(path: string): AsyncGenerator<ScoredRow[]> {
    const file = createReadStream(path);
    const bytes: Readable = path.endsWith('.gz') ? file.pipe(createGunzip()) : file;
    file.on('error', (error) => bytes.destroy(error));
    let rows: ScoredRow[] = [];
    try {
      for await (const { label, events } of sessionsOf(path, createInterface({ input: bytes, crlfDelay: Infinity }))) {
        rows.push(this.#score(label, events));
        if (rows.length < BATCH_ROWS) continue;
        yield rows;
        rows = [];
        this.#onProgress?.(file.bytesRead);
      }
      if (rows.length > 0) yield rows;
      this.#onProgress?.(file.bytesRead);
    } finally {
      file.destroy();
      bytes.destroy();
    }
  }

  #score(timestamp: string, events: string): ScoredRow {
    const { block } = this;
    const reading = this.#reading;
    const row = { timestamp, value: 0, expected: Number.NaN, anomalyScore: 0, surprise: 0, level: 0, alarm: 0 };
    let opens = false;
    const take = () => {
      opens ||= reading.opens;
      row.surprise = Math.max(row.surprise, reading.surprise);
      row.level = Math.max(row.level, reading.level);
      if (reading.alarm) row.alarm = 1;
    };
    for (const [name] of events.matchAll(/\S+/g)) {
      this.#detector.step(block, 0, symbolOf(name), reading);
      row.value += 1; // what is drawn of a session is how many events it had
      take();
    }
    if (row.value === 0) return { ...row, value: Number.NaN };
    this.#detector.end(block, 0, reading);
    take();
    if (opens) row.anomalyScore = row.level;
    return row;
  }
}

interface Session {
  /** The first column, verbatim. */
  label: string;
  events: string;
}

async function* sessionsOf(path: string, lines: AsyncIterable<string>): AsyncGenerator<Session> {
  let read: ((line: string) => Session) | undefined;
  for await (const line of lines) {
    if (line.trim() === '' && read !== undefined) continue;
    if (read !== undefined) yield read(line);
    else if (/\.jsonl(\.gz)?$/.test(path)) {
      requireEvents(path, Object.keys(objectOf(line)));
      read = jsonSession;
      yield read(line);
    } else read = csvReader(path, line.replace(/^\uFEFF/, '')); // a byte order mark is no part of the first cell
  }
  if (read === undefined) throw new CodedError('RECORDING_EMPTY', `${path}:1  expected a header or a row, got nothing`);
}

function csvReader(path: string, header: string): (line: string) => Session {
  const names = header.split(',').map((name) => name.trim());
  requireEvents(path, names);
  const column = names.indexOf(EVENTS, 1);
  return (line) => {
    const cells = line.split(',');
    return { label: cells[0], events: cells[column] ?? '' };
  };
}

/** @throws CodedError RECORDING_EVENTS unless there is such a column after the first */
function requireEvents(path: string, names: readonly string[]): void {
  if (names.includes(EVENTS, 1)) return;
  throw new CodedError('RECORDING_EVENTS', `${path}:1  expected a column "${EVENTS}", got ${names.join()}`);
}

function jsonSession(line: string): Session {
  const json = objectOf(line);
  const events = json[EVENTS];
  // A label ends up in a file of comma-separated lines.
  const label = textOf(Object.values(json)[0]).replaceAll(/[\r\n,]/g, ' ');
  return { label, events: Array.isArray(events) ? events.map(textOf).join(' ') : textOf(events) };
}

function textOf(cell: unknown): string {
  return typeof cell === 'string' || typeof cell === 'number' ? String(cell) : '';
}

/** A line that is no object reads as an empty one: its session is missing. */
function objectOf(line: string): Record<string, unknown> {
  try {
    const json: unknown = JSON.parse(line);
    return typeof json === 'object' && json !== null ? { ...json } : {};
  } catch {
    return {};
  }
}
