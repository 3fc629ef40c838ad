/**
 * Whether the signature of an alert finds past incidents of its kind, on simulated series with faults put in.
 *
 *   npm run bench:signatures --     --seeds N    plants of four series each (20)
 *
 * One figure a seed: of the faults after the first twelve, the share whose nearest earlier signature, of any of the
 * four series, is of the same kind; chance is a fifth.
 *
 *   nearest_right    the window begins with the fault, as if every fault were caught at once
 *   nearest_caught   of alerts that opened during the fault, by the signature that they carry
 *   named_caught     of those that name anything at all, as the daemon does (src/similar.ts): how many of it are right
 *   nearest_six      as nearest_right with stuck values as a sixth kind, which have a reason of their own
 */
import { SIGNATURE_FAULTS, type Incident, watch } from './signature-world.ts';
import { positiveInteger } from './flags.ts';
import { cosine } from '../models/matching.ts';
import { COSINE_MIN } from '../src/similar.ts';
import { runBench } from './report.ts';
import { figure, mean, measuredRow, type RowKind } from './rows.ts';
import type { Table } from './table.ts';

const BAR = 0.9;
/** A fault is judged once there have been so many. */
const FIRST = 12;
const BOUNDS = [0.9, 0.95, 0.97, 0.98, 0.99];
const NUMBERS = 6;

interface Match {
  kind: string;
  nearest: string;
  cosine: number;
}

/** Each incident after the first twelve with the nearest before it, of those that have a signature. */
function matchesOf(incidents: readonly Incident[], signatureOf: (incident: Incident) => readonly number[]): Match[] {
  const signed = incidents.filter((incident) => signatureOf(incident).length === NUMBERS);
  return signed.slice(FIRST).map((incident, i) => {
    const match: Match = { kind: incident.kind, nearest: '', cosine: -Infinity };
    for (const past of signed.slice(0, FIRST + i)) {
      const pair = Float64Array.from([...signatureOf(incident), ...signatureOf(past)]);
      const near = cosine(pair, 0, NUMBERS, NUMBERS);
      if (near > match.cosine) Object.assign(match, { nearest: past.kind, cosine: near });
    }
    return match;
  });
}

const isRight = ({ kind, nearest }: Match): boolean => kind === nearest;
const shareRight = (matches: readonly Match[]): number => mean(matches.map((match) => (isRight(match) ? 1 : 0)));

function kindTable(title: string, matches: readonly Match[]): Table {
  const rows = SIGNATURE_FAULTS.map((kind) => {
    const of = matches.filter((match) => match.kind === kind);
    const share = (nearest: string) => of.filter((match) => match.nearest === nearest).length / of.length;
    return [
      kind,
      String(of.length),
      ...SIGNATURE_FAULTS.map((nearest) => (of.length > 0 ? figure(share(nearest)) : '')),
    ];
  }).filter(([, count]) => count !== '0');
  return { title, header: ['kind', 'faults', ...SIGNATURE_FAULTS.map((kind) => `as ${kind}`)], rows };
}

function boundTable(sets: Record<string, readonly Match[]>): Table {
  const rows = Object.entries(sets).flatMap(([name, matches]) =>
    BOUNDS.map((bound) => {
      const named = matches.filter((match) => match.cosine >= bound);
      return [name, figure(bound), figure(named.length / matches.length), figure(shareRight(named))];
    }),
  );
  return { title: 'The nearest by its cosine', header: ['window', 'at least', 'named', 'right'], rows };
}

process.exitCode = await runBench('signatures', process.argv.slice(2), { seeds: 'N' }, async (flags, progress) => {
  const seeds = positiveInteger('seeds', flags.own.seeds ?? '20');
  const onset: Match[][] = [];
  const six: Match[][] = [];
  const caught: Match[][] = [];
  let faults = 0;
  let alerts = 0;
  for (let seed = 1; seed <= seeds; seed++) {
    progress(`${seed} of ${seeds}`);
    const incidents = watch(seed);
    const five = incidents.filter(({ kind }) => kind !== 'stuck');
    onset.push(matchesOf(five, ({ atOnset }) => atOnset));
    six.push(matchesOf(incidents, ({ atOnset }) => atOnset));
    caught.push(matchesOf(five, ({ ofAlert }) => ofAlert));
    faults += five.length;
    alerts += five.filter(({ ofAlert }) => ofAlert.length > 0).length;
  }
  const share: RowKind = { unit: 'of 1', better: 'higher' };
  const named = caught.map((matches) => matches.filter((match) => match.cosine >= COSINE_MIN));
  const rows = [
    measuredRow('nearest_right', onset.map(shareRight), { ...share, bar: BAR }),
    measuredRow('nearest_caught', caught.map(shareRight), share),
    measuredRow('named_caught', named.map(shareRight), share),
    measuredRow('nearest_six', six.map(shareRight), share),
    measuredRow('faults_caught', [alerts / faults], share),
  ];
  const tables = [
    kindTable('From the first sample of the fault', onset.flat()),
    kindTable('Alerts', caught.flat()),
    kindTable('With stuck values', six.flat()),
    boundTable({ fault: onset.flat(), alert: caught.flat() }),
  ];
  const [right, ofAlerts] = rows.map(({ value }) => figure(value));
  return {
    rows,
    tables,
    sentence: `The nearest earlier signature is of the same kind: ${right}, of alerts ${ofAlerts}.`,
  };
});
