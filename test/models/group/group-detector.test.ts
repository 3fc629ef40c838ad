import { describe, expect, test } from 'vitest';
import { type AlertChange, REASON } from '../../../models/alert.ts';
import { createBatch, pushRow, ROW } from '../../../models/batch.ts';
import type { FaultKind } from '../../../sensors/simulator/faults.ts';
import { createRandom, gaussian } from '../../../models/random.ts';
import { expectClose, expectSameBits } from '../difference.ts';
import {
  CADENCE,
  type GroupPlayed,
  groupOf,
  GroupWorld,
  machine,
  PLANT_MACHINES,
  plantOf,
  plantRow,
  timeOf,
} from './machine.ts';

const DAY_ROWS = (24 * 3600_000) / CADENCE;
const CHANNELS = 6;
const LEARNED = 2000;
const BEGINS = 20;

const opens = ({ changes }: GroupPlayed) => changes.filter(({ event }) => event === 'open');
const largest = (list: readonly number[]) => list.indexOf(Math.max(...list));
function expectSameNumbers(got: GroupPlayed, wanted: GroupPlayed): void {
  for (const name of ['surprise', 'level', 'score', 'anomaly', 'alarm', 'flags'] as const) {
    expectSameBits(name, got[name], wanted[name]);
  }
  expect(got.changes).toEqual(wanted.changes);
}

/** A machine that was learned, and what it would say next. */
function learnedMachine(seed: number, more = 150) {
  const rows = machine(seed, LEARNED + more, CHANNELS);
  const world = new GroupWorld(groupOf(CHANNELS, { hidden: 8 }));
  world.play(rows.slice(0, LEARNED));
  return { world, next: rows.slice(LEARNED), last: rows[LEARNED + BEGINS - 1], seed };
}
type Machine = ReturnType<typeof learnedMachine>;

/** The rows that come next, with one channel that is another from row 20 on. */
function withFault({ next, last, seed }: Machine, kind: string, channel: number): Float64Array[] {
  const foreign = machine(seed + 100, LEARNED + next.length, CHANNELS).slice(LEARNED);
  const random = createRandom(seed + channel);
  const broken: Record<string, (x: number, i: number) => number> = {
    correlation: (_, i) => foreign[i][channel],
    shift: (x) => x + 3,
    drift: (x, i) => x + 0.05 * (i - BEGINS),
    noise: (x) => x + 1.5 * gaussian(random),
    stuck: () => last[channel],
    spike: (x, i) => (i < BEGINS + 2 ? x + 8 : x),
  };
  return next.map((x, i) => x.map((v, j) => (j === channel && i >= BEGINS ? broken[kind](v, i) : v)));
}

/** Each as a share of all. */
function parts(list: ArrayLike<number>): number[] {
  const sum = Array.from(list).reduce((total, x) => total + x, 0);
  return Array.from(list, (x) => x / sum);
}
function shareOf(faults: readonly { open: AlertChange }[], reason: number): number {
  return faults.filter(({ open }) => open.reason === reason).length / faults.length;
}

const machines = [1, 2, 3].map((seed) => learnedMachine(seed));

