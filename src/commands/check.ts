/** `check`: whether the configuration is right, and what it comes to with every default written out. */
import { CodedError } from '../../models/errors.ts';
import type { CommandLine } from '../cli.ts';
import { expand } from '../config/expand.ts';
import { print } from '../config/print.ts';
import { readConfiguration } from './configuration.ts';

const WRONG = 2;

export async function check(line: CommandLine): Promise<number> {
  const json = line.options.json === true;
  try {
    const { config, file } = await readConfiguration(line);
    const text = print(expand(config));
    process.stdout.write(json ? `${JSON.stringify({ ok: true, file, effective: text })}\n` : text);
    return 0;
  } catch (error) {
    const errors = mistakesOf(error);
    if (!json || errors === null) throw error;
    process.stdout.write(`${JSON.stringify({ ok: false, errors })}\n`);
    return WRONG;
  }
}

/** Every mistake with its file, line and column, where it is the configuration that is wrong. */
function mistakesOf(error: unknown): unknown[] | null {
  return error instanceof CodedError && error.code === 'CONFIG' && Array.isArray(error.cause) ? error.cause : null;
}
