import * as fc from 'fast-check';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { AUTOMATIC } from '../../../sensors/mapping.ts';
import type { AccessConfig, Config, OutputConfig, SourceConfig } from '../../../src/config/config.ts';
import { format, type ConfigError } from '../../../src/config/errors.ts';
import { load, type LoadOptions } from '../../../src/config/load.ts';
import { wrongFiles } from './wrong-files.ts';

const SPOOL = { spoolBytes: 256 * 1024 * 1024 };
const NO_ACCESS: AccessConfig = {
  username: null,
  password: null,
  passwordFile: null,
  caFile: null,
  certFile: null,
  keyFile: null,
};

const env = { SET: 'hunter2', HIDDEN: '32', EMPTY: '', HOST: 'broker.local', SWITCH: 'true' };

function good(text: string, options: Partial<LoadOptions> = {}): Config {
  const result = load(text, { file: 'pipelines.yaml', env, ...options });
  if (!result.ok) throw new Error(result.errors.map(format).join('\n'));
  return result.config;
}

function errorsOf(text: string, options: Partial<LoadOptions> = {}): ConfigError[] {
  const result = load(text, { file: 'pipelines.yaml', env, ...options });
  return result.ok ? [] : result.errors;
}

/** Lines and columns of the marks, and the text without them. */
function unmark(marked: string): { text: string; places: string[] } {
  const pieces = marked.split('¦');
  const before = pieces.slice(0, -1).map((_, index) => pieces.slice(0, index + 1).join(''));
  const places = before.map((head) => {
    const lines = head.split('\n');
    return `${lines.length}:${(lines.at(-1) ?? '').length + 1}`;
  });
  return { text: pieces.join(''), places };
}

describe('a wrong file', () => {
  it.each(wrongFiles)('is refused at the right place: $what', ({ text: marked, codes, says }) => {
    const { text, places } = unmark(marked);
    const errors = errorsOf(text);
    expect(errors.map(({ line, column, code }) => `${line}:${column} ${code}`)).toEqual(
      places.map((place, index) => `${place} ${codes[index]}`),
    );
    expect(errors[0].message).toContain(says ?? '');
  });

  it('never shows a secret', () => {
    for (const { text } of wrongFiles) {
      const shown = errorsOf(unmark(text).text).map((error) => format(error) + JSON.stringify(error));
      expect(shown.join('\n')).not.toMatch(/hunter2|1234/);
    }
  });

  it('is reported on one line with place, path, expectation and code', () => {
    const [error] = errorsOf('version: 1\npipelines:\n  pumps:\n    hidden: 64k\n    inputs: []\n');
    expect(format(error)).toBe(
      'pipelines.yaml:4:13  pipelines.pumps.hidden: expected integer 1..512, got "64k"  (CONFIG_RANGE)',
    );
  });

  it('names list elements by their index', () => {
    expect(errorsOf('mqtt: {url: "mqtt://h", topics: [a, ""]}')[0].path).toBe('mqtt.topics[1]');
  });

  it('shows control characters and long text on one short line', () => {
    const [error] = errorsOf(`state_dir: x\ndemo: "a\\n\\e${'b'.repeat(500)}"`);
    expect(error.got).toMatch(/^"a\?\?b{57}…"$/);
  });

  it('with very many mistakes lists a hundred and counts the rest', () => {
    const errors = errorsOf(Array.from({ length: 150 }, (_, index) => `key${index}: 1\n`).join(''));
    expect(errors).toHaveLength(101);
    expect(errors[100]).toMatchObject({ code: 'CONFIG_TOO_MANY', message: '50 more errors' });
  });

  it('cannot unfold aliases without end', () => {
    const levels = Array.from({ length: 9 }, (_, n) => `a${n + 1}: &a${n + 1} [${`*a${n},`.repeat(9)}]\n`);
    const errors = errorsOf(`a0: &a0 [x]\n${levels.join('')}`);
    expect(errors.map((error) => error.code)).toEqual(['CONFIG_ALIAS']);
  });

  it('of very many keys is refused in reasonable time', () => {
    const text = Array.from({ length: 40_000 }, (_, index) => `k${index}: 1\n`).join('');
    expect(errorsOf(text)).toHaveLength(101);
  });

  it('of very many mistakes of syntax is refused', () => {
    expect(errorsOf('['.concat('\n]'.repeat(150_000))).length).toBeGreaterThan(0);
  });

  it('does not blame inputs on sources that could not be read', () => {
    const errors = errorsOf('sources: 7\npipelines: {p: {inputs: [plant]}}');
    expect(errors.map((error) => error.path)).toEqual(['sources']);
  });
});

