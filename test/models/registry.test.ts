import { beforeEach, describe, expect, test } from 'vitest';
import { DEFAULTS, Detector } from '../../models/detector.ts';
import { hash32 } from '../../models/hash.ts';
import { type Model, Registry } from '../../models/registry.ts';
import { expectSameBits } from './difference.ts';

const detector = new Detector({ ...DEFAULTS, hidden: 3, lags: 1 });
const model: Model = { pipeline: 'plant', listeningSince: -Infinity, detector, seed: 5 };
let registry: Registry;
beforeEach(() => {
  registry = new Registry(20 * BYTES);
});
/** Memory of one series, bytes. */
const BYTES = detector.size * 8;
const admit = (id: string, of = model) => registry.admit(id, `topic/${id}`, of)!;
const block = ({ memory, at }: { memory: Float64Array; at: number }) => memory.slice(at, at + detector.size);

describe('admitting', () => {
  test('makes a track once and finds it from then on', () => {
    const track = admit('a');
    expect(track).toMatchObject({ index: 0, id: 'a', source: 'topic/a', model });
    expect(registry.admit('a', 'elsewhere', model)).toBe(track);
    expect(registry.find('a')).toBe(track);
    expect(registry.tracks[0]).toBe(track);
    expect(registry.find('b')).toBeUndefined();
    expect(registry.size).toBe(1);
    expect(registry.bytes).toBe(BYTES);
  });

  test('puts a track into the partition of its hash, 256 in all', () => {
    for (const id of ['a', 'b', 'line1_pump_pressure']) expect(admit(id).partition).toBe(hash32(id) % 256);
  });

  test('gives each track weights of its own, the same ones in every registry', () => {
    const track = admit('a');
    expectSameBits('block', block(track), block(new Registry().admit('a', 'x', model)!));
    expect(block(track)).not.toEqual(block(admit('b')));
    expect(block(track)).not.toEqual(block(new Registry().admit('a', 'x', { ...model, seed: 6 })!));
  });

  test('ends at the limit of memory, except for those who are in', () => {
    for (let i = 0; i < 20; i++) admit(`s${i}`);
    expect(registry.bytes).toBe(20 * BYTES);
    expect(registry.admit('late', 'late', model)).toBeUndefined();
    expect(registry.admit('s3', 's3', model)).toBe(registry.find('s3'));
    registry.remove(registry.find('s3')!);
    expect(registry.admit('late', 'late', model)?.index).toBe(3);
    expect(registry.bytes).toBe(20 * BYTES);
  });

  test('counts memory and not series: a small one fits where a large one does not', () => {
    const small: Model = { ...model, detector: new Detector({ ...DEFAULTS, hidden: 2, lags: 1 }) };
    const bytes = small.detector.size * 8;
    expect(bytes).toBeLessThan(BYTES);
    registry = new Registry(2 * BYTES + bytes);
    admit('a');
    admit('b');
    expect(registry.admit('c', 'c', model)).toBeUndefined();
    expect(registry.bytes).toBe(2 * BYTES);
    expect(registry.admit('c', 'c', small)).toBeDefined();
    expect(registry.bytes).toBe(2 * BYTES + bytes);
    registry.remove(registry.find('c')!);
    expect(registry.bytes).toBe(2 * BYTES);
  });

  test('has room for 512 MiB unless told otherwise', () => {
    registry = new Registry();
    const large = new Detector({ ...DEFAULTS, hidden: 256, lags: 20 });
    const room = Math.floor((512 * 1024 * 1024) / (large.size * 8));
    // Initialising that many weights takes seconds, and their values do not matter here.
    large.initialise = () => {};
    for (let i = 0; i < room; i++) expect(admit(`s${i}`, { ...model, detector: large })).toBeDefined();
    expect(registry.admit('late', 'late', { ...model, detector: large })).toBeUndefined();
    expect(registry.bytes).toBe(room * large.size * 8);
  });
});

describe('removing', () => {
  test('leaves the others where they are, and the iterator skips the hole', () => {
    const [a, b, c] = ['a', 'b', 'c'].map((id) => admit(id));
    registry.remove(b);
    expect(registry.find('b')).toBeUndefined();
    expect([...registry]).toEqual([a, c]);
    expect(registry.size).toBe(2);
    expect(registry.tracks[2]).toBe(c);
  });

  test('hands the place and the memory on, wiped', () => {
    const first = admit('a');
    first.memory.fill(9, first.at, first.at + detector.size);
    const { index, memory, at } = first;
    registry.remove(first);
    const second = admit('a');
    expect(second).not.toBe(first);
    expect([second.index, second.at]).toEqual([index, at]);
    expect(second.memory).toBe(memory);
    expectSameBits('block', block(second), block(new Registry().admit('a', 'x', model)!));
  });

  test('a track that is gone does nothing, even when its id is taken again', () => {
    const old = admit('a');
    registry.remove(old);
    const now = admit('a');
    registry.remove(old);
    expect(registry.find('a')).toBe(now);
    expect(registry.bytes).toBe(BYTES);
    const other = admit('b');
    expect(other.memory === now.memory && other.at === now.at).toBe(false);
  });
});

test('tracks of one memory never overlap, and none shares memory with another partition', () => {
  registry = new Registry();
  const small: Model = { ...model, detector: new Detector({ ...DEFAULTS, hidden: 2, lags: 0 }) };
  const tracks = Array.from({ length: 600 }, (_, i) => admit(`s${i}`, i % 2 === 0 ? model : small));
  const partitionOf = new Map<Float64Array, number>();
  const taken = new Map<Float64Array, Set<number>>();
  for (const { memory, at, partition, model: m } of tracks) {
    expect(partitionOf.get(memory) ?? partition).toBe(partition);
    partitionOf.set(memory, partition);
    const places = taken.get(memory) ?? new Set();
    expect(at % m.detector.size).toBe(0);
    expect(places.has(at)).toBe(false);
    taken.set(memory, places.add(at));
  }
});
