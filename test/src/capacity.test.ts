import { describe, expect, it } from 'vitest';
import { capacityOf } from '../../src/capacity.ts';

const MIB = 1024 * 1024;

describe('the capacity of the table of series', () => {
  it.each([
    ['a quarter of the memory', 8192, 2048],
    ['64 MiB at least', 100, 64],
    ['4 GiB at most', 65_536, 4096],
  ])('is by itself %s', (_, memory, bytes) => {
    expect(capacityOf('auto', memory * MIB)).toEqual({ bytesMax: bytes * MIB, seriesMax: Infinity });
  });

  it('knows the memory of this machine', () => {
    const { bytesMax } = capacityOf('auto');
    expect(bytesMax).toBeGreaterThanOrEqual(64 * MIB);
    expect(bytesMax).toBeLessThanOrEqual(4096 * MIB);
  });

  it('is a number of series where that is said', () => {
    expect(capacityOf(500, MIB)).toEqual({ bytesMax: Infinity, seriesMax: 500 });
  });
});
