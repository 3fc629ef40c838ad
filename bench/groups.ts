/**
 * Machines as groups: does suspicion leave clean rows alone, and is the right channel blamed.
 *
 *   npm run bench:groups --    --data FOLDER   labelled sets of several channels, for suspicion
 *                              --seeds N       plants of three machines each (20)
 *
 * The machines are the gauges of the simulated plant, read each second for an hour; then one channel goes wrong in one
 * of five ways for five minutes, in a copy of the machine as it was. Blame is taken where the alert is worst.
 */
import { createBatch, pushRow } from '../models/batch.ts';
import { DEFAULTS } from '../models/detector.ts';
import { Anchor } from '../models/group/anchor.ts';
import { GROUP_DEFAULTS, GroupDetector } from '../models/group/group-detector.ts';
import { createRandom, gaussian } from '../models/random.ts';
import { TICK_MS } from '../sensors/simulator/channels.ts';
import { Plant } from '../sensors/simulator/plant.ts';
import { type Flags, positiveInteger, requireData } from './flags.ts';
import { readSet, type Stream } from './quality/data.ts';
import { type Findings, runBench } from './report.ts';
import { figure, mean, measuredRow, type Row } from './rows.ts';

const OWN = { seeds: 'N' };
const SETS = ['asd', 'smd', 'tep', 'skab'];
const HOUR = 3600 * TICK_MS;
const SUSPICION_BAR = 0.05;
const BLAME_BAR = 0.9;
const LEARNED_ROWS = 3600;
const FAULT_ROWS = 300;
const SIZE = 8; // noise of the channel
const START = Date.UTC(2026, 2, 2);

const KINDS = ['shift', 'stuck', 'noise', 'drift', 'correlation'] as const;
type Kind = (typeof KINDS)[number];

/** Share of the clean rows that are suspicious. */
function suspicious(stream: Stream): { clean: number; of: number } {
  const channels = stream.columns.length;
  const anchor = new Anchor(channels, GROUP_DEFAULTS.hold);
  const memory = new Float64Array(anchor.size);
  const count = { clean: 0, of: 0 };
  const play = (columns: readonly Float64Array[], isCounted: (row: number) => boolean): void => {
    for (let row = 0; row < columns[0].length; row++) {
      const x = Float64Array.from(columns, (column) => column[row]);
      anchor.step(memory, 0, x, stream.periodMs, stream.periodMs);
      if (!isCounted(row)) continue;
      count.of++;
      if (anchor.isSuspicious(memory, 0)) count.clean++;
    }
  };
  if (stream.runAfter !== undefined) play(stream.runAfter.columns, () => false);
  play(stream.columns, (row) => row >= stream.warmup && stream.labels[row] === 0);
  return count;
}

function suspicionRows(folder: string): Row[] {
  return SETS.map((set) => {
    const counts = readSet(folder, set).map(suspicious);
    const share = counts.reduce((sum, { clean }) => sum + clean, 0) / counts.reduce((sum, { of }) => sum + of, 0);
    return measuredRow(`suspicious_${set}`, [share], { unit: 'of clean rows', better: 'lower', bar: SUSPICION_BAR });
  });
}

/** The gauges of a machine of the plant, and their noise. */
interface Machine {
  sources: string[];
  rowAt: (time: number) => Float64Array;
}

function machinesOf(plant: Plant): Machine[] {
  const gauges = plant.channels.filter(({ kind, cadenceMs }) => kind === 'gauge' && cadenceMs === TICK_MS);
  return [...Map.groupBy(gauges, ({ topic }) => topic).values()].map((channels) => {
    const sources = channels.map(({ source }) => source);
    return { sources, rowAt: (time) => Float64Array.from(sources, (source) => plant.valueAt(source, time)) };
  });
}

/** Mean size of the change from one second to the next. */
function noiseOf(plant: Plant, source: string): number {
  const changes = Array.from({ length: 300 }, (_, i) => {
    const time = START + i * TICK_MS;
    return Math.abs(plant.valueAt(source, time) - plant.valueAt(source, time + TICK_MS));
  });
  return mean(changes);
}

