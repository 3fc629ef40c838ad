import { crc32 } from 'node:zlib';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { CodedError } from '../../models/errors.ts';
import { decodeSnapshot, encodeSnapshot, KERNEL, type ParkedState, SNAPSHOT_FORMAT } from '../../models/snapshot.ts';
import { expectSameBits } from './difference.ts';

const encoder = new TextEncoder();
const decoder = new TextDecoder();
const HEADER_AT = 16;

interface Given {
  id: string;
  source: string;
  pipeline: string;
  shape: string;
  block: number[];
}
const encode = (given: Given[]) =>
  encodeSnapshot(
    7,
    // Each in the middle of a larger memory, as tracks are.
    given.map(({ block, ...track }, number) => ({
      number,
      ...track,
      memory: Float64Array.of(Math.PI, ...block, Math.E),
      at: 1,
      size: block.length,
    })),
    encoder,
  );
const decode = (bytes: Uint8Array) => decodeSnapshot(bytes, decoder);
const TRACKS: Given[] = [
  { id: 'a', source: 'plant/a', pipeline: 'p', shape: 's 1', block: [1, -0, Number.NaN] },
  { id: 'b', source: 'größe/\u{1F30A}"', pipeline: 'q', shape: 's 2', block: [Infinity, 5e-324] },
  { id: 'c', source: 'c', pipeline: 'p', shape: 's 1', block: [2] },
];

/** The code of the error that decoding throws, '' where it succeeds. */
function codeOf(bytes: Uint8Array): string {
  try {
    decode(bytes);
    return '';
  } catch (error) {
    if (error instanceof CodedError) return error.code;
    throw error;
  }
}

/** The file with its header changed and made to fit again. */
function withHeader(bytes: Uint8Array, change: (header: Record<string, unknown>) => void): Uint8Array {
  const view = new DataView(bytes.buffer);
  const end = HEADER_AT + view.getUint32(8, true);
  const header = JSON.parse(decoder.decode(bytes.subarray(HEADER_AT, end))) as Record<string, unknown>;
  change(header);
  const text = encoder.encode(JSON.stringify(header));
  const out = new Uint8Array(HEADER_AT + text.length + bytes.length - end);
  out.set(bytes.subarray(0, 8));
  out.set(text, HEADER_AT);
  out.set(bytes.subarray(end), HEADER_AT + text.length);
  const to = new DataView(out.buffer);
  to.setUint32(8, text.length, true);
  to.setUint32(12, crc32(text), true);
  return out;
}

