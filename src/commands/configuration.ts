/** Finds and reads the configuration that a command line asks for. */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { CodedError } from '../../models/errors.ts';
import type { CommandLine } from '../cli.ts';
import type { Config } from '../config/config.ts';
import { format } from '../config/errors.ts';
import { load } from '../config/load.ts';

export const CONFIG_FILE = 'pipelines.yaml';
/** What runs where there is no file. */
const EMBEDDED = 'version: 1\ndemo: true\n';

export interface Configuration {
  config: Config;
  /** null: the embedded defaults. */
  file: string | null;
}

/** @throws CodedError CONFIG with every mistake on a line of its own; CONFIG_MISSING */
export async function readConfiguration({ command, options }: CommandLine): Promise<Configuration> {
  const file = command === 'demo' ? null : (options.config ?? (existsSync(CONFIG_FILE) ? CONFIG_FILE : null));
  const text = file === null ? EMBEDDED : await readText(file);
  const result = load(text, {
    file: file ?? 'embedded defaults',
    env: process.env,
    overrides: { listen: options.listen, tokenFile: options['token-file'], stateDir: options['state-dir'] },
  });
  if (!result.ok) {
    const { errors } = result;
    const count = errors.length === 1 ? '1 mistake' : `${errors.length} mistakes`;
    const message = `the configuration has ${count}\n${errors.map(format).join('\n')}\nnothing was changed`;
    throw new CodedError('CONFIG', message, { cause: errors });
  }
  return { config: result.config, file };
}

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw new CodedError('CONFIG_MISSING', `cannot read ${file}: ${(error as Error).message}`, { cause: error });
  }
}
