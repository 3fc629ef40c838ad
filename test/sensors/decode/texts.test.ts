/** Text where a number could be: a drop like any other, and said of which field. */
import { describe, expect, it } from 'vitest';
import { createDecoder } from '../../../sensors/decode.ts';
import { AUTOMATIC } from '../../../sensors/mapping.ts';

const decode = (payload: string, mapping = AUTOMATIC) =>
  createDecoder(mapping)('t', Buffer.from(payload), Date.UTC(2026, 0, 5));

describe('text', () => {
  it.each([
    ['{"v":"unavailable","x":3}', ['v']],
    ['{"a":{"b":"ERR"},"c":"-"}', ['a/b', 'c']],
    ['[{"x":1},{"x":"NaN"}]', ['x']],
    ['unavailable', ['']],
  ])('is told by its path: %s', (payload, paths) => {
    expect(decode(payload).texts).toEqual(paths);
  });

  it('is told of a payload that is to be a bare value', () => {
    const value = { ...AUTOMATIC, format: 'value' as const };
    expect(decode('out of range', value)).toMatchObject({ readings: [], drops: ['not_a_number'], texts: [''] });
  });

  it.each([
    '{"v":"12.5"}',
    '{"v":"on"}',
    '{"v":null}',
    '{"v":" "}',
    '{"ts":"2026-01-05T00:00:00Z","v":1}',
    '',
    ' ',
    '21',
  ])('is none where there is a number, a switch, a time or nothing: %s', (payload) => {
    expect(decode(payload).texts).toBeUndefined();
  });

  it('is a drop all the same', () => {
    expect(decode('{"v":"unavailable"}').drops).toEqual(['not_a_number']);
    expect(decode('unavailable').drops).toEqual(['malformed']);
  });
});