describe('of the machines whose channels share a load', () => {
  const kinds = ['correlation', 'shift', 'drift', 'noise', 'stuck', 'spike'];
  const faults = machines.flatMap((of) =>
    kinds.flatMap((kind) =>
      Array.from({ length: CHANNELS }, (_, channel) => {
        const fork = of.world.fork();
        const played = fork.play(withFault(of, kind, channel));
        const { memory, at } = fork.block();
        const [open] = opens(played).filter(({ row }) => row >= BEGINS);
        return { kind, channel, open, played, shares: fork.detector.sharesOf(memory, at) };
      }),
    ),
  );
  const told = faults.filter(({ open }) => open !== undefined);

  test('nearly every broken channel is an alert, and none was before it broke', () => {
    expect(told.length / faults.length).toBeGreaterThan(0.8);
    const early = faults.flatMap(({ played }) => opens(played).filter(({ row }) => row < BEGINS));
    expect(early).toEqual([]);
  });

  test('the channel that broke has the largest share where the alert opens and at its worst', () => {
    expect(told.length).toBeGreaterThan(80);
    const right = (of: typeof told) => of.filter(({ channel, shares }) => largest(shares) === channel).length;
    const rightAtOnce = told.filter(({ channel, open }) => largest(open.shares!) === channel).length;
    expect(rightAtOnce / told.length).toBeGreaterThan(0.9);
    expect(right(told) / told.length).toBeGreaterThan(0.9);
    for (const kind of kinds) {
      const ofKind = told.filter((fault) => fault.kind === kind);
      expect(right(ofKind) / ofKind.length, kind).toBeGreaterThan(0.75);
    }
  });

  test('shares are parts of one', () => {
    for (const { shares } of told) {
      expect(shares).toHaveLength(CHANNELS);
      expect(shares.every((share) => share >= 0)).toBe(true);
      expect(shares.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 12);
    }
  });

  test('what left the others is unusual together; what was a single jump, a prediction error', () => {
    const [relations, drifts, spikes] = ['correlation', 'drift', 'spike'].map((of) =>
      told.filter(({ kind }) => kind === of),
    );
    expect(shareOf(relations, REASON.unusualTogether)).toBeGreaterThan(0.7);
    expect(shareOf(drifts, REASON.unusualTogether)).toBeGreaterThan(0.7);
    expect(shareOf(spikes, REASON.predictionError)).toBeGreaterThan(shareOf(drifts, REASON.predictionError));
  });
});

describe('the shares of an alert', () => {
  const [of] = machines;
  test('are half by the relations that are broken now, half by the errors of late', () => {
    const world = of.world.fork();
    const { detector } = world;
    const { memory, at } = world.block();
    const { anchor, recent } = detector.layout;
    const opening = withFault(of, 'shift', 3).find((x) => opens(world.play([x])).length > 0)!;
    const r = new Float64Array(CHANNELS);
    detector.anchor.blame(memory, at + anchor, opening, r);
    const relations = parts(r.map((x) => x * x));
    const errors = parts(memory.subarray(at + recent, at + recent + CHANNELS));
    const wanted = relations.map((share, j) => (share + errors[j]) / 2);
    expectClose('shares', detector.sharesOf(memory, at), wanted, 1e-12);
  });

  test('are those of its worst row: what was small before is outdone, and nothing less changes them', () => {
    const world = of.world.fork();
    const { detector } = world;
    const { memory, at } = world.block();
    const small = withFault(of, 'shift', 3).slice(0, 60);
    const first = opens(world.play(small))[0];
    expect(largest(first.shares!)).toBe(3);
    const rest = of.next.slice(60);
    const peak = Math.max(...world.play(rest.slice(0, 20).map((x) => x.with(5, x[5] + 20))).score);
    const worst = detector.sharesOf(memory, at);
    expect(peak).toBeGreaterThan(first.score);
    expect(largest(worst)).toBe(5);
    const after = world.play(rest.slice(20).map((x) => x.with(0, x[0] + 2)));
    expect(Math.max(...after.score)).toBeLessThan(peak);
    expect(detector.sharesOf(memory, at)).toEqual(worst);
  });
});

test('a broken gauge of the simulated plant is blamed for nine in ten of its faults', () => {
  const kinds: FaultKind[] = ['correlation', 'shift', 'noise', 'stuck', 'drift', 'time'];
  const rows = 3000;
  const length = 100;
  const right: boolean[] = [];
  for (const sources of PLANT_MACHINES) {
    const world = new GroupWorld(groupOf(sources.length, { hidden: 8 }));
    const calm = plantOf(11);
    world.play(Array.from({ length: rows }, (_, i) => plantRow(calm, sources, i)));
    for (const kind of kinds) {
      for (const [channel, source] of sources.entries()) {
        const plant = plantOf(11);
        const begins = rows + BEGINS + 13 * channel;
        plant.inject(kind, source, timeOf(begins), length * CADENCE);
        const end = begins + length - rows;
        const fork = world.fork();
        const played = fork.play(Array.from({ length: end }, (_, i) => plantRow(plant, sources, rows + i)));
        const [open] = opens(played).filter(({ row }) => row >= begins - rows);
        const { memory, at } = fork.block();
        if (open !== undefined) right.push(largest(fork.detector.sharesOf(memory, at)) === channel);
      }
    }
  }
  expect(right.length).toBeGreaterThanOrEqual(20);
  expect(right.filter(Boolean).length / right.length).toBeGreaterThanOrEqual(0.9);
});

