/**
 * The Numenta Anomaly Benchmark: 29 labelled files, each run through the daemon's own replay from an untrained
 * state, the rows' `anomaly_score` held against the labels. The bar is an exponential z-score (Rule B) scored on the
 * same files in the same run.
 *
 *   npm run bench:nab -- --data FOLDER    --seeds N        average over N seeds, the first one the replay's default
 *                                         --files PATTERN  only files whose name has it, * for anything
 *                                         --scores DIR     score the CSVs a replay wrote instead of running one
 *
 * Figures are given by category and not by file: nobody should fit a detector to one file.
 */
import { replayFile } from '../src/replay.ts';
import { type Flags, positiveInteger, requireData, UsageError } from './flags.ts';
import { type NabFile, readNab, readScores } from './nab-data.ts';
import { checkRules, isPublishedSet, ruleB } from './nab-rules.ts';
import { type CountedRows, countRows, type Outcome, PROFILES, scoreAt, scoreBest } from './nab-score.ts';
import { type Findings, runBench } from './report.ts';
import { figure, mean, measuredRow, type Row, skippedRow } from './rows.ts';
import type { Table } from './table.ts';

const OWN = { seeds: 'N', files: 'PATTERN', scores: 'DIR' };

type Progress = (text: string) => void;

/** One detector on all files, scored. */
interface Run {
  rows: CountedRows;
  byCategory: Map<string, CountedRows>;
  best: Record<keyof typeof PROFILES, Outcome>;
}

function scoreRun(files: readonly NabFile[], scores: readonly Float64Array[]): Run {
  const scored = files.map((file, k) => ({ ...file, scores: scores[k] }));
  const rows = countRows(scored);
  const categories = new Set(files.map(({ category }) => category));
  return {
    rows,
    byCategory: new Map(
      [...categories].map((name) => [name, countRows(scored.filter(({ category }) => category === name))]),
    ),
    best: {
      standard: scoreBest(rows, PROFILES.standard),
      reward_low_FP_rate: scoreBest(rows, PROFILES.reward_low_FP_rate),
      reward_low_FN_rate: scoreBest(rows, PROFILES.reward_low_FN_rate),
    },
  };
}

/** Every file starts untrained, one after the other, so that none slows another down. */
async function detect(
  files: readonly NabFile[],
  seed: number | undefined,
  progress: Progress,
): Promise<Float64Array[]> {
  const scores: Float64Array[] = [];
  for (const [k, file] of files.entries()) {
    progress(`${seed === undefined ? '' : `seed ${seed}, `}file ${k + 1} of ${files.length}: ${file.name}`);
    const { anomalyScore } = await replayFile(file.path, seed === undefined ? {} : { seed });
    if (anomalyScore.length !== file.values.length)
      throw new Error(
        `${file.path}: expected ${file.values.length} scores from the replay, got ${anomalyScore.length}`,
      );
    scores.push(anomalyScore);
  }
  return scores;
}

/** The first run leaves the seed to the replay: `--seeds 1` scores what `replay` writes. Times are in µs per row. */
async function runSeeds(files: readonly NabFile[], seeds: number, progress: Progress) {
  const rows = files.reduce((sum, { values }) => sum + values.length, 0);
  const runs: Run[] = [];
  const times: number[] = [];
  for (let k = 1; k <= seeds; k++) {
    const started = performance.now();
    const scores = await detect(files, k === 1 ? undefined : k, progress);
    times.push(((performance.now() - started) * 1000) / rows);
    runs.push(scoreRun(files, scores));
  }
  return { runs, times };
}

const readRun = (files: readonly NabFile[], directory: string): Run =>
  scoreRun(
    files,
    files.map((file) => readScores(directory, file)),
  );

/** Points where a window is labelled; a set without labels has no score. */
function pointRows(runs: readonly Run[], baseline: Run): Row[] {
  return (Object.keys(PROFILES) as (keyof typeof PROFILES)[]).map((profile) => {
    const kind = { unit: 'points', better: 'higher' } as const;
    if (baseline.rows.labelledWindows === 0) return skippedRow(profile, 'no labelled window', kind);
    const points = runs.map((run) => run.best[profile].score);
    return measuredRow(profile, points, { ...kind, bar: baseline.best[profile].score });
  });
}

