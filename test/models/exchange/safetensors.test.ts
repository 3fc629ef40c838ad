import * as fc from 'fast-check';
import { afterEach, describe, expect, test, vi } from 'vitest';
import {
  decodeSafetensors,
  encodeSafetensors,
  type NamedTensor,
  type TensorFile,
} from '../../../models/exchange/safetensors.ts';
import { expectClose, expectSameBits } from '../difference.ts';
import { refusalOf } from './tensors.ts';

const encoder = new TextEncoder();
const decoder = new TextDecoder();
const decode = (bytes: Uint8Array) => decodeSafetensors(bytes, decoder);

/** Both written by the reference implementation, safetensors 0.8.0 for Python. */
const DOUBLE =
  'qAAAAAAAAAB7Il9fbWV0YWRhdGFfXyI6eyJmb3JtYXQiOiJwdCJ9LCJsc3RtLmJpYXMiOnsiZHR5cGUiOiJGNjQiLCJzaGFwZSI6WzNdLCJkYXRh' +
  'X29mZnNldHMiOlswLDI0XX0sImxzdG0ud2VpZ2h0Ijp7ImR0eXBlIjoiRjY0Iiwic2hhcGUiOlsxLDJdLCJkYXRhX29mZnNldHMiOlsyNCw0MF19' +
  'fSAgICAgICAAAAAAAAD4PwAAAAAAAACAAQAAAAAAAACamZmZmZm5P5x1AIg85Ef+';
const MIXED =
  '4AAAAAAAAAB7ImUiOnsiZHR5cGUiOiJGNjQiLCJzaGFwZSI6WzBdLCJkYXRhX29mZnNldHMiOlswLDBdfSwiZiI6eyJkdHlwZSI6IkYzMiIsInNo' +
  'YXBlIjpbMiwxXSwiZGF0YV9vZmZzZXRzIjpbMCw4XX0sImIiOnsiZHR5cGUiOiJCRjE2Iiwic2hhcGUiOlsyLDJdLCJkYXRhX29mZnNldHMiOls4' +
  'LDE2XX0sImgiOnsiZHR5cGUiOiJGMTYiLCJzaGFwZSI6WzddLCJkYXRhX29mZnNldHMiOlsxNiwzMF19fSAgIM3MzD3msWH/gD9JwJZ+AQAAPADB' +
  'AQD/e/8DAAAAgA==';
const bytesOf = (base64: string) => Uint8Array.from(Buffer.from(base64, 'base64'));

function fileOf(tensors: [string, number[], number[]][], metadata: Record<string, string> = {}): TensorFile {
  const named = tensors.map(([name, shape, values]): [string, NamedTensor] => [
    name,
    { shape, values: Float64Array.from(values) },
  ]);
  return { tensors: new Map(named), metadata: new Map(Object.entries(metadata)) };
}

/** A file with any header, and as many bytes of zeros for data. */
function raw(header: string, data = 0): Uint8Array {
  const text = encoder.encode(header);
  const bytes = new Uint8Array(8 + text.length + data);
  new DataView(bytes.buffer).setUint32(0, text.length, true);
  bytes.set(text, 8);
  return bytes;
}

const entry = (dtype: unknown, shape: unknown, offsets: unknown) =>
  JSON.stringify({ dtype, shape, data_offsets: offsets });

const refusal = (bytes: Uint8Array) => refusalOf(() => decode(bytes));

const number = fc.double({ noNaN: true, noDefaultInfinity: true });
const tensor = fc
  .array(fc.nat({ max: 3 }), { maxLength: 3 })
  .chain((shape) => {
    const size = shape.reduce((all, one) => all * one, 1);
    return fc.record({ shape: fc.constant(shape), values: fc.array(number, { minLength: size, maxLength: size }) });
  })
  .map(({ shape, values }): NamedTensor => ({ shape, values: Float64Array.from(values) }));
