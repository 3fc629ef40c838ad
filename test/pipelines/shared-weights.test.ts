import { describe, expect, test } from 'vitest';
import { ROW } from '../../models/batch.ts';
import { DEFAULTS, Detector, type DetectorOptions } from '../../models/detector.ts';
import { createRandom, gaussian } from '../../models/random.ts';
import type { Track } from '../../models/registry.ts';
import { CELLS } from '../../models/training/create-learner.ts';
import { learnedSize } from '../../models/training/learner.ts';
import { expectSameBits } from '../models/difference.ts';
import { expectSamePlayed, newWorld, play, type Sample, type World } from '../models/play.ts';

const MINUTE = 60_000;
const SMALL = { ...DEFAULTS, hidden: 4, lags: 3, season: 60 * MINUTE };

function worldOf(options: Partial<DetectorOptions>): World {
  const world = newWorld(new Detector({ ...SMALL, ...options }));
  world.model.peers = 'hall/+/flow';
  return world;
}

/** Samples of pumps, row by row. */
function rows(pumps: number[], from: number, count: number, flags = 0): Sample[] {
  const randoms = pumps.map((k) => createRandom(1000 * k + from));
  return Array.from({ length: count }, (_, i) =>
    pumps.map((k, j): Sample => {
      const swing = 5 * Math.sin((2 * Math.PI * (from + i)) / 60);
      const value = flags === 0 ? 20 + 10 * k + swing + 0.3 * gaussian(randoms[j]) : i % 2;
      return { id: `hall/${k}/flow`, time: (from + i) * MINUTE, value, flags };
    }),
  ).flat();
}

const find = ({ registry }: World, k: number): Track => registry.find(`hall/${k}/flow`)!;
const ownOf = ({ memory, at, model }: Track) => memory.slice(at, at + model.detector.size);
const weightsOf = (world: World) => find(world, 1).pool!.block.slice();

describe('series that share their weights', () => {
  test('learn one set of weights, each from a state of its own', () => {
    const world = worldOf({ shared: true });
    play(world, rows([1, 2], 0, 200));
    const [before, other] = [weightsOf(world), ownOf(find(world, 2))];
    play(world, rows([1], 200, 50));
    expect(weightsOf(world)).not.toEqual(before);
    expectSameBits('what is the sibling’s own', ownOf(find(world, 2)), other);
    expect(ownOf(find(world, 1))).not.toEqual(other);
  });

  test('are as a series by itself where there is only one, whatever the cell', () => {
    for (const cell of CELLS) {
      const [own, shared] = [false, true].map((is) => worldOf({ cell, hidden: 2, shared: is }));
      const { layout, fast, ahead } = own.model.detector;
      const samples = rows([1], 0, 150);
      const admit = ({ registry, model }: World) => registry.admit(samples[0].id, samples[0].id, model)!;
      const [alone, pooled] = [admit(own), admit(shared)];
      // What each of the two networks learned; in a pool there is a count behind it.
      const parts = [0, learnedSize(fast)].map((from, i) => {
        const size = i === 0 ? learnedSize(fast) : ahead.weightsSize;
        const at = alone.at + layout.weights + from;
        return [pooled.pool!.block.subarray(from + i, from + i + size), alone.memory.subarray(at, at + size)];
      });
      for (const [of, from] of parts) of.set(from);
      expectSamePlayed(play(shared, samples), play(own, samples));
      for (const [got, wanted] of parts) expectSameBits(`weights of ${cell}`, got, wanted);
      expectSameBits(
        `block of ${cell}`,
        ownOf(pooled).subarray(0, layout.ahead),
        ownOf(alone).subarray(0, layout.ahead),
      );
    }
  });

  test('do not notice when others join and the memory grows', () => {
    const early = worldOf({ shared: true });
    const late = worldOf({ shared: true });
    for (const k of [1, 2, 3, 4, 5]) early.registry.admit(`hall/${k}/flow`, `hall/${k}/flow`, early.model);
    for (const [pumps, from] of [[[1], 0] as const, [[1, 2], 80] as const, [[1, 2, 3, 4, 5], 160] as const]) {
      const samples = rows([...pumps], from, 80);
      const [got, wanted] = [late, early].map((world) => play(world, samples));
      expectSamePlayed(got, wanted);
    }
    expectSameBits('weights', weightsOf(late), weightsOf(early));
    for (const k of [1, 5]) expectSameBits('block', ownOf(find(late, k)), ownOf(find(early, k)));
  });

  test('are scored the same however the log was cut', () => {
    const samples = rows([1, 2, 3], 0, 150);
    const [whole, cut] = [worldOf({ shared: true }), worldOf({ shared: true })];
    const random = createRandom(9);
    expectSamePlayed(
      play(cut, samples, () => 1 + Math.floor(7 * random())),
      play(whole, samples),
    );
  });

  test('begin with what errors are usual for a sibling, and leave its weights alone', () => {
    const world = worldOf({ shared: true });
    play(world, rows([1], 0, 1200));
    const { weightCount } = world.model.detector.fast;
    const before = weightsOf(world).subarray(0, weightCount);
    const { upper, lower } = play(world, rows([2], 1200, 3));
    expect(upper[2] - lower[2]).toBeGreaterThan(0);
    expectSameBits('weights', weightsOf(world).subarray(0, weightCount), before);
  });
});

function taught(): World {
  const world = worldOf({ shared: true });
  play(world, rows([1, 2], 0, 300));
  return world;
}

describe('what is forgotten', () => {
  test('when a series becomes of another kind is its own, and not what its siblings learned', () => {
    const world = taught();
    const { frame } = world.model.detector.layout;
    const before = find(world, 2).memory[find(world, 2).at + frame];
    const weights = weightsOf(world);
    play(world, rows([2], 300, 1, ROW.onOff));
    expect(find(world, 2).memory[find(world, 2).at + frame]).toBeLessThan(before);
    expectSameBits('weights', weightsOf(world), weights);
  });

  test('when a state is not a number any more is that series alone', () => {
    const world = taught();
    const { memory, at } = find(world, 2);
    memory[at + world.model.detector.layout.forecast] = Number.NaN;
    const [weights, sibling] = [weightsOf(world), ownOf(find(world, 1))];
    const { flags } = play(world, rows([2], 300, 1));
    expect(flags[0] & ROW.forgotten).not.toBe(0);
    expectSameBits('weights', weightsOf(world), weights);
    expectSameBits('sibling', ownOf(find(world, 1)), sibling);
  });

  test.each([Number.NaN, Infinity])('when the weights are %d is drawn anew, once, and all learn on', (nonsense) => {
    const world = taught();
    const pool = find(world, 1).pool!;
    pool.block.fill(nonsense);
    const { flags } = play(world, rows([1, 2], 300, 200));
    const forgotten = flags.filter((flag) => (flag & ROW.forgotten) !== 0).length;
    expect(forgotten).toBeGreaterThanOrEqual(1);
    expect(forgotten).toBeLessThanOrEqual(2);
    expect(pool.block.every(Number.isFinite)).toBe(true);
    const { expected } = play(world, rows([1, 2], 500, 60));
    expect(expected.every(Number.isFinite)).toBe(true);
  });
});
