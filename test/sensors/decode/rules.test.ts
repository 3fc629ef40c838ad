import { describe, expect, it } from 'vitest';
import { parseJsonPath, select } from '../../../sensors/decode/json-path.ts';
import { topicPattern } from '../../../sensors/decode/topic-pattern.ts';
import { createDecoder } from '../../../sensors/decode.ts';
import type { TopicRule } from '../../../sensors/mapping.ts';
import { ARRIVAL, pairs, read } from './read.ts';

const RULE: TopicRule = { match: '#', time: null, fields: null, ignore: [] };

describe('a topic pattern', () => {
  it.each([
    ['a/b', 'a/b', true],
    ['a/b', 'a/b/c', false],
    ['a/b', 'a', false],
    ['a/+', 'a/b', true],
    ['a/+', 'a/', true],
    ['a/+', 'a', false],
    ['a/+', 'a/b/c', false],
    ['+/+', '/b', true],
    ['a/{site}/c', 'a/leeds/c', true],
    ['a/{site}/c', 'a/leeds/d', false],
    ['a/#', 'a', true],
    ['a/#', 'a/b/c', true],
    ['a/#', 'ab', false],
    ['#', 'a/b/c', true],
    ['#', '$SYS/load', false],
    ['+/load', '$SYS/load', false],
    ['{x}/load', '$SYS/load', false],
    ['$SYS/#', '$SYS/load', true],
  ])('%s and %s: %s', (pattern, topic, fits) => {
    expect(topicPattern(pattern)?.(topic)).toBe(fits);
  });

  it.each(['', 'a/#/b', 'a#', 'a+/b', '{', '{}', '{a b}', 'x{a}', '{a}x', 'a/}'])('is not %j', (pattern) => {
    expect(topicPattern(pattern)).toBeUndefined();
    const create = () => createDecoder({ format: 'auto', topics: [{ ...RULE, match: pattern }] });
    expect(create).toThrow('MAPPING_TOPIC');
  });
});

describe('a JSON path', () => {
  const JSON_TEXT = '{"a":{"b":1,"c d":[2,{"e":3}]},"__proto__":4,"x":[5,6]}';
  const found = (path: string): [string, unknown][] => {
    const hits: [string, unknown][] = [];
    select(JSON.parse(JSON_TEXT), parseJsonPath(path) ?? [], ({ segments, value }) => {
      hits.push([segments.join('/'), value]);
      return true;
    });
    return hits;
  };

  it.each([
    ['$.a.b', [['a/b', 1]]],
    ["$['a']['b']", [['a/b', 1]]],
    ['$.a["c d"][1].e', [['a/c d/1/e', 3]]],
    [
      '$.x.*',
      [
        ['x/0', 5],
        ['x/1', 6],
      ],
    ],
    [
      '$.x[*]',
      [
        ['x/0', 5],
        ['x/1', 6],
      ],
    ],
    ['$.*.b', [['a/b', 1]]],
    ['$.__proto__', [['__proto__', 4]]],
    ['$.constructor', []],
    ['$.a.toString', []],
    ['$.x.length', []],
    ['$.x[2]', []],
    ['$.a.b.c', []],
    ['$.missing', []],
  ])('%s finds %j', (path, hits) => {
    expect(found(path)).toEqual(hits);
  });

  it.each(['', 'a', '$.', '$a', '$..a', '$.a[', '$.a[-1]', '$.a[b]', '$.a b', "$['a", '$.a.'])('is not %j', (path) => {
    expect(parseJsonPath(path)).toBeUndefined();
    const create = () => createDecoder({ format: 'json', topics: [{ ...RULE, fields: [path] }] });
    expect(create).toThrow('MAPPING_PATH');
  });

  it('stops when it is told to', () => {
    let count = 0;
    select([1, 2, 3], ['*'], () => ++count < 2);
    expect(count).toBe(2);
  });
});

