import { expect, test } from 'vitest';
import { type Slot, Slots } from '../../models/slots.ts';

test('slots do not overlap, and each lies whole in its memory', () => {
  const slots = new Slots(7);
  const taken = Array.from({ length: 50 }, () => slots.take());
  for (const [i, { memory, at }] of taken.entries()) {
    expect(at >= 0 && at + 7 <= memory.length).toBe(true);
    expect(memory.subarray(at, at + 7).every((x) => x === 0)).toBe(true);
    memory.fill(i + 1, at, at + 7);
  }
  for (const [i, { memory, at }] of taken.entries()) {
    expect([...memory.subarray(at, at + 7)]).toEqual(Array.from({ length: 7 }, () => i + 1));
  }
});

test('a slot given back is the next to be taken', () => {
  const slots = new Slots(3);
  const [, second] = [slots.take(), slots.take(), slots.take()];
  slots.give(second);
  const again = slots.take();
  expect(again.memory).toBe(second.memory);
  expect(again.at).toBe(second.at);
});

test('memory grows with what is in use, not with what came and went', () => {
  const slots = new Slots(3);
  const seen = new Set<Float64Array>();
  let held: Slot[] = [];
  for (let round = 0; round < 20; round++) {
    held = Array.from({ length: 16 }, () => slots.take());
    for (const slot of held) seen.add(slot.memory);
    for (const slot of held) slots.give(slot);
  }
  expect(seen.size).toBe(2);
});
