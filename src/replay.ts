/**
 * A recorded file through the live path on a faster clock: the same stations, the same numbers, whatever the speed.
 *
 * Every file starts untrained (or from a copy of the state after a warm-up file) and every row is a sample. One channel is
 * a series; several are a group, with one joint model, or, where that is asked for, series of their own, and a row's score
 * is then the highest of them.
 */
import { Subject } from 'rxjs';
import { type Batch, BATCH_ROWS_MAX, createBatch, createTick, pushRow, ROW } from '../models/batch.ts';
import { DEFAULTS, Detector, type DetectorOptions } from '../models/detector.ts';
import { CodedError } from '../models/errors.ts';
import { GROUP_DEFAULTS, GroupDetector, type GroupOptions } from '../models/group/group-detector.ts';
import { type Model, Registry } from '../models/registry.ts';
import type { TrackDetector } from '../models/track-detector.ts';
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
  /** Channels that are inputs and are not watched. */
  context?: readonly string[];
  /** The same by their sources, for whichever of them a file has: a channel is called as the source, or its last levels. */
  contextSources?: readonly string[];
  /** Several channels are series of their own. */
  apart?: boolean;
  /** Of the joint model. */
  group?: Partial<GroupOptions>;
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

  constructor(options: ReplayOptions) {
    this.#options = options;
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
    const columns = columnsOf(path, recording.channels, this.#options);
    if (columns.all.length > BATCH_ROWS_MAX) {
      const got = columns.all.length;
      throw new CodedError('RECORDING_CHANNELS', `${path}:1  expected at most ${BATCH_ROWS_MAX} channels, got ${got}`);
    }
    const isGroup = columns.watched > 1 && this.#options.apart !== true;
    const tracks = isGroup
      ? [this.#admitGroup(recording.channels, columns)]
      : this.#admitAll(recording.channels, columns);
    const entries = new Subject<Batch>();
    let scored: Batch | undefined;
    const subscription = pipeline(entries, this.#registry, (_, time) => localOffset(time)).subscribe((batch) => {
      scored = batch;
    });
    const rowsMax = Math.max(1, Math.min(batchRows, Math.floor(BATCH_ROWS_MAX / Math.max(1, tracks.length))));
    let pending: RecordedRow[] = [];
    const flush = (): ScoredRow[] => {
      entries.next(batchOf(pending, columns, tracks));
      const results = scoredRows(pending, scored!, columns.all[0], tracks.length);
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

  /** Every watched channel a series. */
  #admitAll(names: readonly string[], { all, watched }: Columns): number[] {
    const context = all.length - watched;
    // A recording has no siblings to share weights with.
    const options = { ...DEFAULTS, ...this.#options.detector, context, shared: false };
    const detector = new Detector(options, this.#options.learner);
    detector.series = watched;
    return all.slice(0, watched).map((column) => this.#admit(`replay/${names[column]}`, detector));
  }

  /** All channels together. */
  #admitGroup(recorded: readonly string[], { watched, all }: Columns): number {
    const names = all.map((column) => recorded[column]);
    const { cell, season, budgetPerDay, rules } = { ...DEFAULTS, ...this.#options.detector };
    const shared = { cell, season, budgetPerDay, rules };
    const shape = { channels: watched, context: all.length - watched };
    return this.#admit(
      `replay/${[names.length, watched, ...names].join('/')}`,
      new GroupDetector({ ...GROUP_DEFAULTS, ...shared, ...shape, ...this.#options.group }, this.#options.learner),
    );
  }

  #admit(source: string, detector: TrackDetector): number {
    const model: Model = { pipeline: 'replay', listeningSince: -Infinity, detector, seed: this.#options.seed ?? 1 };
    const track = this.#registry.admit(seriesId(source), source, model)!;
    const { warm } = this.#options;
    const block = warm?.get(track.id);
    if (block?.length === detector.size) track.memory.set(block, track.at);
    else if (warm !== undefined) {
      const message = 'expected the channels that the file of the warm-up has, in the same order';
      throw new CodedError('WARM_CHANNELS', `${source}: ${message}`);
    }
    return track.index;
  }
}

/** A row for each track: one for a group, with all its values; else one for each channel, with its context. */
function batchOf(rows: readonly RecordedRow[], { all, watched }: Columns, tracks: readonly number[]): Batch {
  const batch = createBatch(rows.length * tracks.length);
  const isGroup = tracks.length < watched;
  const beside = isGroup ? all : all.slice(watched);
  for (const { time, values } of rows) {
    for (const [k, track] of tracks.entries()) {
      if (beside.length > 0) batch.members[batch.length] = Float64Array.from(beside, (column) => values[column]);
      pushRow(batch, track, time, time, isGroup ? Number.NaN : values[all[k]], ROW.recorded);
    }
  }
  return batch;
}

interface Columns {
  /** The watched ones first, context after them. */
  all: number[];
  watched: number;
}

/** @throws CodedError RECORDING_CHANNEL for a wanted channel that the file does not have */
function columnsOf(path: string, channels: readonly string[], options: ReplayOptions): Columns {
  const { contextSources = [], context = channels.filter((channel) => isOneOf(contextSources, channel)) } = options;
  const wanted = options.channels ?? channels.filter((channel) => !context.includes(channel));
  const all = [...wanted, ...context].map((channel) => {
    const column = channels.indexOf(channel);
    if (column >= 0) return column;
    throw new CodedError('RECORDING_CHANNEL', `${path}:1  expected a channel "${channel}", got ${channels.join()}`);
  });
  if (wanted.length > 0 || context.length === 0) return { all, watched: wanted.length };
  throw new CodedError('RECORDING_CHANNEL', `${path}:1  expected a channel beside those that are context, got none`);
}

function isOneOf(sources: readonly string[], channel: string): boolean {
  return sources.some((source) => source === channel || source.endsWith(`/${channel}`));
}

/** One result for each recorded row: the highest over its tracks. */
function scoredRows(rows: readonly RecordedRow[], batch: Batch, first: number, tracks: number): ScoredRow[] {
  return rows.map(({ label, values }, i) => {
    const result = {
      timestamp: label,
      value: values[first] ?? Number.NaN,
      expected: batch.expected[i * tracks] ?? Number.NaN,
      anomalyScore: 0,
      surprise: 0,
      level: 0,
      alarm: 0,
    };
    for (let row = i * tracks; row < (i + 1) * tracks; row++) {
      result.anomalyScore = Math.max(result.anomalyScore, batch.anomaly[row]);
      result.surprise = Math.max(result.surprise, batch.surprise[row]);
      result.level = Math.max(result.level, batch.level[row]);
      result.alarm = Math.max(result.alarm, batch.alarm[row]);
    }
    return result;
  });
}
