/** What every detector has to keep, whatever model is inside. Each new one runs this suite whole. */
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { REASON } from '../../models/alert.ts';
import { type Batch, createBatch, pushRow, ROW } from '../../models/batch.ts';
import { budgetGain } from '../../models/budget.ts';
import { claimOf, createTail, readTail, scoreOf } from '../../models/calibration.ts';
import type { Detector } from '../../models/detector.ts';
import { meanOf, scaleOf } from '../../models/frame.ts';
import { createRandom, gaussian } from '../../models/random.ts';
import type { Registry } from '../../models/registry.ts';
import { decodeSnapshot, encodeSnapshot } from '../../models/snapshot.ts';
import { expectSameBits } from '../models/difference.ts';
import { type Entry, expectSamePlayed, newWorld, play, type Sample, slice, type World } from '../models/play.ts';

const SECOND = 1000;
const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;
const START = Date.UTC(2026, 0, 5);

/** A sine of one period in 40 samples, with noise. */
function noisySine(id: string, n: number, seed: number, { cadence = SECOND, scale = 1, offset = 0 } = {}): Sample[] {
  const random = createRandom(seed);
  return Array.from({ length: n }, (_, i) => ({
    id,
    time: START + i * cadence,
    value: offset + scale * (Math.sin((2 * Math.PI * i) / 40) + 0.1 * gaussian(random)),
  }));
}

/**
 * Everything at once: gauges, a counter that is reset, an on/off series, a coarse one, recorded rows with repeated
 * times; missing values, late, repeated and future rows, a spike, a stuck stretch, a silence with ticks of the clock.
 */
function everything(): Entry[] {
  const random = createRandom(77);
  const entries: Entry[] = [];
  let total = 0;
  for (let i = 0; i < 400; i++) {
    const time = START + i * SECOND + (i > 300 ? 60 * SECOND : 0);
    if (i === 301) for (let s = 3; s < 60; s += 4) entries.push({ tick: START + (300 + s) * SECOND });
    const missing = random() < 0.02;
    const wave = Math.sin(i / 6) + 0.1 * gaussian(random) + (i === 200 ? 8 : 0);
    entries.push({ id: 'gauge', time, value: missing ? Number.NaN : wave });
    if (random() < 0.03) entries.push({ id: 'gauge', time: time - 5 * SECOND, value: 1, arrival: time });
    if (random() < 0.03) entries.push({ id: 'gauge', time, value: wave });
    if (random() < 0.03) entries.push({ id: 'gauge', time, value: wave + 0.01 });
    if (random() < 0.02) entries.push({ id: 'gauge', time: time + DAY, value: 1, arrival: time });
    total = i === 250 ? 3 : total + 10 + 5 * random();
    entries.push({ id: 'counter', time, value: total });
    if (i % 3 === 0) entries.push({ id: 'switch', time, value: i % 60 < 30 ? 0 : 1, flags: ROW.onOff });
    if (i % 5 === 0) entries.push({ id: 'coarse', time, value: Math.round(2 * Math.sin(i / 50)) });
    const stuck = i > 330 && i < 350 ? 0.5 : gaussian(random);
    const rewound = START + Math.floor(i / 4) * 4 * SECOND;
    entries.push({ id: 'recorded', time: rewound, value: stuck, flags: ROW.recorded });
  }
  return entries;
}

const samplesOf = (entries: Entry[]) => entries.filter((entry): entry is Sample => !('tick' in entry));

/** Every track to bytes and into a registry of its own, as a restart does. */
function restarted({ registry, model }: World): World {
  const world = newWorld(model.detector, model.seed);
  for (const track of registry) {
    const { size, shape } = model.detector;
    const bytes = encodeSnapshot(track.partition, [{ ...track, pipeline: 'test', shape, size }], new TextEncoder());
    const [saved] = decodeSnapshot(bytes, new TextDecoder()).tracks;
    const into = world.registry.admit(saved.id, saved.source, model)!;
    into.memory.set(saved.block, into.at);
  }
  return world;
}

function thresholdOf({ registry, model }: World, id: string): number {
  const { memory, at } = registry.find(id)!;
  return model.detector.threshold(memory, at);
}

