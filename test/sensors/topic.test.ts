import { createHash } from 'node:crypto';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createRandom } from '../../models/random.ts';
import { seriesId, sourceOf } from '../../sensors/topic.ts';

const hash = (source: string): string => createHash('sha256').update(source).digest('hex').slice(0, 8);
const ID = /^[a-z0-9_-]{1,64}$/;

describe('a source', () => {
  it('is the topic and the path of the field, or the topic alone', () => {
    expect(sourceOf('plant/pump', 'motor/rpm')).toBe('plant/pump/motor/rpm');
    expect(sourceOf('plant/pump', '')).toBe('plant/pump');
  });
});

describe('the id of a series', () => {
  it('is the plain source with _ for /', () => {
    expect(seriesId('line1/pump/pressure')).toBe('line1_pump_pressure');
    expect(seriesId('a-b/c-9')).toBe('a-b_c-9');
  });

  it.each([
    ['Plant A/température', '-lant--_temp-rature'],
    ['a_b', 'a-b'],
    ['ä', '-'],
    ['', ''],
    ['😀', '--'],
    ['__proto__', '--proto--'],
    ['a\nb', 'a-b'],
  ])('carries a hash where %j needs other characters', (source, cut) => {
    expect(seriesId(source)).toBe(`${cut}-${hash(source)}`);
  });

  it('differs for a/b and a_b and A/b', () => {
    const ids = ['a/b', 'a_b', 'A/b', 'a-b', 'a b', 'a//b'].map(seriesId);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('has no hash up to 55 characters and one above', () => {
    expect(seriesId('x'.repeat(55))).toBe('x'.repeat(55));
    const long = 'x'.repeat(56);
    expect(seriesId(long)).toBe(`${'x'.repeat(55)}-${hash(long)}`);
    expect(seriesId(`${long}y`)).not.toBe(seriesId(`${long}z`));
    expect(seriesId('/'.repeat(5000))).toHaveLength(64);
  });

  it('is a plain word of at most 64 characters whatever the source, and the same every time', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.string({ maxLength: 80 })), (source) => {
        expect(seriesId(source)).toMatch(ID);
        expect(seriesId(source)).toBe(seriesId(source));
      }),
      { numRuns: 3000, seed: 1 },
    );
  });

  it('is shared by no two of 200,000 sources', () => {
    const random = createRandom(1);
    const pick = (n: number) => Math.floor(random() * n);
    const alphabet = 'abz019-/_A Zé+#$.';
    const sources = new Set<string>();
    while (sources.size < 200_000) {
      let source = `site${pick(50)}/`;
      for (let i = 3 + pick(70); i > 0; i--) source += alphabet[pick(pick(2) === 0 ? 8 : alphabet.length)];
      sources.add(source);
    }
    const ids = new Set<string>();
    for (const source of sources) ids.add(seriesId(source));
    expect(ids.size).toBe(sources.size);
  });

  it('differs for two texts that are no valid Unicode', () => {
    expect(seriesId('a/\ud800')).not.toBe(seriesId('a/\ud801'));
  });
});
