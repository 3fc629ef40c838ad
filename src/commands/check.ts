/** `check`: whether the configuration is right, and what it comes to with every default written out. */
import type { CommandLine } from '../cli.ts';
import { expand } from '../config/expand.ts';
import { print } from '../config/print.ts';
import { readConfiguration } from './configuration.ts';

export async function check(line: CommandLine): Promise<number> {
  const { config, file } = await readConfiguration(line);
  const text = print(expand(config));
  const shown = line.options.json === true ? `${JSON.stringify({ ok: true, file, effective: text })}\n` : text;
  process.stdout.write(shown);
  return 0;
}
