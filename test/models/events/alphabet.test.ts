import { expect, test } from 'vitest';
import { admit, alphabetSize, classOf, FIRST, symbolsKnown, UNSEEN } from '../../../models/events/alphabet.ts';
import { expectSameBits } from '../difference.ts';

const CLASSES = 5;
const AT = 2;

/** What class each had when it came, with a class of its own from then on. */
function classesOf(memory: Float64Array, symbols: readonly number[]): number[] {
  return symbols.map((symbol) => {
    const k = classOf(memory, AT, symbol);
    if (k === UNSEEN) admit(memory, AT, CLASSES, symbol);
    return k;
  });
}

test('a symbol is unseen when it is new, and has a class of its own from then on', () => {
  const memory = new Float64Array(AT + alphabetSize(CLASSES));
  expect(classesOf(memory, [7, 0, 7, 0, 9, 9])).toEqual([UNSEEN, UNSEEN, FIRST, FIRST + 1, UNSEEN, FIRST + 2]);
  expect(symbolsKnown(memory, AT)).toBe(3);
});

test('what comes after the classes ran out stays unseen, and what has one keeps it', () => {
  const memory = new Float64Array(AT + alphabetSize(CLASSES) + 1).fill(-1);
  memory.fill(0, AT, AT + alphabetSize(CLASSES));
  expect(classesOf(memory, [1, 2, 3, 4, 4, 1, 3])).toEqual([0, 0, 0, 0, 0, FIRST, FIRST + 2]);
  for (let symbol = 10; symbol < 1000; symbol++) admit(memory, AT, CLASSES, symbol);
  expect(classOf(memory, AT, 2)).toBe(FIRST + 1);
  expectSameBits('what lies around it', [memory[0], memory[1], memory.at(-1)!], [-1, -1, -1]);
});

test('asking admits nothing', () => {
  const memory = new Float64Array(AT + alphabetSize(CLASSES));
  expect(classOf(memory, AT, 0)).toBe(UNSEEN);
  expect(symbolsKnown(memory, AT)).toBe(0);
});