describe('the fields of a rule', () => {
  const TEXT = `{"ts":${ARRIVAL},"values":{"temp":1,"rpm":"2","deep":{"u":3}},"other":4}`;

  it.each([
    [['$.other'], [['other', 4]]],
    [
      ['$.values.*'],
      [
        ['values/temp', 1],
        ['values/rpm', 2],
        ['values/deep/u', 3],
      ],
    ],
    [['$.values.deep'], [['values/deep/u', 3]]],
    [
      new Map([
        ['t', '$.values.temp'],
        ['o', '$.other'],
      ]),
      [
        ['t', 1],
        ['o', 4],
      ],
    ],
    [
      new Map([['v', '$.values.*']]),
      [
        ['v/temp', 1],
        ['v/rpm', 2],
        ['v/deep/u', 3],
      ],
    ],
    [new Map([['ts', '$.other']]), [['ts', 4]]], // the name is free, even where it is that of the time
    [
      ['$'],
      [
        ['values/temp', 1],
        ['values/rpm', 2],
        ['values/deep/u', 3],
        ['other', 4],
      ],
    ],
  ])('%j are these', (fields, expected) => {
    const decoded = read(TEXT, 'auto', { fields });
    expect(pairs(decoded)).toEqual(expected);
    expect(decoded).toMatchObject({ time: ARRIVAL, drops: [] });
  });

  it('never are the time because a star found it', () => {
    expect(pairs(read(TEXT, 'auto', { fields: ['$.*'] })).map(([path]) => path)).not.toContain('ts');
    const rule = { time: { path: '$.at', unit: null }, fields: new Map([['all', '$.*']]) };
    expect(pairs(read(`{"at":${ARRIVAL},"x":1}`, 'auto', rule))).toEqual([['all/x', 1]]);
  });

  it('may be what is a time elsewhere', () => {
    const decoded = read('{"t":21.5,"r":3}', 'auto', {
      fields: new Map([
        ['temp', '$.t'],
        ['rpm', '$.r'],
      ]),
    });
    expect(pairs(decoded)).toEqual([
      ['temp', 21.5],
      ['rpm', 3],
    ]);
    expect(decoded.time).toBeNaN();
  });

  it('count what is no number and once what is not there at all', () => {
    expect(read('{"a":"x"}', 'json', { fields: ['$.a', '$.b'] }).drops).toEqual(['not_a_number']);
    expect(read('{"a":1}', 'json', { fields: ['$.b', '$.c'] }).drops).toEqual(['empty']);
    expect(read('on', 'auto', { fields: ['$.b'] }).drops).toEqual(['malformed']);
  });

  it('hold for each object of a batch', () => {
    const decoded = read(`[{"ts":${ARRIVAL},"v":1,"n":"x"},{"v":2}]`, 'auto', { fields: ['$.v'] });
    expect(decoded.readings).toEqual([
      { path: 'v', value: 1, onOff: false, time: ARRIVAL },
      { path: 'v', value: 2, onOff: false, time: Number.NaN },
    ]);
  });

  it('may begin at an array', () => {
    expect(pairs(read('[{"v":1},{"v":2}]', 'json', { fields: ['$[1].v'] }))).toEqual([['1/v', 2]]);
    expect(pairs(read('[{"v":1},{"v":2}]', 'json', { fields: new Map([['p', '$[*].v']]) }))).toEqual([
      ['p/0', 1],
      ['p/1', 2],
    ]);
  });

  it('obey the limits', () => {
    const wide = JSON.stringify(Object.fromEntries(Array.from({ length: 300 }, (_, i) => [`f${i}`, i])));
    const decoded = read(wide, 'json', { fields: ['$.*', '$.*'] });
    expect(decoded.readings).toHaveLength(256);
    expect(new Set(decoded.drops)).toEqual(new Set(['too_many_fields']));
    const deep = `${'{"a":'.repeat(9)}1${'}'.repeat(9)}`;
    expect(read(deep, 'json', { fields: ['$.a.a'] }).drops).toEqual(['too_deep']);
  });
});