test.each([1, 2])('a clean week of rows every 5 min brings at most two alerts a day, plant %i', (seed) => {
  const plant = plantOf(seed);
  for (const sources of PLANT_MACHINES) {
    const world = new GroupWorld(groupOf(sources.length, { hidden: 8 }));
    const rows = Array.from({ length: 9 * DAY_ROWS }, (_, i) => plantRow(plant, sources, i));
    world.play(rows.slice(0, 2 * DAY_ROWS));
    const week = opens(world.play(rows.slice(2 * DAY_ROWS)));
    expect(week.length / 7, sources[0]).toBeLessThanOrEqual(2);
  }
});

test.each([1, 2, 3])('of a new machine that is as it is nothing is odd, from the first row on, seed %i', (seed) => {
  const { surprise, level, anomaly } = new GroupWorld(groupOf(CHANNELS, { hidden: 8 })).play(machine(seed, 300));
  expect(Math.max(...surprise)).toBeLessThan(4);
  expect(Math.max(...level)).toBeLessThan(4);
  expect(anomaly.filter((score) => score > 0).length).toBeLessThanOrEqual(1);
});

test('nothing is an alert in the first 200 rows, however wild', () => {
  const rows = machine(4, 260, CHANNELS).map((x, i) => (i % 50 === 49 ? x.map((v) => 1000 * v) : x));
  const { alarm, changes } = new GroupWorld(groupOf(CHANNELS, { hidden: 4 })).play(rows);
  expect(alarm.slice(0, 200)).not.toContain(1);
  expect(changes.filter(({ row }) => row < 200)).toEqual([]);
});

describe('the numbers of a group', () => {
  const random = createRandom(5);
  /** Two channels come and go, one never comes, and for a while there is nothing at all. */
  const gappy = machine(5, 700, CHANNELS + 1).map((x, i) =>
    x.map((v, j) =>
      j === 3 || (i > 300 && i < 340) || (j < 2 && random() < 0.1) || (j === 6 && i < 400) ? Number.NaN : v,
    ),
  );
  const make = () => new GroupWorld(groupOf(CHANNELS, { hidden: 5, context: 1 }));
  const whole = make();
  const wanted = whole.play(gappy);

  test('are numbers, whatever is missing', () => {
    for (const name of ['surprise', 'level', 'score', 'anomaly'] as const) {
      expect(wanted[name].every((x) => x >= 0 && x < 20)).toBe(true);
    }
    expect(wanted.flags.filter((flags) => (flags & ROW.forgotten) !== 0)).toEqual([]);
    expect(wanted.surprise.slice(400).some((x) => x > 1)).toBe(true);
  });

  test.each([1, 7, 64])('are the same however the rows were cut, into batches of %i', (batchRows) => {
    const world = make();
    expectSameNumbers(world.play(gappy, 'a', batchRows), wanted);
    expectSameBits('block', world.copyOf(), whole.copyOf());
  });

  test.each([1, 199, 350, 600])('go on after a restart at row %i as if there had been none', (cut) => {
    const before = make();
    before.play(gappy.slice(0, cut));
    const after = before.fork();
    const played = after.play(gappy.slice(cut));
    for (const name of ['surprise', 'level', 'score', 'anomaly', 'alarm', 'flags'] as const) {
      expectSameBits(name, played[name], wanted[name].slice(cut));
    }
    expectSameBits('block', after.copyOf(), whole.copyOf());
  });

  test('are of this group alone, whatever other groups the same object steps', () => {
    const world = make();
    const other = machine(6, 700, CHANNELS + 1);
    for (let i = 0; i < 700; i += 35) {
      world.play(gappy.slice(i, i + 35), 'a', 35);
      world.play(other.slice(i, i + 35), 'b', 35);
    }
    expectSameBits('block', world.copyOf(), whole.copyOf());
  });

  test('are of its channels, and a row that is of no group is left alone', () => {
    const world = make();
    world.play(gappy.slice(0, 50));
    const before = world.copyOf();
    const batch = createBatch(1);
    pushRow(batch, 0, timeOf(50), timeOf(50), 3, 0);
    const { memory, at } = world.block();
    world.detector.step(memory, at, batch, 0);
    expectSameBits('block', world.copyOf(), before);
  });
});

