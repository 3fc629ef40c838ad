/** Reads a configuration file: text in, configuration or every mistake in it out. Never throws, whatever the text. */
import { LineCounter } from 'yaml';
import type { Config } from './config.ts';
import { readDocument } from './document.ts';
import type { Environment } from './environment.ts';
import { formatPath, sentence, type ConfigError, type Problem } from './errors.ts';
import { problemsOf } from './issues.ts';
import { override, type Overrides } from './overrides.ts';
import { relations } from './relations.ts';
import { fileSchema } from './schema.ts';

export type LoadResult = { ok: true; config: Config } | { ok: false; errors: ConfigError[] };

export interface LoadOptions {
  /** Name of the file, for messages. */
  file: string;
  env: Environment;
  /** What the command line says instead of the file. */
  overrides?: Overrides;
}

const BYTES_MAX = 1_048_576;
/** More mistakes than this are counted, not listed. */
const ERRORS_MAX = 100;

/** @returns the configuration as the file says it, not expanded; or all errors, by position */
export function load(text: string, options: LoadOptions): LoadResult {
  const { config, problems } = Buffer.byteLength(text) > BYTES_MAX ? tooLarge() : check(text, options);
  if (config !== null && problems.length === 0) return { ok: true, config };
  return { ok: false, errors: located(problems, text, options.file) };
}

interface Checked {
  config: Config | null;
  problems: Problem[];
}

function check(text: string, { env, overrides = {} }: LoadOptions): Checked {
  const { value, root, problems, complete } = readDocument(withoutMark(text), env);
  if (!complete) return { config: null, problems };
  override(value, root, overrides);
  const parsed = fileSchema.safeParse(value);
  const issues = parsed.success ? [] : parsed.error.issues.flatMap((issue) => problemsOf(issue, root));
  const related = relations(value, root).filter(({ path }) => !issues.some((issue) => samePath(issue.path, path)));
  return { config: parsed.data ?? null, problems: [...problems, ...issues, ...related] };
}

/** Some editors on Windows put a byte order mark in front; it is no column. */
const withoutMark = (text: string): string => text.replace(/^\uFEFF/, '');

const samePath = (a: Problem['path'], b: Problem['path']): boolean => formatPath(a) === formatPath(b);

function tooLarge(): Checked {
  const message = `the file is larger than ${BYTES_MAX / 1024} KiB`;
  const expected = `at most ${BYTES_MAX} bytes`;
  return { config: null, problems: [{ path: [], at: 0, code: 'CONFIG_SIZE', expected, got: 'more', message }] };
}

function located(problems: Problem[], text: string, file: string): ConfigError[] {
  const lines = lineStarts(withoutMark(text));
  const all = problems
    .map((problem) => toError(problem, lines, file))
    .sort((a, b) => a.line - b.line || a.column - b.column);
  // One slip of syntax upsets the rest of its line; the first message on a line is the true one.
  const errors = all.filter((error, index) => error.code !== 'CONFIG_SYNTAX' || error.line !== all[index - 1]?.line);
  if (errors.length <= ERRORS_MAX) return errors;
  const message = `${errors.length - ERRORS_MAX} more errors`;
  const last = { ...errors[ERRORS_MAX], path: '', expected: 'fewer', got: message, suggestion: null, message };
  return [...errors.slice(0, ERRORS_MAX), { ...last, code: 'CONFIG_TOO_MANY' }];
}

function toError(problem: Problem, lines: LineCounter, file: string): ConfigError {
  const { at, path, expected, got, suggestion = null, code } = problem;
  const { line, col } = typeof at === 'number' ? lines.linePos(at) : { line: 0, col: 0 };
  const from = typeof at === 'number' ? file : at;
  const message = sentence(problem);
  return { file: from, line, column: col, path: formatPath(path), expected, got, suggestion, code, message };
}

function lineStarts(text: string): LineCounter {
  const lines = new LineCounter();
  lines.addNewLine(0);
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) lines.addNewLine(at + 1);
  return lines;
}
