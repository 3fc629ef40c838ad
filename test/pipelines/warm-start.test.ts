import { describe, expect, test } from 'vitest';
import { REASON } from '../../models/alert.ts';
import { DEFAULTS, Detector } from '../../models/detector.ts';
import { createRandom, gaussian } from '../../models/random.ts';
import { expectSameBits } from '../models/difference.ts';
import { newWorld, play, type Sample, type World } from '../models/play.ts';

const MINUTE = 60_000;

/** A pump that others are like, but for its level and its noise. */
function pump(id: string, seed: number, from: number, count: number): Sample[] {
  const random = createRandom(seed);
  const [level, noise] = [20 + 10 * seed, 0.3 + 0.1 * seed];
  return Array.from({ length: count }, (_, i) => {
    const phase = (2 * Math.PI * (from + i)) / 60;
    return { id, time: (from + i) * MINUTE, value: level + 5 * Math.sin(phase) + noise * gaussian(random) };
  });
}

function fleet(peers: boolean): World {
  const world = newWorld(new Detector({ ...DEFAULTS, hidden: 4, lags: 3, season: 60 * MINUTE }));
  if (peers) world.model.peers = 'hall/+/flow';
  play(world, pump('hall/1/flow', 1, 0, 1500));
  return world;
}

const width = ({ upper, lower }: { upper: number[]; lower: number[] }, row: number) => upper[row] - lower[row];

describe('a series that joins its siblings', () => {
  test('has a band from its first samples on, about as wide as it will be', () => {
    const taught = play(fleet(true), pump('hall/2/flow', 2, 1500, 600));
    const alone = play(fleet(false), pump('hall/2/flow', 2, 1500, 600));
    expect(width(taught, 5)).toBeLessThan(2 * width(taught, 599));
    expect(width(taught, 5)).toBeGreaterThan(0.3 * width(taught, 599));
    expect(width(alone, 5)).toBeNaN();
    expect(taught.changes).toEqual([]);
  });

  test('stands where it stands, not where the sibling does', () => {
    const { expected, value } = play(fleet(true), pump('hall/2/flow', 2, 1500, 30));
    for (let row = 1; row < 30; row++) expect(Math.abs(expected[row] - value[row])).toBeLessThan(5);
  });

  test('learns nothing from a series that is no sibling, nor from one that knows as little', () => {
    const world = fleet(true);
    expect(width(play(world, pump('yard/2/flow', 2, 1500, 30)), 10)).toBeNaN();
    const young = newWorld(world.model.detector);
    young.model.peers = 'hall/+/flow';
    play(young, pump('hall/1/flow', 1, 0, 500));
    expect(width(play(young, pump('hall/2/flow', 2, 500, 30)), 10)).toBeNaN();
  });

  test('takes nothing away from the sibling, and is kept in the same partition', () => {
    const world = fleet(true);
    const first = world.registry.find('hall/1/flow')!;
    const before = first.memory.slice(first.at, first.at + world.model.detector.size);
    play(world, pump('hall/2/flow', 2, 1500, 100));
    expectSameBits('sibling', first.memory.slice(first.at, first.at + world.model.detector.size), before);
    expect(world.registry.find('hall/2/flow')!.partition).toBe(first.partition);
  });

  test('does so once: what it learned itself is not taken over again', () => {
    const samples = pump('hall/2/flow', 2, 1500, 300);
    const whole = play(fleet(true), samples);
    const world = fleet(true);
    play(world, samples.slice(0, 100));
    const rest = play(world, samples.slice(100));
    expect(rest.expected).toEqual(whole.expected.slice(100));
  });
});

describe('a series among siblings', () => {
  const N = 4000;
  const CADENCE = MINUTE;
  /** Pumps in one weather; the last of them stops following it in the end. */
  function weather(seed: number, until: number): Sample[] {
    const random = createRandom(seed);
    const noise = Array.from({ length: 6 }, () => 0.3 + 0.3 * random());
    let sky = 0;
    return Array.from({ length: until }, (_, i) => {
      sky = 0.995 * sky + 0.2 * gaussian(random);
      const held = i >= N ? 0 : sky;
      return noise.map((sd, k) => ({
        id: `hall/${k}/flow`,
        time: i * CADENCE,
        value: 10 * k + 2 * (k === 5 ? held : sky) + sd * gaussian(random),
      }));
    }).flat();
  }

  const detector = () => new Detector({ ...DEFAULTS, hidden: 4, lags: 3, season: 480 * MINUTE, budgetPerDay: 6 });
  function siblings(): World {
    const world = newWorld(detector());
    world.model.peers = 'hall/+/flow';
    return world;
  }
  function alerts(peers: boolean, seed: number) {
    const world = newWorld(detector());
    world.model.detector.series = 6;
    if (peers) world.model.peers = 'hall/+/flow';
    const { changes } = play(world, weather(seed, N + 480));
    const broken = world.registry.find('hall/5/flow')!.index;
    return changes
      .filter(({ event, row }) => event === 'open' && row >= 6 * N)
      .map(({ series, reason }) => ({ broken: series === broken, reason }));
  }

  test('that goes another way than they do is told as that', () => {
    const told = [1, 2, 3, 4, 5].flatMap((seed) => alerts(true, seed)).filter(({ broken }) => broken);
    expect(told.filter(({ reason }) => reason === REASON.unlikePeers).length).toBeGreaterThanOrEqual(3);
    const alone = [1, 2, 3, 4, 5].flatMap((seed) => alerts(false, seed));
    expect(alone.some(({ reason }) => reason === REASON.unlikePeers)).toBe(false);
  });

  test('is scored the same however the log was cut', () => {
    const samples = weather(1, 600);
    const whole = play(siblings(), samples);
    const random = createRandom(9);
    const cut = play(siblings(), samples, () => 1 + Math.floor(20 * random()));
    expect(cut.score).toEqual(whole.score);
  });
});