/** What a single sample has to score. */
function singleThresholdOf(world: World, id: string): number {
  const { memory, at } = world.registry.find(id)!;
  return thresholdOf(world, id) / budgetGain(memory, at + world.model.detector.layout.budget);
}

/** −log10 of the chance of a sample that has yet to come, against the errors before it. */
function rarity({ registry, model }: World, { id, value }: Sample): number {
  const track = registry.find(id);
  if (track === undefined) return 0;
  const { memory, at } = track;
  const { frame, forecast, surprise } = model.detector.layout;
  const z = (value - meanOf(memory, at + frame)) / scaleOf(memory, at + frame);
  const tail = createTail();
  readTail(memory, at + surprise, 20, tail);
  return claimOf(scoreOf(memory, at + surprise, Math.abs(z - memory[at + forecast]), tail), tail);
}

const blocks = (registry: Registry, size: number) => [...registry].map(({ memory, at }) => memory.slice(at, at + size));

/** What a step may read and must not write. */
const columns = (batch: Batch) =>
  ['series', 'time', 'arrival', 'value', 'flags', 'drop', 'gap', 'cadence'].flatMap((column) =>
    Array.from(batch[column as 'time']),
  );

/** Results after a restart at any of these entries are those of a run that never stopped, to the last bit. */
export function expectRestartsUnseen(make: () => Detector): void {
  const entries = everything();
  const whole = play(newWorld(make()), entries);
  for (const n of [1, 150, 800, 1203]) {
    const world = newWorld(make());
    const before = play(world, entries.slice(0, n));
    const after = play(restarted(world), entries.slice(n));
    const rows = before.score.length;
    expectSamePlayed(before, slice(whole, 0, rows));
    expectSamePlayed(after, slice(whole, rows));
  }
}

