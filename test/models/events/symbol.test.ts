import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { symbolOf } from '../../../models/events/symbol.ts';

test('a name is a whole number that a double holds exactly, the same every time', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (name) => {
      const symbol = symbolOf(name);
      expect(Number.isSafeInteger(symbol) && symbol >= 0 && symbol < 2 ** 52).toBe(true);
      expect(symbolOf(name)).toBe(symbol);
    }),
  );
});

test('names that differ a little are different numbers, in the high bits as in the low ones', () => {
  const names = Array.from({ length: 20_000 }, (_, i) => `E${i}`);
  const symbols = names.map((name) => symbolOf(name));
  expect(new Set(symbols).size).toBe(names.length);
  const high = new Set(symbols.map((symbol) => Math.floor(symbol / 2 ** 42)));
  const low = new Set(symbols.map((symbol) => symbol % 1024));
  expect([high.size, low.size]).toEqual([1024, 1024]);
});

test('a long name is known by its beginning, its end and its length', () => {
  const middle = 'x'.repeat(1e6);
  const known = [`a${middle}z`, `b${middle}z`, `a${middle}y`, `a${middle}xz`].map((name) => symbolOf(name));
  expect(new Set(known).size).toBe(4);
  expect(symbolOf(`a${middle.slice(0, 500)}!${middle.slice(501)}z`)).toBe(known[0]);
});
