/**
 * What the demo catches, how fast, and how often it cries wolf, in virtual time; the faults are of a generator that
 * nothing was tuned to.
 *
 *   npm run bench:demo --     --seeds N     plants with faults (20), none of them looked at before
 *                             --hours N     hours with a fault for every series in 25 minutes, for each of them (1)
 *                             --days N      days of plants without faults, three days each (30)
 *                             --threads N   as many as there are cores
 *
 * A fault counts as caught within three seconds of its first second. What single series cannot show at once has no bar:
 * drift is not there at first, `correlation` leaves the series as it is on other days. `knowable_stuck` is what the
 * resolution of the sensors allows anybody to know of stuck values in that time, with alarms as rare as the budget asks.
 */
import { availableParallelism } from 'node:os';
import { Plant } from '../sensors/simulator/plant.ts';
import { KINDS, type Kind, knowable } from './demo-faults.ts';
import { runAll } from './demo-jobs.ts';
import type { Judged, Outcome, Run } from './demo-run.ts';
import type { Opened } from './demo-world.ts';
import { type Flags, positiveInteger } from './flags.ts';
import { runBench } from './report.ts';
import { figure, mean, measuredRow, type Row } from './rows.ts';
import type { Table } from './table.ts';

const OWN = { seeds: 'N', hours: 'N', days: 'N', threads: 'N' };
const QUICK_MS = 3000;
const BARRED: ReadonlySet<Kind> = new Set(['spike', 'shift', 'stuck', 'silence']);
const SHARE_BAR = 0.95;
const BUDGET_A_DAY = 1;
/** A plant of its own for so many days. */
const CLEAN_DAYS = 3;
const ALONE_SEEDS = 10;

const FIRST_STARTS = 40;

interface Plan {
  first: Run[];
  lone: Run[];
  turns: Run[];
  clean: Run[];
  noise: Run[];
  constant: Run[];
}

/** What is made of the seeds 1..n. */
function each<T>(n: number, make: (seed: number) => T): T[] {
  return Array.from({ length: n }, (_, i) => make(i + 1));
}

function planOf(flags: Flags<keyof typeof OWN>): Plan {
  const seeds = positiveInteger('seeds', flags.own.seeds ?? '20');
  const hours = positiveInteger('hours', flags.own.hours ?? '1');
  const days = positiveInteger('days', flags.own.days ?? '30');
  return {
    first: each(FIRST_STARTS, (seed) => ({ kind: 'first', seed })),
    lone: each(seeds, (seed) => ({ kind: 'lone', seed: 200 + seed })),
    turns: each(seeds, (seed) => ({ kind: 'turns', seed: 200 + seed, hours })),
    clean: each(Math.ceil(days / CLEAN_DAYS), (plant) => {
      return { kind: 'clean', seed: 300 + plant, days: Math.min(CLEAN_DAYS, days - (plant - 1) * CLEAN_DAYS) };
    }),
    noise: each(ALONE_SEEDS, (seed) => ({ kind: 'noise', seed, days: 1 })),
    constant: each(ALONE_SEEDS, (seed) => ({ kind: 'constant', seed, days: 1 })),
  };
}

const isQuick = ({ delay }: Judged): boolean => delay !== null && delay <= QUICK_MS;
const isCaught = ({ delay }: Judged): boolean => delay !== null;

function shareOf(faults: readonly Judged[], caught: (fault: Judged) => boolean): number {
  return faults.filter(caught).length / faults.length;
}

/** One row for each kind; one figure for each seed that had such faults. */
function caughtRows(prefix: string, outcomes: readonly Outcome[], barred: boolean): Row[] {
  return KINDS.map((kind) => {
    const bySeed = outcomes.map(({ faults }) => faults.filter((fault) => fault.kind === kind));
    const shares = bySeed.filter(({ length }) => length > 0).map((faults) => shareOf(faults, isQuick));
    const bar = barred && BARRED.has(kind) ? { bar: SHARE_BAR } : {};
    return measuredRow(`${prefix}_${kind}`, shares, { unit: 'in 3 s', better: 'higher', ...bar });
  });
}

function kindTable(title: string, outcomes: readonly Outcome[]): Table {
  const ofKind = Map.groupBy(
    outcomes.flatMap(({ faults }) => faults),
    ({ kind }) => kind,
  );
  const rows = [...ofKind].map(([kind, faults]) => {
    const delays = faults.flatMap(({ delay }) => (delay === null ? [] : [delay / 1000])).toSorted((a, b) => a - b);
    const at = (share: number): string => figure(delays[Math.floor(share * delays.length)] ?? null);
    return [
      kind,
      String(faults.length),
      ...[isQuick, isCaught].map((w) => figure(shareOf(faults, w))),
      at(0.5),
      at(0.9),
    ];
  });
  return { title, header: ['kind', 'faults', 'in 3 s', 'at all', 'median s', '90 % s'], rows };
}

