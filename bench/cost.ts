/**
 * What a sample costs with the detector as it is shipped, and what a series takes of memory, by part.
 *
 *   npm run bench:cost --     --rounds N    rounds of 2,000 calls of every part, in turn (100)
 *                             --series N    series in turn, so that none is in the cache (400)
 *
 * Every part runs in each round, one after the other, so that a busy machine slows all of them alike; a figure is the
 * median of its rounds. What belongs to no part is the rest: kind, order, frame, range, stuck, features, alarm.
 */
import { createBatch, pushRow, type Batch } from '../models/batch.ts';
import { CALIBRATION_SIZE, createTail, enter, readTail, scoreOf } from '../models/calibration.ts';
import { DEFAULTS, Detector } from '../models/detector.ts';
import { BUDGET_SIZE } from '../models/budget.ts';
import { inputCount } from '../models/features.ts';
import { LANE_SIZE } from '../models/lane.ts';
import { createRandom, gaussian } from '../models/random.ts';
import { positiveInteger } from './flags.ts';
import { runBench } from './report.ts';
import { figure, measuredRow, type Row } from './rows.ts';
import { median } from './science/cost.ts';

const CALLS = 2000;
const SECOND = 1000;
const SLOW = 300 * SECOND;
const DAY = 86_400 * SECOND;
const START = Date.UTC(2026, 2, 2);
/** Samples before anything is measured: more than a day of the slow lanes. */
const BEFORE = 20_000;
const PRIOR = 20;
/** Inputs in turn; a prime, so that they meet every phase of the learning. */
const INPUTS = 997;

/** A part by the name of its row; one call is what it does for one sample. */
type Parts = Record<string, () => void>;

/** The detector's blocks of so many series, each with a past of its own. */
class Herd {
  readonly detector = new Detector(DEFAULTS);
  readonly memory: Float64Array;
  readonly #batch: Batch = createBatch(1);
  readonly #random = createRandom(7);
  readonly #series: number;
  readonly #cadence: number;
  #n = 0;

  constructor(series: number, cadence: number) {
    const { detector } = this;
    this.#series = series;
    this.#cadence = cadence;
    this.memory = new Float64Array(series * detector.size);
    detector.initialise(this.memory, 0, 1);
    this.#series = 1;
    for (let i = 0; i < BEFORE; i++) this.sample();
    for (let k = 1; k < series; k++) this.memory.copyWithin(k * detector.size, 0, detector.size);
    this.#series = series;
    this.#n *= series;
  }

