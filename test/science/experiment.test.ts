import { expect, test } from 'vitest';
import { type Experiment, measure } from '../../bench/science/experiment.ts';

const experiment: Experiment = {
  id: 'lag',
  setting: 'a lag',
  unit: 'cycles',
  better: 'lower',
  bar: 100,
  limit: 100,
  reference: '50',
  seeds: 3,
  run: (seed) => (seed === 2 ? Infinity : 40),
};

test('a run that never learned counts as twice the limit, and the table says so', () => {
  const { row, got } = measure(experiment, 3, () => 0);
  expect(row).toMatchObject({ id: 'lag', value: (40 + 200 + 40) / 3, n: 3, pass: true });
  expect(got).toEqual(['40', 'not in 100', '40']);
  expect(measure({ ...experiment, run: () => Infinity }, 1, () => 0).row.pass).toBe(false);
  expect(measure({ ...experiment, run: () => Infinity, better: 'higher' }, 1, () => 0).row.pass).toBe(true);
});

test('runs get the seeds from 1 on, may say more than a number, and are timed', () => {
  let time = 0;
  const told = { ...experiment, run: (seed: number) => ({ value: seed, text: `seed ${seed}` }) };
  const { row, got, seconds } = measure(told, 2, () => (time += 1500));
  expect(row.value).toBe(1.5);
  expect(got).toEqual(['seed 1', 'seed 2']);
  expect(seconds).toBe(1.5);
});
