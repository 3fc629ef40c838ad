import { describe, expect, it } from 'vitest';
import { ARRIVAL, pairs, read } from './read.ts';

const names = (text: string) => read(text).readings.map(({ path }) => path);
const times = (text: string) => read(text).readings.map(({ time }) => time);

describe('the examples of the standard', () => {
  it('5.1.1: a single value without a time', () => {
    const decoded = read('[{"n":"urn:dev:ow:10e2073a01080063","u":"Cel","v":23.1}]');
    expect(decoded.readings).toEqual([
      { path: 'urn:dev:ow:10e2073a01080063', value: 23.1, onOff: false, time: Number.NaN },
    ]);
  });

  it('5.1.2: two values under one base name', () => {
    const decoded = read(
      '[{"bn":"urn:dev:ow:10e2073a01080063:","n":"voltage","u":"V","v":120.1},{"n":"current","u":"A","v":1.2}]',
    );
    expect(pairs(decoded)).toEqual([
      ['urn:dev:ow:10e2073a01080063:voltage', 120.1],
      ['urn:dev:ow:10e2073a01080063:current', 1.2],
    ]);
  });

  it('5.1.2: values before a base time', () => {
    const text =
      '[{"bn":"urn:dev:ow:10e2073a0108006:","bt":1.276020076001e+09,"bu":"A","bver":5,"n":"voltage","u":"V","v":120.1},' +
      '{"n":"current","t":-5,"v":1.2},{"n":"current","t":-4,"v":1.3},{"n":"current","v":1.7}]';
    expect(times(text)).toEqual([1276020076001, 1276020071001, 1276020072001, 1276020076001]);
    expect(read(text).drops).toEqual([]);
  });

  it('5.1.3: text, on/off and bytes beside numbers', () => {
    const decoded = read(
      '[{"bn":"urn:dev:ow:10e2073a01080063:","n":"temp","u":"Cel","v":23.1},{"n":"label","vs":"Machine Room"},' +
        '{"n":"open","vb":false},{"n":"nfc-reader","vd":"1234"}]',
    );
    expect(decoded.readings).toMatchObject([
      { path: 'urn:dev:ow:10e2073a01080063:temp', value: 23.1, onOff: false },
      { path: 'urn:dev:ow:10e2073a01080063:open', value: 0, onOff: true },
    ]);
    expect(decoded.drops).toEqual(['not_a_number', 'not_a_number']);
  });
});

const pack = (count: number) => JSON.stringify(Array.from({ length: count }, (_, i) => ({ n: `${i}`, v: i })));

describe('a record', () => {
  it('keeps the base until another comes', () => {
    expect(names('[{"bn":"a/","n":"x","v":1},{"n":"y","v":2},{"bn":"b/","n":"x","v":3},{"n":"y","v":4}]')).toEqual([
      'a/x',
      'a/y',
      'b/x',
      'b/y',
    ]);
  });

  it('is added to the base value and the base sum', () => {
    expect(pairs(read('[{"bn":"m","bv":20,"bs":100,"v":1.5,"s":7},{"v":-1},{"u":"V"}]'))).toEqual([
      ['m/sum', 107],
      ['m', 21.5],
      ['m', 19],
      ['m', 20], // the value itself is missing: the base alone
    ]);
  });

  it('of base fields alone says nothing by itself', () => {
    const decoded = read('[{"bn":"a/","bt":1700000000},{"n":"x","v":1}]');
    expect(decoded).toMatchObject({ readings: [{ path: 'a/x', time: 1700000000000 }], drops: [] });
  });

  it.each([
    ['-5', ARRIVAL - 5000],
    ['0', Number.NaN],
    ['60', ARRIVAL + 60_000],
    ['268435455', ARRIVAL + 268435455000], // the last relative one
    ['268435456', 268435456000], // the first absolute one
    ['1700000000.25', 1700000000250],
  ])('at t = %s is at %d', (t, time) => {
    expect(times(`[{"n":"x","t":${t},"v":1}]`)).toEqual([time]);
  });

  it.each([
    ['{"n":"x"}', 'empty'],
    ['{"n":"x","v":null}', 'empty'],
    ['{"n":"x","v":{}}', 'not_a_number'],
    ['{"n":"x","v":1e999}', 'not_finite'],
    ['{"n":5,"v":1}', 'bad_name'],
    ['{}', 'malformed'],
    ['7', 'malformed'],
  ])('%s is dropped as %s, and its neighbours are kept', (bad, reason) => {
    const decoded = read(`[{"n":"a","v":1},${bad},{"n":"b","v":2}]`);
    expect(pairs(decoded)).toEqual([
      ['a', 1],
      ['b', 2],
    ]);
    expect(decoded.drops).toEqual([reason]);
  });

  it('with an unreadable time is kept with that of its arrival', () => {
    const decoded = read('[{"n":"x","t":"now","v":1},{"n":"y","t":1e30,"v":2}]');
    expect(decoded.readings.map(({ time }) => time)).toEqual([Number.NaN, Number.NaN]);
    expect(decoded.drops).toEqual(['bad_time', 'bad_time']);
  });

  it('may be one of 4,096', () => {
    expect(read(pack(4096)).drops).toEqual([]);
    expect(read(pack(4097))).toMatchObject({ drops: ['too_many_rows'] });
  });
});

describe('a pack', () => {
  it.each([
    ['of a later version', '{"bver":11,"n":"x","v":1}'],
    ['of no version at all', '{"bver":"10","n":"x","v":1}'],
    ['with a label that must be understood', '{"n":"x","v":1,"scale_":2}'],
  ])('%s is refused whole', (_, record) => {
    expect(read(`[{"n":"a","v":1},${record}]`)).toMatchObject({ readings: [], drops: ['malformed'] });
  });

  it('of version 10 is read', () => {
    expect(names('[{"bver":10,"n":"x","v":1}]')).toEqual(['x']);
  });

  it('must be an array', () => {
    expect(read('{"n":"x","v":1}', 'senml').drops).toEqual(['malformed']);
    expect(read('{', 'senml').drops).toEqual(['malformed']);
  });

  it.each(['[{"v":1,"temp":2}]', '[{"n":3,"v":1}]', '[{"t":1700000000,"temp":2}]', '[{"n":"x","value":2}]'])(
    'is not what %s looks like',
    (text) => {
      expect(read(text)).toEqual(read(text, 'json'));
      expect(read(text)).not.toEqual(read(text, 'senml'));
    },
  );
});
