import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Config } from '../../../src/config/config.ts';
import { format } from '../../../src/config/errors.ts';
import { expand } from '../../../src/config/expand.ts';
import { load } from '../../../src/config/load.ts';
import { difference, plan, type Plan, type Step } from '../../../src/config/plan.ts';

function effective(text: string): Config {
  const result = load(text, { file: 'f', env: {} });
  if (!result.ok) throw new Error(result.errors.map(format).join('\n'));
  return expand(result.config);
}

const planOf = (text: string): Plan => plan(effective(text));
const short = (steps: Step[]): string[] => steps.map(({ action, part }) => `${action} ${part.key}`);

const source = (id: string, topic: string): string => `${id}: {type: mqtt, url: "mqtt://h", topics: [${topic}]}`;
const output = (base: string): string => `{type: mqtt, url: "mqtt://h", base: ${base}}`;
const two = (keys: string): string =>
  `sources: {${source('a', 'x')}, ${source('b', 'y')}}\npipelines: {p: {inputs: [a]}, q: {inputs: [b]${keys}}}`;

describe('a plan', () => {
  it('starts who listens before who speaks', () => {
    expect(short(difference(null, planOf('demo: true\noutputs: {o: {type: log}}')))).toEqual([
      'start http',
      'start broker',
      'start output:o',
      'start pipeline:plant',
      'start source:demo',
      'start source:http',
      'start simulator:simulator',
    ]);
  });

  it('has a part for every source and every output', () => {
    const { parts } = planOf(`
sources:
  a: {type: mqtt, url: "mqtt://h", topics: [x]}
  b: {type: websocket, url: "ws://h"}
  c: {type: http}
  d: {type: replay, path: p}
  e: {type: influx, url: "http://h", database: d, measurements: [m]}
outputs:
  a: {type: mqtt, url: "mqtt://h"}
  b: {type: influx, url: "http://h", database: d}
  c: {type: webhook, url: "http://h"}
  d: {type: log}
`);
    const rooms = parts.flatMap((part) =>
      part.kind === 'source' || part.kind === 'output' ? [`${part.key} ${part.options.type}`] : [],
    );
    expect(rooms).toEqual([
      'output:a mqtt',
      'output:b influx',
      'output:c webhook',
      'output:d log',
      'source:a mqtt',
      'source:b websocket',
      'source:c http',
      'source:d replay',
      'source:e influx',
    ]);
  });

  it('tells mqtt sources what our own outputs publish', () => {
    const outputs = `{o: ${output('b')}, p: ${output('a')}, q: ${output('b')}, r: {type: log}}`;
    const { parts } = planOf(`sources: {${source('s', 'x')}}\noutputs: ${outputs}`);
    expect(parts.find(({ key }) => key === 'source:s')?.options).toMatchObject({ ignoreBases: ['a', 'b'] });
  });

  it('is plain data', () => {
    const made = planOf('demo: true');
    expect(JSON.parse(JSON.stringify(made))).toEqual(made);
  });

  it('keeps the state directory', () => {
    expect(planOf('demo: true\nstate_dir: x').stateDir).toBe('x');
  });
});

