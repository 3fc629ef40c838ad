import { expect, test } from 'vitest';
import { ONE_NUMBER, rmsprop, streaming } from '../../bench/science/recipes.ts';
import { learnSpikes } from '../../bench/science/spikes.ts';
import { Lstm } from '../../models/cells/lstm.ts';
import { Tbptt } from '../../models/training/tbptt.ts';

test('clipping the input makes the 20 samples after a spike at least 4 times better', { timeout: 60_000 }, () => {
  const learner = new Tbptt(new Lstm(1, 16), ONE_NUMBER, streaming(rmsprop(1e-3)));
  const raw = learnSpikes(learner, false, 1, 30_000);
  const clipped = learnSpikes(learner, true, 1, 30_000);
  expect(raw.shadow / clipped.shadow).toBeGreaterThanOrEqual(4);
  expect(clipped.steady).toBeLessThan(raw.steady);
});
