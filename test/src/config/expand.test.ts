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
    expect(config.pipelines.get('plant')).toMatchObject({ inputs: ['demo'], seasonMs: 300_000 });
  });

  it('lets the demo follow the broker to another address', () => {
    const { sources } = expand(loaded('demo: true\nbroker: {listen: "[::1]:5"}'));
    expect([...sources.values()].map((source) => source.url)).toEqual(['mqtt://[::1]:5', 'mqtt://[::1]:5']);
  });

  it('lets entries of the file win over those of the demo', () => {
    const { pipelines } = expand(loaded('demo: true\npipelines: {plant: {inputs: [demo], hidden: 8}}'));
    expect(pipelines.get('plant')).toMatchObject({ hidden: 8, seasonMs: 86_400_000 });
  });

  it('turns mqtt into a source and a pipeline', () => {
    const config = expand(loaded('mqtt: {url: "mqtt://h", topics: [a]}'));
    expect(config.mqtt).toBeNull();
    expect(config.sources.get('mqtt')).toMatchObject({ type: 'mqtt', url: 'mqtt://h', topics: ['a'] });
    expect([...config.pipelines]).toMatchObject([['main', { inputs: ['mqtt'] }]]);
  });

  it('leaves mqtt to the pipelines of the file, where there are any', () => {
    const config = expand(loaded('mqtt: {url: "mqtt://h", topics: [a]}\npipelines: {p: {inputs: [mqtt]}}'));
    expect([...config.pipelines.keys()]).toEqual(['p']);
  });

  it('runs the demo and a broker of its own side by side', () => {
    const config = expand(loaded('demo: true\nmqtt: {url: "mqtt://h", topics: [a]}'));
    expect([...config.pipelines.keys()]).toEqual(['main', 'plant']);
  });

  it('done twice changes nothing more, and never its argument', () => {
    const config = loaded('demo: true\nmqtt: {url: "mqtt://h", topics: [a]}');
    const once = expand(config);
    expect(expand(once)).toEqual(once);
    expect(config.sources.size).toBe(0);
  });
});

describe('printing', () => {
  it.each([
    ['the demo', 'demo: true'],
    ['the short form', 'mqtt: {url: "mqtt://h", topics: [a, "#"], client_id: "123", password_file: p}'],
    [
      'every key',
      'http: {listen: "[::]:1", token_file: "true"}\noutputs: {o: {type: log}, 10: {type: log}}\nthreads: 1',
    ],
    ['a budget per week', 'demo: true\npipelines: {p: {inputs: [demo], alert_budget: 1/week, hold: 90s}}'],
    ['a dollar sign', 'state_dir: "$${HOME}"'],
  ])('writes what loads back to the same configuration: %s', (_, text) => {
    const config = loaded(text);
    expect(loaded(print(config))).toEqual(config);
    expect(loaded(print(expand(config)))).toEqual(expand(config));
  });

  it('masks passwords and queries of urls', () => {
    const config = loaded('mqtt: {url: "wss://h/x?key=${P}", topics: [a], password: "${P}"}', { P: 'hunter2' });
    expect(print(config)).not.toContain('hunter2');
    expect(print(expand(config))).toContain("password: '***'".replaceAll("'", '"'));
  });
});
