/** `replay INPUT`: recorded files through the live path, scores to files. */
import { createWriteStream, existsSync, statSync } from 'node:fs';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { finished } from 'node:stream/promises';
import { once } from 'node:events';
import { CodedError } from '../../models/errors.ts';
import { isRecording } from '../../sensors/recording.ts';
import { type CommandLine, usage } from '../cli.ts';
import { expand } from '../config/expand.ts';
import { parseDuration } from '../config/units.ts';
import { detectorOptions } from '../detector-options.ts';
import { progressBar } from '../progress-bar.ts';
import { replayEvents, warmUpEvents } from '../replay-events.ts';
import { replayRows, type ReplayOptions, type ScoredRow, warmUp } from '../replay.ts';
import { Chart, reportPage } from '../report.ts';
import { localOffsetOf } from '../timezone.ts';
import { readConfiguration } from './configuration.ts';

const HEADER = 'timestamp,anomaly_score,surprise,level,alarm\n';

interface FileSummary {
  file: string;
  rows: number;
  alarms: number;
}

/** A file to the scores of its rows. */
type Replayer = (path: string, onProgress: (bytes: number) => void) => AsyncIterable<ScoredRow[]>;

export async function replay(line: CommandLine): Promise<number> {
  const [input, ...rest] = line.positionals;
  if (input === undefined || rest.length > 0) throw usage('replay: expected one INPUT, a file or a folder');
  const { scores, report, json } = line.options;
  if (report !== undefined && !existsSync(dirname(report))) {
    throw usage(`--report: expected a file in a folder that exists, got ${JSON.stringify(report)}`);
  }
  const options = await replayOptions(line);
  const files = await recordingsOf(input);
  const targets = scores === undefined ? undefined : targetsOf(files, scores);
  const replayer = await replayerOf(line, options);
  const total = files.reduce((sum, { path }) => sum + statSync(path).size, 0);
  const bar = progressBar(total, process.stderr);
  const summaries: FileSummary[] = [];
  const charts: Chart[] = [];
  let before = 0;
  for (const { path, name } of files) {
    const chart = report === undefined ? undefined : new Chart(name);
    const target = targets?.get(path);
    const from = before;
    const rows = replayer(path, (bytes) => bar.update(from + bytes, name));
    before += statSync(path).size;
    try {
      summaries.push({ file: name, ...(await writeScores(rows, target, chart)) });
      if (chart !== undefined) charts.push(chart);
    } catch (error) {
      // One bad file of a folder is said and left out; the others are still wanted.
      bar.end();
      process.stderr.write(`tidewatch: ${worldTrouble(error).message}\n`);
    }
  }
  bar.end();
  if (report !== undefined) await writeFile(report, reportPage(input, charts));
  process.stdout.write(json === true ? `${JSON.stringify({ files: summaries })}\n` : table(summaries));
  return summaries.length === files.length ? 0 : 1;
}

/** Trouble with a file or folder, in a sentence. @throws what is a mistake of ours */
function worldTrouble(error: unknown): CodedError {
  if (error instanceof CodedError) return error;
  if (error instanceof Error && 'syscall' in error) return new CodedError('REPLAY_IO', error.message, { cause: error });
  if (error instanceof Error && 'code' in error && String(error.code).startsWith('Z_')) {
    return new CodedError('REPLAY_IO', `not a gzip file: ${error.message}`, { cause: error });
  }
  throw error;
}

async function writeScores(
  scoredRows: AsyncIterable<ScoredRow[]>,
  target: string | undefined,
  chart: Chart | undefined,
): Promise<{ rows: number; alarms: number }> {
  let rows = 0;
  let alarms = 0;
  if (target !== undefined) await mkdir(dirname(target), { recursive: true });
  const out = target === undefined ? undefined : createWriteStream(target);
  out?.write(HEADER);
  for await (const scored of scoredRows) {
    rows += scored.length;
    for (const row of scored) alarms += row.alarm;
    chart?.push(scored);
    const text = scored.map((r) => `${r.timestamp},${r.anomalyScore},${r.surprise},${r.level},${r.alarm}\n`).join('');
    if (out?.write(text) === false) await once(out, 'drain');
  }
  if (out !== undefined) {
    out.end();
    await finished(out);
  }
  return { rows, alarms };
}

