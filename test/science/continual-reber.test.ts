import { describe, expect, test } from 'vitest';
import { auc, ReberStream } from '../../bench/science/continual-reber.ts';
import { adam, NEXT_SYMBOL, streaming } from '../../bench/science/recipes.ts';
import { Lstm } from '../../models/cells/lstm.ts';
import { softmax } from '../../models/training/softmax.ts';
import { Tbptt } from '../../models/training/tbptt.ts';

describe('an LSTM on a stream of strings that is never reset', { timeout: 60_000 }, () => {
  const learner = new Tbptt(new Lstm(7, 16), NEXT_SYMBOL, streaming(adam(3e-3)));
  const stream = new ReberStream(learner, softmax(7), 1);

  test('gets 990 of 1000 strings right within 10 000', () => {
    expect(stream.learnAll(10_000)).toBeLessThanOrEqual(10_000);
  });

  test('then tells a wrong closing symbol from the rest: AUC of −ln p at least 0.95', () => {
    expect(stream.violationAuc('closing', 3000)).toBeGreaterThanOrEqual(0.95);
  });

  test('and an illegal symbol: at least 0.99', () => {
    expect(stream.violationAuc('illegal', 3000)).toBeGreaterThanOrEqual(0.99);
  });
});

test('AUC is the chance that a high one exceeds a low one, ties half', () => {
  expect(auc([3, 4], [1, 2])).toBe(1);
  expect(auc([1, 2], [3, 4])).toBe(0);
  // of 4 pairs: 2 > 1, 2 = 2, 5 > 1, 5 > 2
  expect(auc([2, 5], [1, 2])).toBe(3.5 / 4);
});
