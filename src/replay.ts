/**
 * A recorded file through the live path on a faster clock: the same stations, the same numbers, whatever the speed.
 *
 * Every file starts untrained (or from a copy of the state after a warm-up file) and every row is a sample. Channels of
 * a file are series of their own; a row's score is the highest of its channels.
 */
import { Subject } from 'rxjs';
import { type Batch, BATCH_ROWS_MAX, createBatch, createTick, pushRow, ROW } from '../models/batch.ts';
import { DEFAULTS, Detector, type DetectorOptions } from '../models/detector.ts';
import { CodedError } from '../models/errors.ts';
import { type Model, Registry } from '../models/registry.ts';
import type { createLearner } from '../models/training/create-learner.ts';
import { openRecording, type RecordedRow } from '../sensors/recording.ts';
import { seriesId } from '../sensors/topic.ts';
import { pipeline } from '../pipelines/pipeline.ts';

export interface ReplayOptions {
  seed?: number;
  /** Distance of two rows where the file has row numbers instead of times, ms. */
  periodMs?: number;
  detector?: Partial<DetectorOptions>;
  /** What to forecast with instead of the learner that the detector's `cell` names: for comparisons. */
  learner?: typeof createLearner;
  /** Only these channels of the file; all of them where absent. */
  channels?: readonly string[];
  localOffset?: (time: number) => number;
  /** Blocks to start from, by series id; see `warmUp`. */
  warm?: ReadonlyMap<string, Float64Array>;
  /** Rows in a batch; changes nothing but the speed. */
  batchRows?: number;
  /** Called now and then with the bytes of the file read so far. */
  onProgress?: (bytes: number) => void;
}

/** What one row came to. */
export interface ScoredRow {
  timestamp: string;
  /** Of the first channel; NaN = missing. */
  value: number;
  /** What was expected of it; NaN while nothing is known. */
  expected: number;
  anomalyScore: number;
  surprise: number;
  level: number;
  alarm: number;
}

export interface ReplayResult {
  timestamps: string[];
  value: Float64Array;
  expected: Float64Array;
  anomalyScore: Float64Array;
  surprise: Float64Array;
  level: Float64Array;
  alarm: Uint8Array;
}

/** Replays a whole file into memory. @throws CodedError for a file that is no recording */
export async function replayFile(path: string, options: ReplayOptions = {}): Promise<ReplayResult> {
  const rows: ScoredRow[] = [];
  for await (const scored of replayRows(path, options)) rows.push(...scored);
  return {
    timestamps: rows.map((row) => row.timestamp),
    value: Float64Array.from(rows, (row) => row.value),
    expected: Float64Array.from(rows, (row) => row.expected),
    anomalyScore: Float64Array.from(rows, (row) => row.anomalyScore),
    surprise: Float64Array.from(rows, (row) => row.surprise),
    level: Float64Array.from(rows, (row) => row.level),
    alarm: Uint8Array.from(rows, (row) => row.alarm),
  };
}

/** State after a file, for the `warm` of others. */
export async function warmUp(path: string, options: ReplayOptions = {}): Promise<Map<string, Float64Array>> {
  const replay = new Replay(options);
  await drain(replay.run(path));
  return replay.blocks();
}

/** Replays a file batch by batch, in constant memory. */
export function replayRows(path: string, options: ReplayOptions = {}): AsyncGenerator<ScoredRow[]> {
  return new Replay(options).run(path);
}

async function drain(rows: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of rows);
}

class Replay {
  readonly #options: ReplayOptions;
  /** As many channels as the file has: nobody outside can make up more. */
  readonly #registry = new Registry(Infinity);
  readonly #model: Model;

  constructor(options: ReplayOptions) {
    this.#options = options;
    const detector = new Detector({ ...DEFAULTS, ...options.detector }, options.learner);
    this.#model = { pipeline: 'replay', listeningSince: -Infinity, detector, seed: options.seed ?? 1 };
  }

  blocks(): Map<string, Float64Array> {
    const blocks = new Map<string, Float64Array>();
    for (const { id, memory, at, model } of this.#registry) {
      blocks.set(id, memory.slice(at, at + model.detector.size));
    }
    return blocks;
  }

