/**
 * What is left of a daemon that was killed: samples lost or counted twice, models that are not what they were, alerts
 * nobody was told, and how long it takes to come back.
 *
 *   npm run bench:faults --   --smoke           a minute
 *                             --long            five times the kills, half an hour
 *                             --only SECTIONS   some of the sections below, with commas
 *
 * kills, planted, recovery and strace are processes of their own, on free ports and in temporary folders, and die by
 * SIGKILL: the bench counts what it sent and was acknowledged, keeps every segment of the log that a daemon throws away,
 * and has an engine that never falls read them all. calls, power, flips, full and planted-sim are whole engines on a
 * simulated disk, which can be stopped at any call and forgets what was not synced.
 */
import * as calls from './faults/calls.ts';
import * as flips from './faults/flips.ts';
import * as full from './faults/full.ts';
import * as kills from './faults/kills.ts';
import * as plantedSim from './faults/planted-sim.ts';
import * as planted from './faults/planted.ts';
import * as power from './faults/power.ts';
import * as recovery from './faults/recovery.ts';
import type { FaultOptions, Section } from './faults/section.ts';
import * as strace from './faults/strace.ts';
import { type Flags, UsageError } from './flags.ts';
import { type Findings, runBench } from './report.ts';
import { figure, type Row } from './rows.ts';

const OWN = { smoke: '', long: '', only: 'SECTIONS' };
const SECTIONS: readonly Section[] = [kills, planted, recovery, strace, calls, power, flips, full, plantedSim];

function sectionsOf(only: string | undefined): readonly Section[] {
  if (only === undefined) return SECTIONS;
  return only.split(',').map((name) => {
    const section = SECTIONS.find((candidate) => candidate.name === name);
    const known = SECTIONS.map((candidate) => candidate.name).join(', ');
    if (section === undefined) throw new UsageError(`--only: expected some of ${known}, got "${name}"`);
    return section;
  });
}

async function measure({ own }: Flags<keyof typeof OWN>, progress: FaultOptions['progress']): Promise<Findings> {
  if (own.smoke !== undefined && own.long !== undefined) throw new UsageError('--smoke and --long: expected one');
  const size = own.smoke === undefined ? (own.long === undefined ? 'default' : 'long') : 'smoke';
  const rows: Row[] = [];
  for (const section of sectionsOf(own.only)) rows.push(...(await section.run({ size, progress })));
  return { rows, tables: [], sentence: sentenceOf(rows) };
}

function sentenceOf(rows: readonly Row[]): string {
  const values = new Map(rows.flatMap(({ id, value }) => (value === null ? [] : [[id, value]])));
  const said = (id: string): string => figure(values.get(id) ?? null);
  const parts = [];
  if (values.has('kills')) {
    parts.push(
      `after ${said('kills')} kills ${said('kills_lost')} of ${said('kills_sent')} samples are lost, ${said('kills_doubled')} counted twice, ${said('kills_differing')} of ${said('kills_tracks')} models differ`,
    );
  }
  if (values.has('strace_points')) {
    parts.push(
      `${said('strace_violations')} samples or models wrong after ${said('strace_points')} kills in a system call`,
    );
  }
  if (values.has('recovery_ready_p50')) {
    parts.push(`back in ${said('recovery_ready_p50')} s with ${said('recovery_series')} series`);
  }
  const short = rows.filter(({ pass, value }) => !pass && value !== null).map(({ id }) => id);
  parts.push(short.length === 0 ? 'no bar missed' : `missed: ${short.join(', ')}`);
  const text = parts.join('; ');
  return `${text.slice(0, 1).toUpperCase()}${text.slice(1)}.`;
}

process.exitCode = await runBench('faults', process.argv.slice(2), OWN, measure);