describe('a good file', () => {
  it('needs no more than one key', () => {
    expect(good('demo: false')).toEqual({
      version: 1,
      demo: false,
      stateDir: './.tidewatch',
      fsync: 'interval',
      threads: 'auto',
      maxSeries: 'auto',
      http: { listen: { host: '127.0.0.1', port: 8420 }, tokenFile: null, maxClients: 64, maxClientsPerIp: 8 },
      broker: null,
      mqtt: null,
      sources: new Map(),
      pipelines: new Map(),
      outputs: new Map(),
    });
  });

  it('turns every key into its typed form', () => {
    const config = good(`
version: 1
state_dir: /var/lib/tidewatch
threads: 1
max_series: 500
http: {listen: "[::]:80", token_file: t, max_clients: 3, max_clients_per_ip: 2}
broker: {listen: "localhost:1"}
sources:
  sim: {type: simulator, seed: 7}
  push: {type: http, mapping: {format: senml}}
pipelines:
  pumps:
    inputs: [push]
    kind: values
    cell: lstm
    hidden: 64
    peers: hall/+/pump/#
    weights: shared
    group: topic
    hold: 3d
    season: 7d
    timezone: Europe/Berlin
    alert_budget: 2/hour
    direction: up
    min_deviation: 2.5%
    limits: {min: -40, max: 1.5e2, rate: 0.1}
    seed: 0
outputs: {out: {type: log, path: alerts.jsonl}}
`);
    expect(config.http.listen).toEqual({ host: '::', port: 80 });
    expect(config.broker).toEqual({ listen: { host: 'localhost', port: 1 } });
    expect(config.sources.get('sim')).toEqual({ type: 'simulator', url: null, seed: 7 });
    expect(config.sources.get('push')).toEqual({ type: 'http', mapping: { format: 'senml', topics: [] } });
    expect(config.pipelines.get('pumps')).toEqual({
      inputs: ['push'],
      kind: 'values',
      cell: 'lstm',
      hidden: 64,
      peers: 'hall/+/pump/#',
      weights: 'shared',
      group: 'topic',
      context: [],
      holdMs: 3 * 86_400_000,
      seasonMs: 604_800_000,
      timezone: 'Europe/Berlin',
      alertBudgetPerDay: 48,
      direction: 'up',
      minDeviation: { amount: 0, percent: 2.5 },
      limits: { min: -40, max: 150, rate: 0.1 },
      seed: 0,
    });
    expect(config.outputs).toEqual(new Map([['out', { type: 'log', path: 'alerts.jsonl' }]]));
  });

  it('may be of events, with everything that has no effect on them left as it is', () => {
    const { pipelines } = good(`
sources: {push: {type: http}}
pipelines:
  few: {inputs: [push], kind: events}
  all: {inputs: [push], kind: events, cell: lstm, weights: per_series, group: off, direction: both, min_deviation: 0, limits: {}}
`);
    expect([...pipelines.values()].map(({ kind }) => kind)).toEqual(['events', 'events']);
    expect(pipelines.get('all')).toEqual(pipelines.get('few'));
  });

  it('names what belongs together by hand, and what explains the rest', () => {
    const { pipelines } = good(`
sources: {push: {type: http}}
pipelines:
  p:
    inputs: [push]
    group:
      pump1: [line1/pump/pressure, line1/pump/flow, "\${HOST}/level"]
      2: [a/x, a/y]
    context: [line1/valve, a/y+z]
  q: {inputs: [push]}
`);
    const groups = new Map([
      ['pump1', ['line1/pump/pressure', 'line1/pump/flow', 'broker.local/level']],
      ['2', ['a/x', 'a/y']],
    ]);
    expect(pipelines.get('p')).toMatchObject({ group: groups, context: ['line1/valve', 'a/y+z'] });
    expect(pipelines.get('q')).toMatchObject({ group: 'off', context: [] });
  });

  it('has no rules for alerts unless it says so', () => {
    const { pipelines } = good(`
sources: {push: {type: http}}
pipelines:
  none: {inputs: [push]}
  empty: {inputs: [push], limits: }
  some: {inputs: [push], min_deviation: 3, limits: {max: 90}}
`);
    for (const id of ['none', 'empty']) {
      expect(pipelines.get(id)).toMatchObject({
        direction: 'both',
        minDeviation: { amount: 0, percent: 0 },
        limits: { min: null, max: null, rate: null },
      });
    }
    expect(pipelines.get('some')).toMatchObject({
      minDeviation: { amount: 3, percent: 0 },
      limits: { min: null, max: 90, rate: null },
    });
  });

  it('says how to get in to a broker', () => {
    const { sources } = good(`
sources:
  plant:
    type: mqtt
    url: mqtts://h:8883
    topics: ["a/+/#", "$share/group/b"]
    qos: 0
    protocol: 3.1.1
    client_id: me
    username: bob
    password: \${SET}
    ca_file: ca.pem
    cert_file: cert.pem
    key_file: key.pem
    session_expiry: 0
  other: {type: mqtt, url: wss://h/mqtt, topics: [c], password_file: p, protocol: 5}
`);
    expect(sources.get('plant')).toEqual({
      type: 'mqtt',
      url: 'mqtts://h:8883',
      topics: ['a/+/#', '$share/group/b'],
      qos: 0,
      protocol: 4,
      clientId: 'me',
      username: 'bob',
      password: 'hunter2',
      passwordFile: null,
      caFile: 'ca.pem',
      certFile: 'cert.pem',
      keyFile: 'key.pem',
      sessionExpiryMs: 0,
      mapping: AUTOMATIC,
    });
    expect(sources.get('other')).toMatchObject({ passwordFile: 'p', qos: 1, protocol: 5, sessionExpiryMs: 3_600_000 });
  });

  it('says how payloads become readings', () => {
    const { mqtt } = good(`
mqtt:
  url: mqtt://h
  topics: ["#"]
  mapping:
    format: json
    topics:
      - match: plant/{site}/{machine}/telemetry
        time: {path: $.ts, unit: ms}
        fields: ["$.values.*"]
        ignore: ["*.linkquality"]
      - match: tank/#
        time: {path: "$['at']"}
        fields: {temp: $.t, bypass: "$.valves[0].v"}
      - match: +/raw
`);
    expect(mqtt?.mapping).toEqual({
      format: 'json',
      topics: [
        {
          match: 'plant/{site}/{machine}/telemetry',
          time: { path: '$.ts', unit: 'ms' },
          fields: ['$.values.*'],
          ignore: ['*.linkquality'],
        },
        {
          match: 'tank/#',
          time: { path: "$['at']", unit: null },
          fields: new Map([
            ['temp', '$.t'],
            ['bypass', '$.valves[0].v'],
          ]),
          ignore: [],
        },
        { match: '+/raw', time: null, fields: null, ignore: [] },
      ],
    });
  });

  it('has the defaults of every source', () => {
    const { sources } = good(`
sources:
  socket: {type: websocket, url: "wss://h/live"}
  push: {type: http}
  file: {type: replay, path: data}
  db: {type: influx, url: "http://h:8086", database: d, measurements: [m, "other m"]}
`);
    expect(sources).toEqual(
      new Map<string, SourceConfig>([
        [
          'socket',
          {
            type: 'websocket',
            url: 'wss://h/live',
            topic: null,
            hello: null,
            tokenFile: null,
            caFile: null,
            mapping: AUTOMATIC,
          },
        ],
        ['push', { type: 'http', mapping: AUTOMATIC }],
        ['file', { type: 'replay', path: 'data', speed: 1, periodMs: 1000 }],
        [
          'db',
          {
            type: 'influx',
            url: 'http://h:8086',
            database: 'd',
            measurements: ['m', 'other m'],
            everyMs: 10_000,
            lookbackMs: 3_600_000,
            ...NO_ACCESS,
          },
        ],
      ]),
    );
  });

  it('has the defaults of every output', () => {
    const { outputs } = good(`
outputs:
  bus: {type: mqtt, url: "mqtt://h"}
  db: {type: influx, url: "http://h:8086", database: d}
  hook: {type: webhook, url: "https://h/hook?key=\${SET}"}
  file: {type: log}
`);
    expect(outputs).toEqual(
      new Map<string, OutputConfig>([
        [
          'bus',
          { type: 'mqtt', url: 'mqtt://h', protocol: null, clientId: null, base: 'tidewatch', ...SPOOL, ...NO_ACCESS },
        ],
        [
          'db',
          {
            type: 'influx',
            url: 'http://h:8086',
            database: 'd',
            samples: true,
            flushMs: 1000,
            batch: 5000,
            queue: 100_000,
            ...SPOOL,
            ...NO_ACCESS,
          },
        ],
        [
          'hook',
          {
            type: 'webhook',
            url: 'https://h/hook?key=hunter2',
            tokenFile: null,
            caFile: null,
            events: ['open', 'close'],
            timeoutMs: 10_000,
            ...SPOOL,
          },
        ],
        ['file', { type: 'log', path: null }],
      ]),
    );
  });

  it('may use one client id at two brokers', () => {
    const [a, b] = ['a', 'b'].map((host) => `{type: mqtt, url: "mqtt://${host}", topics: [a], client_id: me}`);
    expect(good(`sources: {a: ${a}, b: ${b}}`).sources.size).toBe(2);
  });

  it('may read what is pushed wherever that is implied', () => {
    for (const start of ['demo: true', 'mqtt: {url: "mqtt://h", topics: [a]}']) {
      expect(good(`${start}\npipelines: {p: {inputs: [http]}}`).pipelines.size).toBe(1);
    }
  });

  it('may leave a map empty', () => {
    expect(good('http:\nbroker:\nsources:\npipelines:\noutputs:\n').broker?.listen.port).toBe(18_830);
  });

  it('may have ids of digits, which stay as written', () => {
    expect([...good('outputs: {10: {type: log}, 007: {type: log}}').outputs.keys()].sort()).toEqual(['007', '10']);
  });

  it('may repeat itself by anchor and alias', () => {
    const config = good(
      'sources:\n  a: &s {type: mqtt, url: "mqtt://h", topics: [x]}\n  b: *s\npipelines: {p: {inputs: [a, b]}}',
    );
    expect(config.sources.get('b')).toEqual(config.sources.get('a'));
  });

  it('may begin with a byte order mark and end its lines with CR LF', () => {
    expect(good('\uFEFFversion: 1\r\ndemo: true\r\n').demo).toBe(true);
    expect(errorsOf('\uFEFFdmo: true\r\n')[0]).toMatchObject({ line: 1, column: 1 });
  });

  it('may read the demo from a pipeline of its own', () => {
    expect(good('demo: true\npipelines: {mine: {inputs: [demo]}}').pipelines.has('mine')).toBe(true);
  });

  it('is the one in the repository', () => {
    const shipped = readFileSync(new URL('../../../pipelines.yaml', import.meta.url), 'utf8');
    expect(good(shipped)).toEqual(good('version: 1\ndemo: true\n'));
  });

  it('is the one in the repository with its example put into effect', () => {
    const shipped = readFileSync(new URL('../../../pipelines.yaml', import.meta.url), 'utf8');
    const own = shipped.replace('demo: true', 'demo: false').replaceAll(/^# (mqtt:| {2}\w+:)/gm, '$1');
    expect(good(own)).toMatchObject({ demo: false, mqtt: { topics: ['zigbee2mqtt/+', 'plant/+/+'] } });
  });
});

describe('the environment', () => {
  it('fills strings, with a default where it is unset or empty', () => {
    expect(good('state_dir: ${HOST}/${NONE:-x}/${EMPTY:-y}').stateDir).toBe('broker.local/x/y');
  });

  it('fills numbers and switches', () => {
    const config = good(
      'demo: ${SWITCH}\nmqtt: {url: "mqtt://${HOST}", topics: [a], qos: "${Q:-0}"}\npipelines: {p: {inputs: [mqtt], hidden: "${HIDDEN}"}}',
    );
    expect(config.demo).toBe(true);
    expect(config.mqtt).toMatchObject({ url: 'mqtt://broker.local', qos: 0 });
    expect(config.pipelines.get('p')?.hidden).toBe(32);
  });

  it('fills what is a number or a percentage', () => {
    const { pipelines } = good(
      'mqtt: {url: "mqtt://h", topics: [a]}\npipelines: {p: {inputs: [mqtt], min_deviation: "${HIDDEN}", limits: {min: "${LOW}", max: "${HIDDEN}"}}, q: {inputs: [mqtt], min_deviation: "${SHARE}"}}',
      { env: { ...env, LOW: '-1.5', SHARE: '7%' } },
    );
    expect(pipelines.get('p')).toMatchObject({ minDeviation: { amount: 32 }, limits: { min: -1.5, max: 32 } });
    expect(pipelines.get('q')?.minDeviation).toEqual({ amount: 0, percent: 7 });
  });

  it('is never read as syntax, nor filled in twice', () => {
    const hostile = { A: 'x\ndemo: true', B: '${C}', C: 'no' };
    expect(good('state_dir: ${A}', { env: hostile })).toMatchObject({ stateDir: 'x\ndemo: true', demo: false });
    expect(good('state_dir: ${B}', { env: hostile }).stateDir).toBe('${C}');
  });

  it('is left alone after $${ and by a dollar sign alone', () => {
    expect(good('state_dir: "$${HOST}/$HOST/$"').stateDir).toBe('${HOST}/$HOST/$');
  });

  it('has no variables that the object inherits', () => {
    expect(errorsOf('state_dir: ${toString}')[0].message).toBe('environment variable toString is not set');
  });
});

describe('the command line', () => {
  it('says what the file does not, and goes before it', () => {
    const overrides = { listen: '0.0.0.0:9', tokenFile: 't', stateDir: 's' };
    const config = good('state_dir: x\nhttp: {listen: "127.0.0.1:1", max_clients: 5}', { overrides });
    expect(config).toMatchObject({ stateDir: 's', http: { listen: { port: 9 }, tokenFile: 't', maxClients: 5 } });
    expect(good('demo: true\nhttp:\n', { overrides }).http.listen.port).toBe(9);
  });

  it('is named in the error about it', () => {
    const [error] = errorsOf('demo: true', { overrides: { listen: 'here' } });
    expect(format(error)).toBe(
      '--listen  http.listen: expected HOST:PORT, such as 127.0.0.1:8420, got "here"  (CONFIG_LISTEN)',
    );
    expect(errorsOf('demo: true', { overrides: { listen: '0.0.0.0:1' } })[0]).toMatchObject({
      file: '--listen',
      line: 0,
    });
  });

  it('does not hide a mistake in the file', () => {
    expect(errorsOf('http: 7', { overrides: { listen: '127.0.0.1:1' } })[0].path).toBe('http');
  });
});

/** Each line one column further in than the one before. */
const steps = (unit: string, depth: number): string =>
  Array.from({ length: depth }, (_, level) => ' '.repeat(level) + unit).join('\n');

describe('nesting', () => {
  const units = [
    '[',
    '{',
    '{a: ',
    '[a: ',
    '- ',
    '? ',
    ': ',
    '[? ',
    '{? ',
    '- ? ',
    '? - ',
    'a: [',
    '- [',
    '&a [',
    '!x [',
    '[\n',
  ];
  const shapes = new Map<string, (depth: number) => string>([
    ...units.map((unit) => [unit, (depth: number) => unit.repeat(depth)] as const),
    ['[]', (depth) => '['.repeat(depth) + ']'.repeat(depth)],
    ['{a: }', (depth) => '{a: '.repeat(depth) + '}'.repeat(depth)],
    ['maps in steps', (depth) => steps('a:', Math.min(depth, 1000))],
    ['lists in steps', (depth) => steps('-', Math.min(depth, 1000))],
  ]);

  it.each([...shapes])('however deep cannot end the process: %s', (_, shape) => {
    for (const depth of [20_000, 2000]) {
      for (const text of [shape(depth), `a: ${shape(depth)}`, `a:\n  ${shape(depth)}`]) {
        expect(errorsOf(text).map(({ code }) => code)).toContainEqual(expect.stringMatching(/^CONFIG_(DEPTH|SYNTAX)$/));
      }
    }
  });

  it('may be as deep as a mapping is', () => {
    const fields = 'mapping: {topics: [{match: a, fields: {x: "$.a"}}]}';
    expect(good(`sources: {s: {type: http, ${fields}}}`).sources.size).toBe(1);
  });

  it('is not seen in text and comments', () => {
    const brackets = '[{'.repeat(100);
    expect(good(`# ${brackets}\nstate_dir: "${brackets}"`).stateDir).toBe(brackets);
  });
});

describe('loading', () => {
  const options = { file: 'f', env };

  it('never throws on arbitrary text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 400 }), (text) => {
        const result = load(text, options);
        if (!result.ok) expect(result.errors.length).toBeGreaterThan(0);
      }),
    );
  });

  it('never throws on text of the pieces that files are made of', () => {
    const pieces = [
      '\n',
      ' ',
      '  ',
      ': ',
      '- ',
      '[',
      ']',
      '{',
      '}',
      '"',
      "'",
      '&a ',
      '*a',
      '${',
      '}',
      '!!x ',
      '? ',
      '|',
      '>',
      '#',
      '---',
      '<<',
      '\t',
      '0',
      'true',
    ];
    const words = [
      'sources',
      'pipelines',
      'mqtt',
      'type',
      'inputs',
      'http',
      'listen',
      'url',
      'a',
      '__proto__',
      'password',
      'mapping',
      'fields',
      'match',
    ];
    const text = fc.array(fc.constantFrom(...pieces, ...words), { maxLength: 60 }).map((parts) => parts.join(''));
    fc.assert(
      fc.property(text, (input) => {
        const result = load(input, options);
        if (!result.ok) expect(result.errors.every((error) => error.line >= 1 && error.column >= 1)).toBe(true);
      }),
      { numRuns: 1000 },
    );
  });

  it('never throws on arbitrary values under the known keys', () => {
    const value = fc.jsonValue({ maxDepth: 3 });
    const keys = ['demo', 'http', 'broker', 'mqtt', 'sources', 'pipelines', 'outputs', 'threads'];
    fc.assert(
      fc.property(fc.dictionary(fc.constantFrom(...keys), value), value, (file, part) => {
        load(JSON.stringify(file), options);
        load(
          JSON.stringify({
            sources: { a: part, b: { type: 'http', mapping: part }, c: { type: 'influx', measurements: part } },
            outputs: { a: part, b: { type: 'webhook', url: part, events: part } },
            pipelines: { p: { inputs: part, hidden: part, min_deviation: part, limits: part } },
            http: { listen: part },
          }),
          options,
        );
      }),
    );
  });
});
