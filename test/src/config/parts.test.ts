import * as fc from 'fast-check';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { formatAddress, isLoopback, parseAddress } from '../../../src/config/address.ts';
import { jsonSchema, jsonSchemaText } from '../../../src/config/json-schema.ts';
import { editDistance, nearest } from '../../../src/config/nearest.ts';
import { isTopicFilter, isTopicName } from '../../../src/config/topic-filter.ts';
import {
  formatBudget,
  formatDuration,
  parseBudget,
  parseDuration,
  parsePercent,
  parseSize,
} from '../../../src/config/units.ts';
import { hasUserinfo, isPlainUrl, isUrl, maskUrl } from '../../../src/config/url.ts';

describe('durations', () => {
  it.each([
    ['250ms', 250],
    ['30s', 30_000],
    ['5m', 300_000],
    ['24h', 86_400_000],
    ['7d', 604_800_000],
    ['0s', 0],
  ])('%s is %i ms, and is written so again', (text, ms) => {
    expect(parseDuration(text)).toBe(ms);
    expect(formatDuration(ms)).toBe(text);
  });

  it.each(['', '5', 'm', '-5m', '1.5h', '5 m', '5M', '1h30m', '5min'])('"%s" is none', (text) => {
    expect(parseDuration(text)).toBeUndefined();
  });

  it('of any length come back as they were', () => {
    fc.assert(fc.property(fc.nat(), (ms) => parseDuration(formatDuration(ms)) === ms));
  });
});

describe('sizes', () => {
  it('count in powers of 1024', () => {
    expect(['512B', '1KiB', '64MiB', '2GiB'].map(parseSize)).toEqual([512, 1024, 67_108_864, 2_147_483_648]);
    expect(['64MB', '64', '-1B', ''].map(parseSize)).toEqual([undefined, undefined, undefined, undefined]);
  });
});

describe('alert budgets', () => {
  it('are counted per day', () => {
    expect(['1/day', '2/hour', '7/week', '0.5/day'].map(parseBudget)).toEqual([1, 48, 1, 0.5]);
    expect(['1', '0/day', '1/year', '-1/day'].map(parseBudget)).toEqual([undefined, undefined, undefined, undefined]);
  });

  it('of any rate come back as they were', () => {
    const rate = fc.tuple(fc.integer({ min: 1, max: 999 }), fc.constantFrom('hour', 'day', 'week'));
    fc.assert(
      fc.property(rate, ([count, unit]) => {
        const perDay = parseBudget(`${count}/${unit}`) ?? Number.NaN;
        expect(parseBudget(formatBudget(perDay))).toBe(perDay);
      }),
    );
  });
});

describe('percentages', () => {
  it.each([
    ['5%', 5],
    ['0%', 0],
    ['0.5%', 0.5],
    ['250%', 250],
  ])('%s is %f', (text, percent) => {
    expect(parsePercent(text)).toBe(percent);
  });

  it.each(['', '5', '%', '-5%', '5 %', '5%%', '.5%', '1e3%'])('"%s" is none', (text) => {
    expect(parsePercent(text)).toBeUndefined();
  });
});

const loopback = (host: string): boolean => isLoopback({ host, port: 1 });

describe('addresses', () => {
  it.each(['127.0.0.1:8420', '[::1]:8420', 'localhost:0', 'plant.local:65535'])('%s is one', (text) => {
    const address = parseAddress(text);
    expect(address && formatAddress(address)).toBe(text);
  });

  it.each(['8420', ':8420', '127.0.0.1', '::1:8420', '[::g]:1', '127.0.0.1.1:1', '127.0.0.256:1', 'h:65536', 'a b:1'])(
    '%s is none',
    (text) => {
      expect(parseAddress(text)).toBeUndefined();
    },
  );

  it('are loopback only where nobody else can reach them', () => {
    expect(['127.0.0.1', '127.9.9.9', '::1', 'localhost'].every(loopback)).toBe(true);
    expect(['0.0.0.0', '::', '10.0.0.1', '127.evil.example', 'localhost.evil'].some(loopback)).toBe(false);
  });
});

