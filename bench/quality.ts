/**
 * Detection quality on labelled streams of others: every stream runs through the daemon's own replay from an untrained
 * state, with the detector as it is shipped, with every control in its place, and with detectors of a few lines.
 *
 *   npm run bench:quality -- --data FOLDER    --set A,B        only these sets
 *                                             --seeds N        average over N seeds (3)
 *                                             --methods A,B    only these beside the detector
 *                                             --threads N      as many as there are cores
 *
 * Figures are of whole sets: nobody should fit a detector to one stream.
 */
import { availableParallelism } from 'node:os';
import { type Flags, positiveInteger, requireData, UsageError } from './flags.ts';
import { readSet, type Stream } from './quality/data.ts';
import { evaluate } from './quality/evaluate.ts';
import { type Job, runJobs } from './quality/jobs.ts';
import type { SetRuns } from './quality/measured.ts';
import { type Method, METHODS } from './quality/methods.ts';
import { SETS, type SetSpec } from './quality/sets.ts';
import { type Findings, runBench } from './report.ts';
import { figure } from './rows.ts';

const OWN = { set: 'A,B', seeds: 'N', methods: 'A,B', threads: 'N' };
const SEEDS = 3;

type Progress = (text: string) => void;

function chosen<T>(flag: string, text: string | undefined, known: readonly T[], nameOf: (item: T) => string): T[] {
  if (text === undefined) return [...known];
  return text.split(',').map((name) => {
    const item = known.find((candidate) => nameOf(candidate) === name);
    if (item !== undefined) return item;
    throw new UsageError(`--${flag}: expected some of ${known.map(nameOf).join()}, got "${name}"`);
  });
}

function runsOn(set: SetSpec, { id, kind, narrow }: Method): boolean {
  if (kind === 'floor') return set.floors.includes(id);
  if (kind === 'control' && set.controls?.includes(id) === false) return false;
  return set.unavailable === undefined && !(narrow === true && set.wide === true);
}

function jobsOf(folder: string, set: SetSpec, streams: readonly Stream[], method: Method, seeds: number): Job[] {
  return Array.from({ length: Math.min(seeds, method.seedsMax) }, (_, k) => k + 1).flatMap((seed) =>
    streams.map((stream) => ({
      folder,
      set: set.data ?? set.name,
      stream: stream.name,
      method: method.id,
      seed,
      ...(set.channels === undefined ? {} : { channels: set.channels }),
      ...(set.context === undefined ? {} : { context: set.context }),
      cost: method.cost * rowsOf(stream) * Math.max(1, (set.channels ?? stream.channels).length),
    })),
  );
}

function rowsOf({ labels, runAfter }: Stream): number {
  return labels.length + (runAfter?.columns[0].length ?? 0);
}

const BAR_WIDTH = 30;

function bar(share: number, { set, stream, method }: Job): string {
  const full = Math.round(share * BAR_WIDTH);
  return `[${'#'.repeat(full)}${'.'.repeat(BAR_WIDTH - full)}] ${Math.round(share * 100)} % ${method}, ${set}/${stream}`;
}

async function measure(flags: Flags<keyof typeof OWN>, progress: Progress): Promise<Findings> {
  const started = performance.now();
  const folder = requireData(flags);
  const sets = chosen('set', flags.own.set, SETS, ({ name }) => name);
  const wanted = chosen('methods', flags.own.methods, METHODS, ({ id }) => id);
  const methods = METHODS.filter((method) => method.kind === 'detector' || wanted.includes(method));
  const seeds = positiveInteger('seeds', flags.own.seeds ?? String(SEEDS));
  const threads = positiveInteger('threads', flags.own.threads ?? String(availableParallelism()));

  const runs = sets.map((set): SetRuns & { jobs: Job[] } => {
    const streams = readSet(folder, set.data ?? set.name);
    const own = methods.filter((method) => runsOn(set, method));
    return { set, streams, methods: own, jobs: own.flatMap((method) => jobsOf(folder, set, streams, method, seeds)) };
  });
  const scores = await runJobs(
    runs.flatMap(({ jobs }) => jobs),
    threads,
    (share, job) => progress(bar(share, job)),
  );
  const evaluated = runs.map((run) => {
    progress(`evaluating ${run.set.name}`);
    return evaluate(run, (method, seed) =>
      run.jobs.filter((job) => job.method === method && job.seed === seed).map((job) => scores.get(job)!),
    );
  });
  const rows = evaluated.flatMap((found) => found.rows);
  const tables = evaluated.flatMap((found) => found.tables);
  const bars = rows.filter((row) => row.bar !== null && row.skipped === undefined);
  const minutes = (performance.now() - started) / 60_000;
  const shown = bars.filter(({ id }) => SENTENCE.includes(id)).map(({ id, value }) => `${id} ${figure(value)}`);
  return {
    rows,
    tables,
    sentence: `Quality: ${shown.join(', ')}; ${bars.filter(({ pass }) => pass).length} of ${bars.length} bars reached, ${minutes.toFixed(1)} minutes.`,
  };
}

/** The figures that matter. */
const SENTENCE = [
  'nab_standard',
  'nab_error',
  'cloud_auc_pr',
  'cloud_recall',
  'telemetry_vus_pr',
  'commands_vus_pr',
  'mgab_auc_pr',
  'mgab_events',
  'asd_auc_pr',
  'smd_auc_pr',
  'tep_faulty',
  'skab_auc_roc',
  'hdfs_auc_pr',
];

process.exitCode = await runBench('quality', process.argv.slice(2), OWN, measure);
