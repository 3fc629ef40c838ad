/** Text where a number could be: a drop like any other, and said of which field. */
import { describe, expect, it } from 'vitest';
import { createDecoder, LIMITS } from '../../../sensors/decode.ts';
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
    expect(decode(payload).words?.map(({ path }) => path)).toEqual(paths);
  });

  it('is told of a payload that is to be a bare value', () => {
    const value = { ...AUTOMATIC, format: 'value' as const };
    expect(decode('out of range', value)).toMatchObject({
      readings: [],
      drops: ['not_a_number'],
      words: [{ path: '', text: 'out of range', drop: 0 }],
    });
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
    expect(decode(payload).words).toBeUndefined();
  });

  it('is a drop all the same', () => {
    expect(decode('{"v":"unavailable"}').drops).toEqual(['not_a_number']);
    expect(decode('unavailable').drops).toEqual(['malformed']);
  });

  it('is there with its time, what came before it, and the drop that it is', () => {
    const time = Date.UTC(2026, 0, 4);
    expect(decode(`[{"x":null,"s":" RUN "},{"s":1,"ts":${time}},{"s":"STOP","ts":${time}}]`)).toMatchObject({
      readings: [{ path: 's', value: 1, time }],
      drops: ['empty', 'not_a_number', 'not_a_number'],
      words: [
        { path: 's', text: 'RUN', time: Number.NaN, after: 0, drop: 1 },
        { path: 's', text: 'STOP', time, after: 1, drop: 2 },
      ],
    });
    expect(decode('w,site=a state="RUN" 1767571200000000000').words).toEqual([
      { path: 'w/a/state', text: 'RUN', time: 1_767_571_200_000, after: 0, drop: 0 },
    ]);
  });

  it('is kept to 128 characters, however long it is', () => {
    for (const payload of [`{"v":"${'x'.repeat(5000)}"}`, 'x'.repeat(5000)]) {
      expect(decode(payload).words?.map(({ text }) => text)).toEqual(['x'.repeat(LIMITS.wordLengthMax)]);
    }
  });
});
