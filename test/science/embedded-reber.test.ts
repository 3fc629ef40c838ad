import { expect, test } from 'vitest';
import { learnReber } from '../../bench/science/embedded-reber.ts';
import { Traced, Unrolled } from '../../bench/science/episode.ts';
import { adam, NEXT_SYMBOL, REBER_97, startHead97 } from '../../bench/science/recipes.ts';
import { bit, drawStrings, isRight, LONGEST, SYMBOLS } from '../../bench/science/reber.ts';
import { Lstm97 } from '../../models/cells/lstm97.ts';
import { Lstm } from '../../models/cells/lstm.ts';
import { createRandom } from '../../models/random.ts';
import { logisticCrossEntropy, softmax } from '../../models/training/softmax.ts';

test('an LSTM gets 256 of 256 strings right within 8 000', { timeout: 60_000 }, () => {
  const learner = new Unrolled(new Lstm(7, 8), NEXT_SYMBOL, { optimizer: adam(1e-2), clipNorm: 1 }, LONGEST);
  const run = { seed: 1, limit: 8000, lookEvery: 250, loss: softmax(7), everySymbol: false, fixedSet: false };
  expect(learnReber(learner, run)).toBeLessThanOrEqual(8000);
});

test('the cell of 1997 gets all 512 right within 15 000, updated after every symbol', { timeout: 60_000 }, () => {
  const descent = { optimizer: { name: 'sgd', rate: 0.1 }, clipNorm: Infinity } as const;
  const learner = new Traced(new Lstm97(7, REBER_97), NEXT_SYMBOL, descent);
  const run = { seed: 1, limit: 15_000, lookEvery: 100, everySymbol: true, fixedSet: true, prepare: startHead97 };
  expect(learnReber(learner, { ...run, loss: logisticCrossEntropy(7) })).toBeLessThanOrEqual(15_000);
});

test('a string ends as it began, and every symbol is one that the grammar allows', () => {
  const strings = drawStrings(500, createRandom(1));
  for (const { symbols, legal } of strings) {
    const text = symbols.map((symbol) => SYMBOLS[symbol]).join('');
    expect(text).toMatch(/^B([TP])B(TS*(S|XX)|TS*|P)[TPSXV]*E\1E$/);
    expect(legal).toHaveLength(symbols.length);
    for (let t = 1; t < symbols.length; t++) expect(legal[t - 1] & bit(symbols[t])).not.toBe(0);
  }
  expect(new Set(strings.map(({ symbols }) => symbols[1])).size).toBe(2);
});

test('right is what holds every legal symbol above all others', () => {
  const y = Float64Array.from([0, 5, 4, 0, 0, 0, 0]);
  expect(isRight(y, 0, bit(1) | bit(2))).toBe(true);
  expect(isRight(y, 0, bit(1))).toBe(true);
  expect(isRight(y, 0, bit(2))).toBe(false);
  expect(isRight(y, 0, bit(1) | bit(3))).toBe(false);
  expect(isRight(Float64Array.from([1, 1, 0, 0, 0, 0, 0]), 0, bit(0))).toBe(false);
});
