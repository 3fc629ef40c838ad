import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DROP_REASONS } from '../../models/drop.ts';
import { type Decoded, decodeJson, LIMITS, timeOf } from '../../sensors/decode.ts';

const decode = (text: string): Decoded => decodeJson(Buffer.from(text));
const fields = (text: string): [string, number][] => decode(text).readings.map(({ path, value }) => [path, value]);
const NOON = Date.UTC(2026, 10, 20, 12);

describe('a value of a payload', () => {
  it.each([
    ['21.5', 21.5],
    ['-0', -0],
    ['0', 0],
    ['1e-3', 0.001],
    ['1.7976931348623157e308', Number.MAX_VALUE],
    ['  7\n', 7],
  ])('is taken when it is the finite number %s', (text, value) => {
    expect(decode(text)).toEqual({
      readings: [{ path: '', value, onOff: false, time: Number.NaN }],
      time: Number.NaN,
      drops: [],
      numericStrings: 0,
    });
  });

  it.each([
    ['"21.5"', 21.5],
    ['"-3"', -3],
    ['"+3"', 3],
    ['".5"', 0.5],
    ['"5."', 5],
    ['"1e3"', 1000],
    ['"0012"', 12],
  ])('is taken and counted when it is the decimal text %s', (text, value) => {
    const { readings, numericStrings, drops } = decode(text);
    expect(readings).toEqual([{ path: '', value, onOff: false, time: Number.NaN }]);
    expect(numericStrings).toBe(1);
    expect(drops).toEqual([]);
  });

  it.each([
    ['true', 1],
    ['false', 0],
    ['"true"', 1],
    ['"false"', 0],
    ['"on"', 1],
    ['"OFF"', 0],
    ['"On"', 1],
  ])('is 0 or 1 and of the kind on/off when it is %s', (text, value) => {
    expect(decode(text)).toMatchObject({ readings: [{ path: '', value, onOff: true }], drops: [], numericStrings: 0 });
  });

  it.each([
    ['""', 'empty'],
    ['" "', 'empty'],
    ['"\\t\\n"', 'empty'],
    ['null', 'empty'],
    ['"0x1F"', 'not_a_number'],
    ['"0b1"', 'not_a_number'],
    ['"21.5 °C"', 'not_a_number'],
    ['" 21"', 'not_a_number'],
    ['"1,5"', 'not_a_number'],
    ['"1e"', 'not_a_number'],
    ['"."', 'not_a_number'],
    ['"NaN"', 'not_a_number'],
    ['"Infinity"', 'not_a_number'],
    ['"yes"', 'not_a_number'],
    ['[]', 'not_a_number'],
    ['[21]', 'not_a_number'],
    ['1e999', 'not_finite'],
    ['-1e999', 'not_finite'],
    ['"1e999"', 'not_finite'],
    ['', 'empty'],
    [' \n', 'empty'],
    ['NaN', 'malformed'],
    ['Infinity', 'malformed'],
    ['0x1F', 'malformed'],
    ['{"a":1', 'malformed'],
    ['temp=21', 'malformed'],
    ['on', 'malformed'],
  ])('%s is dropped as %s', (text, reason) => {
    expect(decode(text)).toMatchObject({ readings: [], drops: [reason] });
  });

  it('costs nothing but itself when it is bad', () => {
    const { readings, drops } = decode('{"a":1,"b":"broken","c":null,"d":[1,2],"e":2}');
    expect(readings.map(({ path }) => path)).toEqual(['a', 'e']);
    expect(drops).toEqual(['not_a_number', 'empty', 'not_a_number']);
  });
});

const nested = (levels: number) => `${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}`;
const padded = (bytes: number) => Buffer.from(`{"a":1}${' '.repeat(bytes - 7)}`);
const wide = (count: number) =>
  JSON.stringify(Object.fromEntries(Array.from({ length: count }, (_, i) => [`f${i}`, i])));

