import { describe, expect, test } from 'vitest';
import type { Sample } from '../models/play.ts';
import { expectSameBits } from '../models/difference.ts';
import { newWorld, play } from '../models/play.ts';
import { DEFAULTS, Detector } from '../../models/detector.ts';
import { daily, DAY, HOUR, MINUTE, START } from './series.ts';
import { inOrder, type Told, Watch } from './watch.ts';

const SPAN = { duration: 5 * DAY };
const small = (seed: number) =>
  daily('plant/small', seed, SPAN, { mean: 0.004, swing: 0.001, noise: 1e-4, step: 1e-7 });
const large = (seed: number) => daily('plant/large', seed, SPAN, { mean: 3e6, swing: 5e5, noise: 4e4, step: 1 });
const AT = 3000;
const withSpike = (samples: Sample[], sigma: number) =>
  samples.map((sample, i) => (i === AT || i === AT + 1 ? { ...sample, value: sample.value + 25 * sigma } : sample));

/** What is told of each device when they share a pipeline. */
function toldOf(...devices: Sample[][]): Told[][] {
  const watch = new Watch(devices.length);
  watch.play(inOrder(...devices));
  return devices.map(([{ id }]) => watch.told.filter(({ series }) => series === id));
}

/** The scores of the small device beside another one. */
function scoresBeside(neighbour: Sample[]): number[] {
  const mine = small(9);
  const world = newWorld(new Detector(DEFAULTS));
  const played = play(world, inOrder(mine, neighbour));
  const { index } = world.registry.find('plant/small')!;
  return played.score.filter((_, row) => played.series[row] === index);
}

describe.each([1, 2, 3])('of two devices of different scale, seed %i', (seed) => {
  const [ofSmall, ofLarge] = toldOf(small(seed), large(seed));
  const time = START + AT * MINUTE;

  test('a fault of the small one is told, and of the large one what is told without it', () => {
    const [own, other] = toldOf(withSpike(small(seed), 1e-4), large(seed));
    expect(own).toContainEqual(expect.objectContaining({ event: 'open', time }));
    expect(other).toEqual(ofLarge);
  });

  test('a fault of the large one is told, and of the small one what is told without it', () => {
    const [other, own] = toldOf(small(seed), withSpike(large(seed), 4e4));
    expect(own).toContainEqual(expect.objectContaining({ event: 'open', time }));
    expect(other).toEqual(ofSmall);
  });
});

test('the scores of a device are the same to the last bit whatever the other one does', () => {
  const late = large(4).map((sample) => ({ ...sample, time: sample.time + HOUR }));
  expectSameBits('scores', scoresBeside(large(3)), scoresBeside(withSpike(late, 1e9)));
});