describe('the difference', () => {
  it('of equal plans is empty', () => {
    expect(difference(planOf('demo: true'), planOf('demo: true'))).toEqual([]);
  });

  it('does not depend on the order of keys in the file', () => {
    const other = `pipelines: {q: {inputs: [b]}, p: {inputs: [a]}}\nsources: {${source('b', 'y')}, ${source('a', 'x')}}`;
    expect(difference(planOf(two('')), planOf(other))).toEqual([]);
  });

  it('stops the last started first, then starts', () => {
    expect(short(difference(planOf('demo: true'), planOf('mqtt: {url: "mqtt://h", topics: [a]}')))).toEqual([
      'stop simulator:simulator',
      'stop source:demo',
      'stop pipeline:plant',
      'stop broker',
      'start output:mqtt',
      'start pipeline:main',
      'start source:mqtt',
    ]);
  });

  it('touches only the part that changed', () => {
    const steps = difference(planOf(two('')), planOf(two(', season: 1h')));
    expect(short(steps)).toEqual(['change pipeline:q']);
    expect(steps[0].part).toMatchObject({ id: 'q', options: { seasonMs: 3_600_000 } });
  });

  it.each([
    ', season: 7d',
    ', timezone: Europe/Berlin',
    ', alert_budget: 2/day',
    ', direction: down',
    ', min_deviation: 5%',
    ', limits: {max: 3}',
    ', seed: 9',
    ', group: topic',
    ', group: {a: [x/v, y/v]}',
  ])('keeps the models of a pipeline that keeps its shape: %s', (keys) => {
    expect(difference(planOf(two('')), planOf(two(keys)))).toMatchObject([{ action: 'change', keepsModels: true }]);
  });

  it.each([
    ['', ', hidden: 8'],
    ['', ', context: [x/v]'],
    [', context: [x/v]', ', context: [y/v]'],
    [', context: [x/v]', ', context: [x/v, y/v]'],
    ['', ', weights: shared'],
    [', weights: shared', ', weights: shared, peers: hall/+/flow'],
  ])('drops the models of a pipeline whose shape changed: "%s" to "%s"', (old, next) => {
    const steps = difference(planOf(two(old)), planOf(two(next)));
    expect(steps).toMatchObject([{ action: 'change', keepsModels: false }]);
  });

  it('keeps the models of a pipeline that changes its peers and shares no weights', () => {
    const steps = difference(planOf(two('')), planOf(two(', peers: hall/+/flow')));
    expect(steps).toMatchObject([{ action: 'change', keepsModels: true }]);
  });

  it('sees a changed group', () => {
    const [one, same, other] = ['[x, y]', '[x, y]', '[x, z]'].map((list) => planOf(two(`, group: {a: ${list}}`)));
    expect(difference(one, same)).toEqual([]);
    expect(difference(one, other)).toMatchObject([{ action: 'change', keepsModels: true }]);
  });

  it('changes the mqtt sources where an output gets another base', () => {
    const [one, two] = ['one', 'two'].map((base) =>
      planOf(`sources: {${source('a', 'x')}, b: {type: http}}\noutputs: {o: ${output(base)}}`),
    );
    expect(short(difference(one, two))).toEqual(['change output:o', 'change source:a']);
  });

  it('sees a changed mapping', () => {
    const [one, same, two] = ['$.a', '$.a', '$.b'].map((path) =>
      planOf(`sources: {b: {type: http, mapping: {topics: [{match: a, fields: {x: ${path}}}]}}}`),
    );
    expect(difference(one, same)).toEqual([]);
    expect(short(difference(one, two))).toEqual(['change source:b']);
  });

  it('changes a server whose address changed', () => {
    const steps = difference(planOf('demo: false'), planOf('http: {listen: "127.0.0.1:9"}'));
    expect(steps).toMatchObject([{ action: 'change', part: { key: 'http', options: { listen: { port: 9 } } } }]);
  });

  it('applied to the old plan gives the new one', () => {
    const texts = [
      'demo: true',
      'demo: false',
      two(''),
      two(', hidden: 8'),
      'mqtt: {url: "mqtt://h", topics: [a]}',
      'broker:',
    ];
    const some = fc.constantFrom(...texts.map(planOf));
    fc.assert(
      fc.property(some, some, (old, next) => {
        const running = new Map(old.parts.map((part) => [part.key, part]));
        for (const { action, part } of difference(old, next)) {
          expect(running.has(part.key)).toBe(action !== 'start');
          if (action === 'stop') running.delete(part.key);
          else running.set(part.key, part);
        }
        expect(new Set(running.values())).toEqual(new Set(next.parts));
      }),
    );
  });
});
