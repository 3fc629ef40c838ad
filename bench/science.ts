/**
 * What the recurrent cells and their trainers can learn, beside the figures that are expected of them.
 *
 *   npm run bench:science --     --seeds N        runs of each experiment (default: 1 to 5, by their length)
 *                                --only PATTERN   experiments whose id has it, * for anything
 *                                --long           the long ones too; they also run when --only asks for them
 *
 * A training that had not learned when it reached its limit counts as twice the limit. Where the reference says never,
 * that is what is wanted. The ratio of times wants a machine that does nothing else.
 */
import { UsageError, positiveInteger } from './flags.ts';
import { runBench } from './report.ts';
import { measure, type Experiment } from './science/experiment.ts';
import { forecastExperiments } from './science/forecast-experiments.ts';
import { limitExperiments } from './science/limit-experiments.ts';
import { memoryExperiments } from './science/memory-experiments.ts';
import { sequenceExperiments } from './science/sequence-experiments.ts';
import { shortfalls } from './rows.ts';

const OWN = { seeds: 'N', only: 'PATTERN' };

const args = process.argv.slice(2);
const withLong = args.includes('--long');

function choose(pattern: string | undefined): Experiment[] {
  const all = [...sequenceExperiments(), ...memoryExperiments(), ...forecastExperiments(), ...limitExperiments()];
  if (pattern === undefined) return all.filter(({ long }) => withLong || long !== true);
  const parts = pattern.split('*');
  const chosen = all.filter(({ id }) => holds(id, parts));
  if (chosen.length === 0)
    throw new UsageError(`--only ${pattern}: expected a part of ${all.map(({ id }) => id).join(', ')}`);
  return chosen;
}

/** All parts, one after the other. */
function holds(id: string, parts: readonly string[]): boolean {
  let from = 0;
  return parts.every((part) => {
    const at = id.indexOf(part, from);
    from = at + part.length;
    return at >= 0;
  });
}

process.exitCode = await runBench(
  'science',
  args.filter((arg) => arg !== '--long'),
  OWN,
  (flags, progress) => {
    const experiments = choose(flags.own.only);
    const seeds = flags.own.seeds === undefined ? undefined : positiveInteger('seeds', flags.own.seeds);
    const measured = experiments.map((experiment, k) => {
      progress(`${k + 1} of ${experiments.length}: ${experiment.setting}`);
      return measure(experiment, seeds ?? experiment.seeds, () => performance.now());
    });
    const rows = measured.map(({ row }) => row);
    const barred = rows.filter(({ bar }) => bar !== null);
    const short = shortfalls(rows, false);
    return Promise.resolve({
      rows,
      tables: [
        {
          title: 'Beside the reference',
          header: ['id', 'setting', 'got', 'reference', 's'],
          rows: experiments.map(({ id, setting, reference }, k) => {
            const { got, seconds } = measured[k];
            return [id, setting, got.join(' '), reference, seconds.toFixed(1)];
          }),
        },
      ],
      sentence: `Science: ${barred.length - short.length} of ${barred.length} bars reached${short.map((line) => `; ${line}`).join('')}.`,
    });
  },
);
