/** What is wrong with a configuration file: where, what was expected, what came, a stable code. */
import { maskUrl } from './url.ts';
import type { Place } from './place.ts';
import type { ConfigCode } from './rule.ts';

export interface ConfigError {
  /** File name, or the command-line option that the value came from. */
  file: string;
  /** Both from 1; 0 where the value did not come from the file. */
  line: number;
  column: number;
  /** Such as `sources.plant.topics[0]`; '' for the file as a whole. */
  path: string;
  expected: string;
  /** What came, with every secret masked. */
  got: string;
  /** The word that was probably meant. */
  suggestion: string | null;
  code: ConfigCode;
  /** What is wrong, in a sentence without position and code. */
  message: string;
}

export type Path = readonly (string | number)[];

/** A mistake before its offset became a line and a column. */
export interface Problem {
  path: Path;
  /** Offset in the text; or the command-line option that the value came from. */
  at: number | string;
  code: ConfigCode;
  expected: string;
  got: string;
  suggestion?: string | null;
  /** Default: `expected …, got …`. */
  message?: string;
}

/** `pipelines.yaml:14:5  pipelines.pumps.hidden: expected integer 1..512, got "64k"  (CONFIG_RANGE)` */
export function format(error: ConfigError): string {
  const place = error.line > 0 ? `${error.file}:${error.line}:${error.column}` : error.file;
  const path = error.path === '' ? '' : `${error.path}: `;
  return `${place}  ${path}${error.message}  (${error.code})`;
}

/** The sentence of a problem. */
export function sentence({ message, expected, got, suggestion }: Problem): string {
  const what = message ?? `expected ${expected}, got ${got}`;
  return suggestion ? `${what}, did you mean "${suggestion}"?` : what;
}

export function formatPath(path: Path): string {
  return path
    .map((step, index) => {
      if (typeof step === 'number') return `[${step}]`;
      const name = /^[\w-]{1,64}$/.test(step) ? step : quote(step);
      return index === 0 ? name : `.${name}`;
    })
    .join('');
}

const SHOWN_MAX = 60;

/** Text of the file in quotes: on one line, not too long, without what may be secret. */
export function quote(text: string): string {
  const bare = maskUrl(text).replaceAll(/[\p{C}\p{Zl}\p{Zp}]/gu, '?');
  return JSON.stringify(bare.length > SHOWN_MAX ? `${bare.slice(0, SHOWN_MAX)}…` : bare);
}

const SECRET_KEY = /pass|secret|token|credential|api_?key/i;

/** Keys that name a file hold no secret themselves, nor does the name of a field (`bypass: $.valve`). */
export function isSecret(path: Path): boolean {
  const index = path.findLastIndex((step) => typeof step === 'string');
  const key = String(path[index]);
  return index >= 0 && SECRET_KEY.test(key) && !key.endsWith('_file') && path[index - 1] !== 'fields';
}

/** A value as a message may show it. Of text from the environment, only the names of the variables. */
export function show(place: Place, path: Path): string {
  if (place.kind === 'map') return 'a map';
  if (place.kind === 'list') return place.children.size === 0 ? 'an empty list' : 'a list';
  if (isSecret(path)) return '***';
  if (place.variables.length > 0) return `the value of ${place.variables.map((name) => `\${${name}}`).join(' and ')}`;
  if (place.value === null) return 'nothing';
  return typeof place.value === 'string' ? quote(place.value) : String(place.value);
}
