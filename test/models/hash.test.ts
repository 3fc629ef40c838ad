import { expect, test } from 'vitest';
import { hash32 } from '../../models/hash.ts';

test('the numbers never change: partitions and seeds of saved state hang on them', () => {
  expect([hash32(''), hash32('a'), hash32('line1_pump_pressure'), hash32('größe\u{1F30A}')]).toEqual([
    2872998923, 2448022055, 3019766425, 1941536657,
  ]);
  expect(hash32('a', 1)).toBe(2846982552);
});

test('a hash is a whole number of 32 bits', () => {
  for (let i = 0; i < 1000; i++) {
    const h = hash32(`series-${i}`, i);
    expect(Number.isInteger(h) && h >= 0 && h < 2 ** 32).toBe(true);
  }
});

test.each([
  ['numbered series', (i: number) => `plant_line${i % 10}_sensor${i}`],
  ['long names that differ at the front', (i: number) => `${i}${'x'.repeat(60)}`],
  ['names outside ASCII', (i: number) => String.fromCharCode(0x4e00 + i)],
])('%s spread evenly over 256 partitions', (_, name) => {
  const counts = Array.from({ length: 256 }, () => 0);
  const n = 25_600;
  for (let i = 0; i < n; i++) counts[hash32(name(i)) % 256]++;
  const mean = n / 256;
  const chiSquare = counts.reduce((sum, count) => sum + (count - mean) ** 2 / mean, 0);
  // χ² with 255 degrees of freedom: mean 255, standard deviation 22.6.
  expect(chiSquare).toBeLessThan(255 + 5 * 22.6);
});

test('seeds give different hashes of the same text', () => {
  const hashes = Array.from({ length: 1000 }, (_, seed) => hash32('pressure', seed));
  expect(new Set(hashes).size).toBe(1000);
});
