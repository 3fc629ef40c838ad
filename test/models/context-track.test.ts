import { describe, expect, test } from 'vitest';
import { createBatch, pushRow } from '../../models/batch.ts';
import { ContextTrack } from '../../models/context-track.ts';
import { cadenceOf } from '../../models/cadence.ts';
import { dropCode } from '../../models/drop.ts';
import { sampleCountOf } from '../../models/order.ts';

const START = Date.UTC(2026, 0, 5);
const AT = 3;
const track = new ContextTrack({ cell: 'lstm', season: 3600_000, budgetPerDay: 1 });

function begun(): Float64Array {
  const memory = new Float64Array(AT + track.size + 1).fill(7);
  track.initialise(memory, AT);
  return memory;
}

function play(memory: Float64Array, samples: readonly (readonly [second: number, value: number])[]) {
  const batch = createBatch(samples.length);
  for (const [row, [second, value]] of samples.entries()) {
    const time = START + second * 1000;
    pushRow(batch, 0, time, time, value, 0);
    track.order(memory, AT, batch, row);
    track.step(memory, AT, batch, row);
  }
  return batch;
}

describe('a series that explains others', () => {
  test('has said nothing at first, and after that what it said last', () => {
    const memory = begun();
    expect(track.saidOf(memory, AT)).toBeNaN();
    track.say(memory, AT, 40);
    track.say(memory, AT, 60);
    expect(track.saidOf(memory, AT)).toBe(60);
  });

  test('touches no number outside its block', () => {
    const memory = begun();
    play(memory, [
      [0, 1],
      [1, 2],
    ]);
    track.say(memory, AT, 1);
    expect([...memory.subarray(0, AT), memory.at(-1)]).toEqual([7, 7, 7, 7]);
  });

  test('is put in order, and its cadence is learned', () => {
    const memory = begun();
    const { drop } = play(memory, [
      [0, 1],
      [5, 2],
      [4, 3],
      [10, 4],
    ]);
    expect([...drop]).toEqual([0, 0, dropCode('late'), 0]);
    expect(sampleCountOf(memory, AT + track.layout.order)).toBe(3);
    expect(cadenceOf(memory, AT + track.layout.cadence)).toBe(5000);
  });

  test('is expected to be nothing, is never odd and never silent', () => {
    const memory = begun();
    const batch = play(
      memory,
      Array.from({ length: 300 }, (_, i) => [i, i === 299 ? 1e9 : i % 7] as const),
    );
    for (const column of [batch.expected, batch.lower, batch.upper]) expect(column.every(Number.isNaN)).toBe(true);
    for (const column of [batch.surprise, batch.level, batch.score, batch.anomaly, batch.alarm]) {
      expect(column.every((x) => x === 0)).toBe(true);
    }
    expect(batch.changes).toEqual([]);
    expect(track.silence()).toBe(0);
    expect(track.acceptRegime()).toBe(false);
    expect(track.ownTime(memory, AT, START + 400_000)).toBe(START + 400_000);
  });
});
