import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LIMITS } from '../../../sensors/decode.ts';
import { ARRIVAL, pairs, read } from './read.ts';

const lines = (text: string) => pairs(read(text, 'influx'));

const wide = (count: number) => `m ${Array.from({ length: count }, (_, i) => `f${i}=1`).join(',')}`;

describe('a field', () => {
  it.each([
    ['m f=1', 'm/f', 1],
    ['m f=-1.5e-3', 'm/f', -0.0015],
    ['m f=12i', 'm/f', 12],
    ['m f=-12i', 'm/f', -12],
    ['m f=12u', 'm/f', 12],
    ['m,b=2,a=1 f=1', 'm/1/2/f', 1], // tags in the order of their keys
    ['m,a=1,b=2 f=1', 'm/1/2/f', 1],
    ['m\\,x\\ y f=1', 'm,x y/f', 1], // \, and \  in a measurement
    ['m,k\\=\\,\\ =v\\=\\,\\  f=1', 'm/v=, /f', 1], // in a tag's key and value
    ['m f\\=\\,\\ g=1', 'm/f=, g', 1], // in a field's key
    ['m,path=C:\\dir f=1', 'm/C:\\dir/f', 1], // a backslash before anything else is itself
    ['m "f"=1', 'm/"f"', 1], // quotes are plain outside of values
    ['  m   f=1   ', 'm/f', 1],
    ['m f=1\r\n', 'm/f', 1],
    ['m f="21.5"', 'm/f', 21.5],
  ])('of %j is %s with %d', (text, path, value) => {
    expect(lines(text)).toEqual([[path, value]]);
  });

  it.each(['t', 'T', 'true', 'True', 'TRUE', '"on"', '"True"'])('is on with %s', (text) => {
    expect(read(`m f=${text}`).readings).toMatchObject([{ path: 'm/f', value: 1, onOff: true }]);
  });

  it.each(['f', 'F', 'false', 'False', 'FALSE', '"off"'])('is off with %s', (text) => {
    expect(read(`m f=${text}`).readings).toMatchObject([{ path: 'm/f', value: 0, onOff: true }]);
  });

  it.each([
    ['"running"', 'not_a_number'],
    ['"12i"', 'not_a_number'],
    ['"t"', 'not_a_number'],
    ['""', 'empty'],
    ['1e999', 'not_finite'],
    ['"a, b=c"', 'not_a_number'],
    ['"say \\"hi\\", x=1"', 'not_a_number'],
    ['"ends in a backslash \\\\"', 'not_a_number'],
    ['"two\nlines g=3 4"', 'not_a_number'],
  ])('with %j is dropped as %s, and its neighbours are kept', (text, reason) => {
    const decoded = read(`m a=1,f=${text},b=2 ${ARRIVAL}000000`);
    expect(decoded.readings).toEqual([
      { path: 'm/a', value: 1, onOff: false, time: ARRIVAL },
      { path: 'm/b', value: 2, onOff: false, time: ARRIVAL },
    ]);
    expect(decoded.drops).toEqual([reason]);
  });

  it('may be one of 256, with a path of 512 characters', () => {
    expect(read(wide(256)).drops).toEqual([]);
    expect(read(wide(257)).readings).toHaveLength(256);
    expect(read(wide(257)).drops).toEqual(['too_many_fields']);
    expect(read(`m ${'x'.repeat(510)}=1`).drops).toEqual([]);
    expect(read(`m ${'x'.repeat(511)}=1`).drops).toEqual(['bad_name']);
  });
});

describe('the time of a line', () => {
  it.each([
    [`${ARRIVAL / 1000}`, ARRIVAL],
    [`${ARRIVAL}`, ARRIVAL],
    [`${ARRIVAL}000`, ARRIVAL],
    [`${ARRIVAL}000000`, ARRIVAL],
  ])('%s has its unit by its size', (text, time) => {
    expect(read(`m f=1 ${text}`).readings).toMatchObject([{ time }]);
  });

  it('is its own, and no line has to have one', () => {
    const decoded = read(`m f=1 ${ARRIVAL}\nm f=2\n`);
    expect(decoded.readings.map(({ time }) => time)).toEqual([ARRIVAL, Number.NaN]);
    expect(decoded.time).toBeNaN();
  });

  it.each(['0', '-5', '99999999999999999999999'])('%s is dropped as bad_time, not the values', (time) => {
    expect(read(`m f=1 ${time}`)).toMatchObject({ readings: [{ path: 'm/f', time: Number.NaN }], drops: ['bad_time'] });
  });
});

