import { describe, expect, test } from 'vitest';
import { createRandom, gaussian } from '../../models/random.ts';
import { type Retrieval, retrievalSize, retrieve } from '../../models/retrieval.ts';
import { expectClose, expectSameBits } from './difference.ts';

const OPTIONS: Retrieval = { history: 120, key: 8, beta: 100 };

/** The forecast after each sample. */
function forecasts(samples: readonly number[], options = OPTIONS): number[] {
  const memory = new Float64Array(2 + retrievalSize(options)).fill(0);
  memory[0] = 7;
  memory[memory.length - 1] = 7;
  const all = samples.map((sample) => retrieve(options, memory, 1, sample));
  expect([memory[0], memory.at(-1)]).toEqual([7, 7]);
  return all;
}

const noise = (count: number, seed: number, scale = 1) => {
  const random = createRandom(seed);
  return Array.from({ length: count }, () => scale * gaussian(random));
};

/** A random shape over and over, with noise. */
function season(period: number, count: number, scale: number): { clean: number[]; noisy: number[] } {
  const shape = noise(period, 5);
  const clean = Array.from({ length: count }, (_, t) => shape[t % period]);
  return { clean, noisy: noise(count, 6, scale).map((n, t) => clean[t] + n) };
}

/** Mean square of forecast − truth over the steps from `from` on. */
const mse = (forecast: readonly number[], truth: readonly number[], from: number) => {
  const errors = truth.slice(from + 1).map((value, i) => forecast[from + i] - value);
  return errors.reduce((sum, error) => sum + error * error, 0) / errors.length;
};

const cosine = (a: readonly number[], b: readonly number[]) =>
  a.reduce((sum, number, j) => sum + number * b[j], 0) / (Math.hypot(...a) * Math.hypot(...b));

/** The same with keys that are written out, one step after the other. */
function reference(samples: readonly number[], { history: N, key: K, beta }: Retrieval): number[] {
  const keyAt = (end: number) => samples.slice(end - K + 1, end + 1);
  return samples.map((sample, t) => {
    const ends = Array.from({ length: Math.max(0, Math.min(N, t - K + 1)) }, (_, i) => t - 1 - i);
    const matches = ends.filter((s) => [t, s].every((end) => keyAt(end).some((number) => number !== 0)));
    if (matches.length === 0) return sample;
    const scores = matches.map((s) => beta * cosine(keyAt(t), keyAt(s)));
    const weights = scores.map((score) => Math.exp(score - Math.max(...scores)));
    const sum = weights.reduce((a, b) => a + b, 0);
    return weights.reduce((total, w, i) => total + (w / sum) * samples[matches[i] + 1], 0);
  });
}

const CASES: [Retrieval, number][] = [
  [{ history: 20, key: 3, beta: 5 }, 90],
  [{ history: 7, key: 8, beta: 100 }, 60],
  [{ history: 1, key: 1, beta: 2 }, 20],
  [{ history: 15, key: 2, beta: 2000 }, 60],
];

test.each(CASES)('is the mean of what followed, by likeness: %o', (options, count) => {
  const samples = noise(count, 1);
  expectClose('forecast', forecasts(samples, options), reference(samples, options), 1e-11);
});

test.each(CASES)('a key of nothing but zeros matches nothing, and nothing matches it: %o', (options, count) => {
  const samples = noise(count, 3).map((sample, t) => (t % 17 < 11 ? 0 : sample));
  expectClose('forecast', forecasts(samples, options), reference(samples, options), 1e-11);
});

test('of a series that never leaves 0 is 0', () => {
  const zeros = Array.from({ length: 30 }, () => 0);
  expect(forecasts(zeros)).toEqual(zeros);
});

describe('a noisy shape of period 50', () => {
  const { clean, noisy } = season(50, 1000, 0.1);
  const last = mse(noisy, clean, 200);

  test('is forecast far better by a ring of 120 than by the last value', () => {
    expect(mse(forecasts(noisy), clean, 200)).toBeLessThan(last / 30);
  });

  test('is not, by a ring shorter than the period', () => {
    expect(mse(forecasts(noisy, { ...OPTIONS, history: 40 }), clean, 200)).toBeGreaterThan(0.5 * last);
  });

  test('is known again after one turn', () => {
    const forecast = forecasts(noisy);
    const error = (from: number, to: number) => mse(forecast.slice(0, to), clean.slice(0, to + 1), from);
    expect(error(10, 49)).toBeGreaterThan(0.5 * last);
    expect(error(60, 99)).toBeLessThan(last / 10);
  });
});

test('is the newest sample until there is a match to be had', () => {
  const samples = noise(9, 2);
  const got = forecasts(samples);
  expect(got.slice(0, 8)).toEqual(samples.slice(0, 8));
  // With nine samples the only key whose successor is known ends at the eighth.
  expect(got[8]).toBeCloseTo(samples[8], 12);
  const ten = forecasts([...samples, 3]);
  expect(ten[9]).not.toBe(3);
});

test('does not care how large the samples are', () => {
  const samples = noise(200, 8);
  const plain = forecasts(samples);
  const scaled = forecasts(samples.map((sample) => 1024 * sample));
  expectClose(
    'forecast',
    scaled.map((value) => value / 1024),
    plain,
    1e-12,
  );
});

test('forgets: what lies further back than ring and key changes nothing, to the last bit', () => {
  const options = { history: 12, key: 4, beta: 10 };
  const recent = noise(40, 9);
  const one = forecasts([...noise(16, 10), ...recent], options).slice(16);
  const other = forecasts([...noise(33, 11), ...recent], options).slice(33);
  expectSameBits('forecast', one.slice(15), other.slice(15));
  expect(one[14]).not.toBe(other[14]);
});

test('what it keeps does not grow', () => {
  const options = { history: 12, key: 4, beta: 10 };
  const memory = new Float64Array(retrievalSize(options));
  for (const sample of noise(5000, 12)) retrieve(options, memory, 0, sample);
  expect(memory[0]).toBe(16);
  expect(memory).toHaveLength(30);
});

test.each([1e6, 1e153, 1e160, 1e300, -1e300, 1e-160, 1e-320])(
  'a sample of %d leaves every forecast finite',
  (spike) => {
    const samples = noise(60, 13);
    samples[30] = spike;
    samples[33] = spike;
    expect(forecasts(samples, { history: 15, key: 4, beta: 100 }).every(Number.isFinite)).toBe(true);
    const all = noise(60, 13).map((sample) => sample * spike);
    expect(forecasts(all).every(Number.isFinite)).toBe(true);
  },
);