describe('a snapshot', () => {
  test('gives back every bit, of any tracks', () => {
    const track = fc.record({
      id: fc.string(),
      source: fc.string({ unit: 'grapheme' }),
      pipeline: fc.string(),
      shape: fc.string(),
      block: fc.array(fc.double(), { maxLength: 20 }),
    });
    fc.assert(
      fc.property(fc.array(track, { maxLength: 6 }), (given) => {
        const { tracks, damaged } = decode(encode(given));
        expect(damaged).toEqual([]);
        expect(tracks.map(({ id, source, pipeline, shape }) => [id, source, pipeline, shape])).toEqual(
          given.map(({ id, source, pipeline, shape }) => [id, source, pipeline, shape]),
        );
        for (const [i, { block }] of tracks.entries()) expectSameBits('block', block, given[i].block);
      }),
      { seed: 3, numRuns: 100 },
    );
  });

  test('can be read from the middle of a larger buffer', () => {
    const bytes = encode(TRACKS);
    const larger = new Uint8Array(bytes.length + 3);
    larger.set(bytes, 3);
    expect(decode(larger.subarray(3)).tracks.map(({ id }) => id)).toEqual(['a', 'b', 'c']);
  });

  test('is a copy: what happens to the track later does not reach it', () => {
    const memory = Float64Array.of(1, 2, 3);
    const track = { id: 'a', source: 'a', number: 0, pipeline: 'p', shape: 's', memory, at: 0, size: 3 };
    const bytes = encodeSnapshot(0, [track], encoder);
    memory.fill(9);
    expect([...decode(bytes).tracks[0].block]).toEqual([1, 2, 3]);
  });

  test('brings back the series that are parked, and is read as one of before', () => {
    const parked: ParkedState = {
      id: 'p',
      source: 'p',
      number: 7,
      pipeline: 'main',
      file: 'parked/7.9.twsn',
      position: 9,
      samples: 3,
      alerting: true,
      said: ['ack'],
    };
    const bytes = encodeSnapshot(0, [], encoder, [parked]);
    expect(decode(bytes)).toMatchObject({ tracks: [], parked: [parked] });
    expect(decode(encode(TRACKS)).parked).toEqual([]);
    const before = encode(TRACKS);
    new DataView(before.buffer).setUint32(4, 3, true);
    expect(decode(before).tracks).toHaveLength(3);
  });

  test('begins with its magic, its format and a header of whole eights', () => {
    const bytes = encode(TRACKS);
    expect(decoder.decode(bytes.subarray(0, 4))).toBe('TWSN');
    const view = new DataView(bytes.buffer);
    expect(view.getUint32(4, true)).toBe(SNAPSHOT_FORMAT);
    expect(view.getUint32(8, true) % 8).toBe(0);
    expect(view.getFloat64(bytes.length - 8, true)).toBe(2);
  });
});

describe('weights that are shared', () => {
  const [hall, yard] = [
    { family: 'hall/+', block: Float64Array.of(0.1, -0) },
    { family: '', block: Float64Array.of(Number.NaN) },
  ];
  const track = (id: string, pool?: typeof hall) => {
    const memory = Float64Array.of(id.charCodeAt(0));
    return { id, source: id, number: 0, pipeline: 'p', shape: 's', memory, at: 0, size: 1, ...(pool ? { pool } : {}) };
  };
  const bytes = encodeSnapshot(7, [track('a', hall), track('b', yard), track('c'), track('d', hall)], encoder);

  test('are stored once, and the same object for all who share them', () => {
    expect(bytes).toHaveLength(HEADER_AT + new DataView(bytes.buffer).getUint32(8, true) + 8 * 7);
    const { tracks, damaged, damagedPools } = decode(bytes);
    expect([damaged, damagedPools]).toEqual([[], []]);
    const [a, b, c, d] = tracks;
    expect(d.pool).toBe(a.pool);
    expect([a.pool!.family, b.pool!.family, c.pool]).toEqual(['hall/+', '', undefined]);
    expectSameBits('hall', a.pool!.block, hall.block);
    expectSameBits('yard', b.pool!.block, yard.block);
    expect(tracks.map(({ block }) => block[0])).toEqual([97, 98, 99, 100]);
  });

  test('are empty where they were damaged, and named by their family; the tracks are not hurt', () => {
    const copy = bytes.slice();
    copy[HEADER_AT + new DataView(bytes.buffer).getUint32(8, true) + 3] ^= 1;
    const { tracks, damaged, damagedPools } = decode(copy);
    expect(damaged).toEqual([]);
    expect(damagedPools).toEqual([{ family: 'hall/+', block: new Float64Array(0) }]);
    expect(tracks).toHaveLength(4);
    expect(tracks[0].pool).toBe(damagedPools[0]);
    expectSameBits('yard', tracks[1].pool!.block, yard.block);
  });
});

