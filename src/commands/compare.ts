/** `compare [INPUT]`: all cells side by side on one stream. */
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { availableParallelism, cpus } from 'node:os';
import { dirname } from 'node:path';
import { type CommandLine, usage } from '../cli.ts';
import { compare, COMPARE_SAMPLES_MIN, type Comparison } from '../compare.ts';
import { comparePage, HEADER, tableRows } from '../compare-page.ts';
import { driftingSines, recordedStream } from '../compare-stream.ts';
import { progressBar } from '../progress-bar.ts';

const SAMPLES = 24_000;

export async function compareCommand(line: CommandLine): Promise<number> {
  const [input, ...rest] = line.positionals;
  const { report, json, seed: text = '1' } = line.options;
  if (rest.length > 0) throw usage('compare: expected at most one INPUT, a recorded file');
  if (input !== undefined && !existsSync(input)) throw usage(`compare: no such file: ${input}`);
  if (!/^\d{1,9}$/.test(text)) throw usage(`--seed: expected a whole number, got ${JSON.stringify(text)}`);
  if (report !== undefined && !existsSync(dirname(report)))
    throw usage(`--report: expected a file in a folder that exists, got ${JSON.stringify(report)}`);
  const seed = Number(text);
  const stream = input === undefined ? driftingSines(SAMPLES, seed) : await recordedStream(input, COMPARE_SAMPLES_MIN);
  const bar = progressBar(1, process.stderr);
  const comparison = compare(stream, seed, (share) => bar.update(share, stream.name));
  bar.end();
  if (report !== undefined) await writeFile(report, comparePage(comparison, provenance()));
  process.stdout.write(json === true ? `${JSON.stringify(comparison)}\n` : table(comparison));
  return 0;
}

function provenance(): string {
  const date = new Date().toISOString().slice(0, 10);
  return `Measured on ${date}, ${cpus()[0]?.model ?? 'unknown processor'}, ${availableParallelism()} cores, Node ${process.versions.node}.`;
}

function table(comparison: Comparison): string {
  const { stream, samples, budget, histories, growth } = comparison;
  const cells = aligned([[...HEADER], ...tableRows(comparison)]);
  const costs = aligned([
    ['µs/step after', ...histories.map(String)],
    ...growth.map(({ name, microseconds }) => [name, ...microseconds.map((value) => value.toFixed(2))]),
  ]);
  return `${stream}, ${samples} samples, about ${budget} parameters each; error relative to persistence\n\n${cells}\n${costs}`;
}

/** The first column and a last one of words to the left, numbers to the right. */
function aligned(rows: readonly string[][]): string {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  const pad = (text: string, column: number) =>
    column === 0 || column === HEADER.indexOf('note') ? text.padEnd(widths[column]) : text.padStart(widths[column]);
  return rows.map((row) => `${row.map(pad).join('  ').trimEnd()}\n`).join('');
}