const anyName = fc.oneof(
  fc.string({ unit: 'grapheme' }),
  fc.constantFrom('__proto__', 'constructor', 'toString', '0', '1', '"', '\\', '{"a":1}', 'größe/\u{1F30A}'),
);
const plainName = anyName.filter((name) => !JSON.stringify(name).includes('\\'));
const anyFile = fc
  .record({
    tensors: fc.uniqueArray(fc.tuple(plainName, tensor), { selector: ([name]) => name, maxLength: 6 }),
    metadata: fc.array(fc.tuple(plainName, fc.string({ unit: 'grapheme' })), { maxLength: 4 }),
  })
  .map(({ tensors, metadata }): TensorFile => ({ tensors: new Map(tensors), metadata: new Map(metadata) }));

describe('a file', () => {
  test('gives back every bit and every name, of any tensors', () => {
    fc.assert(
      fc.property(anyFile, (file) => {
        const bytes = encodeSafetensors(file, encoder);
        const { tensors, metadata } = decode(bytes);
        expect(new Set(tensors.keys())).toEqual(new Set(file.tensors.keys()));
        expect(metadata).toEqual(file.metadata);
        for (const [name, { shape, values }] of file.tensors) {
          expect(tensors.get(name)!.shape).toEqual(shape);
          expectSameBits(name, tensors.get(name)!.values, values);
        }
      }),
      { seed: 1, numRuns: 200 },
    );
  });

  test('in F32 holds every number as near as 32 bits come', () => {
    const file = fileOf([['w', [4], [0.1, -3e38, 1e-46, 5]]]);
    const { tensors } = decode(encodeSafetensors(file, encoder, 'F32'));
    expectSameBits('w', tensors.get('w')!.values, [0.1, -3e38, 1e-46, 5].map(Math.fround));
  });

  test('has the bytes that the reference implementation writes', () => {
    const file = fileOf(
      [
        ['lstm.bias', [3], [1.5, -0, 5e-324]],
        ['lstm.weight', [1, 2], [0.1, -2e300]],
      ],
      { format: 'pt' },
    );
    expect(encodeSafetensors(file, encoder)).toEqual(bytesOf(DOUBLE));
  });

  test('of the reference implementation is read, of every kind of number', () => {
    const { tensors } = decode(bytesOf(MIXED));
    const of = (name: string) => tensors.get(name)!;
    expect(Array.from(tensors, ([name, { shape }]) => [name, shape])).toEqual([
      ['e', [0]],
      ['f', [2, 1]],
      ['b', [2, 2]],
      ['h', [7]],
    ]);
    expectSameBits('f', of('f').values, [0.1, -3e38].map(Math.fround));
    expectSameBits('b', of('b').values, [1, -3.140625, 9.969209968386869e37, 9.183549615799121e-41]);
    expectSameBits('h', of('h').values, [1, -2.5, 5.960464477539063e-8, 65504, 6.097555160522461e-5, 0, -0]);
  });

  test('keeps the order it was given, in the header and in the data', () => {
    const bytes = encodeSafetensors(
      fileOf([
        ['b', [1], [1]],
        ['0', [1], [2]],
        ['a', [1], [3]],
      ]),
      encoder,
    );
    expect([...decode(bytes).tensors.keys()]).toEqual(['b', '0', 'a']);
    expect(decoder.decode(bytes).indexOf('"b"')).toBeLessThan(decoder.decode(bytes).indexOf('"0"'));
    const again = encodeSafetensors(decode(bytes), encoder);
    expect(again).toEqual(bytes);
  });

  test('starts its data at a multiple of 8', () => {
    for (const name of ['a', 'ab', 'abc', 'abcd', 'ü']) {
      const bytes = encodeSafetensors(fileOf([[name, [1], [2]]]), encoder);
      expect(bytes.length % 8).toBe(0);
      expect(new DataView(bytes.buffer).getFloat64(bytes.length - 8, true)).toBe(2);
    }
  });

  test('can be read from the middle of a larger buffer', () => {
    const bytes = bytesOf(MIXED);
    const larger = new Uint8Array(bytes.length + 5).fill(0x7b);
    larger.set(bytes, 3);
    expect(decode(larger.subarray(3, 3 + bytes.length))).toEqual(decode(bytes));
  });

  test('with a tensor named __proto__ changes no prototype', () => {
    const { tensors } = decode(raw(`{"__proto__":${entry('F64', [1], [0, 8])}}`, 8));
    expect([...tensors.keys()]).toEqual(['__proto__']);
    expect(tensors.get('dtype')).toBeUndefined();
    expect(Object.hasOwn(Object.prototype, 'dtype')).toBe(false);
  });
});