describe('damage', () => {
  const bytes = encode(TRACKS);
  const blocksAt = HEADER_AT + new DataView(bytes.buffer).getUint32(8, true);

  test('of any single bit of a block costs that track and no other', () => {
    const ends = TRACKS.map((_, i) => TRACKS.slice(0, i + 1).reduce((sum, { block }) => sum + 8 * block.length, 0));
    for (let at = blocksAt; at < bytes.length; at++) {
      const hit = TRACKS[ends.findIndex((end) => at - blocksAt < end)].id;
      for (let bit = 0; bit < 8; bit++) {
        const copy = bytes.slice();
        copy[at] ^= 1 << bit;
        const { tracks, damaged } = decode(copy);
        expect(damaged).toEqual([hit]);
        expect(tracks.map(({ id }) => id)).toEqual(['a', 'b', 'c'].filter((id) => id !== hit));
      }
    }
  });

  test('of any single bit before the blocks is noticed', () => {
    for (let at = 0; at < blocksAt; at++) {
      const wanted = at < 4 ? 'SNAPSHOT_FORMAT' : at < 8 ? 'SNAPSHOT_VERSION' : 'SNAPSHOT_CORRUPT';
      for (let bit = 0; bit < 8; bit++) {
        const copy = bytes.slice();
        copy[at] ^= 1 << bit;
        expect(codeOf(copy), `byte ${at} bit ${bit}`).toBe(wanted);
      }
    }
  });

  test('by a cut file costs the tracks behind the cut', () => {
    for (let length = 0; length < blocksAt; length++) {
      expect(codeOf(bytes.subarray(0, length))).toBe(length < HEADER_AT ? 'SNAPSHOT_FORMAT' : 'SNAPSHOT_CORRUPT');
    }
    for (let length = blocksAt; length < bytes.length; length++) {
      const whole = length < blocksAt + 24 ? [] : length < blocksAt + 40 ? ['a'] : ['a', 'b'];
      const { tracks, damaged } = decode(bytes.subarray(0, length));
      expect(tracks.map(({ id }) => id)).toEqual(whole);
      expect(damaged).toEqual(['a', 'b', 'c'].slice(whole.length));
    }
  });

  test('of any kind is an error with a code, never another one', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.boolean(), (noise, afterMagic) => {
        const file = new Uint8Array([...(afterMagic ? bytes.subarray(0, 8) : []), ...noise]);
        expect(codeOf(file)).toMatch(/^SNAPSHOT_(FORMAT|CORRUPT)$/);
      }),
      { seed: 4, numRuns: 200 },
    );
  });
});

describe('the message', () => {
  test('of a foreign file says what was expected', () => {
    expect(() => decode(encoder.encode('{"not": "a snapshot"}'))).toThrow(
      'snapshot: expected a file that begins with TWSN  (SNAPSHOT_FORMAT)',
    );
  });

  test('of an older format says so', () => {
    const bytes = encode(TRACKS);
    new DataView(bytes.buffer).setUint32(4, 1, true);
    expect(() => decode(bytes)).toThrow(
      `expected format ${SNAPSHOT_FORMAT}, got 1; it was written by an older version`,
    );
  });

  test('of another format names both', () => {
    const bytes = encode(TRACKS);
    new DataView(bytes.buffer).setUint32(4, SNAPSHOT_FORMAT + 1, true);
    expect(() => decode(bytes)).toThrow(
      `snapshot: expected format ${SNAPSHOT_FORMAT}, got ${SNAPSHOT_FORMAT + 1}; was it written by a newer version?  (SNAPSHOT_VERSION)`,
    );
  });

  test('of another kernel names both', () => {
    expect(decode(withHeader(encode(TRACKS), () => {})).tracks).toHaveLength(3);
    const bytes = withHeader(encode(TRACKS), (header) => (header['kernel'] = 'abacus'));
    expect(() => decode(bytes)).toThrow(`snapshot: expected kernel ${KERNEL}, got abacus  (SNAPSHOT_VERSION)`);
  });

  test('of a damaged header says so', () => {
    const bytes = encode(TRACKS);
    bytes[HEADER_AT] ^= 1;
    expect(() => decode(bytes)).toThrow('snapshot: the header does not match its checksum  (SNAPSHOT_CORRUPT)');
  });
});
