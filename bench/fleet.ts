/**
 * A pump that joins forty like it: how soon it has a band that can be used, and how often it cries wolf on its first day,
 * with what a sibling has learned and without.
 *
 *   npm run bench:fleet -- --siblings N   that are there already (40)
 *                          --seeds N      pumps that join, each for itself (20)
 *
 * The pumps report each minute: the same day for all, each with a level, a swing and a noise of its own. A band can be
 * used from the first sample on whose band is less than twice as wide as it is a day later, and stays so for an hour.
 */
import { Subject } from 'rxjs';
import { type Batch, createBatch, pushRow } from '../models/batch.ts';
import { DEFAULTS, Detector } from '../models/detector.ts';
import { createRandom, gaussian } from '../models/random.ts';
import { type Model, Registry } from '../models/registry.ts';
import { pipeline } from '../pipelines/pipeline.ts';
import { seriesId } from '../sensors/topic.ts';
import { type Flags, positiveInteger } from './flags.ts';
import { type Findings, runBench } from './report.ts';
import { mean, measuredRow, type Row } from './rows.ts';

const OWN = { siblings: 'N', seeds: 'N' };
const MINUTE = 60_000;
const DAY = 1440;
const TAUGHT_DAYS = 3;
const START = Date.UTC(2026, 2, 2);
const BAND_BAR = 50;
const BUDGET = 1;

/** What a pump says at a minute. */
function pump(seed: number): (minute: number) => number {
  const random = createRandom(seed);
  const level = 20 + 40 * random();
  const swing = 4 + 4 * random();
  const noise = 0.3 + 0.4 * random();
  return (minute) => {
    const phase = (2 * Math.PI * minute) / DAY;
    return level + swing * (Math.sin(phase) + 0.4 * Math.sin(2 * phase + 1)) + noise * gaussian(random);
  };
}

interface Joined {
  /** Samples until there is a band that can be used. */
  band: number;
  alarms: number;
}

class Fleet {
  readonly #registry = new Registry(Infinity);
  readonly #entries = new Subject<Batch>();
  readonly #model: Model;
  #scored: Batch | undefined;

  constructor(peers: boolean, siblings: number) {
    const detector = new Detector(DEFAULTS);
    detector.series = siblings + 1;
    this.#model = { pipeline: 'fleet', listeningSince: -Infinity, detector, seed: 1 };
    if (peers) this.#model.peers = 'hall/+/flow';
    pipeline(this.#entries, this.#registry, () => 0).subscribe((batch) => (this.#scored = batch));
  }

  sample(name: string, minute: number, value: number): Batch {
    const source = `hall/${name}/flow`;
    const track = this.#registry.admit(seriesId(source), source, this.#model)!;
    const time = START + minute * MINUTE;
    const batch = createBatch(1);
    pushRow(batch, track.index, time, time, value, 0);
    this.#entries.next(batch);
    return this.#scored!;
  }

  /** A pump joins for a day. */
  join(name: string, valueAt: (minute: number) => number): Joined {
    const widths: number[] = [];
    let alarms = 0;
    for (let i = 0; i < DAY; i++) {
      const { lower, upper, alarm } = this.sample(name, TAUGHT_DAYS * DAY + i, valueAt(TAUGHT_DAYS * DAY + i));
      widths.push(upper[0] - lower[0]);
      alarms += alarm[0];
    }
    this.#registry.remove(this.#registry.find(seriesId(`hall/${name}/flow`))!);
    const last = widths.at(-1)!;
    const usable = widths.map((width) => width < 2 * last);
    const band = usable.findIndex((_, i) => usable.slice(i, i + 60).every(Boolean));
    return { band: band < 0 ? DAY : band, alarms };
  }
}

function joinedBy(peers: boolean, siblings: number, seeds: number): Joined[] {
  const fleet = new Fleet(peers, siblings);
  const pumps = Array.from({ length: siblings }, (_, k) => pump(k + 1));
  for (let minute = 0; minute < TAUGHT_DAYS * DAY; minute++) {
    for (const [k, valueAt] of pumps.entries()) fleet.sample(String(k), minute, valueAt(minute));
  }
  return Array.from({ length: seeds }, (_, k) => fleet.join(`new${k}`, pump(1000 + k)));
}

function rowsOf(name: string, joined: readonly Joined[], isBarred: boolean): Row[] {
  const bands = joined.map(({ band }) => band);
  const alarms = joined.map(({ alarms: count }) => count);
  const lower = { better: 'lower' } as const;
  return [
    measuredRow(`band_${name}`, bands, { unit: 'samples', ...lower, ...(isBarred ? { bar: BAND_BAR } : {}) }),
    measuredRow(`false_${name}`, alarms, { unit: 'first day', ...lower, ...(isBarred ? { bar: BUDGET } : {}) }),
  ];
}

function measure(flags: Flags<keyof typeof OWN>): Promise<Findings> {
  const siblings = positiveInteger('siblings', flags.own.siblings ?? '40');
  const seeds = positiveInteger('seeds', flags.own.seeds ?? '20');
  const [taught, alone] = [true, false].map((peers) => joinedBy(peers, siblings, seeds));
  const [withBand, without] = [taught, alone].map((joined) => mean(joined.map(({ band }) => band)));
  return Promise.resolve({
    rows: [...rowsOf('peers', taught, true), ...rowsOf('alone', alone, false)],
    tables: [],
    sentence: `A new sibling has a band after ${withBand.toFixed(0)} samples, ${without.toFixed(0)} without peers.`,
  });
}

process.exitCode = await runBench('fleet', process.argv.slice(2), OWN, measure);
