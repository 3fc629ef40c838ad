import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, test } from 'vitest';
import { counted, endless } from '../../bench/science/cost.ts';
import { adam, ONE_NUMBER, rmsprop, streaming } from '../../bench/science/recipes.ts';
import type { Cell } from '../../models/cells/cell.ts';
import { Elstm } from '../../models/cells/elstm.ts';
import { Gru } from '../../models/cells/gru.ts';
import { Lstm } from '../../models/cells/lstm.ts';
import { Retrieving } from '../../models/cells/retrieving.ts';
import { TracedLstm } from '../../models/cells/traced-lstm.ts';
import type { Learner } from '../../models/training/learner.ts';
import { Tbptt } from '../../models/training/tbptt.ts';
import { Trace } from '../../models/training/trace.ts';

const K1 = 4;
const K2 = 12;
const SAMPLES = 100_000;

describe.each([
  ['in equal parts over the samples', true],
  ['all at once', false],
])('a walk back %s', (_, spread) => {
  const { cell, calls } = counted(new Lstm(1, 4));
  const learner = new Tbptt(cell, ONE_NUMBER, { ...streaming(adam(1e-3), K1, K2), spread });
  const step = endless(learner, 1);
  const before = { ...calls };
  const perSample: number[] = [];
  for (let n = 0; n < SAMPLES; n++) {
    const { backward } = calls;
    step();
    perSample.push(calls.backward - backward);
  }

  test('is one step forward for each sample, the first and the last', () => {
    expect(calls.step - before.step).toBe(SAMPLES);
  });

  test('is the same steps back in every round of k1 samples, once the ring is full', () => {
    const full = K2 + 2 * K1;
    const rounds = new Set<string>();
    for (let n = full; n < SAMPLES; n += K1) rounds.add(perSample.slice(n, n + K1).join(' '));
    expect([...rounds]).toEqual([spread ? '3 3 3 3' : '0 0 0 12']);
  });
});

describe.each<[string, () => Learner]>([
  ['lstm', () => new Tbptt(new Lstm(1, 4), ONE_NUMBER, streaming(rmsprop(1e-3)))],
  ['gru', () => new Tbptt(new Gru(1, 4, { reset: 'after' }), ONE_NUMBER, streaming(rmsprop(1e-3)))],
  ['lstm with retrieval', () => new Tbptt(retrieving(), ONE_NUMBER, streaming(rmsprop(1e-3)))],
  ['elstm', () => new Trace(new Elstm(1, 4), ONE_NUMBER, streaming(rmsprop(1e-3)))],
  ['lstm with traces', () => new Trace(new TracedLstm(1, 4), ONE_NUMBER, streaming(rmsprop(1e-3)))],
])('%s', (_, make) => {
  test('does not grow: the heap after 100 000 samples is that after 20 000', () => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    const step = endless(make(), 1);
    for (let n = 0; n < 20_000; n++) step();
    collect();
    const before = process.memoryUsage();
    for (let n = 20_000; n < SAMPLES; n++) step();
    collect();
    const after = process.memoryUsage();
    // 80 000 samples that left one number each would be 640 kB.
    expect(after.heapUsed - before.heapUsed).toBeLessThan(300_000);
    expect(after.arrayBuffers - before.arrayBuffers).toBeLessThan(300_000);
  });
});

function retrieving(): Cell {
  return new Retrieving(new Lstm(1, 4), { history: 64, key: 8, beta: 100 });
}