describe('a field', () => {
  it('is named by its path', () => {
    expect(fields('{"temp":1,"motor":{"rpm":2,"phase":{"u":3}}}')).toEqual([
      ['temp', 1],
      ['motor/rpm', 2],
      ['motor/phase/u', 3],
    ]);
  });

  it.each(['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'prototype'])('may be called %s', (name) => {
    expect(fields(`{"${name}":1}`)).toEqual([[name, 1]]);
    expect(fields(`{"${name}":{"polluted":2}}`)).toEqual([[`${name}/polluted`, 2]]);
    expect('polluted' in {}).toBe(false);
  });

  it('is dropped below eight levels, and its neighbours are kept', () => {
    expect(fields(nested(LIMITS.depthMax))).toEqual([['a/a/a/a/a/a/a/a', 1]]);
    expect(decode(nested(LIMITS.depthMax + 1))).toMatchObject({ readings: [], drops: ['too_deep'] });
    expect(decode(`{"deep":${nested(LIMITS.depthMax)},"b":2}`)).toMatchObject({
      readings: [{ path: 'b', value: 2 }],
      drops: ['too_deep'],
    });
  });

  it('may be one of 256, and the ones after them are dropped together', () => {
    expect(decode(wide(LIMITS.fieldsMax))).toMatchObject({ drops: [] });
    expect(decode(wide(LIMITS.fieldsMax)).readings).toHaveLength(LIMITS.fieldsMax);
    const over = decode(wide(LIMITS.fieldsMax + 100));
    expect(over.readings).toHaveLength(LIMITS.fieldsMax);
    expect(over.drops).toEqual(['too_many_fields']);
  });

  it('counts towards the limit when it is bad as well', () => {
    const payload = JSON.stringify(Object.fromEntries(Array.from({ length: 5000 }, (_, i) => [`f${i}`, null])));
    expect(decode(payload).drops).toHaveLength(LIMITS.fieldsMax + 1);
  });

  it('may have a name of 512 characters', () => {
    expect(fields(`{"${'x'.repeat(512)}":1}`)).toHaveLength(1);
    expect(decode(`{"${'x'.repeat(513)}":1}`)).toMatchObject({ readings: [], drops: ['bad_name'] });
  });

  it('may come in a payload of 256 KiB', () => {
    expect(decodeJson(padded(LIMITS.payloadBytesMax)).readings).toHaveLength(1);
    expect(decodeJson(padded(LIMITS.payloadBytesMax + 1))).toMatchObject({ readings: [], drops: ['too_large'] });
  });

  it('is read from the bytes of a view and no others', () => {
    const all = Buffer.from('1234567');
    expect(decodeJson(all.subarray(2, 4)).readings).toEqual([{ path: '', value: 34, onOff: false, time: Number.NaN }]);
  });
});

describe('the time of a payload', () => {
  const { TZ } = process.env;
  beforeAll(() => {
    process.env['TZ'] = 'America/New_York'; // where UTC and local time cannot be mixed up unseen
  });
  afterAll(() => {
    if (TZ === undefined) delete process.env['TZ'];
    else process.env['TZ'] = TZ;
  });

  it.each(['ts', 't', 'time', 'timestamp', '_time', 'last_seen', 'Time', 'TS', 'Timestamp', 'LAST_SEEN'])(
    'is the top-level field %s, which is no channel',
    (key) => {
      expect(decode(`{"a":1,"${key}":${NOON}}`)).toMatchObject({
        time: NOON,
        readings: [{ path: 'a', value: 1 }],
        drops: [],
      });
    },
  );

  it('is the first of several, and the others are no channels either', () => {
    expect(decode(`{"ts":${NOON},"last_seen":"soon","a":1,"t":${NOON}}`)).toMatchObject({
      time: NOON,
      readings: [{ path: 'a', value: 1 }],
      drops: [],
    });
  });

  it('is not a T, which is a temperature', () => {
    expect(decode('{"T":21.5}')).toMatchObject({ time: Number.NaN, readings: [{ path: 'T', value: 21.5 }], drops: [] });
  });

  it.each(['21.5', '-5', '0', '5', '999999999'])('is not the t of %s, which is a temperature', (value) => {
    const reading = { path: 't', value: Number(value), onOff: false, time: Number.NaN };
    expect(decode(`{"t":${value}}`)).toMatchObject({ time: Number.NaN, readings: [reading], drops: [] });
    expect(decode(`{"t":${value},"ts":${NOON}}`)).toMatchObject({ time: NOON, readings: [reading], drops: [] });
    expect(decode(`{"ts":${NOON},"t":${value}}`)).toMatchObject({ time: NOON, readings: [reading], drops: [] });
  });

  it('is a t from 1,000,000,000 on', () => {
    expect(decode('{"t":1000000000,"a":1}')).toMatchObject({ time: 1e12, readings: [{ path: 'a' }], drops: [] });
  });

  it.each(['1', '12345.678', '999999999'])(
    'is not %s s, which count from the start of a device, and the arrival serves',
    (time) => {
      for (const key of ['ts', 'time', 'timestamp', '_time', 'last_seen']) {
        expect(decode(`{"${key}":${time},"a":1}`)).toEqual({
          time: Number.NaN,
          readings: [{ path: 'a', value: 1, onOff: false, time: Number.NaN }],
          drops: ['bad_time'],
          numericStrings: 0,
        });
      }
    },
  );

  it('is not looked for below the top level', () => {
    const { time, readings } = decode('{"a":{"ts":5}}');
    expect(time).toBeNaN();
    expect(readings).toEqual([{ path: 'a/ts', value: 5, onOff: false, time: Number.NaN }]);
  });

  it('is not known where the payload carries none', () => {
    expect(decode('{"a":1}').time).toBeNaN();
    expect(decode('7').time).toBeNaN();
  });

  it.each(['null', '"soon"', '"sensor-1"', '-5', '0', '[]', '{}', 'true', '1e999', '1e23'])(
    '%s is dropped as bad_time, not the values',
    (time) => {
      const { readings, drops, time: got } = decode(`{"ts":${time},"a":1}`);
      expect(got).toBeNaN();
      expect(readings).toEqual([{ path: 'a', value: 1, onOff: false, time: Number.NaN }]);
      expect(drops).toEqual(['bad_time']);
    },
  );

  it.each([
    ['seconds', NOON / 1000],
    ['milliseconds', NOON],
    ['microseconds', NOON * 1e3],
    ['nanoseconds', NOON * 1e6],
  ])('is understood in %s by its magnitude', (_, number) => {
    expect(timeOf(number)).toBe(NOON);
    expect(timeOf(String(number))).toBe(NOON);
  });

  it.each([
    [99_999_999_999, 99_999_999_999_000],
    [1e11, 1e11],
    [99_999_999_999_999, 99_999_999_999_999],
    [1e14, 1e11],
    [1e17, 1e11],
  ])('changes its unit at the powers of ten: %d is %d ms', (number, time) => {
    expect(timeOf(number)).toBe(time);
  });

  it.each([
    ['2026-11-20T12:00:00Z', NOON],
    ['2026-11-20T12:00:00.250Z', NOON + 250],
    ['2026-11-20T12:00:00', NOON],
    ['2026-11-20 12:00:00', NOON],
    ['2026-11-20T12:00', NOON],
    ['2026-11-20T13:00:00+01:00', NOON],
    ['2026-11-20 07:00:00-0500', NOON],
    ['2026-11-20T12:00:00.250999999+00:00', NOON + 250],
    ['2026-11-20', Date.UTC(2026, 10, 20)],
    [' 2026-11-20T12:00:00z ', NOON],
  ])('is %s as ISO 8601, without a zone in UTC', (text, time) => {
    expect(timeOf(text)).toBe(time);
  });

  it.each(['sensor-1', 'on-5', '12-31', 'Fri, 20 Nov 2026', '20.11.2026', 'noon', '', ' ', '2026-13-40T00:00'])(
    'is not the text %j, whatever the engine makes of it',
    (text) => {
      expect(timeOf(text)).toBeNaN();
    },
  );

  it.each([Number.NaN, Infinity, 1e22, -1, 0, null, undefined, {}, [NOON], true])('is not %j', (value) => {
    expect(timeOf(value)).toBeNaN();
  });
});