const SIZES = [6, 7, 8, 9, 10, 12, 14, 16];

/** How many of each size are caught in time. */
function sizeTable(outcomes: readonly Outcome[]): Table {
  const faults = outcomes.flatMap((outcome) => outcome.faults);
  const rows = (['spike', 'shift'] as const).map((kind) => [
    kind,
    ...SIZES.slice(1).map((above, i) => {
      const some = faults.filter((fault) => fault.kind === kind && fault.size >= SIZES[i] && fault.size < above);
      return some.length === 0 ? '' : figure(shareOf(some, isQuick));
    }),
  ]);
  const header = ['σ', ...SIZES.slice(1).map((above, i) => `${SIZES[i]}–${above}`)];
  return { title: 'Each fault alone, in 3 s, by size', header, rows };
}

/** Which series and reasons the false alerts had. */
function falseTable(title: string, alerts: readonly Opened[]): Table {
  const groups = Map.groupBy(alerts, ({ series, reason }) => `${series} ${reason}`);
  const rows = [...groups.values()]
    .toSorted((a, b) => b.length - a.length)
    .map((group) => [group[0].series, group[0].reason, String(group.length), figure(mean(group.map((a) => a.score)))]);
  return { title, header: ['series', 'reason', 'alerts', 'mean T'], rows };
}

/** A stuck value has been repeated four times by its third second. */
function knowableStuck(): number {
  const plant = new Plant({ seed: 1 });
  return knowable(plant, 0, 7200, 1 + QUICK_MS / 1000, BUDGET_A_DAY / plant.channels.length);
}

function daysOf(run: Run): number {
  if (run.kind === 'first') return 1 / 1440;
  if (run.kind === 'lone') return 1 / 24;
  return run.kind === 'turns' ? run.hours / 24 : run.days;
}

process.exitCode = await runBench('demo', process.argv.slice(2), OWN, async (flags, progress) => {
  const plan = planOf(flags);
  const threads = positiveInteger('threads', flags.own.threads ?? String(availableParallelism()));
  const outcomes = await runAll(Object.values(plan).flat(), threads, (share) =>
    progress(`${Math.round(100 * share)} %`),
  );
  const of = (runs: readonly Run[]): Outcome[] => runs.map((run) => outcomes.get(run)!);
  const perDay = (runs: readonly Run[]): number[] =>
    runs.map((run) => outcomes.get(run)!.falseAlerts.length / daysOf(run));
  const rate = { unit: 'alerts/day', better: 'lower' } as const;
  const firsts = of(plan.first);
  const caughtAnyShare = mean(firsts.map(({ faults }) => (faults.some(isCaught) ? 1 : 0)));
  const rows: Row[] = [
    measuredRow('first_minute', [caughtAnyShare], { unit: 'of 40 starts', better: 'higher', bar: 1 }),
    ...caughtRows('caught', of(plan.lone), true),
    ...caughtRows('in_turn', of(plan.turns), false),
    measuredRow('knowable_stuck', [knowableStuck()], { unit: 'in 3 s', better: 'higher' }),
    measuredRow('false_clean', perDay(plan.clean), { ...rate, bar: BUDGET_A_DAY }),
    measuredRow('false_in_turn', perDay(plan.turns), rate),
    measuredRow(
      'false_history',
      of([...plan.lone, ...plan.clean]).map(({ historyAlerts }) => historyAlerts.length),
      { unit: 'alerts/2 h', better: 'lower' },
    ),
    measuredRow('false_constant', perDay(plan.constant), { ...rate, bar: 0 }),
    measuredRow('false_noise', perDay(plan.noise), { ...rate, bar: BUDGET_A_DAY }),
  ];
  const clean = of(plan.clean).flatMap(({ falseAlerts }) => falseAlerts);
  const tables = [
    kindTable('The first minute of the demo', firsts),
    kindTable('Each fault alone', of(plan.lone)),
    sizeTable(of(plan.lone)),
    kindTable('One fault for every series in 25 minutes', of(plan.turns)),
    ...(clean.length > 0 ? [falseTable('Alerts of plants without faults', clean)] : []),
  ];
  const shares = rows.filter(({ bar }) => bar === SHARE_BAR).map(({ id, value }) => `${id} ${figure(value)}`);
  const cleanRate = rows.find(({ id }) => id === 'false_clean')!.value;
  return { rows, tables, sentence: `Within 3 s: ${shares.join(', ')}; ${figure(cleanRate)} false alerts a day.` };
});