export function detectorContract(name: string, make: () => Detector): void {
  describe(`${name}: the same numbers`, () => {
    const entries = everything();
    const whole = play(newWorld(make()), entries);

    test('come from the same seed, to the last bit', () => {
      expectSamePlayed(play(newWorld(make()), entries), whole);
    });

    test('tell of everything that is in the recording', () => {
      expect(whole.score.some((score) => score > 4)).toBe(true);
      expect(whole.changes.length).toBeGreaterThan(1);
      expect(new Set(whole.drop).size).toBe(4);
      for (const flag of [ROW.overdue, ROW.repaired, ROW.sameTime, ROW.onOff]) {
        expect(whole.flags.some((flags) => (flags & flag) !== 0)).toBe(true);
      }
    });

    test('come however the log is cut into batches', () => {
      for (const rows of [1, 2, 7, 1000]) {
        expectSamePlayed(
          play(newWorld(make()), entries, () => rows),
          whole,
        );
      }
      const random = createRandom(5);
      expectSamePlayed(
        play(newWorld(make()), entries, () => 1 + Math.floor(30 * random())),
        whole,
      );
    });

    test('come whatever follows: nothing looks ahead', () => {
      for (const n of [1, 500, 1100]) {
        const changed = entries.map((entry, i) => (i < n || 'tick' in entry ? entry : { ...entry, value: 1e6 - i }));
        for (const rest of [entries.slice(0, n), changed]) {
          const rows = samplesOf(entries.slice(0, n)).length;
          expectSamePlayed(slice(play(newWorld(make()), rest), 0, rows), slice(whole, 0, rows));
        }
      }
    });

    test('come after a restart in the middle', () => expectRestartsUnseen(make));

    test('come whoever else is there: a series is not influenced by others', () => {
      const small = noisySine('small', 300, 1, { scale: 1e-6 });
      const large = noisySine('large', 300, 2, { scale: 1e9, offset: 1e10 });
      const alone = play(newWorld(make()), small);
      const together = play(
        newWorld(make()),
        small.flatMap((sample, i) => [large[i], sample]),
      );
      for (const column of ['surprise', 'level', 'score', 'expected', 'lower', 'upper', 'alarm'] as const) {
        const mine = together[column].filter((_, row) => row % 2 === 1);
        expectSameBits(column, mine, alone[column]);
      }
    });
  });

  describe(`${name}: the input`, () => {
    test('is not changed, but for the time and flags of a row that was put in order', () => {
      const entries = samplesOf(everything());
      const { time, value, flags } = play(newWorld(make()), entries);
      expectSameBits(
        'value',
        value,
        entries.map((sample) => sample.value),
      );
      for (const [row, sample] of entries.entries()) {
        if ((flags[row] & ROW.repaired) === 0) expect(time[row]).toBe(sample.time);
        else expect((sample.flags ?? 0) & ROW.recorded).toBe(ROW.recorded);
        expect(flags[row] & ~(ROW.repaired | ROW.sameTime)).toBe(sample.flags ?? 0);
      }
    });

    test('is not changed by a step at all', () => {
      const { registry, model } = newWorld(make());
      const { memory, at } = registry.admit('a', 'a', model)!;
      for (const { time, value } of noisySine('a', 100, 3)) {
        const batch = createBatch(1);
        pushRow(batch, 0, time, time, value, 0);
        model.detector.order(memory, at, batch, 0);
        const before = columns(batch);
        model.detector.step(memory, at, batch, 0, 0);
        expectSameBits('columns', columns(batch), before);
      }
    });

    test('that was dropped leaves no trace in the block', () => {
      const world = newWorld(make());
      play(world, noisySine('a', 100, 3));
      const before = blocks(world.registry, world.model.detector.size);
      const late = play(world, [{ id: 'a', time: START, value: 50, arrival: START + 200 * SECOND }]);
      expect(late.drop[0]).not.toBe(0);
      expect(late.score[0]).toBe(0);
      expectSameBits('block', blocks(world.registry, world.model.detector.size)[0], before[0]);
    });
  });

  describe(`${name}: a missing value`, () => {
    test('scores 0 and has no band, and the state goes on', () => {
      const samples = noisySine('a', 400, 4, { cadence: MINUTE });
      const gone = new Set([0, 1, 30, 31, 32, 200, 399]);
      const holes = samples.map((sample, i) => (gone.has(i) ? { ...sample, value: Number.NaN } : sample));
      const played = play(newWorld(make()), holes);
      for (const row of gone) {
        expect([played.score[row], played.surprise[row], played.anomaly[row], played.alarm[row]]).toEqual([0, 0, 0, 0]);
        expect([played.expected[row], played.lower[row], played.upper[row]]).toEqual(
          Array.from({ length: 3 }, () => Number.NaN),
        );
        expect(played.drop[row]).toBe(0);
      }
      expect(played.level[199]).toBeGreaterThan(0);
      expect(played.level[200]).toBe(played.level[199]);
      expect(played.surprise.slice(250).every((score) => score >= 0)).toBe(true);
      expect(played.expected.slice(250, 399).every(Number.isFinite)).toBe(true);
      expect(played.changes).toEqual([]);
    });

    test('may be all there ever was', () => {
      const nothing = noisySine('a', 100, 4).map((sample) => ({ ...sample, value: Number.NaN }));
      expect(play(newWorld(make()), nothing).score).toEqual(Array.from({ length: 100 }, () => 0));
    });
  });

  describe(`${name}: a constant series`, () => {
    const minutes = 7 * 24 * 60;
    const world = newWorld(make());
    const played = play(
      world,
      Array.from({ length: minutes }, (_, i) => ({ id: 'a', time: START + i * MINUTE, value: 21.5 })),
    );

    test('scores 0 for a week and is expected exactly', () => {
      expect(played.score.every((score) => score === 0)).toBe(true);
      expect(played.changes).toEqual([]);
      expect(played.anomaly.every((anomaly) => anomaly === 0)).toBe(true);
      for (const column of [played.expected, played.lower, played.upper]) {
        expect(column.slice(1).every((number) => number === 21.5)).toBe(true);
      }
    });

    test('raises an alert with its first change, for a new extreme', () => {
      const { alarm, changes } = play(world, [{ id: 'a', time: START + minutes * MINUTE, value: 21.6 }]);
      expect(alarm).toEqual([1]);
      expect(changes).toHaveLength(1);
      expect(changes[0]).toMatchObject({ event: 'open', reason: REASON.newExtreme, openedSample: minutes + 1 });
      expect(changes[0].score).toBeGreaterThan(changes[0].threshold);
    });
  });

  describe(`${name}: a spike on a noisy sine`, () => {
    const SPIKE = 2500;
    const samples = noisySine('a', 3000, 6, { cadence: MINUTE });
    samples[SPIKE].value += 4;
    const detector = make();
    const played = play(newWorld(detector), samples);

    test('is flagged at its row', () => {
      const highest = played.score.reduce((best, score, row) => (score > played.score[best] ? row : best), 1000);
      expect(highest).toBe(SPIKE);
      expect(played.alarm[SPIKE]).toBe(1);
      expect(played.changes.filter(({ row }) => row >= SPIKE - 500)[0]).toMatchObject({ row: SPIKE, event: 'open' });
      expect(played.value[SPIKE]).toBeGreaterThan(played.upper[SPIKE]);
    });

    test('is one of few alarms', () => {
      expect(played.alarm.reduce((sum, alarm) => sum + alarm, 0)).toBeLessThanOrEqual(3);
    });

    test('leaves the band only where the sample alone would alarm', () => {
      // Spikes of all sizes, rare enough not to become the usual.
      const graded = noisySine('b', 9000, 7, { cadence: MINUTE });
      for (let i = 500; i < 9000; i += 120)
        graded[i].value += 0.6 + 2.4 * ((i / 120) * 0.618 - Math.floor((i / 120) * 0.618));
      const world = newWorld(detector);
      let outside = 0;
      for (const [row, sample] of graded.entries()) {
        const rare = rarity(world, sample);
        const { value, lower, upper, score } = play(world, [sample]);
        if (Number.isNaN(lower[0])) continue;
        const inside = value[0] >= lower[0] && value[0] <= upper[0];
        expect(inside, `row ${row}`).toBe(rare < singleThresholdOf(world, 'b'));
        if (inside) continue;
        expect(score[0], `score of row ${row}`).toBeGreaterThanOrEqual(thresholdOf(world, 'b'));
        outside++;
      }
      expect(outside).toBeGreaterThan(5);
      expect(outside).toBeLessThan(200);
    });
  });

  test(`${name}: one wild reading does not blind a series to what comes after it`, () => {
    const samples = noisySine('a', 4000, 6, { cadence: MINUTE });
    samples[3500].value += 3;
    const calm = play(newWorld(make()), samples);
    samples[2500].value = 65_535;
    const { value, surprise, upper, lower } = play(newWorld(make()), samples);
    const width = (row: number) => (upper[row] - lower[row]) / (calm.upper[row] - calm.lower[row]);
    expect(width(3400), 'width of the band, of what it would have been').toBeLessThan(1.25);
    expect(surprise[3500]).toBeGreaterThan(3);
    expect(value[3500]).toBeGreaterThan(upper[3500]);
  });

  describe(`${name}: a silent series`, () => {
    const world = newWorld(make());
    play(world, noisySine('a', 200, 8));
    const last = START + 199 * SECOND;
    const ticks = play(
      world,
      [1, 2, 2.9, 3, 4, 5, 60].map((s) => ({ tick: last + s * SECOND })),
    );

    test('has rows of the clock once it is overdue, which score the silence', () => {
      expect(ticks.time).toEqual([3, 4, 5, 60].map((s) => last + s * SECOND));
      expect(ticks.value.every(Number.isNaN)).toBe(true);
      expect(ticks.expected.every(Number.isNaN)).toBe(true);
      const threshold = thresholdOf(world, 'a');
      expect(ticks.score[0]).toBeCloseTo(threshold, 9);
      expect(ticks.score[1]).toBeCloseTo((threshold * 4) / 3, 9);
      expect(ticks.score[3]).toBe(12);
    });

    test('raises one alert that says so', () => {
      expect(ticks.alarm).toEqual([1, 0, 0, 0]);
      expect(ticks.changes[0]).toMatchObject({ event: 'open', row: 0, reason: REASON.silence });
      expect(ticks.changes.filter(({ event }) => event === 'open')).toHaveLength(1);
      expect(ticks.changes.every(({ reason }) => reason === REASON.silence)).toBe(true);
    });

    test('is heard again: the alert closes, and what was learned is still there', () => {
      const more = noisySine('a', 2500, 8).slice(260);
      const played = play(world, more);
      expect(played.changes.find(({ event }) => event === 'close')).toBeDefined();
      expect(played.surprise.slice(0, 50).every((score) => score < 6)).toBe(true);
      expect(played.expected.every(Number.isFinite)).toBe(true);
    });
  });

  describe(`${name}: a model that cannot be computed with`, () => {
    const N = 700;
    const ill = noisySine('ill', N, 11);
    const both = ill.flatMap((sample, i) => [sample, noisySine('well', N, 12)[i]]);
    const detector = make();
    const { learned, fast, weights } = detector.layout;
    const broken: [string, number, number][] = [
      ['a weight that is not a number', weights, Number.NaN],
      ['an infinite weight', weights, Infinity],
      ['a weight of the head that is not a number', weights + detector.fast.weightCount - 1, Number.NaN],
      ['a state that is not a number', fast, Number.NaN],
      ['a frame that is not a number', learned + 1, Number.NaN],
      ['a moment that is not a number', weights + detector.fast.weightCount, -Infinity],
    ];

    test.each(broken)('%s: it alone begins anew, and its neighbour is the same to the last bit', (_, offset, value) => {
      const world = newWorld(detector);
      play(world, both.slice(0, 800));
      const { memory, at } = world.registry.find('ill')!;
      memory[at + offset] = value;
      const played = play(world, both.slice(800));
      const forgotten = played.flags.flatMap((flags, row) => ((flags & ROW.forgotten) !== 0 ? [row] : []));
      expect(forgotten).toHaveLength(1);
      expect(forgotten[0] % 2).toBe(0);
      expect(forgotten[0]).toBeLessThanOrEqual(128);
      for (const column of ['score', 'level', 'surprise'] as const) {
        expect(played[column].slice(forgotten[0]).every(Number.isFinite)).toBe(true);
      }
      expect(played.expected.at(-2)).not.toBeNaN();
      expect(memory.subarray(at + learned, at + detector.size).every(Number.isFinite)).toBe(true);

      const sound = newWorld(make());
      play(sound, both);
      const block = (of: World) => {
        const track = of.registry.find('well')!;
        return track.memory.subarray(track.at, track.at + detector.size);
      };
      expectSameBits('neighbour', block(world), block(sound));
    });
  });

  describe(`${name}: any finite values`, () => {
    const wild = fc.oneof(
      fc.double({ noNaN: true, noDefaultInfinity: true }),
      fc.constantFrom(0, -0, 5e-324, -5e-324, 1e-310, 1e308, -1e308, Number.MAX_VALUE, -Number.MAX_VALUE, 1e155, 1, 2),
    );
    const sample = fc.record({ value: wild, gap: fc.constantFrom(0, 1, 1000, 1e7), onOff: fc.boolean() });

    test('never make a score that is not a number, nor leave one for later', () => {
      const detector = make();
      fc.assert(
        fc.property(
          fc.array(sample, { minLength: 1, maxLength: 80 }),
          fc.constantFrom('gauge', 'counter', 'mixed'),
          (rows, kind) => {
            let time = START;
            const samples = rows.map(({ value, gap, onOff }) => {
              const flags = kind === 'mixed' && onOff ? ROW.onOff : 0;
              return { id: 'a', time: (time += gap), value, flags };
            });
            if (kind === 'counter') samples.sort((a, b) => a.value - b.value).forEach((s, i) => (s.time = START + i));
            const calm = noisySine('a', 60, 9).map((s, i) => ({ ...s, time: time + (i + 1) * SECOND }));
            const played = play(newWorld(detector), [...samples, ...calm]);
            for (const column of ['score', 'level', 'surprise', 'anomaly'] as const) {
              const row = played[column].findIndex((number) => !(number >= 0 && number <= 30));
              expect(row, `${column} ${played[column][row]} at row ${row}`).toBe(-1);
            }
            const end = played.score.length - 1;
            expect(played.expected[end], 'expected').not.toBeNaN();
          },
        ),
        { seed: 10, numRuns: 150 },
      );
    });
  });
}