  async *run(path: string): AsyncGenerator<ScoredRow[]> {
    const { periodMs = 1000, batchRows = 512, localOffset = () => 0, onProgress } = this.#options;
    const recording = await openRecording(path, periodMs);
    const columns = columnsOf(path, recording.channels, this.#options.channels);
    if (columns.length > BATCH_ROWS_MAX) {
      const got = columns.length;
      throw new CodedError('RECORDING_CHANNELS', `${path}:1  expected at most ${BATCH_ROWS_MAX} channels, got ${got}`);
    }
    const channels = columns.map((column) => this.#admit(recording.channels[column]));
    this.#model.detector.series = channels.length;
    const entries = new Subject<Batch>();
    let scored: Batch | undefined;
    const subscription = pipeline(entries, this.#registry, (_, time) => localOffset(time)).subscribe((batch) => {
      scored = batch;
    });
    const rowsMax = Math.max(1, Math.min(batchRows, Math.floor(BATCH_ROWS_MAX / Math.max(1, channels.length))));
    let pending: RecordedRow[] = [];
    const flush = (): ScoredRow[] => {
      entries.next(this.#batch(pending, columns, channels));
      const results = scoredRows(pending, scored!, columns);
      pending = [];
      return results;
    };
    let last = Number.NaN;
    let shortest = Infinity;
    for await (const row of recording.rows) {
      const gap = row.time - last;
      // The clock ticks through the recording as well: a silence shows before the row that ends it.
      if (gap > 2 * shortest) {
        if (pending.length > 0) yield flush();
        entries.next(createTick(row.time - 1));
      }
      if (gap > 0 && gap < shortest) shortest = gap;
      last = row.time;
      pending.push(row);
      if (pending.length >= rowsMax) {
        yield flush();
        onProgress?.(recording.bytesRead());
      }
    }
    if (pending.length > 0) yield flush();
    subscription.unsubscribe();
    onProgress?.(recording.bytesRead());
  }

  #admit(channel: string): number {
    const source = `replay/${channel}`;
    const track = this.#registry.admit(seriesId(source), source, this.#model)!;
    const warm = this.#options.warm?.get(track.id);
    if (warm !== undefined) track.memory.set(warm, track.at);
    return track.index;
  }

  #batch(rows: readonly RecordedRow[], columns: readonly number[], channels: readonly number[]): Batch {
    const batch = createBatch(rows.length * channels.length);
    for (const { time, values } of rows) {
      for (let c = 0; c < channels.length; c++) {
        pushRow(batch, channels[c], time, time, values[columns[c]], ROW.recorded);
      }
    }
    return batch;
  }
}

/** @throws CodedError RECORDING_CHANNEL for a wanted channel that the file does not have */
function columnsOf(path: string, channels: readonly string[], wanted: readonly string[] | undefined): number[] {
  if (wanted === undefined) return channels.map((_, column) => column);
  return wanted.map((channel) => {
    const column = channels.indexOf(channel);
    if (column >= 0) return column;
    throw new CodedError('RECORDING_CHANNEL', `${path}:1  expected a channel "${channel}", got ${channels.join()}`);
  });
}

/** One result for each recorded row: the highest over its channels. */
function scoredRows(rows: readonly RecordedRow[], batch: Batch, columns: readonly number[]): ScoredRow[] {
  const channels = columns.length;
  return rows.map(({ label, values }, i) => {
    const result = {
      timestamp: label,
      value: values[columns[0]] ?? Number.NaN,
      expected: batch.expected[i * channels] ?? Number.NaN,
      anomalyScore: 0,
      surprise: 0,
      level: 0,
      alarm: 0,
    };
    for (let row = i * channels; row < (i + 1) * channels; row++) {
      result.anomalyScore = Math.max(result.anomalyScore, batch.anomaly[row]);
      result.surprise = Math.max(result.surprise, batch.surprise[row]);
      result.level = Math.max(result.level, batch.level[row]);
      result.alarm = Math.max(result.alarm, batch.alarm[row]);
    }
    return result;
  });
}
