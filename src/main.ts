#!/usr/bin/env node
/** Where the process begins and ends: a command line in, an exit code out. */
import { CodedError } from '../models/errors.ts';
import { parseCommandLine, USAGE } from './cli.ts';
import { check } from './commands/check.ts';
import { compareCommand } from './commands/compare.ts';
import { exportCommand, importCommand } from './commands/exchange.ts';
import { inject } from './commands/inject.ts';
import { replay } from './commands/replay.ts';
import { run } from './commands/run.ts';
import { tail } from './commands/tail.ts';
import { VERSION } from './version.ts';

/** Mistakes of whoever typed or wrote a file; anything else is a failure. */
const USAGE_CODES = /^(USAGE|CONFIG)/;

async function main(args: readonly string[]): Promise<number> {
  const line = parseCommandLine(args);
  switch (line.command) {
    case 'run':
    case 'demo':
      return run(line);
    case 'check':
      return check(line);
    case 'replay':
      return replay(line);
    case 'compare':
      return compareCommand(line);
    case 'export':
      return exportCommand(line);
    case 'import':
      return importCommand(line);
    case 'inject':
      return inject(line);
    case 'tail':
      return tail(line);
    case 'version':
      return say(`${VERSION}\n`);
    case 'help':
      return say(USAGE);
  }
}

function say(text: string): number {
  process.stdout.write(text);
  return 0;
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof CodedError)) throw error;
  process.stderr.write(`tidewatch: ${error.message}\n`);
  process.exitCode = USAGE_CODES.test(error.code) ? 2 : 1;
}
