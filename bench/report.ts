/**
 * What every bench does with its figures: a table and one sentence on stdout, a JSON document, an HTML page,
 * and an exit code.
 *
 *   0  done, and with --check every bar reached       1  a bar falls short under --check, or the bench failed
 *                                                     2  wrong usage
 */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus } from 'node:os';
import { join } from 'node:path';
import { type Flags, parseFlags, UsageError, usageLine } from './flags.ts';
import { htmlPage } from './page.ts';
import { figure, type Row, shortfalls } from './rows.ts';
import { alignTable, type Table } from './table.ts';

export interface BenchDocument {
  bench: string;
  version: string;
  commit: string;
  /** ISO 8601, when the bench began. */
  date: string;
  machine: { cpu: string; cores: number; node: string };
  seconds: number;
  ok: boolean;
  rows: Row[];
}

/** What a bench found out. */
export interface Findings {
  rows: Row[];
  /** Printed and shown after the rows. */
  tables: Table[];
  /** The figures that matter, in one sentence. */
  sentence: string;
}

/** Where a bench writes. */
export interface Screen {
  out: (text: string) => void;
  error: (text: string) => void;
  /** Replaces the line of progress; an empty text clears it. */
  progress: (text: string) => void;
}

const terminal: Screen = {
  out: (text) => void process.stdout.write(text),
  error: (text) => void process.stderr.write(text),
  progress: (text) => void (process.stderr.isTTY && process.stderr.write(`\r\u001B[K${text}`)),
};

const root = join(import.meta.dirname, '..');

/** A figure from edited files is marked: nobody can check it out again. */
function commit(): string {
  try {
    const args = ['--no-optional-locks', 'describe', '--always', '--dirty', '--abbrev=40', '--exclude=*'];
    return execFileSync('git', args, { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  } catch {
    return 'unknown'; // an unpacked archive, or no git
  }
}

function version(): string {
  return (JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string }).version;
}

function rowTable(rows: readonly Row[]): Table {
  return {
    title: 'Figures',
    header: ['id', 'value', 'unit', 'bar', 'better', 'pass', 'n', 'spread'],
    rows: rows.map((row) => [
      row.id,
      figure(row.value),
      row.unit,
      figure(row.bar),
      row.better,
      row.skipped === undefined ? (row.pass ? 'yes' : 'short') : `skipped: ${row.skipped}`,
      String(row.n),
      figure(row.spread),
    ]),
  };
}

function provenance({ version, commit, date, machine, seconds }: BenchDocument): string {
  const { cpu, cores, node } = machine;
  return `tidewatch ${version}, commit ${commit}; ${cpu}, ${cores} cores, node ${node}; ${date}, ${seconds.toFixed(1)} s`;
}

/**
 * Runs a bench from its arguments to its exit code.
 * @param own  flags of this bench beside the common ones, each with the word for its value
 * @param measure  may throw UsageError for flags that make no sense together
 */
export async function runBench<Own extends string>(
  bench: string,
  args: string[],
  own: Readonly<Record<Own, string>>,
  measure: (flags: Flags<Own>, progress: (text: string) => void) => Promise<Findings>,
  screen: Screen = terminal,
): Promise<0 | 1 | 2> {
  const started = new Date();
  try {
    const flags = parseFlags(args, own);
    const { rows, tables, sentence } = await measure(flags, screen.progress);
    screen.progress('');
    const short = shortfalls(rows, process.env['REQUIRE_SERVICES'] === '1');
    const document: BenchDocument = {
      bench,
      version: version(),
      commit: commit(),
      date: started.toISOString(),
      machine: { cpu: cpus()[0]?.model ?? 'unknown', cores: availableParallelism(), node: process.versions.node },
      seconds: (Date.now() - started.getTime()) / 1000,
      ok: short.length === 0,
      rows,
    };
    const shown = [rowTable(rows), ...tables];
    if (flags.json !== undefined) writeFileSync(flags.json, `${JSON.stringify(document, null, 2)}\n`);
    if (flags.report !== undefined) {
      const text = { title: `tidewatch bench: ${bench}`, sentence, provenance: provenance(document) };
      writeFileSync(flags.report, htmlPage(text, shown));
    }
    screen.out(`${shown.map(alignTable).join('\n')}\n${provenance(document)}\n`);
    if (flags.check) screen.out(short.map((line) => `falls short: ${line}\n`).join(''));
    screen.out(`${sentence}\n`);
    return flags.check && short.length > 0 ? 1 : 0;
  } catch (error) {
    screen.progress('');
    const wrongUsage = error instanceof UsageError;
    const text = error instanceof Error ? (wrongUsage ? error.message : (error.stack ?? error.message)) : String(error);
    screen.error(`bench:${bench}: ${text}\n${wrongUsage ? `${usageLine(bench, own)}\n` : ''}`);
    return wrongUsage ? 2 : 1;
  }
}
