import { describe, expect, it } from 'vitest';

import { Ring } from '../../src/dashboard/ring.ts';
import { columns } from './samples.ts';

const times = (ring: Ring) => Array.from({ length: ring.length }, (_, i) => ring.time(i));
const values = (ring: Ring) => Array.from({ length: ring.length }, (_, i) => ring.value(i));

describe('a ring', () => {
  it('keeps the newest samples, oldest first', () => {
    const ring = new Ring(3);
    ring.append(columns('s', 5, 5000));
    expect(times(ring)).toEqual([3000, 4000, 5000]);
    expect(values(ring)).toEqual([2, 3, 4]);
    expect(ring.full).toBe(true);
  });

  it('holds what is not known as not-a-number', () => {
    const ring = new Ring(3);
    ring.append({ s: 's', t: [1], y: [2], e: [null], lo: [1.5], hi: [], z: [0.25] });
    expect([ring.expectation(0), ring.lower(0), ring.upper(0), ring.surprise(0)]).toEqual([NaN, 1.5, NaN, 0.25]);
  });

  it('finds the first sample at or after a time, also when wrapped around', () => {
    const ring = new Ring(4);
    ring.append(columns('s', 6, 6000));
    expect([0, 3000, 3001, 6000, 6001].map((time) => ring.indexAt(time))).toEqual([0, 0, 1, 3, 4]);
  });

  it('lets a sample that is not newer replace those from its time on', () => {
    const ring = new Ring(4);
    ring.append(columns('s', 6, 6000));
    ring.append({ ...columns('s', 1, 5000), y: [99] });
    expect(times(ring)).toEqual([3000, 4000, 5000]);
    expect(values(ring)).toEqual([2, 3, 99]);
    ring.append(columns('s', 3, 8000));
    expect(times(ring)).toEqual([5000, 6000, 7000, 8000]);
  });

  it('follows a clock that jumped back', () => {
    const ring = new Ring(4);
    ring.append(columns('s', 4, 90_000));
    ring.append(columns('s', 2, 2000));
    expect(times(ring)).toEqual([1000, 2000]);
  });

  it('refuses a time that is none, which would spoil the order or the axis', () => {
    const ring = new Ring(4);
    ring.append({ ...columns('s', 2), t: [Number.NaN, 1e300] });
    expect(ring.length).toBe(0);
  });

  it('is empty after clearing, and usable again', () => {
    const ring = new Ring(2);
    ring.append(columns('s', 3, 3000));
    ring.clear();
    expect(ring.length).toBe(0);
    ring.append(columns('s', 1, 1000));
    expect(times(ring)).toEqual([1000]);
  });
});
