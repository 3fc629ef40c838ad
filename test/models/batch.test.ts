import { describe, expect, test } from 'vitest';
import { BATCH_ROWS_MAX, createBatch, createTick, pushRow, ROW } from '../../models/batch.ts';

describe('a batch', () => {
  test('holds at most 4,096 rows', () => {
    expect(BATCH_ROWS_MAX).toBe(4096);
    expect(createBatch(4096).value).toHaveLength(4096);
    for (const capacity of [4097, -1, Number.NaN, Infinity]) {
      expect(() => createBatch(capacity)).toThrow(RangeError);
    }
    expect(() => createBatch(4097)).toThrow('batch capacity: expected 0..4096, got 4097');
  });

  test('starts empty, is no tick, and has a row of zeroes in every column that is always there', () => {
    const { length, tick, changes, members, siblings, ...columns } = createBatch(2);
    expect([length, tick, changes]).toEqual([0, Number.NaN, []]);
    for (const [name, column] of Object.entries(columns)) expect([...column], name).toEqual([0, 0]);
    // Nobody's members, and no siblings.
    expect(members).toEqual([]);
    expect([...siblings]).toEqual([Number.NaN, Number.NaN]);
  });

  test('takes rows in order and leaves the columns of later stations alone', () => {
    const batch = createBatch(3);
    pushRow(batch, 4, 1000, 1001, 21.5, ROW.recorded);
    pushRow(batch, 5, 2000, 2001, Number.NaN, 0);
    expect(batch.length).toBe(2);
    expect([...batch.series]).toEqual([4, 5, 0]);
    expect([...batch.time]).toEqual([1000, 2000, 0]);
    expect([...batch.arrival]).toEqual([1001, 2001, 0]);
    expect([...batch.value]).toEqual([21.5, Number.NaN, 0]);
    expect([...batch.flags]).toEqual([ROW.recorded, 0, 0]);
    for (const column of [batch.drop, batch.gap, batch.cadence, batch.score, batch.alarm]) {
      expect([...column]).toEqual([0, 0, 0]);
    }
  });

  test('may be a tick of the clock, which has a time and no rows', () => {
    const tick = createTick(123);
    expect([tick.tick, tick.length]).toEqual([123, 0]);
  });
});

test('flags are bits of their own that fit the column', () => {
  const bits = Object.values(ROW);
  expect(bits.reduce((sum, bit) => sum + bit, 0)).toBe(bits.reduce((all, bit) => all | bit, 0));
  expect(Math.max(...bits)).toBeLessThan(256);
});
