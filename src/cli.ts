/** The command line: words in, a command with its options out, or a message about what was wrong with them. */
import { parseArgs } from 'node:util';
import { CodedError } from '../models/errors.ts';

const COMMANDS = [
  'run',
  'demo',
  'check',
  'replay',
  'compare',
  'export',
  'import',
  'inject',
  'tail',
  'version',
  'help',
] as const;
/** Named in advance, so that whoever tries one is told plainly. */
const LATER = ['cluster'] as const;
type CommandName = (typeof COMMANDS)[number];

const OPTIONS = {
  config: { type: 'string' },
  'state-dir': { type: 'string' },
  listen: { type: 'string' },
  'token-file': { type: 'string' },
  'log-level': { type: 'string' },
  json: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
  version: { type: 'boolean' },
  scores: { type: 'string' },
  warm: { type: 'string' },
  period: { type: 'string' },
  kind: { type: 'string' },
  seed: { type: 'string' },
  report: { type: 'string' },
  for: { type: 'string' },
  out: { type: 'string' },
  float32: { type: 'boolean' },
  resume: { type: 'boolean' },
  'accept-state-loss': { type: 'boolean' },
} as const;

const COMMON = ['config', 'state-dir', 'listen', 'token-file', 'log-level', 'json', 'help', 'version'];
const OWN: Record<CommandName, readonly string[]> = {
  run: ['accept-state-loss'],
  demo: ['accept-state-loss'],
  check: [],
  replay: ['scores', 'warm', 'period', 'kind', 'seed', 'report'],
  compare: ['seed', 'report'],
  export: ['out', 'float32'],
  import: ['resume'],
  inject: ['for'],
  tail: [],
  version: [],
  help: [],
};

/** Whose words would be a misunderstanding, as in `check other.yaml`. */
const WORDLESS: ReadonlySet<CommandName> = new Set(['run', 'demo', 'check', 'version']);
const LOG_LEVELS = ['debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;

type Switch = 'json' | 'float32' | 'resume' | 'accept-state-loss';

export interface CommandLine {
  command: CommandName;
  positionals: string[];
  options: Partial<Record<Exclude<keyof typeof OPTIONS, Switch | 'help' | 'version'>, string>> &
    Partial<Record<Switch, boolean>>;
}

export const USAGE = `Usage: tidewatch [COMMAND] [OPTIONS]

  run                       watch what pipelines.yaml says (the default)
  demo                      watch a simulated plant, whatever pipelines.yaml says
  check                     say whether the configuration is right, and show it with every default
  replay INPUT              score recorded files (csv, jsonl, plain or gzip; a folder is walked)
      --scores DIR          write DIR/<path>.csv: timestamp,anomaly_score,surprise,level,alarm
      --warm FILE           start every file from the state after this one
      --period DURATION     distance of rows that carry numbers instead of times (default 1s)
      --seed N              seed of the first weights (default 1)
      --report FILE.html    write one page with a chart of every file
  compare [INPUT]           all cells side by side on one recorded channel, or on two sines that drift
      --seed N              seed of the first weights and of the sines (default 1)
      --report FILE.html    write one page with the table and a chart
  export SERIES             what a series learned, as a safetensors file
      --out FILE            where to (default SERIES.safetensors)
      --float32             rounded, for readers that know no doubles
  import FILE SERIES        give a series the weights of a file, while no daemon runs
      --resume              and everything else a training goes on from
  inject KIND SERIES        put a fault into the running demo, as in: inject stuck line1/pump/pressure
      --for DURATION        how long (default 30s)
  tail [SERIES...]          print alerts of the running daemon as they happen
  version                   print the version

  --config FILE             default pipelines.yaml
  --state-dir DIR           where state is kept
  --listen HOST:PORT        where the page is served (default 127.0.0.1:8420)
  --token-file FILE         token that clients must show; needed beyond this machine
  --log-level LEVEL         debug, info, warn, error
  --json                    results as JSON

Exit: 0 ok, 1 failure, 2 wrong usage or configuration
`;

/** @throws CodedError USAGE */
export function parseCommandLine(args: readonly string[]): CommandLine {
  const { values, positionals } = parse(args);
  const word = values.help === true ? 'help' : values.version === true ? 'version' : (positionals.shift() ?? 'run');
  if ((LATER as readonly string[]).includes(word)) throw usage(`${word} is not available in this version`);
  if (!(COMMANDS as readonly string[]).includes(word)) {
    throw usage(`expected a command (${COMMANDS.join(', ')}), got ${JSON.stringify(word)}`);
  }
  const command = word as CommandName;
  const foreign = Object.keys(values).find((name) => !COMMON.includes(name) && !OWN[command].includes(name));
  if (foreign !== undefined) throw usage(`${command} has no option --${foreign}`);
  if (WORDLESS.has(command) && positionals.length > 0) {
    throw usage(`${command}: expected options alone, got ${JSON.stringify(positionals[0])}`);
  }
  const level = values['log-level'];
  if (level !== undefined && !(LOG_LEVELS as readonly string[]).includes(level)) {
    throw usage(`--log-level: expected ${LOG_LEVELS.join(', ')}, got ${JSON.stringify(level)}`);
  }
  return { command, positionals, options: values };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: OPTIONS, allowPositionals: true, strict: true });
  } catch (error) {
    throw usage((error as Error).message.split('. ')[0]);
  }
}

export function usage(message: string): CodedError {
  return new CodedError('USAGE', `${message}; try: tidewatch help`);
}
