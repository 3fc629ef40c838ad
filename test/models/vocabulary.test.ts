import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Vocabulary } from '../../models/vocabulary.ts';

/** In the order of a detector: what class it had when it came, then a class for the next time. */
function classesOf(vocabulary: Vocabulary, symbols: readonly string[]): number[] {
  return symbols.map((symbol) => {
    const known = vocabulary.classOf(symbol);
    vocabulary.admit(symbol);
    return known;
  });
}

test('a symbol is class 0 when it is new, and has a class of its own from then on', () => {
  const vocabulary = new Vocabulary(4);
  expect(classesOf(vocabulary, ['on', 'off', 'on', 'off', '', 'on', ''])).toEqual([0, 0, 1, 2, 0, 1, 3]);
});

test('what comes after the classes ran out stays class 0, and what has one keeps it', () => {
  const vocabulary = new Vocabulary(3);
  expect(['a', 'b', 'c', 'd', 'a'].map((symbol) => vocabulary.admit(symbol))).toEqual([1, 2, 0, 0, 1]);
  expect(classesOf(vocabulary, ['c', 'c', 'b'])).toEqual([0, 0, 2]);
  expect(new Vocabulary(1).admit('a')).toBe(0);
});

test('asking admits nothing', () => {
  const vocabulary = new Vocabulary(3);
  expect(vocabulary.classOf('a')).toBe(0);
  expect(vocabulary.toJSON()).toEqual([]);
});

test('is the same after a way through JSON, whatever the symbols are', () => {
  const symbol = fc.oneof(fc.string({ unit: 'binary' }), fc.string({ minLength: 120, maxLength: 140 }));
  const unpaired = fc.constantFrom('\ud800', '\udfff'.repeat(130), `${'x'.repeat(63)}\ud83d\ude00${'y'.repeat(90)}`);
  fc.assert(
    fc.property(fc.array(fc.oneof(symbol, unpaired), { maxLength: 12 }), fc.integer({ min: 1, max: 10 }), (all, n) => {
      const one = new Vocabulary(n);
      for (const symbol of all) one.admit(symbol);
      const other = Vocabulary.fromJSON(n, JSON.parse(JSON.stringify(one)));
      const classes = all.map((symbol) => one.classOf(symbol));
      expect(all.map((symbol) => other.classOf(symbol))).toEqual(classes);
      expect(other.admit('the next one')).toBe(one.admit('the next one'));
      for (const k of classes) expect(k >= 0 && k < n).toBe(true);
    }),
  );
});

describe("attacker's text", () => {
  test('that names parts of objects is text', () => {
    const vocabulary = new Vocabulary(10);
    const names = ['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'size'];
    expect(names.map((name) => vocabulary.classOf(name))).toEqual([0, 0, 0, 0, 0]);
    expect(names.map((name) => vocabulary.admit(name))).toEqual([1, 2, 3, 4, 5]);
    expect(JSON.parse(JSON.stringify(vocabulary))).toEqual(names);
  });

  test('of any length is kept short, and told apart by beginning, end and length', () => {
    const vocabulary = new Vocabulary(10);
    const middle = 'x'.repeat(1e6);
    const long = [`a${middle}z`, `b${middle}z`, `a${middle}y`, `a${middle}xz`];
    expect(long.map((symbol) => vocabulary.admit(symbol))).toEqual([1, 2, 3, 4]);
    expect(long.map((symbol) => vocabulary.classOf(symbol))).toEqual([1, 2, 3, 4]);
    expect(vocabulary.classOf(`a${middle.replace(/^(x{500})x/, '$1!')}z`)).toBe(1);
    for (const kept of vocabulary.toJSON()) expect(kept.length).toBeLessThanOrEqual(128);
  });

  test('cut out of messages does not keep the messages in memory', () => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    const vocabulary = new Vocabulary(1000);
    collect();
    const before = process.memoryUsage().heapUsed;
    for (let i = 0; i < 60; i++) {
      const message = JSON.parse(`"${i}${'x'.repeat(1e6)}"`) as string;
      vocabulary.admit(message.slice(0, 40));
      vocabulary.admit(message);
    }
    collect();
    expect(vocabulary.toJSON()).toHaveLength(120);
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(10e6);
  });

  test('without end takes no more memory than was reserved', () => {
    const vocabulary = new Vocabulary(50);
    for (let i = 0; i < 5000; i++) vocabulary.admit(`${i}${'é'.repeat(500)}`);
    expect(vocabulary.toJSON()).toHaveLength(49);
    expect(JSON.stringify(vocabulary).length).toBeLessThan(50 * 140);
  });
});

describe('fromJSON refuses', () => {
  test.each([
    ['no list', { 0: 'a' }],
    ['nothing', undefined],
    ['a number', ['a', 1]],
    ['a symbol twice', ['a', 'b', 'a']],
    ['a symbol that is too long', ['x'.repeat(129)]],
    ['more symbols than classes', ['a', 'b', 'c', 'd']],
  ])('%s', (_, kept) => {
    expect(() => Vocabulary.fromJSON(4, kept)).toThrow(RangeError);
  });

  test.each([0, -1, 1.5, Number.NaN, Infinity])('%d classes', (classes) => {
    expect(() => new Vocabulary(classes)).toThrow('vocabulary: expected at least one class');
  });
});
