/**
 * The schema of `pipelines.yaml`: every key, its default and its description, in the order of the reference. Sources and
 * outputs, which are many, have files of their own.
 *
 * Accepts only what has an effect today. Keys and words of a later version are known by name and refused as such.
 * In: plain values as the file holds them, snake_case. Out: `Config`.
 */
import * as z from 'zod';
import { CELLS } from '../../models/training/create-learner.ts';
import { isLoopback, parseAddress } from './address.ts';
import type { Config, HttpConfig, LimitsConfig, MinDeviation, PipelineConfig } from './config.ts';
import { isPeerPattern } from '../../models/peers.ts';
import {
  byId,
  duration,
  emptyAllowed,
  flag,
  integer,
  list,
  nonEmpty,
  number,
  numeric,
  positive,
  section,
  text,
  word,
} from './leaves.ts';
import { context, group } from './group-schema.ts';
import { output } from './output-schema.ts';
import { say } from './rule.ts';
import { shortMqtt, source } from './source-schema.ts';
import { BUDGET_PATTERN, parseBudget, parsePercent, PERCENT_PATTERN } from './units.ts';

const LATER = {
  top: ['include'],
  pipelineKeys: ['memory'],
};

const SEED_MAX = 4_294_967_295; // 32 bits

const listen = (example: string) =>
  text(() => ({ code: 'CONFIG_LISTEN', expected: `HOST:PORT, such as ${example}` }), parseAddress);

const loopbackListen = (example: string) => {
  const expected = `HOST:PORT on this machine only, such as ${example} (the embedded broker asks for no password)`;
  return text(
    () => ({ code: 'CONFIG_LISTEN', expected }),
    (value) => {
      const address = parseAddress(value);
      return address && isLoopback(address) ? address : undefined;
    },
  );
};

const timezone = text(
  () => ({ code: 'CONFIG_VALUE', expected: 'IANA time zone', known: Intl.supportedValuesOf('timeZone') }),
  (value) => (isTimezone(value) ? value : undefined),
);

function isTimezone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone !== '';
  } catch {
    return false; // RangeError is how Intl says no
  }
}

const http = section({
  listen: listen('127.0.0.1:8420')
    .prefault('127.0.0.1:8420')
    .describe('HOST:PORT of the dashboard and API. Beyond this machine only together with token_file.'),
  token_file: nonEmpty('file name').optional().describe('File with the access token.'),
  max_clients: integer(1, 10_000).prefault(64).describe('WebSocket clients at once.'),
  max_clients_per_ip: integer(1, 10_000)
    .prefault(8)
    .describe('WebSocket clients at once from one address; this machine is exempt.'),
}).transform((keys): HttpConfig => ({
  listen: keys.listen,
  tokenFile: keys.token_file ?? null,
  maxClients: keys.max_clients,
  maxClientsPerIp: keys.max_clients_per_ip,
}));

const broker = section({
  listen: loopbackListen('127.0.0.1:18830')
    .prefault('127.0.0.1:18830')
    .describe('HOST:PORT of the embedded broker; this machine only.'),
});

const DEVIATION = say({
  code: 'CONFIG_RANGE',
  expected: 'a number from 0 in the unit of the series, or a percentage of the expected value such as 5%',
});

const minDeviation = numeric(
  z
    .union(
      [
        z.number({ error: DEVIATION }).nonnegative({ error: DEVIATION }),
        z.string({ error: DEVIATION }).regex(PERCENT_PATTERN, { error: DEVIATION }),
      ],
      { error: DEVIATION },
    )
    .transform((value): MinDeviation => {
      if (typeof value === 'number') return { amount: value, percent: 0 };
      return { amount: 0, percent: parsePercent(value) ?? 0 };
    }),
);

const limits = section({
  min: number('a number, the least possible value').optional().describe('Least possible value.'),
  max: number('a number, the greatest possible value').optional().describe('Greatest possible value.'),
  rate: positive('a number above 0, the fastest possible change per second')
    .optional()
    .describe('Fastest possible change, in units per second.'),
}).transform(({ min, max, rate }): LimitsConfig => ({ min: min ?? null, max: max ?? null, rate: rate ?? null }));

