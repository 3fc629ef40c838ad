import { describe, expect, it } from 'vitest';
import type { Config } from '../../../src/config/config.ts';
import { format } from '../../../src/config/errors.ts';
import { defaultConfig, expand } from '../../../src/config/expand.ts';
import { load } from '../../../src/config/load.ts';
import { print } from '../../../src/config/print.ts';

function loaded(text: string, env: Record<string, string> = {}): Config {
  const result = load(text, { file: 'f', env });
  if (!result.ok) throw new Error(result.errors.map(format).join('\n'));
  return result.config;
}

describe('expansion', () => {
  it('gives the demo a broker, a simulator that publishes to it, a source that reads it and a pipeline', () => {
    const config = expand(defaultConfig());
    expect(config.broker?.listen).toEqual({ host: '127.0.0.1', port: 18_830 });
    expect(config.sources.get('simulator')).toEqual({ type: 'simulator', url: 'mqtt://127.0.0.1:18830', seed: 1 });
    expect(config.sources.get('demo')).toMatchObject({
      type: 'mqtt',
      url: 'mqtt://127.0.0.1:18830',
      topics: ['line1/+', 'line2/+', 'line3/+'],
    });
    expect(config.pipelines.get('plant')).toMatchObject({ inputs: ['demo', 'http'], seasonMs: 300_000 });
    expect(config.outputs.size).toBe(0);
  });

  it('lets the demo follow the broker to another address', () => {
    const { sources } = expand(loaded('demo: true\nbroker: {listen: "[::1]:5"}'));
    expect(sources.get('demo')).toMatchObject({ url: 'mqtt://[::1]:5' });
    expect(sources.get('simulator')).toMatchObject({ url: 'mqtt://[::1]:5' });
  });

  it('lets entries of the file win over those of the demo', () => {
    const { pipelines } = expand(loaded('demo: true\npipelines: {plant: {inputs: [demo], hidden: 8}}'));
    expect(pipelines.get('plant')).toMatchObject({ hidden: 8, seasonMs: 86_400_000 });
  });

  it('turns mqtt into a source, a pipeline and an output at the same broker', () => {
    const access = 'username: bob, password: "${P}", ca_file: ca, cert_file: c, key_file: k';
    const config = expand(loaded(`mqtt: {url: "mqtts://h", topics: [a], protocol: 3.1.1, ${access}}`, { P: 'x' }));
    expect(config.mqtt).toBeNull();
    expect(config.sources.get('mqtt')).toMatchObject({ type: 'mqtt', url: 'mqtts://h', topics: ['a'] });
    expect([...config.pipelines]).toMatchObject([['main', { inputs: ['mqtt', 'http'] }]]);
    expect(config.outputs.get('mqtt')).toEqual({
      type: 'mqtt',
      spoolBytes: 256 * 1024 * 1024,
      url: 'mqtts://h',
      base: 'tidewatch',
      protocol: 4,
      clientId: null,
      username: 'bob',
      password: 'x',
      passwordFile: null,
      caFile: 'ca',
      certFile: 'c',
      keyFile: 'k',
    });
  });

  it('gives the output of mqtt a client id of its own', () => {
    const { outputs } = expand(loaded('mqtt: {url: "mqtt://h", topics: [a], client_id: me}'));
    expect(outputs.get('mqtt')).toMatchObject({ clientId: 'me-mqtt' });
  });

  it('lets an output of the file win over that of mqtt', () => {
    const { outputs } = expand(loaded('mqtt: {url: "mqtt://h", topics: [a]}\noutputs: {mqtt: {type: log}}'));
    expect(outputs.get('mqtt')?.type).toBe('log');
  });

  it('takes what is pushed with the demo and with mqtt, into one pipeline', () => {
    const config = expand(loaded('demo: true\nmqtt: {url: "mqtt://h", topics: [a]}'));
    expect(config.sources.get('http')).toEqual({ type: 'http', mapping: { format: 'auto', topics: [] } });
    expect([...config.pipelines.values()].map(({ inputs }) => inputs)).toEqual([['mqtt', 'http'], ['demo']]);
  });

  it('leaves what is pushed to the pipeline of the file that reads it', () => {
    const { pipelines } = expand(loaded('demo: true\npipelines: {mine: {inputs: [http]}}'));
    expect([...pipelines].map(([id, { inputs }]) => [id, inputs])).toEqual([
      ['mine', ['http']],
      ['plant', ['demo']],
    ]);
  });

  it('adds no push to one that the file has, nor to pipelines of the file', () => {
    const own = expand(loaded('demo: true\nsources: {push: {type: http}}\npipelines: {p: {inputs: [push]}}'));
    expect([...own.sources.keys()]).not.toContain('http');
    expect(own.pipelines.get('plant')?.inputs).toEqual(['demo']);
    const tuned = expand(loaded('demo: true\npipelines: {plant: {inputs: [demo]}}'));
    expect(tuned.pipelines.get('plant')?.inputs).toEqual(['demo']);
    expect(expand(loaded('broker:')).sources.size).toBe(0);
  });

  it('leaves mqtt to the pipelines of the file, where there are any', () => {
    const config = expand(loaded('mqtt: {url: "mqtt://h", topics: [a]}\npipelines: {p: {inputs: [mqtt]}}'));
    expect([...config.pipelines.keys()]).toEqual(['p']);
  });

  it('runs the demo and a broker of its own side by side', () => {
    const config = expand(loaded('demo: true\nmqtt: {url: "mqtt://h", topics: [a]}'));
    expect([...config.pipelines.keys()]).toEqual(['main', 'plant']);
  });

  it.each([
    'demo: true\nmqtt: {url: "mqtt://h", topics: [a]}',
    'demo: true\npipelines: {mine: {inputs: [http]}}',
    'demo: true\npipelines: {plant: {inputs: [demo]}, a: {inputs: [demo]}}',
    'demo: true\nsources: {http: {type: replay, path: p}}',
    'mqtt: {url: "mqtt://h", topics: [a]}\npipelines: {p: {inputs: [mqtt]}}',
  ])('done twice changes nothing more, not even the order, and never its argument: %s', (text) => {
    const config = loaded(text);
    const once = expand(config);
    expect(expand(once)).toEqual(once);
    expect([...expand(once).pipelines.keys()]).toEqual([...once.pipelines.keys()]);
    expect(config).toEqual(loaded(text));
  });
});