describe('the time of a rule', () => {
  it.each([
    ['s', '1700000000', 1700000000000],
    ['ms', '1700000000', 1700000000],
    ['us', '1700000000', 1700000],
    ['ns', '1700000000', 1700],
    ['s', '"1700000000"', 1700000000000],
    ['iso', '"2026-11-20T12:00:00"', ARRIVAL],
    [null, '1700000000', 1700000000000],
    [null, '"2026-11-20T12:00:00"', ARRIVAL],
  ] as const)('in %s is %s', (unit, text, time) => {
    const decoded = read(`{"m":{"at":${text}},"t":5}`, 'auto', { time: { path: '$.m.at', unit } });
    expect(decoded.time).toBe(time);
    expect(pairs(decoded)).toEqual([['t', 5]]); // a known key is a field when the time is elsewhere
    expect(decoded.drops).toEqual([]);
  });

  it.each([
    ['s', '1e300'],
    ['ms', '-1'],
    ['ms', '"2026-11-20"'],
    ['iso', '1700000000'],
    ['ns', 'null'],
    [null, '"soon"'],
  ] as const)('in %s is not %s', (unit, text) => {
    const decoded = read(`{"at":${text},"a":1}`, 'auto', { time: { path: '$.at', unit } });
    expect(decoded).toMatchObject({ time: Number.NaN, readings: [{ path: 'a' }], drops: ['bad_time'] });
  });

  it('is missed where it is not', () => {
    expect(read('{"a":1}', 'auto', { time: { path: '$.at', unit: 'ms' } }).drops).toEqual(['bad_time']);
  });
});

describe('an ignored field', () => {
  it.each([
    ['*.linkquality', 'linkquality', true],
    ['*.linkquality', 'kitchen/linkquality', true],
    ['*.linkquality', 'a/b/linkquality', true],
    ['*.linkquality', 'mylinkquality', false],
    ['*/linkquality', 'a/linkquality', true],
    ['linkquality', 'linkquality', true],
    ['linkquality', 'a/linkquality', false],
    ['$.a.b', 'a/b', true],
    ['update.*', 'update/x/y', true],
    ['update.*', 'update', false],
    ['*temp*', 'x/outtemp/y', true],
    ['a*b*c', 'a1b2c', true],
    ['a*b*c', 'acb', false],
    ['ab*ba', 'aba', false],
    ['*', 'anything', true],
  ])('by %s: %s is %s', (pattern, path, ignored) => {
    const json = path.split('/').reduceRight<unknown>((value, key) => ({ [key]: value }), 1);
    const decoded = read(JSON.stringify(json), 'json', { ignore: [pattern] });
    expect(pairs(decoded)).toEqual(ignored ? [] : [[path, 1]]);
  });

  it('is not counted when it is bad', () => {
    expect(read('{"name":"pump","a":1}', 'auto', { ignore: ['name'] }).drops).toEqual([]);
  });

  it.each([
    ['[{"n":"a","v":1},{"n":"b","v":2}]', 'b'],
    ['m f=1,g=2', 'm/g'],
    ['{"values":[{"id":"x.a","v":1},{"id":"x.b","v":2}]}', 'x/b'],
  ])('is left out of %s too', (text, pattern) => {
    expect(read(text).readings).toHaveLength(2);
    expect(read(text, 'auto', { ignore: [pattern] }).readings).toHaveLength(1);
  });
});

describe('the rule of a topic', () => {
  it('is the first that fits, and none leaves everything automatic', () => {
    const decode = createDecoder({
      format: 'auto',
      topics: [
        { ...RULE, match: 'a/+', fields: ['$.x'] },
        { ...RULE, match: 'a/#', fields: ['$.y'] },
      ],
    });
    const paths = (topic: string) => pairs(decode(topic, Buffer.from('{"x":1,"y":2}'), ARRIVAL)).map(([path]) => path);
    for (const _ of ['first look', 'remembered']) {
      expect(paths('a/b')).toEqual(['x']);
      expect(paths('a/b/c')).toEqual(['y']);
      expect(paths('b')).toEqual(['x', 'y']);
    }
  });
});
