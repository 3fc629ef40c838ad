/**
 * What the demo catches, how fast, and how often it cries wolf: the scoreboard of the page over many seeds and hours,
 * in virtual time.
 *
 *   npm run bench:demo --     --seeds N    seeds with faults (default 3)
 *                             --hours N    hours with faults for each seed (default 1)
 *                             --clean N    hours without faults, one seed (default 24)
 *
 * `correlation` leaves every channel normal by itself, so a detector of single series cannot see it; it is shown and
 * has no bar.
 */
import { runDemo } from './demo-run.ts';
import { positiveInteger } from './flags.ts';
import { runBench } from './report.ts';
import { figure, mean, measuredRow, type Row } from './rows.ts';
import type { FaultRecord } from '../src/protocol.ts';

const OWN = { seeds: 'N', hours: 'N', clean: 'N' };
const QUICK_MS = 3000;

const wasCaught = (fault: FaultRecord): boolean => fault.outcome === 'caught';
const delayOf = (fault: FaultRecord): number => (fault.caught_at ?? 0) - fault.started_at;

function kindRow(kind: string, faults: readonly FaultRecord[]): (string | number)[] {
  const caught = faults.filter(wasCaught);
  const delays = caught.map(delayOf);
  return [
    kind,
    String(faults.length),
    String(caught.length),
    String(delays.filter((delay) => delay <= QUICK_MS).length),
    figure(delays.length === 0 ? null : mean(delays) / 1000),
  ];
}

process.exitCode = await runBench('demo', process.argv.slice(2), OWN, async (flags, progress) => {
  const seeds = positiveInteger('seeds', flags.own.seeds ?? '3');
  const hours = positiveInteger('hours', flags.own.hours ?? '1');
  const cleanHours = positiveInteger('clean', flags.own.clean ?? '24');
  const runs = Array.from({ length: seeds }, (_, i) => {
    progress(`seed ${i + 1} of ${seeds}`);
    return runDemo({ seed: i + 1, hours, faults: true });
  });
  progress(`${cleanHours} hours without faults`);
  const clean = runDemo({ seed: seeds + 1, hours: cleanHours, faults: false });

  const shares = runs.map(({ faults }) => {
    const troubles = faults.filter(({ kind, outcome }) => kind !== 'correlation' && outcome !== 'kept_quiet');
    return troubles.filter(wasCaught).length / Math.max(1, troubles.length);
  });
  const rows: Row[] = [
    measuredRow('caught', shares, { unit: 'share', better: 'higher' }),
    measuredRow(
      'false_with_faults',
      runs.map((run) => (run.falseAlerts * 24) / hours),
      { unit: 'alerts/day', better: 'lower' },
    ),
    measuredRow('false_clean', [(clean.falseAlerts * 24) / cleanHours], { unit: 'alerts/day', better: 'lower' }),
    measuredRow(
      'false_history',
      runs.map((run) => run.historyAlerts),
      { unit: 'alerts/2 h', better: 'lower' },
    ),
  ];
  const all = runs.flatMap(({ faults }) => faults);
  const kinds = [...new Set(all.map(({ kind }) => kind))];
  const table = {
    title: 'By kind of fault',
    header: ['kind', 'injected', 'caught', 'within 3 s', 'mean delay s'],
    rows: kinds.map((kind) =>
      kindRow(
        kind,
        all.filter((fault) => fault.kind === kind),
      ).map(String),
    ),
  };
  const sentence = `Demo, ${seeds} seeds of ${hours} h: ${figure(mean(shares))} of the faults that one series can show are caught, ${figure(rows[1].value)} false alerts a day among them, ${figure(rows[2].value)} a day without faults.`;
  return { rows, tables: [table], sentence };
});
