/** What holds for every format, with and without rules, whatever the bytes. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DROP_REASONS } from '../../../models/drop.ts';
import { createDecoder, LIMITS } from '../../../sensors/decode.ts';
import type { Mapping, TopicRule } from '../../../sensors/mapping.ts';
import { ARRIVAL, FORMATS } from './read.ts';

const RULES: TopicRule[][] = [
  [],
  [{ match: '#', time: null, fields: null, ignore: ['*.b', 'a*'] }],
  [{ match: '+/#', time: { path: '$.*', unit: 'ms' }, fields: ['$.values.*', '$.*.*', '$[0]'], ignore: [] }],
  [
    {
      match: 't',
      time: null,
      fields: new Map([
        ['__proto__', '$.*'],
        ['x', '$.__proto__'],
      ]),
      ignore: [],
    },
  ],
];
const DECODERS = FORMATS.flatMap((format: Mapping['format']) =>
  RULES.map((topics) => createDecoder({ format, topics })),
);
const REASONS = new Set<string>(DROP_REASONS);
const VALID = [
  `{"ts":${ARRIVAL},"temp":21.5,"on":true,"values":{"rpm":"1480","u":{"v":230.1}},"list":[1,2],"none":null}`,
  `{"timestamp":${ARRIVAL},"values":[{"id":"a.b","v":1,"q":true,"t":${ARRIVAL}},{"id":"c","v":"x","q":false}]}`,
  `[{"time":"2026-11-20T12:00:00","a":{"__proto__":1}},{"a":2}]`,
  `{"metrics":[{"fields":{"f":1},"name":"m","tags":{"k":"v"},"timestamp":1700000000}]}`,
  `[{"bn":"a/","bt":1.7e9,"bv":1,"bs":2,"bver":10,"n":"x","v":1,"s":3},{"n":"y","vb":true,"t":-1},{"vs":"on"}]`,
  `m,k=a\\ b,j=c f=1,g=2i,h=t,s="a \\"b\\", c" ${ARRIVAL}000000\n# note\nn f=1u\n`,
  ' on ',
  '-1.5e-7',
].map((text) => Buffer.from(text));

function check(bytes: Uint8Array): void {
  const before = bytes.slice();
  for (const decode of DECODERS) {
    const { readings, drops, time, numericStrings } = decode('t', bytes, ARRIVAL);
    for (const reading of readings) {
      expect(Number.isFinite(reading.value)).toBe(true);
      expect(reading.path.length).toBeLessThanOrEqual(LIMITS.nameLengthMax);
      expect(Number.isNaN(reading.time) || Number.isFinite(reading.time)).toBe(true);
      if (reading.onOff) expect([0, 1]).toContain(reading.value);
    }
    expect(drops.every((reason) => REASONS.has(reason))).toBe(true);
    expect(numericStrings).toBeLessThanOrEqual(readings.length + drops.length);
    expect(Number.isNaN(time) || Number.isFinite(time)).toBe(true);
  }
  expect(Buffer.compare(bytes, before)).toBe(0);
  expect(Object.keys(Object.prototype)).toEqual([]);
}

const fill = (text: string) => Buffer.from(text.repeat(Math.floor(LIMITS.payloadBytesMax / text.length)));

const WORDS =
  'n v t bn bt bv bs s vb vs u bver x_ id q values metrics name tags fields timestamp ts Time __proto__ toString'.split(
    ' ',
  );

describe('every decoder', () => {
  it('is checked on payloads that it understands', () => {
    for (const payload of VALID) expect(DECODERS[0]('t', payload, ARRIVAL).readings.length).toBeGreaterThan(0);
  });

  it('never throws, whatever the bytes', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), check), { numRuns: 500, seed: 1 });
  });

  it('never throws on any JSON made of the words it knows', () => {
    const key = fc.constantFrom(...WORDS);
    const { json } = fc.letrec<{ json: unknown }>((tie) => ({
      json: fc.oneof(
        { depthSize: 'small' },
        fc.constantFrom(null, true, 0, -1, 1e308, 1.7e9, ARRIVAL, 'on', '12', 'text', ''),
        fc.array(tie('json'), { maxLength: 4 }),
        fc.dictionary(key, tie('json'), { maxKeys: 5, noNullPrototype: true }),
      ),
    }));
    const run = fc.property(json, (value) => {
      check(Buffer.from(JSON.stringify(value)));
    });
    fc.assert(run, { numRuns: 1500, seed: 2 });
  });

  it('never throws on lines of the characters that matter', () => {
    const run = fc.property(
      fc.array(fc.constantFrom(...'mf=,1i" \\\n#t-.\r'.split('')), { maxLength: 60 }),
      (chars) => {
        check(Buffer.from(chars.join('')));
      },
    );
    fc.assert(run, { numRuns: 1500, seed: 3 });
  });

  it('never throws on a valid payload with some bytes changed, lost, doubled or cut off', () => {
    const mutation = fc.record({
      kind: fc.constantFrom('flip', 'cut', 'double', 'truncate'),
      at: fc.nat(),
      size: fc.integer({ min: 1, max: 20 }),
      byte: fc.oneof(fc.integer({ min: 0, max: 255 }), fc.constantFrom(...Buffer.from('{}[]",:=\\ \n'))),
    });
    const mutations = fc.array(mutation, { minLength: 1, maxLength: 5 });
    const run = fc.property(fc.constantFrom(...VALID), mutations, (valid, all) => {
      let bytes = [...valid];
      for (const { kind, at, size, byte } of all) {
        const i = at % Math.max(1, bytes.length);
        if (kind === 'flip') bytes[i] = byte;
        else if (kind === 'cut') bytes.splice(i, size);
        else if (kind === 'double') bytes.splice(i, 0, ...bytes.slice(i, i + size));
        else bytes = bytes.slice(0, i);
      }
      check(Uint8Array.from(bytes));
    });
    fc.assert(run, { numRuns: 1500, seed: 4 });
  });

  it('never throws on what is as large or as deep as a payload can be', () => {
    const half = LIMITS.payloadBytesMax / 2;
    for (const text of ['[', '{"a":', '[{"n":', 'm f="', '\n', ' ', '\\', '"', ',', '=']) check(fill(text));
    check(Buffer.from('['.repeat(half) + ']'.repeat(half)));
    check(Buffer.from(`[${'{"v":1},'.repeat(20_000)}0]`));
  });

  it('refuses what is larger', () => {
    const payload = Buffer.alloc(LIMITS.payloadBytesMax + 1, '1');
    for (const decode of DECODERS) {
      expect(decode('t', payload, ARRIVAL)).toMatchObject({ readings: [], drops: ['too_large'] });
    }
  });
});