  /** The next sample of the next series. */
  sample(): void {
    const batch = this.#batch;
    const at = (this.#n % this.#series) * this.detector.size;
    const time = START + Math.floor(this.#n++ / this.#series) * this.#cadence;
    batch.length = 0;
    batch.changes.length = 0;
    pushRow(batch, 0, time, time, Math.sin((2 * Math.PI * time) / DAY) + 0.1 * gaussian(this.#random), 0);
    this.detector.order(this.memory, at, batch, 0);
    this.detector.step(this.memory, at, batch, 0, 0);
  }
}

function partsOf(series: number): Parts {
  const warm = new Herd(1, SECOND);
  const slow = new Herd(1, SLOW);
  const cold = new Herd(series, SECOND);
  return {
    sample: () => warm.sample(),
    sample_slow: () => slow.sample(),
    sample_cold: () => cold.sample(),
    forward: networkPart(false),
    forward_learn: networkPart(true),
    ahead: aheadPart(SECOND),
    ahead_slow: aheadPart(SLOW),
    calibration: calibrationPart(),
  };
}

function networkPart(learns: boolean): () => void {
  const { fast } = new Detector(DEFAULTS);
  const memory = new Float64Array(fast.size);
  fast.initialise(memory, 0, createRandom(3));
  const inputs = inputCount(DEFAULTS.lags);
  const random = createRandom(4);
  const values = Float64Array.from({ length: INPUTS + inputs }, () => gaussian(random));
  let n = 0;
  return () => {
    const from = n++ % INPUTS;
    const to = fast.nextInput(memory, 0);
    for (let i = 0; i < inputs; i++) memory[to + i] = values[from + i];
    const y = memory[fast.forward(memory, 0)];
    memory[fast.lossGradient(memory, 0)] = 0.1 * (y - values[from]);
    if (learns) fast.learn(memory, 0);
  };
}

function aheadPart(cadence: number): () => void {
  const { ahead } = new Detector(DEFAULTS);
  const memory = new Float64Array(ahead.size + ahead.weightsSize);
  ahead.initialise(memory, 0);
  ahead.initialiseWeights(memory, ahead.size, createRandom(3));
  const random = createRandom(5);
  const tail = createTail();
  let time = START;
  const step = (): void => {
    time += cadence;
    ahead.step(memory, 0, ahead.size, gaussian(random), time, 0, cadence, tail);
  };
  // A season must have passed before there is anything to compare with.
  for (let i = 0; i < (2 * DAY) / cadence; i++) step();
  return step;
}

function calibrationPart(): () => void {
  const memory = new Float64Array(CALIBRATION_SIZE);
  const tail = createTail();
  const random = createRandom(6);
  const step = (): void => {
    const a = Math.abs(gaussian(random));
    readTail(memory, 0, PRIOR, tail);
    enter(memory, 0, a, scoreOf(memory, 0, a, tail), 4000);
  };
  for (let i = 0; i < BEFORE; i++) step();
  return step;
}

/** Median time of a call, µs, by part. */
function timesOf(parts: Parts, rounds: number, progress: (text: string) => void): Map<string, number> {
  const times = new Map(Object.keys(parts).map((name) => [name, new Float64Array(rounds)]));
  for (let round = -1; round < rounds; round++) {
    for (const [name, call] of Object.entries(parts)) {
      const started = performance.now();
      for (let i = 0; i < CALLS; i++) call();
      if (round >= 0) times.get(name)![round] = ((performance.now() - started) * 1000) / CALLS;
    }
    progress(`round ${round + 1} of ${rounds}`);
  }
  return new Map([...times].map(([name, list]) => [name, median(list)]));
}

const time = { unit: 'µs/sample', better: 'lower' } as const;
const bytes = { unit: 'bytes/series', better: 'lower' } as const;

function timeRows(times: ReadonlyMap<string, number>): Row[] {
  const of = (name: string): number => times.get(name)!;
  const learn = of('forward_learn') - of('forward');
  const rest = of('sample') - of('forward_learn') - of('ahead') - of('calibration');
  return Object.entries({
    sample: of('sample'),
    sample_slow: of('sample_slow'),
    sample_cold: of('sample_cold'),
    fast_forward: of('forward'),
    fast_learn: learn,
    ahead: of('ahead'),
    ahead_slow: of('ahead_slow'),
    calibration: of('calibration'),
    rest,
  }).map(([id, value]) => measuredRow(`time_${id}`, [value], time));
}

function byteRows(): Row[] {
  const { size, fast, ahead } = new Detector(DEFAULTS);
  const named = fast.regions.map(({ name, size: numbers }) => [`fast_${name}`, numbers] as const);
  const parts = { ahead: ahead.size, calibration: CALIBRATION_SIZE, lasting: LANE_SIZE, budget: BUDGET_SIZE };
  const known = fast.size + Object.values(parts).reduce((sum, numbers) => sum + numbers, 0);
  const list = [['series', size], ...named, ...Object.entries(parts), ['rest', size - known]] as const;
  return list.map(([id, numbers]) => measuredRow(`bytes_${id}`, [8 * numbers], bytes));
}

process.exitCode = await runBench(
  'cost',
  process.argv.slice(2),
  { rounds: 'N', series: 'N' },
  async (flags, progress) => {
    const rounds = positiveInteger('rounds', flags.own.rounds ?? '100');
    const series = positiveInteger('series', flags.own.series ?? '400');
    const rows = [...timeRows(timesOf(partsOf(series), rounds, progress)), ...byteRows()];
    const of = (id: string): string => figure(rows.find((row) => row.id === id)!.value);
    const sentence = `A sample takes ${of('time_sample')} µs, ${of('time_sample_cold')} µs where ${series} series take turns; a series ${of('bytes_series')} bytes.`;
    return { rows, tables: [], sentence };
  },
);