const pipeline = section(
  {
    inputs: list(nonEmpty('source id'), 'source ids').describe('Ids of the sources to read.'),
    kind: word(['values', 'events'])
      .default('values')
      .describe('What the series hold: values, that is numbers; or events, such as the words for what a machine does.'),
    cell: word(CELLS).default('lstm').describe('Cell of the model; see `tidewatch compare`.'),
    hidden: integer(1, 512).prefault(16).describe('Hidden units of each model.'),
    peers: text(
      () => ({
        code: 'CONFIG_VALUE',
        expected: 'a pattern with + for the level that tells siblings apart, such as hall/+/pump/#',
      }),
      (value) => (isPeerPattern(value) ? value : undefined),
    )
      .optional()
      .describe(
        'Series that do the same work, such as hall/+/pump/#: a new one begins with what a sibling has learned.',
      ),
    weights: word(['per_series', 'shared'])
      .default('per_series')
      .describe('shared: siblings (see peers) learn one set of weights together, in a third of the memory.'),
    group: group
      .prefault('off')
      .describe(
        'What is also watched together, as one machine. topic: the fields of each topic; or names and their sources.',
      ),
    context: context
      .optional()
      .describe('Sources that explain the others, such as set points: inputs of every forecast, never an alert.'),
    hold: duration('1m', '400d')
      .prefault('48h')
      .describe('How long a lasting change of a group is held to be a fault; then it is the new normal.'),
    season: duration('1m', '400d').prefault('24h').describe('Length of the cycle that the plant repeats.'),
    timezone: timezone.prefault('UTC').describe('IANA time zone in which the season turns, such as Europe/Berlin.'),
    alert_budget: text(
      () => ({ code: 'CONFIG_VALUE', expected: 'N/day, N/hour or N/week, such as 1/day' }),
      parseBudget,
    )
      .meta({ pattern: BUDGET_PATTERN.source })
      .prefault('1/day')
      .describe('Alerts that the series of the pipeline may raise together, such as 1/day, 2/hour or 3/week.'),
    direction: word(['both', 'up', 'down'])
      .default('both')
      .describe('Side of its expectation on which a value may open an alert: up, down or both.'),
    min_deviation: minDeviation
      .prefault(0)
      .describe(
        'How far from its expectation a value must be to open an alert: in the unit of the series, or as in 5%.',
      ),
    limits: emptyAllowed(limits)
      .prefault({})
      .describe('What is physically possible; anything else is an alert from the first sample on.'),
    seed: integer(0, SEED_MAX).prefault(1).describe("Seed of the models' first weights."),
  },
  LATER.pipelineKeys,
).transform((keys): PipelineConfig => ({
  inputs: keys.inputs,
  kind: keys.kind,
  cell: keys.cell,
  hidden: keys.hidden,
  peers: keys.peers ?? null,
  weights: keys.weights,
  group: keys.group,
  context: keys.context ?? [],
  holdMs: keys.hold,
  seasonMs: keys.season,
  timezone: keys.timezone,
  alertBudgetPerDay: keys.alert_budget,
  direction: keys.direction,
  minDeviation: keys.min_deviation,
  limits: keys.limits,
  seed: keys.seed,
}));

/** `auto` and 1 say the same until the work is spread over threads. */
const threads = z.preprocess(
  (value) => (value === '1' ? 1 : value),
  z.literal(['auto', 1], {
    error: (issue) =>
      say({
        code: 'CONFIG_VALUE',
        expected: 'auto or 1',
        known: ['auto'],
        later: Number.isSafeInteger(issue.input) && Number(issue.input) > 1 ? [String(issue.input)] : [],
      }),
  }),
);

const MAX_SERIES = say({ code: 'CONFIG_RANGE', expected: 'auto or an integer 1..10000000', known: ['auto'] });

const maxSeries = numeric(
  z.union(
    [
      z.literal('auto'),
      z.int({ error: MAX_SERIES }).min(1, { error: MAX_SERIES }).max(10_000_000, { error: MAX_SERIES }),
    ],
    {
      error: MAX_SERIES,
    },
  ),
);

export const fileSchema = section(
  {
    version: z
      .literal(1, { error: say({ code: 'CONFIG_VALUE', expected: '1, the only version of this file so far' }) })
      .default(1)
      .describe('Version of this file format.'),
    demo: flag().prefault(false).describe('Adds a simulated plant, an embedded broker and a scoreboard.'),
    state_dir: nonEmpty('directory name').default('./.tidewatch').describe('Directory for what has been learned.'),
    fsync: word(['interval', 'always', 'never'])
      .prefault('interval')
      .describe(
        'When what comes in is forced to the disk: every 200 ms, before it is acknowledged, or when the system does.',
      ),
    threads: threads.prefault('auto').describe('Worker threads.'),
    max_series: maxSeries
      .prefault('auto')
      .describe(
        'Series in memory at once; one more takes the place of the one longest idle, which waits on disk. auto: as many as fit a quarter of the memory.',
      ),
    http: emptyAllowed(http).prefault({}).describe('Dashboard and API.'),
    broker: emptyAllowed(broker).optional().describe('Embedded broker; demo starts it as well.'),
    mqtt: shortMqtt
      .optional()
      .describe('Short form for one broker: one source, one pipeline, one output. Instead of sources.'),
    sources: byId(source, 'Where samples come from, by id.'),
    pipelines: byId(pipeline, 'What is learned and scored, by id.'),
    outputs: byId(output, 'Where scores and alerts go, by id.'),
  },
  LATER.top,
).transform((keys): Config => ({
  version: keys.version,
  demo: keys.demo,
  stateDir: keys.state_dir,
  fsync: keys.fsync,
  threads: keys.threads,
  maxSeries: keys.max_series,
  http: keys.http,
  broker: keys.broker ?? null,
  mqtt: keys.mqtt ?? null,
  sources: keys.sources,
  pipelines: keys.pipelines,
  outputs: keys.outputs,
}));