/** At the threshold that is best for all files together. */
function categoryTable(runs: readonly Run[], baseline: Run): Table {
  const average = (of: readonly Run[], category: string, pick: (outcome: Outcome) => number): string => {
    const figures = of.map((run) => {
      const rows = run.byCategory.get(category);
      return rows === undefined ? Number.NaN : pick(scoreAt(rows, run.best.standard.threshold, PROFILES.standard));
    });
    const value = mean(figures);
    return figure(Number.isNaN(value) ? null : value);
  };
  return {
    title: 'Standard profile by category, at the threshold of the whole set',
    header: ['category', 'score', 'z-score', 'windows', 'detected', 'false rows'],
    rows: [...baseline.byCategory].map(([category, rows]) => [
      category,
      average(runs, category, ({ score }) => score),
      average([baseline], category, ({ score }) => score),
      String(rows.countedWindows),
      average(runs, category, ({ windowsDetected }) => windowsDetected),
      average(runs, category, ({ falseRows }) => falseRows),
    ]),
  };
}

/** The scorer itself, against figures published for these very files. */
function checkTables(files: readonly NabFile[]): { rows: Row[]; tables: Table[] } {
  const checks = checkRules(files);
  const differing = checks.flatMap((check) => check.differing.map((line) => [line]));
  return {
    rows: checks.map(({ id, figures, differing }) => {
      const row = measuredRow(`check_${id}`, [differing.length], { unit: 'figures off', better: 'lower', bar: 0 });
      return { ...row, n: figures };
    }),
    tables: differing.length === 0 ? [] : [{ title: 'Check figures that differ', header: ['figure'], rows: differing }],
  };
}

function sentence(files: readonly NabFile[], rows: readonly Row[], windows: number): string {
  const value = (id: string): string => figure(rows.find((row) => row.id === id)?.value ?? null);
  const points = ['standard', 'reward_low_FP_rate', 'reward_low_FN_rate'].map((id) => {
    const row = rows.find((candidate) => candidate.id === id);
    return `${id} ${figure(row?.value ?? null)} (z-score ${figure(row?.bar ?? null)})`;
  });
  const speed = value('time_per_row');
  const found = `${value('windows_detected')} of ${windows} windows detected with ${value('false_rows')} false rows`;
  return `NAB, ${files.length} file${files.length === 1 ? '' : 's'}: ${points.join(', ')}; ${found}${speed === '–' ? '' : `, ${speed} µs per row`}.`;
}

async function measure(flags: Flags<keyof typeof OWN>, progress: Progress): Promise<Findings> {
  const { seeds, files: pattern, scores: directory } = flags.own;
  if (directory !== undefined && seeds !== undefined)
    throw new UsageError('--scores and --seeds: expected one of them; scores on disk are of one seed');
  const count = positiveInteger('seeds', seeds ?? '1');
  const files = readNab(requireData(flags), pattern);
  const { runs, times } =
    directory === undefined ? await runSeeds(files, count, progress) : { runs: [readRun(files, directory)], times: [] };
  const baseline = scoreRun(
    files,
    files.map(({ values }) => ruleB(values)),
  );
  const found = runs.map(({ best }) => best.standard.windowsDetected);
  const wrong = runs.map(({ best }) => best.standard.falseRows);
  const check = pattern === undefined && isPublishedSet(files) ? checkTables(files) : { rows: [], tables: [] };
  const rows = [
    ...pointRows(runs, baseline),
    measuredRow('windows_detected', found, { unit: 'windows', better: 'higher' }),
    measuredRow('false_rows', wrong, { unit: 'rows', better: 'lower' }),
    ...(times.length === 0 ? [] : [measuredRow('time_per_row', times, { unit: 'µs', better: 'lower' })]),
    ...check.rows,
  ];
  return {
    rows,
    tables: [categoryTable(runs, baseline), ...check.tables],
    sentence: sentence(files, rows, baseline.rows.countedWindows),
  };
}

process.exitCode = await runBench('nab', process.argv.slice(2), OWN, measure);