describe('context', () => {
  const random = createRandom(7);
  const rows = machine(7, 1200, CHANNELS).map((x) => Float64Array.of(...x, random() < 0.5 ? 1 : 0));
  const world = new GroupWorld(groupOf(CHANNELS, { hidden: 6, context: 1 }));
  world.play(rows.slice(0, 1000));
  const after = (value: number) => world.fork().play(rows.slice(1000).map((x) => x.with(CHANNELS, value)));

  test('is not watched: rows in which it is a thousand are on no other level for that', () => {
    expect(after(1000).level).toEqual(after(0).level);
  });

  test('takes away the surprise of the very row that it explains', () => {
    let told = 0;
    const driven = machine(8, 8000, CHANNELS).map((x) => {
      if (random() < 0.05) told = 1 - told;
      return Float64Array.of(...x.map((v) => v + 4 * told), told);
    });
    const beside = new GroupWorld(groupOf(CHANNELS, { hidden: 6, context: 1 })).play(driven);
    const alone = new GroupWorld(groupOf(CHANNELS, { hidden: 6 })).play(driven.map((x) => x.slice(0, CHANNELS)));
    const jumps = driven.flatMap((x, i) => (i > 6000 && x[CHANNELS] !== driven[i - 1][CHANNELS] ? [i] : []));
    const mean = (surprise: number[]) => jumps.reduce((sum, i) => sum + surprise[i], 0) / jumps.length;
    expect(mean(alone.surprise)).toBeGreaterThan(1);
    expect(mean(beside.surprise)).toBeLessThan(0.7 * mean(alone.surprise));
  });

  test('has no share in an alert', () => {
    const { memory, at } = world.block();
    expect(world.detector.sharesOf(memory, at)).toHaveLength(CHANNELS);
  });
});

describe('what can no longer be computed with', () => {
  const rows = machine(8, 900, CHANNELS);
  const other = machine(9, 900, CHANNELS);
  const CUT = 500;
  function played(corrupt: (memory: Float64Array, at: number, world: GroupWorld) => void) {
    const world = new GroupWorld(groupOf(CHANNELS, { hidden: 6 }));
    world.play(rows.slice(0, CUT), 'a');
    world.play(other.slice(0, CUT), 'b');
    const { memory, at } = world.block('a');
    corrupt(memory, at, world);
    const a = world.play(rows.slice(CUT), 'a', 10);
    const b = world.play(other.slice(CUT), 'b', 10);
    const forgotten = a.flags.flatMap((flags, row) => ((flags & ROW.forgotten) === 0 ? [] : [row]));
    return { a, b, forgotten, blockOfB: world.copyOf('b') };
  }
  const sound = played(() => {});

  test.each([Number.NaN, Infinity, -Infinity])('a weight that is %f: all is forgotten, once and soon', (weight) => {
    const { a, b, forgotten, blockOfB } = played((memory, at, { detector }) => {
      memory[at + detector.layout.joint + 7] = weight;
    });
    expect(sound.forgotten).toEqual([]);
    expect(forgotten).toHaveLength(1);
    // An infinite weight saturates its gate: it does harm with the next update at most, or is found within 64 rows.
    expect(forgotten[0]).toBeLessThanOrEqual(Number.isNaN(weight) ? 2 : 64);
    expect(a.score.every((score) => score >= 0 && score < 20)).toBe(true);
    expect(a.alarm.slice(0, 200)).not.toContain(1);
    expect(a.surprise.slice(300).some((x) => x > 1)).toBe(true);
    expectSameNumbers(b, sound.b);
    expectSameBits('neighbour', blockOfB, sound.blockOfB);
  });

  test.each(['frames', 'surprise', 'lasting', 'recent', 'anchor'] as const)(
    'a number of its %s: forgotten within 64 rows',
    (part) => {
      const { a, b, forgotten } = played((memory, at, { detector }) => {
        memory[at + detector.layout[part]] = Number.NaN;
      });
      expect(forgotten).toHaveLength(1);
      expect(forgotten[0]).toBeLessThanOrEqual(64);
      expect(a.level.slice(forgotten[0]).every((level) => level >= 0 && level < 12)).toBe(true);
      expectSameNumbers(b, sound.b);
    },
  );
});

