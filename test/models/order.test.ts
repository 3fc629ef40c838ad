import { beforeEach, describe, expect, test } from 'vitest';
import { type Batch, createBatch, pushRow, ROW } from '../../models/batch.ts';
import { CADENCE_SIZE } from '../../models/cadence.ts';
import { type DropReason, dropCode } from '../../models/drop.ts';
import {
  firstTimeOf,
  lastArrivalOf,
  lastHeardOf,
  lastTimeOf,
  ORDER_SIZE,
  orderStep,
  sampleCountOf,
} from '../../models/order.ts';

let memory: Float64Array;
beforeEach(() => {
  memory = new Float64Array(ORDER_SIZE + CADENCE_SIZE);
});

interface Row {
  time: number;
  value: number;
  arrival: number;
  flags: number;
}

/** One row through `orderStep`; the batch after it. */
function step(time: number, { value = 1, arrival = time, flags = 0 }: Partial<Row> = {}): Batch {
  const batch = createBatch(1);
  pushRow(batch, 0, time, arrival, value, flags);
  orderStep(memory, 0, ORDER_SIZE, batch, 0);
  return batch;
}
const verdict = (batch: Batch) => batch.drop[0];
const dropped = (reason: DropReason) => dropCode(reason);

describe('a sample', () => {
  test('in order is kept, with gap and cadence', () => {
    expect(step(1000).gap[0]).toBe(0);
    const second = step(1500);
    expect([verdict(second), second.gap[0], second.cadence[0], second.flags[0]]).toEqual([0, 500, 500, 0]);
    expect([sampleCountOf(memory, 0), firstTimeOf(memory, 0), lastTimeOf(memory, 0)]).toEqual([2, 1000, 1500]);
  });

  test('that is late is dropped and leaves no trace', () => {
    step(1000);
    step(2000);
    const before = memory.slice();
    expect(verdict(step(1999, { arrival: 2500 }))).toBe(dropped('late'));
    expect(memory).toEqual(before);
    expect(step(3000).gap[0]).toBe(1000);
  });

  test('that repeats time and value is a duplicate', () => {
    step(1000, { value: 7 });
    expect(verdict(step(1000, { value: 7 }))).toBe(dropped('duplicate'));
    expect(sampleCountOf(memory, 0)).toBe(1);
  });

  test('at the same time with another value is the next sample and does not count as a gap', () => {
    step(1000, { value: 7 });
    step(2000, { value: 7 });
    const other = step(2000, { value: 8 });
    expect([verdict(other), other.flags[0], other.gap[0], other.cadence[0]]).toEqual([0, ROW.sameTime, 0, 1000]);
    expect(sampleCountOf(memory, 0)).toBe(3);
    expect(verdict(step(2000, { value: 8 }))).toBe(dropped('duplicate'));
  });

  test('more than five minutes ahead of its arrival is dropped, so that those after it are not late', () => {
    const now = 1_000_000;
    expect(verdict(step(now + 300_001, { arrival: now }))).toBe(dropped('future'));
    expect(verdict(step(now, { arrival: now }))).toBe(0);
    expect(verdict(step(now + 300_001, { arrival: now }))).toBe(dropped('future'));
    expect(verdict(step(now + 300_000, { arrival: now }))).toBe(0);
  });

  test('may be the first, whatever its time', () => {
    expect(verdict(step(-5_000_000, { arrival: 0, value: 0 }))).toBe(0);
    expect(firstTimeOf(memory, 0)).toBe(-5_000_000);
  });

  test('remembers when it arrived, not when it was taken', () => {
    step(1000, { arrival: 9000 });
    expect([lastArrivalOf(memory, 0), lastTimeOf(memory, 0)]).toEqual([9000, 1000]);
  });
});

describe('a recorded row', () => {
  const recorded = { flags: ROW.recorded };

  test('is never dropped, not even from the future', () => {
    expect(verdict(step(1e12, { ...recorded, arrival: 0 }))).toBe(0);
  });

  test('with a repeated or rewound time follows one cadence after the row before', () => {
    for (const time of [0, 5000, 10_000]) step(time, recorded);
    const repeated = step(10_000, recorded);
    expect([verdict(repeated), repeated.time[0], repeated.gap[0]]).toEqual([0, 15_000, 5000]);
    expect(repeated.flags[0]).toBe(ROW.recorded | ROW.repaired);
    expect(step(3, recorded).time[0]).toBe(20_000);
    const onTime = step(25_000, recorded);
    expect([onTime.time[0], onTime.flags[0]]).toEqual([25_000, ROW.recorded]);
  });

  test('with a repeated time follows one second later while no cadence is known', () => {
    step(0, recorded);
    expect(step(0, recorded).time[0]).toBe(1000);
  });

  test('with a sound time is left as it is', () => {
    step(0, recorded);
    const batch = step(1234, recorded);
    expect([batch.time[0], batch.flags[0]]).toEqual([1234, ROW.recorded]);
  });
});

const text = (arrival: number) => step(arrival, { value: Number.NaN, arrival, flags: ROW.text });

describe('a row of text', () => {
  test('is no sample, and stands in the time of the series', () => {
    step(1000, { arrival: 9000 });
    step(2000, { arrival: 10_000 });
    const before = memory.slice();
    const batch = text(13_000);
    expect([verdict(batch), batch.time[0], batch.gap[0], batch.cadence[0]]).toEqual([0, 5000, 0, 1000]);
    expect([sampleCountOf(memory, 0), lastTimeOf(memory, 0), lastArrivalOf(memory, 0)]).toEqual([2, 2000, 10_000]);
    expect(memory.filter((number, i) => number !== before[i])).toHaveLength(1);
  });

  test('says that the sensor is heard, as a sample does and a dropped row does not', () => {
    step(1000, { arrival: 9000 });
    expect(lastHeardOf(memory, 0)).toBe(9000);
    text(13_000);
    expect(lastHeardOf(memory, 0)).toBe(13_000);
    step(500, { arrival: 14_000 });
    expect(lastHeardOf(memory, 0)).toBe(13_000);
    step(3000, { arrival: 15_000 });
    expect(lastHeardOf(memory, 0)).toBe(15_000);
  });

  test('never goes back in time', () => {
    step(2000, { arrival: 10_000 });
    expect(text(9000).time[0]).toBe(2000);
  });
});
