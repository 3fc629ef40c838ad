import { describe, expect, it } from 'vitest';
import { pairs, read } from './read.ts';

describe('a bare value', () => {
  it.each([
    ['21.5', 21.5, false],
    [' -3\r\n', -3, false],
    ['+.5e1', 5, false],
    ['007', 7, false],
    ['true', 1, true],
    ['ON', 1, true],
    ['on', 1, true],
    ['OFF\n', 0, true],
    ['False', 0, true],
  ])('is taken from %j, asked for or not', (text, value, onOff) => {
    const expected = { readings: [{ path: '', value, onOff, time: Number.NaN }], drops: [], numericStrings: 0 };
    expect(read(text, 'value')).toMatchObject(expected);
    expect(read(text)).toMatchObject(expected);
  });

  it.each([
    ['', 'empty', 'empty'],
    [' \t\n', 'empty', 'empty'],
    ['null', 'not_a_number', 'empty'],
    ['0x1F', 'not_a_number', 'malformed'],
    ['NaN', 'not_a_number', 'malformed'],
    ['Infinity', 'not_a_number', 'malformed'],
    ['-inf', 'not_a_number', 'malformed'],
    ['1e999', 'not_finite', 'not_finite'],
    ['21,5', 'not_a_number', 'malformed'],
    ['21.5 C', 'not_a_number', 'malformed'],
    ['1 2', 'not_a_number', 'malformed'],
    ['yes', 'not_a_number', 'malformed'],
    ['1'.repeat(65), 'not_a_number', 'malformed'],
  ])('is not %j: %s when asked for, %s when not', (text, asked, guessed) => {
    expect(read(text, 'value')).toMatchObject({ readings: [], drops: [asked] });
    expect(read(text)).toMatchObject({ readings: [], drops: [guessed] });
  });
});

describe('a guess', () => {
  it.each([
    ['{"a":1}', 'json'],
    ['  {"a":1}', 'json'],
    ['"21.5"', 'json'],
    ['[{"a":1}]', 'json'],
    ['[]', 'json'],
    ['[1,2]', 'json'],
    ['{"a":1', 'json'],
    ['{"a b=c":', 'json'], // broken JSON is not a line, whatever is in it
    ['[{"n":"x","v":1}]', 'senml'],
    [' [{"bn":"x","v":1}]', 'senml'],
    ['[{"v":1}]', 'senml'],
    ['[{"vb":true,"t":5}]', 'senml'],
    ['m f=1', 'influx'],
    ['m,k=a\\ b f=1i 1700000000', 'influx'],
    ['# a comment\nm f=1', 'influx'],
    ['temp = 21', 'influx'],
    ['21.5', 'value'],
    ['on', 'value'],
  ] as const)('at %j is %s', (text, format) => {
    expect(read(text)).toEqual(read(text, format));
  });

  it.each(['temp=21', 'online', 'm\\ f=1', 'a=b c', '<xml/>', '\u0000\u0001', 'ÿ'])(
    'at %j is that nobody knows',
    (text) => {
      expect(read(text)).toMatchObject({ readings: [], drops: ['malformed'] });
    },
  );

  it('does not stumble over a byte order mark', () => {
    expect(pairs(read('\u{FEFF}{"a":1}'))).toEqual([['a', 1]]);
    expect(pairs(read('\u{FEFF}21.5'))).toEqual([['', 21.5]]);
    expect(pairs(read('\u{FEFF}[{"n":"x","v":1}]'))).toEqual([['x', 1]]);
  });
});
