import { describe, expect, test } from 'vitest';
import { Pool } from '../../models/pool.ts';
import type { Slot } from '../../models/slots.ts';
import { expectSameBits } from './difference.ts';

const WEIGHTS = 5;
const SLOT = 3;
const newPool = () => new Pool('key', 'hall/+/flow', WEIGHTS, SLOT);

function entered(pool: Pool): Slot {
  const slot = pool.take();
  pool.enter(slot);
  return slot;
}

describe('a pool that grows', () => {
  test('keeps every bit of weights and tracks, tells the tracks, and moves none of them', () => {
    const pool = newPool();
    pool.block.fill(0.5);
    const tracks = Array.from({ length: 21 }, (_, i) => {
      const track = entered(pool);
      track.memory.fill(i + 1, track.at, track.at + SLOT);
      return { track, at: track.at };
    });
    expect(pool.size).toBe(21);
    expectSameBits('weights', pool.block, new Float64Array(WEIGHTS).fill(0.5));
    for (const [i, { track, at }] of tracks.entries()) {
      expect(track.memory).toBe(pool.memory);
      expect(track.at).toBe(at);
      expectSameBits('slot', track.memory.subarray(at, at + SLOT), new Float64Array(SLOT).fill(i + 1));
    }
  });

  test('doubles', () => {
    const pool = newPool();
    const slots = [1, 2, 3, 4, 5, 6].map(() => {
      entered(pool);
      return (pool.memory.length - WEIGHTS) / SLOT;
    });
    expect(slots).toEqual([1, 2, 4, 4, 8, 8]);
  });
});

test('a slot given back is the next to be taken, and its track is told nothing more', () => {
  const pool = newPool();
  const [, second] = [entered(pool), entered(pool), entered(pool)];
  pool.give(second);
  pool.give(second);
  expect(pool.size).toBe(2);
  const old = second.memory;
  expect(entered(pool).at).toBe(second.at);
  entered(pool);
  entered(pool);
  expect(pool.memory).not.toBe(old);
  expect(second.memory).toBe(old);
});

test('weights are restored whole or not at all', () => {
  const pool = newPool();
  const track = entered(pool);
  track.memory.fill(7, track.at, track.at + SLOT);
  pool.restore(Float64Array.of(1, 2, 3, 4, 5));
  pool.restore(new Float64Array(0));
  pool.restore(new Float64Array(WEIGHTS + 1));
  expect([...pool.block]).toEqual([1, 2, 3, 4, 5]);
  expect([...track.memory.subarray(track.at, track.at + SLOT)]).toEqual([7, 7, 7]);
});
