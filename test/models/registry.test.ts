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

  test('ends at the limit of series, except for those who were there before; groups do not count', () => {
    registry = new Registry(20 * BYTES, 2);
    const series = (id: string, number: number, wasThere = false) =>
      registry.admit(id, id, model, { number, wasThere }) !== undefined;
    expect([series('a', 0), series('b', 1), series('c', 2)]).toEqual([true, true, false]);
    expect(registry.admit('group', 'group', model)).toBeDefined();
    expect(registry.hasRoom(0, 1)).toBe(false);
    expect(series('c', 2, true)).toBe(true);
    registry.remove(registry.find('a')!);
    expect(series('d', 3)).toBe(false);
    registry.remove(registry.find('b')!);
    expect(series('d', 3)).toBe(true);
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

describe('with shared weights', () => {
  const sharing = new Detector({ ...DEFAULTS, hidden: 3, lags: 1, shared: true });
  const pumps: Model = { ...model, detector: sharing, peers: 'hall/+/flow' };
  const { size: weights } = sharing.sharedWeights!;
  const pump = (k: number | string, of = pumps) => registry.admit(`pump${k}`, `hall/${k}/flow`, of)!;

  test('a block ends where the weights would begin', () => {
    // Both networks keep a count, with the weights and in the block.
    expect(sharing.size).toBe(detector.layout.weights + 2);
    expect(weights).toBe(detector.size - detector.layout.weights + 2);
    expect(sharing.shape).not.toBe(detector.shape);
  });

  test('siblings lie in one memory behind one set of weights, which is counted once', () => {
    const tracks = [1, 2, 3, 4, 5].map((k) => pump(k));
    for (const track of tracks) {
      expect(track.pool).toBe(tracks[0].pool);
      expect(track.memory).toBe(tracks[4].memory);
      expect(track.weights).toBe(0);
    }
    expect(new Set(tracks.map(({ at }) => at)).size).toBe(5);
    expect(tracks[0].pool!.block.some((weight) => weight !== 0)).toBe(true);
    expect(registry.bytes).toBe(8 * (weights + 5 * sharing.size));
  });

  test('another family, another pipeline and a series without family have weights of their own', () => {
    const odd = registry.admit('odd', 'yard/flow', pumps)!;
    const valve = registry.admit('valve', 'hall/1/valve', { ...pumps, peers: 'hall/+/valve' })!;
    const tracks = [pump(1), pump(2, { ...pumps, pipeline: 'other' }), odd, valve];
    expect(new Set(tracks.map(({ pool }) => pool)).size).toBe(4);
    expect(tracks.map(({ pool }) => pool!.family)).toEqual(['hall/+/flow', 'hall/+/flow', '', 'hall/+/valve']);
    expect(admit('plain')).toMatchObject({ pool: undefined, weights: undefined });
  });

  test('without families, the series of a pipeline in a partition share', () => {
    registry = new Registry();
    const { peers: _, ...alone } = pumps;
    const pools = new Map<number, unknown>();
    for (let i = 0; i < 600; i++) {
      const { partition, pool } = admit(`s${i}`, alone);
      expect(pools.get(partition) ?? pool).toBe(pool);
      pools.set(partition, pool);
    }
    expect(new Set(pools.values()).size).toBe(pools.size);
  });

  test('the first weights are the same in every registry, and others by another seed', () => {
    const other = new Registry();
    const drawn = other.admit('pump9', 'hall/9/flow', pumps)!.pool!.block;
    expectSameBits('weights', pump(1).pool!.block, drawn);
    const reseeded = new Registry().admit('pump1', 'hall/1/flow', { ...pumps, seed: 6 })!.pool!.block;
    expect(reseeded).not.toEqual(drawn);
  });

  test('a sibling that comes or goes leaves the weights alone; they go with the last', () => {
    const [first, second] = [pump(1), pump(2)];
    first.pool!.block.fill(0.25);
    const { at } = second;
    registry.remove(second);
    const third = pump(3);
    expect(third.at).toBe(at);
    expect([...first.pool!.block]).toEqual(Array.from({ length: weights }, () => 0.25));
    registry.remove(first);
    registry.remove(third);
    expect(registry.bytes).toBe(0);
    expect(pump(4).pool!.block[0]).not.toBe(0.25);
  });

  test('the first of a family needs room for the weights as well', () => {
    registry = new Registry(8 * (weights + 2 * sharing.size));
    expect([pump(1), pump(2), pump(3)].map((track) => track !== undefined)).toEqual([true, true, false]);
    registry = new Registry(8 * (weights + sharing.size) - 8);
    expect(pump(1)).toBeUndefined();
    expect(registry.bytes).toBe(0);
  });
});
