/**
 * Environment variables in text: `${NAME}`, `${NAME:-default}` (unset or empty, as in the shell); `$${` is a plain `${`.
 *
 * What a variable holds is never read as syntax: the file is parsed first, then its strings are filled in, once.
 */

export type Environment = Readonly<Record<string, string | undefined>>;

export interface Substituted {
  text: string;
  /** Names used, in order. */
  variables: string[];
  /** Names that are not set and have no default. */
  missing: string[];
  /** Whether a `${` opens something that is no variable. */
  malformed: boolean;
}

const VARIABLE = /\$\$\{|\$\{(?:([A-Za-z_]\w{0,255})(?::-([^{}]*))?\})?/g;

/** A secret is one variable and nothing else: a default would be a literal secret. */
export const isOneVariable = (text: string): boolean => /^\$\{[A-Za-z_]\w{0,255}\}$/.test(text);

export function substitute(text: string, env: Environment): Substituted {
  const result: Substituted = { text: '', variables: [], missing: [], malformed: false };
  result.text = text.replaceAll(VARIABLE, (match: string, name?: string, fallback?: string) => {
    if (match === '$${') return '${';
    if (name === undefined) {
      result.malformed = true;
      return match;
    }
    result.variables.push(name);
    const value = Object.hasOwn(env, name) ? env[name] : undefined;
    if (fallback !== undefined) return value === undefined || value === '' ? fallback : value;
    if (value === undefined) result.missing.push(name);
    return value ?? '';
  });
  return result;
}