describe('a line', () => {
  it.each([
    'm',
    'm ',
    'm f',
    'm f=',
    'm =1',
    'm f=1,',
    'm f=1,g',
    'm f=0x1F',
    'm f=NaN',
    'm f=inf',
    'm f=12ii',
    'm f=-1u',
    'm f=1.5i',
    'm f=yes',
    'm f=1 soon',
    'm f=1 12 13',
    'm f=1 12,g=2',
    'm,=v f=1',
    'm,k= f=1',
    'm,k f=1',
    'm,k=v=w f=1',
    'm,k=v',
    'm,k=v,k=w f=1',
    ',k=v f=1',
    'm f="x"y',
    'm f="x',
    'm\\ f=1',
  ])('%j is dropped alone', (bad) => {
    const decoded = read(`a f=1\n${bad}\nb f=2\nc f=3`, 'influx');
    expect(pairs(decoded)).toEqual([
      ['a/f', 1],
      ['b/f', 2],
      ['c/f', 3],
    ]);
    expect(decoded.drops).toEqual(['malformed']);
  });

  it('is found again inside a text whose quote was never closed', () => {
    const decoded = read('m f="oops\nn g=1,h="12"\no f=2');
    expect(pairs(decoded)).toEqual([
      ['n/g', 1],
      ['n/h', 12],
      ['o/f', 2],
    ]);
    expect(decoded.drops).toEqual(['malformed']);
  });

  it('is not looked for inside a text that was closed', () => {
    const decoded = read('m f="a\nn g=1",h=oops\no f=2');
    expect(pairs(decoded)).toEqual([['o/f', 2]]);
    expect(decoded.drops).toEqual(['malformed']);
  });

  it('is taken whole or not at all', () => {
    expect(read('m a=1,b=2,c=oops 5')).toMatchObject({ readings: [], drops: ['malformed'] });
  });

  it('may be a comment or blank', () => {
    expect(read('# m f=1\n\n  # m f=2\nm f=3\n')).toMatchObject({ readings: [{ path: 'm/f', value: 3 }], drops: [] });
    expect(read('# nothing here').drops).toEqual(['empty']);
  });

  it('may be one of 4,096', () => {
    expect(read('m f=1\n'.repeat(4096)).drops).toEqual([]);
    const over = read('m f=1\n'.repeat(5000));
    expect(over.readings).toHaveLength(4096);
    expect(over.drops).toEqual(['too_many_rows']);
  });

  it('costs time by its length alone, however its quotes are set', () => {
    const half = LIMITS.payloadBytesMax / 2;
    for (const text of ['m f="\n', 'm f="",g="\n', '",m=1 y="\n', 'm f=\\"\n', 'm f="\\"\n']) {
      const many = text.repeat(Math.floor(half / text.length));
      const started = performance.now();
      expect(read(`${many}${'\\"'.repeat(half / 2)}`, 'influx').readings).toEqual([]);
      expect(performance.now() - started).toBeLessThan(1000);
    }
  });
});

// Written from the grammar and not from the decoder: one escape for each character a place holds special.
const escape = (text: string, special: string): string => {
  let out = '';
  for (const char of text) out += special.includes(char) ? `\\${char}` : char;
  return out;
};

describe('lines and back', () => {
  type Value = number | boolean | { integer: number };
  interface Line {
    measurement: string;
    tags: [string, string][];
    fields: [string, Value][];
    time: number;
  }

  const spelled = (value: Value) => {
    if (typeof value === 'object') return `${value.integer}i`;
    return Object.is(value, -0) ? '-0' : String(value);
  };
  const encode = ({ measurement, tags, fields, time }: Line): string => {
    const head = [escape(measurement, ', '), ...tags.map((tag) => tag.map((text) => escape(text, ',= ')).join('='))];
    const body = fields.map(([key, value]) => `${escape(key, ',= ')}=${spelled(value)}`);
    return `${head.join(',')} ${body.join(',')} ${time}000000`;
  };

  const text = fc
    .array(fc.constantFrom('a', 'Z', '7', ',', '=', ' ', '"', '/', '.', 'é', '😀', '#'), {
      minLength: 1,
      maxLength: 12,
    })
    .map((chars) => `m${chars.join('')}`);
  const value: fc.Arbitrary<Value> = fc.oneof(
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.boolean(),
    fc.record({ integer: fc.maxSafeInteger() }),
  );
  const unique = <T>(value: fc.Arbitrary<T>, minLength: number) =>
    fc.uniqueArray(fc.tuple(text, value), { selector: ([key]) => key, minLength, maxLength: 5 });
  const line: fc.Arbitrary<Line> = fc.record({
    measurement: text,
    tags: unique(text, 0),
    fields: unique(value, 1),
    time: fc.integer({ min: 2e11, max: 9e12 }),
  });

  it('say the same, in whatever order the tags are', () => {
    fc.assert(
      fc.property(fc.array(line, { minLength: 1, maxLength: 6 }), (all) => {
        const expected = all.flatMap(({ measurement, tags, fields, time }) => {
          const sorted = new Map(tags);
          const names = [measurement, ...[...sorted.keys()].sort().map((key) => sorted.get(key))];
          return fields.map(([key, value]) => ({
            path: [...names, key].join('/'),
            value: typeof value === 'object' ? value.integer : Number(value),
            onOff: typeof value === 'boolean',
            time,
          }));
        });
        const backwards = all.map((one) => ({ ...one, tags: [...one.tags].reverse() }));
        for (const version of [all, backwards]) {
          const decoded = read(version.map(encode).join('\n'), 'influx');
          expect(decoded.drops).toEqual([]);
          expect(decoded.readings).toEqual(expected);
        }
      }),
      { numRuns: 500, seed: 1 },
    );
  });
});
