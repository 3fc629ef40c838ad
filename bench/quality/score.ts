/** One method on one stream, from an untrained state: the daemon's own replay, or a floor. */
import { DEFAULTS } from '../../models/detector.ts';
import { nextEventHead } from '../../models/events/next-event.ts';
import { type EventReplayOptions, replayEvents } from '../../src/replay-events.ts';
import { type ReplayOptions, type ReplayResult, replayFile, type ScoredRow, warmUp } from '../../src/replay.ts';
import type { Stream } from './data.ts';
import { type ChannelFloor, differenceFloor, lagsFloor, randomFloor, rowFloor, zFloor } from './floors.ts';
import { eventFloor } from './event-floors.ts';
import type { Method } from './methods.ts';
import { mahalanobis } from './covariance.ts';
import { hotelling } from './pca.ts';

/** One number for each row; a floor has one score for all three, and no alarms. */
export interface Scores {
  level: Float64Array;
  surprise: Float64Array;
  anomaly: Float64Array;
  alarm: Uint8Array;
  /** Mean size of the forecast error over that of persistence, in the rows that count; NaN without a forecast. */
  error: number;
  seconds: number;
}

const FLOORS: Record<string, ChannelFloor> = { z: zFloor, difference: differenceFloor, lags: lagsFloor };
/** Rows that the components are fitted to, where a stream has so many before those that count. */
const PCA_ROWS = 500;

/** @param channels  what the method gets to see; all where absent */
export async function scoreStream(
  stream: Stream,
  method: Method,
  seed: number,
  channels?: readonly string[],
  context = false,
): Promise<Scores> {
  const started = performance.now();
  const scores =
    method.kind === 'floor'
      ? floorScores(stream, method.id, seed, channels)
      : stream.sessions.length > 0
        ? await sessionScores(stream, method, seed)
        : await replayScores(stream, method, seed, channels, context);
  return { ...scores, seconds: (performance.now() - started) / 1000 };
}

function floorScores(stream: Stream, id: string, seed: number, channels?: readonly string[]): Omit<Scores, 'seconds'> {
  const scores = floorOf(stream, id, seed, channels);
  const alarm = new Uint8Array(scores.length);
  return { level: scores, surprise: scores, anomaly: scores, alarm, error: Number.NaN };
}

function floorOf(
  stream: Stream,
  id: string,
  seed: number,
  channels: readonly string[] = stream.channels,
): Float64Array {
  if (id === 'random') return randomFloor(stream.labels.length, seed);
  if (stream.sessions.length > 0) return eventFloor(stream.sessions, id);
  const before = stream.runAfter?.columns;
  const columns = channels
    .map((channel) => stream.channels.indexOf(channel))
    .map((c) => (before === undefined ? stream.columns[c] : joined(before[c], stream.columns[c])));
  const rowsBefore = columns[0].length - stream.labels.length;
  const scores = manyFloor(columns, id, rowsBefore + stream.warmup) ?? rowFloor(columns, FLOORS[id]);
  return scores.slice(rowsBefore);
}

/** A floor that sees all channels together. */
function manyFloor(columns: readonly Float64Array[], id: string, warmup: number): Float64Array | undefined {
  if (id === 'pca') return pcaFloor(columns, warmup);
  return id === 'covariance' ? mahalanobis(columns) : undefined;
}

function pcaFloor(columns: readonly Float64Array[], warmup: number): Float64Array {
  const rows = Math.min(PCA_ROWS, warmup);
  return hotelling(
    columns,
    columns.map((column) => column.subarray(0, rows)),
  );
}

function joined(before: Float64Array, after: Float64Array): Float64Array {
  const both = new Float64Array(before.length + after.length);
  both.set(before);
  both.set(after, before.length);
  return both;
}

async function replayScores(
  stream: Stream,
  { learner }: Method,
  seed: number,
  channels: readonly string[] | undefined,
  context: boolean,
): Promise<Omit<Scores, 'seconds'>> {
  const beside = context ? stream.channels.filter((channel) => channels?.includes(channel) !== true) : [];
  const options: ReplayOptions = {
    context: beside,
    seed,
    periodMs: stream.periodMs,
    ...(learner === undefined ? {} : { learner }),
    ...(channels === undefined ? {} : { channels }),
  };
  const warm = stream.runAfter === undefined ? {} : { warm: await warmUp(stream.runAfter.path, options) };
  const result = await replayFile(stream.path, { ...options, ...warm });
  requireRows(stream, result.level.length);
  const { level, surprise, anomalyScore: anomaly, alarm } = result;
  return { level, surprise, anomaly, alarm, error: relativeError(result, stream.warmup) };
}

/** @param method  a control gives its cell, which learns events as the detector's does */
async function sessionScores(stream: Stream, { learner }: Method, seed: number): Promise<Omit<Scores, 'seconds'>> {
  const options: EventReplayOptions = { seed };
  if (learner !== undefined) {
    options.makeCell = (inputs, hidden) =>
      learner('lstm', inputs, hidden, nextEventHead(inputs), DEFAULTS.training).cell;
  }
  const rows: ScoredRow[] = [];
  for await (const scored of replayEvents(stream.path, options)) rows.push(...scored);
  requireRows(stream, rows.length);
  return {
    level: Float64Array.from(rows, ({ level }) => level),
    surprise: Float64Array.from(rows, ({ surprise }) => surprise),
    anomaly: Float64Array.from(rows, ({ anomalyScore }) => anomalyScore),
    alarm: Uint8Array.from(rows, ({ alarm }) => alarm),
    error: Number.NaN,
  };
}

function requireRows({ path, labels }: Stream, rows: number): void {
  if (rows !== labels.length) throw new Error(`${path}: expected ${labels.length} rows from the replay, got ${rows}`);
}

/** A row counts where there is a value before it and something was expected. */
function relativeError({ value, expected }: ReplayResult, warmup: number): number {
  let [own, persistence] = [0, 0];
  for (let t = Math.max(1, warmup); t < value.length; t++) {
    const error = Math.abs(value[t] - expected[t]);
    const step = Math.abs(value[t] - value[t - 1]);
    if (Number.isNaN(error) || Number.isNaN(step)) continue;
    own += error;
    persistence += step;
  }
  return persistence > 0 ? own / persistence : Number.NaN;
}