async function replayerOf({ options: { kind, warm } }: CommandLine, options: ReplayOptions): Promise<Replayer> {
  if (kind === 'events') {
    const events = options.seed === undefined ? {} : { seed: options.seed };
    const after = warm === undefined ? {} : { warm: await warmUpEvents(warm, events) };
    return (path, onProgress) => replayEvents(path, { ...events, ...after, onProgress });
  }
  const after = warm === undefined ? {} : { warm: await warmUp(warm, options) };
  return (path, onProgress) => replayRows(path, { ...options, ...after, onProgress });
}

async function replayOptions(line: CommandLine): Promise<ReplayOptions> {
  const { period, kind, seed, config: file } = line.options;
  if (kind !== undefined && kind !== 'values' && kind !== 'events')
    throw usage(`--kind: expected values or events, got ${JSON.stringify(kind)}`);
  const periodMs = period === undefined ? 1000 : parseDuration(period);
  if (periodMs === undefined || periodMs === 0)
    throw usage(`--period: expected a duration such as 5m, got ${JSON.stringify(period)}`);
  if (seed !== undefined && !/^\d{1,9}$/.test(seed))
    throw usage(`--seed: expected a whole number, got ${JSON.stringify(seed)}`);
  const options: ReplayOptions = { periodMs };
  if (file !== undefined) {
    // The first pipeline of the file is how its streams are watched.
    const [pipeline] = expand((await readConfiguration(line)).config).pipelines.values();
    if (pipeline !== undefined) {
      options.detector = detectorOptions(pipeline);
      options.contextSources = pipeline.context;
      options.localOffset = localOffsetOf(pipeline.timezone);
      options.seed = pipeline.seed;
    }
  }
  if (seed !== undefined) options.seed = Number(seed);
  return options;
}

/** The recordings of an input in a stable order, each with its path below it. */
async function recordingsOf(input: string): Promise<{ path: string; name: string }[]> {
  const stat = statSync(input, { throwIfNoEntry: false });
  if (stat === undefined) throw usage(`replay: no such file or folder: ${input}`);
  if (stat.isFile()) return [{ path: input, name: basename(input) }];
  const entries = await readdir(input, { recursive: true, withFileTypes: true });
  const files = entries
    .filter((entry) => entry.isFile() && isRecording(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort()
    .map((path) => ({ path, name: relative(input, path) }));
  if (files.length === 0)
    throw new CodedError('REPLAY_EMPTY', `${input}: expected *.csv, *.csv.gz, *.jsonl or *.jsonl.gz, found none`);
  return files;
}

/** Where the scores of each file go. @throws CodedError USAGE where that is a recording, or the same for two */
function targetsOf(files: readonly { path: string; name: string }[], scores: string): Map<string, string> {
  const targets = new Map<string, string>();
  const taken = new Set(files.map(({ path }) => resolve(path)));
  for (const { path, name } of files) {
    const target = join(scores, scoresName(name));
    if (taken.has(resolve(target))) throw usage(`--scores: the scores of ${path} would overwrite ${target}`);
    taken.add(resolve(target));
    targets.set(path, target);
  }
  return targets;
}

function scoresName(name: string): string {
  return `${name.replace(/\.gz$/, '').replace(/\.(csv|jsonl)$/, '')}.csv`;
}

function table(summaries: readonly FileSummary[]): string {
  const width = Math.max(4, ...summaries.map(({ file }) => file.length));
  const row = (file: string, rows: string, alarms: string) =>
    `${file.padEnd(width)}  ${rows.padStart(8)}  ${alarms.padStart(6)}\n`;
  return row('file', 'rows', 'alarms') + summaries.map((s) => row(s.file, String(s.rows), String(s.alarms))).join('');
}