describe('printing', () => {
  it.each([
    ['the demo', 'demo: true'],
    ['the short form', 'mqtt: {url: "mqtt://h", topics: [a, "#"], client_id: "123", password_file: p}'],
    [
      'every key',
      'http: {listen: "[::]:1", token_file: "true"}\noutputs: {o: {type: log}, 10: {type: log}}\nthreads: 1\nmax_series: 7',
    ],
    ['a budget per week', 'demo: true\npipelines: {p: {inputs: [demo], alert_budget: 1/week}}'],
    [
      'rules for alerts',
      'demo: true\npipelines: {p: {inputs: [demo], direction: down, min_deviation: 0.5, limits: {min: -1e-7, rate: 2}}}',
    ],
    ['a percentage', 'demo: true\npipelines: {p: {inputs: [demo], min_deviation: 0.000001%, limits: {max: 1e21}}}'],
    [
      'groups by hand, and context',
      'demo: true\npipelines: {p: {inputs: [demo], group: {b: [x/y, "$${A}"], 7: [y, "-"]}, context: [z, "$${B}"]}}',
    ],
    ['a dollar sign', 'state_dir: "$${HOME}"'],
    [
      'every source',
      `sources:
  a: {type: mqtt, url: "mqtts://h", topics: [a], protocol: 3.1.1, ca_file: c, cert_file: d, key_file: e}
  b: {type: websocket, url: "wss://h", topic: a/b, hello: '{"a":1}', token_file: t, ca_file: c, mapping: {format: json}}
  c: {type: replay, path: p, speed: 0.5, period: 1m}
  d: {type: influx, url: "https://h", database: d, measurements: [m], every: 1m, lookback: 1d, username: "7"}
  e: {type: http, mapping: {topics: [{match: "a/{b}", fields: {"1": $.a, x: $.b}, ignore: [y]}, {match: "#", fields: [$.a], time: {path: $.t, unit: s}}]}}`,
    ],
    [
      'every output',
      `outputs:
  a: {type: mqtt, url: "mqtt://h", base: a/b, protocol: 5, client_id: c, username: u, password_file: p}
  b: {type: influx, url: "https://h", database: d, samples: false, flush: 5s, batch: 10, queue: 20, spool: 1GiB, ca_file: c}
  c: {type: webhook, url: "https://h/x", token_file: t, ca_file: c, events: [ack], timeout: 1s, spool: 1025KiB}
  d: {type: log, path: p}`,
    ],
  ])('writes what loads back to the same configuration: %s', (_, text) => {
    const config = loaded(text);
    expect(loaded(print(config))).toEqual(config);
    expect(loaded(print(expand(config)))).toEqual(expand(config));
  });

  it('masks passwords and queries of urls', () => {
    const config = loaded('mqtt: {url: "wss://h/x?key=${P}", topics: [a], password: "${P}"}', { P: 'hunter2' });
    expect(print(config)).not.toContain('hunter2');
    expect(print(expand(config))).not.toContain('hunter2');
    expect(print(expand(config))).toContain("password: '***'".replaceAll("'", '"'));
  });
});
