/** The flags every bench takes, and the ones a bench adds of its own. */
import { parseArgs } from 'node:util';

/** The command was wrong, not the code: exit 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

export interface Flags<Own extends string> {
  data?: string;
  json?: string;
  report?: string;
  check: boolean;
  /** A bench's own flags that were given; a switch has the value ''. */
  own: Partial<Record<Own, string>>;
}

/**
 * @param own  a bench's own flags, each with the word that stands for its value in the usage line; '' makes a switch
 * @throws UsageError on a flag nobody knows or one without its value
 */
export function parseFlags<Own extends string>(args: string[], own: Readonly<Record<Own, string>>): Flags<Own> {
  const text = { type: 'string' } as const;
  try {
    const { values } = parseArgs({
      args,
      options: {
        data: text,
        json: text,
        report: text,
        check: { type: 'boolean', default: false },
        ...Object.fromEntries(
          Object.entries(own).map(([name, word]) => [name, word === '' ? ({ type: 'boolean' } as const) : text]),
        ),
      },
    });
    const { data, json, report, check, ...rest } = values;
    return {
      ...(data === undefined ? {} : { data }),
      ...(json === undefined ? {} : { json }),
      ...(report === undefined ? {} : { report }),
      check,
      own: asText(rest) as Partial<Record<Own, string>>,
    };
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error), { cause: error });
  }
}

/** A switch that was given has no text. */
function asText(own: object): Record<string, string> {
  return Object.fromEntries(Object.entries(own).map(([name, value]) => [name, typeof value === 'string' ? value : '']));
}

export function usageLine(bench: string, own: Readonly<Record<string, string>>): string {
  const flags = Object.entries(own).map(([name, value]) => (value === '' ? ` [--${name}]` : ` [--${name} ${value}]`));
  return `usage: npm run bench:${bench} -- [--data FOLDER] [--json FILE] [--report FILE.html] [--check]${flags.join('')}`;
}

/** For the benches that score public data; the data is not part of this repository. */
export function requireData(flags: Flags<string>): string {
  if (flags.data === undefined || flags.data === '') throw new UsageError('--data: expected a folder, got nothing');
  return flags.data;
}

/** @throws UsageError unless the text is a whole number from 1 on */
export function positiveInteger(flag: string, text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new UsageError(`--${flag}: expected a whole number from 1, got "${text}"`);
  return Number(text);
}
