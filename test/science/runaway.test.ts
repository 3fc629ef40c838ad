import { expect, test } from 'vitest';
import { ReberStream } from '../../bench/science/continual-reber.ts';
import { NEXT_SYMBOL, REBER_97, startForget97 } from '../../bench/science/recipes.ts';
import { Lstm97 } from '../../models/cells/lstm97.ts';
import { logisticCrossEntropy } from '../../models/training/softmax.ts';
import { Trace } from '../../models/training/trace.ts';

/** The largest |s| of any cell at the end of a string, over 50 000 strings that are never reset. */
function largestState(forget: boolean, stopAbove: number): number {
  const cell = new Lstm97(7, { ...REBER_97, gateSources: 'cells', forget });
  const training = { k1: 1, optimizer: { name: 'sgd', rate: 0.1 }, clipNorm: Infinity } as const;
  const learner = new Trace(cell, NEXT_SYMBOL, training);
  const stream = new ReberStream(learner, logisticCrossEntropy(7), 3, (memory, random) => {
    if (forget) startForget97(cell, memory, random);
  });
  let largest = 0;
  for (let n = 0; n < 50_000 && largest <= stopAbove; n++) {
    stream.learnString();
    largest = Math.max(largest, stream.largest());
  }
  return largest;
}

test('the cell of 1997 runs away on an endless stream: |s| beyond 1000', { timeout: 60_000 }, () => {
  expect(largestState(false, 1000)).toBeGreaterThan(1000);
});

test('with a forget gate it stays below 200', { timeout: 60_000 }, () => {
  expect(largestState(true, 200)).toBeLessThan(200);
});