describe('decodeJson', () => {
  const REASONS = new Set<string>(DROP_REASONS);
  const VALID = [
    `{"ts":${NOON},"temp":21.5,"on":true,"motor":{"rpm":"1480","phase":{"u":230.1}},"list":[1,2],"none":null}`,
    '{"__proto__":{"a":1},"constructor":2,"température":3.5,"\\ud83d\\ude00":4}',
    '"on"',
    '-1.5e-7',
  ].map((text) => Buffer.from(text));

  function check(bytes: Uint8Array): void {
    const before = bytes.slice();
    const { readings, drops, time, numericStrings } = decodeJson(bytes);
    expect(readings.every(({ path, value }) => Number.isFinite(value) && path.length <= LIMITS.nameLengthMax)).toBe(
      true,
    );
    expect(readings.length).toBeLessThanOrEqual(LIMITS.fieldsMax);
    expect(numericStrings).toBeLessThanOrEqual(readings.length + drops.length);
    expect(drops.every((reason) => REASONS.has(reason))).toBe(true);
    expect(Number.isNaN(time) || time > 0 || time <= 0).toBe(true);
    expect(Buffer.compare(bytes, before)).toBe(0);
  }

  it('never throws, whatever the bytes', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), check), { numRuns: 2000, seed: 1 });
  });

  it('never throws on any JSON', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 12 }), (text) => {
        check(Buffer.from(text));
      }),
      { numRuns: 1000, seed: 2 },
    );
  });

  it('never throws on a valid payload with some bytes changed, lost, doubled or swapped', () => {
    const mutation = fc.record({
      kind: fc.constantFrom('flip', 'cut', 'double', 'swap', 'truncate'),
      at: fc.nat(),
      to: fc.nat(),
      byte: fc.integer({ min: 0, max: 255 }),
    });
    const run = fc.property(
      fc.constantFrom(...VALID),
      fc.array(mutation, { minLength: 1, maxLength: 6 }),
      (valid, all) => {
        let bytes = [...valid];
        for (const { kind, at, to, byte } of all) {
          const i = at % Math.max(1, bytes.length);
          const j = to % Math.max(1, bytes.length);
          if (kind === 'flip') bytes[i] = byte;
          else if (kind === 'cut') bytes.splice(i, (to % 5) + 1);
          else if (kind === 'double') bytes.splice(i, 0, ...bytes.slice(i, i + (to % 20)));
          else if (kind === 'swap') [bytes[i], bytes[j]] = [bytes[j], bytes[i]];
          else bytes = bytes.slice(0, i);
        }
        check(Uint8Array.from(bytes));
      },
    );
    fc.assert(run, { numRuns: 3000, seed: 3 });
  });

  it('never throws on JSON nested as deep as a payload can hold', () => {
    check(Buffer.from('['.repeat(LIMITS.payloadBytesMax)));
    check(Buffer.from('{"a":'.repeat(50_000)));
    const half = LIMITS.payloadBytesMax / 2;
    check(Buffer.from('['.repeat(half) + ']'.repeat(half)));
  });
});