describe('refused, with what was expected and what came:', () => {
  const one = entry('F64', [1], [0, 8]);
  test.each<[string, Uint8Array, string, RegExp]>([
    ['no bytes', new Uint8Array(), 'FORMAT', /at least 8 bytes, got 0/],
    ['a header of more than a megabyte', Uint8Array.of(1, 0, 16, 0, 0, 0, 0, 0), 'FORMAT', /at most 1048576.*1048577/],
    ['a header beyond 32 bits', Uint8Array.of(2, 0, 0, 0, 1, 0, 0, 0, 123, 125), 'FORMAT', /at most.*4294967298/],
    ['a header cut short', raw(`{"a":${one}}`).subarray(0, 20), 'FORMAT', /header of \d+ bytes, got 12/],
    ['a header that is a list', raw('[]'), 'FORMAT', /begins with \{/],
    ['an empty header', raw(''), 'FORMAT', /begins with \{/],
    ['half an object', raw('{"a":'), 'FORMAT', /in JSON/],
    ['a name with an escape in it', raw(`{"\\u0061":${one}}`, 8), 'FORMAT', /without escapes, got "\\\\u0061"/],
    ['a name that comes twice', raw(`{"a":${one},"a":${one}}`, 8), 'FORMAT', /once, got "a" twice/],
    ['a member that comes twice', raw(`{"a":{"dtype":"F32",${one.slice(1)}}`, 8), 'FORMAT', /"dtype" twice/],
    ['metadata that are a list', raw('{"__metadata__":[]}'), 'FORMAT', /__metadata__: expected an object/],
    ['metadata that are no text', raw('{"__metadata__":{"a":1}}'), 'FORMAT', /a text for "a", got 1/],
    ['a tensor that is no object', raw('{"a":null}'), 'FORMAT', /"a": expected an object, got null/],
    ['whole numbers', raw(`{"a":${entry('I64', [1], [0, 8])}}`, 8), 'DTYPE', /F64, F32, F16, BF16, got "I64"/],
    ['a dtype that is no text', raw(`{"a":${entry([8], [1], [0, 8])}}`, 8), 'DTYPE', /got \[8\]/],
    ['a shape below 0', raw(`{"a":${entry('F64', [-1], [0, 8])}}`, 8), 'FORMAT', /whole numbers, got \[-1\]/],
    ['a shape in halves', raw(`{"a":${entry('F64', [0.5, 2], [0, 8])}}`, 8), 'FORMAT', /whole.*got \[0.5, 2\]/],
    ['a shape of texts', raw(`{"a":${entry('F64', ['1'], [0, 8])}}`, 8), 'FORMAT', /whole numbers, got a list/],
    ['no shape', raw(`{"a":${entry('F64', undefined, [0, 8])}}`, 8), 'FORMAT', /whole numbers, got undefined/],
    ['one offset', raw(`{"a":${entry('F64', [1], [8])}}`, 8), 'FORMAT', /\[begin, end\], got \[8\]/],
    ['offsets the wrong way round', raw(`{"a":${entry('F64', [1], [8, 0])}}`, 8), 'FORMAT', /got \[8, 0\]/],
    ['too few bytes for the shape', raw(`{"a":${entry('F64', [2], [0, 8])}}`, 8), 'FORMAT', /16 bytes.*\[2\], got 8/],
    ['a shape beyond all memory', raw(`{"a":${entry('F64', [2e15, 2e15], [0, 8])}}`, 8), 'FORMAT', /got 8/],
    ['a shape that overflows to 0', raw(`{"a":${entry('F64', Array(30).fill(9e15), [0, 0])}}`), 'FORMAT', /…\], got 0/],
    ['data beyond the end', raw(`{"a":${entry('F64', [2], [0, 16])}}`, 8), 'FORMAT', /16 bytes of data, got 8/],
    ['data that nobody owns', raw(`{"a":${one}}`, 16), 'FORMAT', /expected 8 bytes of data, got 16/],
    ['a hole', raw(`{"a":${one},"b":${entry('F64', [1], [16, 24])}}`, 24), 'FORMAT', /"b".*from byte 8, got 16/],
    ['a hole at the start', raw(`{"a":${entry('F64', [1], [8, 16])}}`, 16), 'FORMAT', /from byte 0, got 8/],
    [
      'an overlap',
      raw(`{"a":${entry('F64', [2], [0, 16])},"b":${entry('F64', [2], [8, 24])}}`, 24),
      'FORMAT',
      /16, got 8/,
    ],
    ['one place for two', raw(`{"a":${one},"b":${one}}`, 8), 'FORMAT', /"b": expected data from byte 8, got 0/],
  ])('%s', (_what, bytes, code, message) => {
    const error = refusal(bytes);
    expect(error?.code).toBe(`SAFETENSORS_${code}`);
    expect(error?.message).toMatch(message);
    expect(error?.message.length).toBeLessThan(300);
  });

  test.each([
    ['F64', 8, [0, 0, 0, 0, 0, 0, 0xf8, 0x7f]],
    ['F64', 8, [0, 0, 0, 0, 0, 0, 0xf0, 0xff]],
    ['F32', 4, [0, 0, 0x80, 0x7f]],
    ['F16', 2, [0, 0x7c]],
    ['F16', 2, [1, 0xfc]],
    ['BF16', 2, [0x80, 0xff]],
  ])('a number of %s that is not finite', (dtype, size, number) => {
    const bytes = raw(`{"w":${entry(dtype, [1], [0, size])}}`, size);
    expect(refusal(bytes)).toBeUndefined();
    bytes.set(number, bytes.length - size);
    expect(refusal(bytes)?.code).toBe('SAFETENSORS_NUMBER');
  });

  test('a name however long or deep, in a message that is short', () => {
    const long = refusal(raw(`{"${'n'.repeat(500_000)}":1}`));
    const deep = refusal(raw(`{"a":${'['.repeat(400_000)}${']'.repeat(400_000)}}`));
    const objects = refusal(raw(`{"a":${'{"b":'.repeat(100_000)}1${'}'.repeat(100_000)}}`));
    const escapes = refusal(raw(`{"${'\\"'.repeat(400_000)}":1}`));
    for (const error of [long, deep, objects, escapes]) {
      expect(error?.code).toMatch(/^SAFETENSORS_/);
      expect(error?.message.length).toBeLessThan(300);
    }
  });
});

/** Counts the numbers that reading makes room for. */
function countingFloat64Array(): { asked: number } {
  const count = { asked: 0 };
  const counting = new Proxy(Float64Array, {
    construct(target, [length]: [number]) {
      count.asked += length;
      return new target(length);
    },
  });
  vi.stubGlobal('Float64Array', counting);
  return count;
}

describe('whatever the bytes are,', () => {
  afterEach(() => vi.unstubAllGlobals());

  const whole = encodeSafetensors(
    fileOf(
      [
        ['lstm.w', [2, 3], [1, 2, 3, 4, 5, 6]],
        ['b', [3], [1, 2, 3]],
        ['__proto__', [1], [4]],
      ],
      { cell: 'lstm' },
    ),
    encoder,
  );
  const damaged = fc
    .array(fc.tuple(fc.nat({ max: whole.length - 1 }), fc.nat({ max: 255 })), { minLength: 1, maxLength: 4 })
    .map((changes) => {
      const bytes = whole.slice();
      for (const [at, byte] of changes) bytes[at] = byte;
      return bytes;
    });
  const odd = fc.oneof(fc.constantFrom('F64', 'F16', 8, null), fc.integer(), fc.array(fc.integer({ max: 64 })));
  const hostile = fc
    .tuple(
      fc.dictionary(
        anyName,
        fc.oneof(
          fc.json().map((text) => JSON.parse(text) as unknown),
          fc.record({
            dtype: fc.oneof(odd, fc.constant('F64')),
            shape: fc.oneof(odd, fc.array(fc.maxSafeNat())),
            data_offsets: fc.oneof(odd, fc.tuple(fc.nat({ max: 32 }), fc.nat({ max: 32 }))),
          }),
        ),
      ),
      fc.nat({ max: 40 }),
    )
    .map(([header, data]) => raw(JSON.stringify(header), data));

  test.each([
    ['any', fc.uint8Array({ maxLength: 200 })],
    [
      'behind a length that fits',
      fc.uint8Array({ maxLength: 200 }).map((bytes) => raw(`{${decoder.decode(bytes)}}`, 8)),
    ],
    ['damaged', damaged],
    [
      'cut or grown',
      fc.nat({ max: 2 * whole.length }).map((length) => Uint8Array.from({ length }, (_, i) => whole[i] ?? 0)),
    ],
    ['of a hostile header', hostile],
  ])('%s, it is read or refused, and takes no more room than it needs', (_what, bytes) => {
    const count = countingFloat64Array();
    fc.assert(
      fc.property(bytes, (given) => {
        count.asked = 0;
        const error = refusal(given);
        expect(error?.code ?? 'SAFETENSORS_').toMatch(/^SAFETENSORS_/);
        expect(8 * count.asked).toBeLessThanOrEqual(4 * given.length);
      }),
      { seed: 5, numRuns: 1000 },
    );
  });

  test('every file that is cut anywhere is refused', () => {
    for (let length = 0; length < whole.length; length++) expect(refusal(whole.subarray(0, length))).toBeDefined();
  });
});

describe('writing', () => {
  test.each([
    ['NaN', Number.NaN, 'F64'],
    ['Infinity', Infinity, 'F64'],
    ['what F32 cannot hold', 1e39, 'F32'],
  ] as const)('refuses %s', (_what, value, dtype) => {
    const file = fileOf([['w', [2], [1, value]]]);
    expect(() => encodeSafetensors(file, encoder, dtype)).toThrow(/"w": expected finite numbers.*SAFETENSORS_NUMBER/);
  });

  test.each([
    ['a shape that does not fit', fileOf([['w', [2, 2], [1, 2, 3]]])],
    ['the name that belongs to the format', fileOf([['__metadata__', [1], [1]]])],
    ['a name that has to be escaped', fileOf([['a"b', [1], [1]]])],
    ['such a name of a text', fileOf([], { 'a\n': '' })],
    ['half a surrogate pair', fileOf([['\ud83c', [1], [1]]])],
    ['a header that nobody would read', fileOf([], { note: 'x'.repeat(1 << 20) })],
  ])('refuses %s', (_what, file) => {
    expect(() => encodeSafetensors(file, encoder)).toThrow(RangeError);
  });
});

test('half numbers are all read right', () => {
  const bytes = raw(`{"h":${entry('F16', [0x7c00], [0, 2 * 0x7c00])}}`, 2 * 0x7c00);
  const view = new DataView(bytes.buffer, bytes.length - 2 * 0x7c00);
  for (let bits = 0; bits < 0x7c00; bits++) view.setUint16(2 * bits, bits, true);
  const exact = Array.from({ length: 0x7c00 }, (_, bits) => {
    const exponent = bits >> 10;
    return exponent === 0 ? bits * 2 ** -24 : (1 + (bits & 0x3ff) / 1024) * 2 ** (exponent - 15);
  });
  expectClose('halves', decode(bytes).tensors.get('h')!.values, exact, 0);
});