function step(detector: GroupDetector, memory: Float64Array, x: Float64Array, time: number): number[] | undefined {
  const batch = createBatch(1);
  pushRow(batch, 0, time, time, Number.NaN, 0);
  batch.members[0] = x;
  detector.order(memory, 0, batch, 0);
  detector.step(memory, 0, batch, 0);
  return batch.changes.find(({ event }) => event === 'open' || event === 'update')?.shares;
}

/** What the machine says under a fault of channel j. */
function broken(x: Float64Array, j: number, kind: Kind, i: number, sigma: number, random: () => number): Float64Array {
  if (kind === 'shift') x[j] += SIZE * sigma;
  if (kind === 'noise') x[j] += 0.75 * SIZE * sigma * random();
  if (kind === 'drift') x[j] += (2 * SIZE * sigma * i) / FAULT_ROWS;
  return x;
}

interface Verdict {
  kind: Kind;
  /** Undefined: nothing was told. */
  isRight: boolean | undefined;
}

function verdictsOf(seed: number): Verdict[] {
  const plant = new Plant({ seed, seasonMs: 300_000 });
  return machinesOf(plant).flatMap(({ sources, rowAt }) => {
    const { cell, rules } = DEFAULTS;
    const shape = { channels: sources.length, context: 0, cell, rules, season: HOUR, budgetPerDay: 1 };
    const detector = new GroupDetector({ ...GROUP_DEFAULTS, ...shape });
    const learned = new Float64Array(detector.size);
    detector.initialise(learned, 0, seed);
    for (let i = 0; i < LEARNED_ROWS; i++) {
      const time = START + i * TICK_MS;
      step(detector, learned, rowAt(time), time);
    }
    return KINDS.map((kind, k) => {
      const j = (seed + k) % sources.length;
      const memory = learned.slice();
      const random = createRandom(100 * seed + k);
      const sigma = noiseOf(plant, sources[j]);
      const from = START + LEARNED_ROWS * TICK_MS;
      const held = plant.valueAt(sources[j], from - TICK_MS);
      let shares: number[] | undefined;
      for (let i = 0; i < FAULT_ROWS; i++) {
        const time = from + i * TICK_MS;
        const x = rowAt(time);
        if (kind === 'stuck') x[j] = held;
        if (kind === 'correlation') x[j] = plant.valueAt(sources[j], time + 40 * 300_000 + 150_000);
        shares =
          step(
            detector,
            memory,
            broken(x, j, kind, i, sigma, () => gaussian(random)),
            time,
          ) ?? shares;
      }
      return { kind, isRight: shares === undefined ? undefined : shares.indexOf(Math.max(...shares)) === j };
    });
  });
}

function measure(flags: Flags<keyof typeof OWN>, progress: (text: string) => void): Promise<Findings> {
  const seeds = positiveInteger('seeds', flags.own.seeds ?? '20');
  const suspicion = suspicionRows(requireData(flags));
  const verdicts = Array.from({ length: seeds }, (_, k) => {
    progress(`plant ${k + 1} of ${seeds}`);
    return verdictsOf(k + 1);
  });
  const told = verdicts.flat().filter(({ isRight }) => isRight !== undefined);
  const right = told.map(({ isRight }) => (isRight === true ? 1 : 0));
  const higher = { better: 'higher' } as const;
  const rows = [
    ...suspicion,
    measuredRow('blame_right', [mean(right)], { unit: 'of alerts', ...higher, bar: BLAME_BAR }),
    measuredRow('faults_told', [told.length / verdicts.flat().length], { unit: 'of faults', ...higher }),
  ];
  const byKind = KINDS.map((kind) => {
    const of = verdicts.flat().filter((verdict) => verdict.kind === kind);
    const heard = of.filter(({ isRight }) => isRight !== undefined);
    const share = heard.filter(({ isRight }) => isRight === true).length / heard.length;
    return [kind, String(of.length), figure(heard.length / of.length), figure(share)];
  });
  return Promise.resolve({
    rows,
    tables: [{ title: 'By kind of fault', header: ['kind', 'faults', 'told', 'right of them'], rows: byKind }],
    sentence: `Of ${told.length} alerts of groups ${figure(mean(right))} blame the right channel first.`,
  });
}

process.exitCode = await runBench('groups', process.argv.slice(2), OWN, measure);