describe('urls', () => {
  it('have one of the wanted schemes and a host', () => {
    const schemes = ['mqtt:', 'mqtts:', 'ws:', 'wss:'];
    for (const url of ['mqtt://h', 'mqtts://h:8883', 'ws://h/mqtt', 'wss://h', 'mqtt://[::1]:1883']) {
      expect(isUrl(url, schemes)).toBe(true);
    }
    for (const url of ['', 'h', 'h:1883', 'tcp://h', 'mqtt://', 'mqtt://h:99999', 'mqtt:// h', 'mqtt://h:0']) {
      expect(isUrl(url, schemes)).toBe(false);
    }
  });

  it('are encrypted or not', () => {
    expect(['mqtt://h', 'ws://h', 'http://h'].every(isPlainUrl)).toBe(true);
    expect(['mqtts://h', 'wss://h', 'https://h', 'h'].some(isPlainUrl)).toBe(false);
  });

  it('are shown without what may be secret', () => {
    expect(maskUrl('mqtt://bob:p/w@x@h:1')).toBe('mqtt://***@h:1');
    expect(maskUrl('bob:secret@h')).toBe('***@h');
    expect(maskUrl('wss://h/p?token=secret')).toBe('wss://h/p?***');
    expect(maskUrl('plant/pump?')).toBe('plant/pump?');
    expect(hasUserinfo('mqtt://h/p')).toBe(false);
  });
});

describe('topic filters', () => {
  it.each(['a', '/', '+', '#', 'a/+/b', 'a/#', '+/+', '/a', '$SYS/#', '$share/g/a/#', 'ä b'])('%s is one', (filter) => {
    expect(isTopicFilter(filter)).toBe(true);
  });

  it.each([
    '',
    'a#',
    'a/#/b',
    '#/',
    'a+',
    '+a',
    'a\0',
    '$share/g',
    '$share//a',
    '$share/g+/a',
    '$share/g/',
    'a'.repeat(65_536),
  ])('"%s" is none', (filter) => {
    expect(isTopicFilter(filter)).toBe(false);
  });
});

describe('topic names', () => {
  it('are one topic each', () => {
    expect(['tidewatch', 'plant/tidewatch', 'ä b'].every(isTopicName)).toBe(true);
    expect(['', '/a', 'a/', 'a//b', 'a/+', '#', '$SYS', 'a\0', '$share/g/a'].some(isTopicName)).toBe(false);
  });
});

describe('the nearest key', () => {
  it('is at most a third of the word away', () => {
    expect(nearest('topcs', ['url', 'topics'])).toBe('topics');
    expect(nearest('tpoics', ['topics'])).toBe('topics');
    expect(nearest('stateDir', ['state_dir'])).toBe('state_dir');
    expect(nearest('colour', ['topics', 'url'])).toBeNull();
    expect(nearest('x'.repeat(10_000), ['x'])).toBeNull();
  });

  it('counts a swap of neighbours as one edit', () => {
    expect(editDistance('ab', 'ba')).toBe(1);
    expect(editDistance('', 'abc')).toBe(3);
    expect(editDistance('kitten', 'sitting')).toBe(3);
  });
});

describe('the schema for editors', () => {
  const schema = jsonSchema();

  it('is JSON Schema 2020-12', () => {
    expect(schema).toMatchObject({ $schema: 'https://json-schema.org/draft/2020-12/schema', type: 'object' });
  });

  it('describes every key', () => {
    const bare: string[] = [];
    const visit = (node: unknown, path: string): void => {
      if (typeof node !== 'object' || node === null) return;
      for (const [key, child] of Object.entries(node)) {
        const inProperties = path.endsWith('.properties');
        if (inProperties && !('description' in (child as object))) bare.push(`${path}.${key}`);
        visit(child, `${path}.${key}`);
      }
    };
    visit(schema, '');
    expect(bare).toEqual([]);
  });

  it('knows the defaults as they are written', () => {
    const { pipelines } = schema['properties'] as Record<string, { additionalProperties: { properties: unknown } }>;
    expect(pipelines.additionalProperties.properties).toMatchObject({
      hidden: { default: 16, minimum: 1, maximum: 512 },
      season: { default: '24h' },
      alert_budget: { default: '1/day' },
    });
  });

  it('stands in docs as it is', () => {
    const written = readFileSync(new URL('../../../docs/pipelines.schema.json', import.meta.url), 'utf8');
    expect(written, 'npm run schema writes it anew').toBe(jsonSchemaText());
  });
});