describe('the new normal', () => {
  const [of] = machines;
  const lasting = machine(of.seed, LEARNED + 1000, CHANNELS).map((x, i) =>
    x.map((v, j) => (j === 1 && i >= LEARNED ? v + 3 : v)),
  );
  const world = of.world.fork();
  const before = world.play(lasting.slice(LEARNED, LEARNED + 60));
  const { memory, at } = world.block();
  const was = world.detector.acceptRegime(memory, at);
  const after = world.play(lasting.slice(LEARNED + 60));

  test('ends the alert with the next row', () => {
    expect(opens(before)).toHaveLength(1);
    expect(was).toBe(true);
    expect(after.changes[0]).toMatchObject({ event: 'close', row: 0 });
    expect(world.detector.anchor.acceptedOf(memory, at + world.detector.layout.anchor)).toBe(1);
  });

  test('is not told again, and soon scores as the usual does', () => {
    expect(opens(after)).toEqual([]);
    const high = after.level.slice(300).filter((level) => level >= 3).length;
    expect(high / (after.level.length - 300)).toBeLessThan(0.05);
  });

  test('is nothing where no alert is open', () => {
    const calm = of.world.fork();
    const block = calm.copyOf();
    const a = calm.block();
    expect(calm.detector.acceptRegime(a.memory, a.at)).toBe(false);
    expectSameBits('block', calm.copyOf(), block);
  });
});

describe('a group', () => {
  test('is never silent itself, and its own time goes with ours', () => {
    const { world } = machines[0];
    const { memory, at } = world.block();
    const last = timeOf(LEARNED - 1);
    expect(world.detector.silence(memory, at, last + 1e9, -Infinity)).toBe(0);
    expect(world.detector.ownTime(memory, at, last + 5000)).toBe(last + 5000);
  });

  test('shares the budget: among many its threshold is higher', () => {
    const rows = machine(3, 1000, CHANNELS);
    const thresholdAmong = (series: number) => {
      const detector = groupOf(CHANNELS, { hidden: 4 });
      detector.series = series;
      const world = new GroupWorld(detector);
      world.play(rows);
      const { memory, at } = world.block();
      return detector.threshold(memory, at);
    };
    expect(thresholdAmong(100)).toBeGreaterThan(thresholdAmong(1) + 0.3);
  });

  test('that comes to a score often says so', () => {
    const { world } = machines[0];
    const { memory, at } = world.block();
    const rates = [3, 5, 8, 12].map((score) => world.detector.ratePerDay(memory, at, score));
    expect(rates.toSorted((a, b) => b - a)).toEqual(rates);
    expect(rates.every((rate) => rate > 0)).toBe(true);
  });

  test('of another shape is never taken for it', () => {
    const shapes = [
      groupOf(3),
      groupOf(4),
      groupOf(3, { context: 1 }),
      groupOf(3, { hidden: 8 }),
      groupOf(3, { cell: 'gru' }),
    ];
    expect(new Set(shapes.map(({ shape }) => shape)).size).toBe(shapes.length);
  });

  test('keeps to its block', () => {
    const detector = groupOf(CHANNELS, { hidden: 4, context: 1 });
    const memory = new Float64Array(detector.size + 4).fill(9);
    detector.initialise(memory, 2, 1);
    expect([...memory.subarray(0, 2), ...memory.subarray(-2)]).toEqual([9, 9, 9, 9]);
    expect(detector.size).toBe(detector.layout.joint + detector.joint.size);
  });
});
