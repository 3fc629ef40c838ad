import { expect, test } from 'vitest';
import { ONE_NUMBER, rmsprop, streaming } from '../../bench/science/recipes.ts';
import { learnSeason } from '../../bench/science/season.ts';
import type { Cell } from '../../models/cells/cell.ts';
import { Lstm } from '../../models/cells/lstm.ts';
import { Retrieving } from '../../models/cells/retrieving.ts';
import { Tbptt } from '../../models/training/tbptt.ts';

const learn = (cell: Cell) => learnSeason(new Tbptt(cell, ONE_NUMBER, streaming(rmsprop(1e-3))), 1, 20_000);

test('retrieval makes the forecasts of a long season at least 5 times better', { timeout: 60_000 }, () => {
  const alone = learn(new Lstm(1, 16));
  const retrieving = learn(new Retrieving(new Lstm(1, 16), { history: 600, key: 8, beta: 100 }));
  expect(alone.learner / retrieving.learner).toBeGreaterThanOrEqual(5);
  expect(retrieving.persistence).toBe(alone.persistence);
});
