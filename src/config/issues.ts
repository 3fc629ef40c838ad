/** What the schema found, as problems with a place and a "did you mean". */
import type * as z from 'zod';
import { quote, show, type Path, type Problem } from './errors.ts';
import { nearest } from './nearest.ts';
import { locate, type Place } from './place.ts';
import { hear, type Rule } from './rule.ts';

/** Silent about places that the reader refused already: their value never came. */
export function problemsOf(issue: z.core.$ZodIssue, root: Place): Problem[] {
  const rule = hear(issue.message);
  const path = issue.path.map((step) => (typeof step === 'symbol' ? String(step) : step));
  if (locate(root, path).place.refused) return [];
  const inner = issue.code === 'invalid_union' ? meant(issue.errors) : undefined;
  if (inner) return inner.flatMap((one) => problemsOf({ ...one, path: [...path, ...one.path] }, root));
  if (issue.code !== 'unrecognized_keys') return [valueProblem(path, rule, root)];
  return issue.keys.map((key) => keyProblem([...path, key], key, rule, root));
}

/** Of the forms a value may have, the one that it has: whose mistakes all lie further in. */
const meant = (forms: readonly z.core.$ZodIssue[][]): z.core.$ZodIssue[] | undefined =>
  forms.find((issues) => issues.every(({ path }) => path.length > 0));

function keyProblem(path: Path, key: string, rule: Rule, root: Place): Problem {
  const at = locate(root, path).place.keyAt;
  if (rule.later?.includes(key)) return notAvailable(path, at, `${quote(key)} is`);
  const suggestion = nearest(key, rule.known ?? []);
  const message = `unknown key ${quote(key)}`;
  return { path, at, code: 'CONFIG_UNKNOWN_KEY', expected: knownKeys(rule), got: quote(key), suggestion, message };
}

const knownKeys = ({ known = [] }: Rule): string => `one of ${known.join(', ')}`;

function valueProblem(path: Path, rule: Rule, root: Place): Problem {
  const { place, exists } = locate(root, path);
  const { expected } = rule;
  if (!exists) {
    const message = `missing key "${String(path.at(-1))}": expected ${expected}`;
    return { path, at: place.keyAt, code: 'CONFIG_MISSING', expected, got: 'nothing', message };
  }
  const word = String(place.value);
  const got = show(place, path);
  if (place.kind === 'scalar' && rule.later?.includes(word)) return notAvailable(path, place.at, `${got} is`);
  const suggestion = typeof place.value === 'string' ? nearest(word, rule.known ?? []) : null;
  return { path, at: place.at, code: codeOf(rule, place), expected, got, suggestion };
}

/** A map, a list or nothing where something else was expected is a wrong type, whatever the rule says. */
function codeOf({ code, about = 'scalar' }: Rule, { kind, value }: Place): Rule['code'] {
  return kind !== about || (kind === 'scalar' && value === null) ? 'CONFIG_TYPE' : code;
}

function notAvailable(path: Path, at: number | string, subject: string): Problem {
  const message = `${subject} not available in this version`;
  return { path, at, code: 'CONFIG_NOT_AVAILABLE', expected: 'something this version has', got: subject, message };
}
