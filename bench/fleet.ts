/**
 * A pump that joins forty like it: how soon it has a band that can be used, and how often it cries wolf on its first day,
 * with what a sibling has learned and without. And the forty: with weights of their own, and with shared ones.
 *
 *   npm run bench:fleet -- --siblings N   that are there already (40)
 *                          --seeds N      pumps that join, each for itself (20)
 *                          --fleets N     of the comparison of weights (4)
 *
 * The pumps report each minute: the same day for all, each with a level, a swing and a noise of its own. A band can be
 * used from the first sample on whose band is less than twice as wide as it is a day later, and stays so for an hour.
 */
import { FAULT_NAMES, type FaultsFound, measureFaults } from './fleet-faults.ts';
import { DAY, Fleet, newPump, type Pump } from './fleet-world.ts';
import { type Flags, positiveInteger } from './flags.ts';
import { type Findings, runBench } from './report.ts';
import { mean, measuredRow, type Row } from './rows.ts';

const OWN = { siblings: 'N', seeds: 'N', fleets: 'N' };
const TAUGHT_DAYS = 3;
const BAND_BAR = 50;
const BUDGET = 1;

interface Joined {
  /** Samples until there is a band that can be used. */
  band: number;
  alarms: number;
}

/** A pump joins for a day. */
function join(fleet: Fleet, name: string, pump: Pump): Joined {
  const widths: number[] = [];
  let alarms = 0;
  for (let i = 0; i < DAY; i++) {
    const { lower, upper, alarm } = fleet.sample(name, TAUGHT_DAYS * DAY + i, pump.valueAt(TAUGHT_DAYS * DAY + i));
    widths.push(upper[0] - lower[0]);
    alarms += alarm[0];
  }
  fleet.remove(name);
  const last = widths.at(-1)!;
  const usable = widths.map((width) => width < 2 * last);
  const band = usable.findIndex((_, i) => usable.slice(i, i + 60).every(Boolean));
  return { band: band < 0 ? DAY : band, alarms };
}

function joinedBy(peers: boolean, shared: boolean, siblings: number, seeds: number): Joined[] {
  const fleet = new Fleet({ peers, shared, series: siblings + 1 });
  const pumps = Array.from({ length: siblings }, (_, k) => newPump(k + 1));
  for (let minute = 0; minute < TAUGHT_DAYS * DAY; minute++) {
    for (const [k, pump] of pumps.entries()) fleet.sample(String(k), minute, pump.valueAt(minute));
  }
  return Array.from({ length: seeds }, (_, k) => join(fleet, `new${k}`, newPump(1000 + k)));
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

function faultRows(name: string, runs: readonly FaultsFound[]): Row[] {
  const row = (id: string, of: (run: FaultsFound) => number, unit: string, better: 'higher' | 'lower') =>
    measuredRow(`${id}_${name}`, runs.map(of), { unit, better });
  return [
    row('error', ({ error }) => error, 'sigma', 'lower'),
    row('false', ({ falsePerDay }) => falsePerDay, 'fleet and day', 'lower'),
    ...FAULT_NAMES.map((fault, i) => row(fault, ({ found }) => found[i], 'found', 'higher')),
    row('bytes', ({ bytesPerSeries }) => bytesPerSeries, 'a series', 'lower'),
    row('sample', ({ microseconds }) => microseconds, 'us', 'lower'),
  ];
}

function measure(flags: Flags<keyof typeof OWN>): Promise<Findings> {
  const siblings = positiveInteger('siblings', flags.own.siblings ?? '40');
  const seeds = positiveInteger('seeds', flags.own.seeds ?? '20');
  const fleets = positiveInteger('fleets', flags.own.fleets ?? '4');
  const taught = joinedBy(true, false, siblings, seeds);
  const sharing = joinedBy(true, true, siblings, seeds);
  const alone = joinedBy(false, false, siblings, seeds);
  const [withBand, without] = [taught, alone].map((joined) => mean(joined.map(({ band }) => band)));
  const [own, shared]: FaultsFound[][] = [[], []];
  for (let k = 1; k <= fleets; k++) {
    own.push(measureFaults(siblings, k, false));
    shared.push(measureFaults(siblings, k, true));
  }
  const [ownBytes, sharedBytes] = [own, shared].map(([{ bytesPerSeries }]) => bytesPerSeries.toFixed(0));
  return Promise.resolve({
    rows: [
      ...rowsOf('peers', taught, true),
      ...rowsOf('shared', sharing, true),
      ...rowsOf('alone', alone, false),
      ...faultRows('own_weights', own),
      ...faultRows('shared_weights', shared),
    ],
    tables: [],
    sentence: `A new sibling has a band after ${withBand.toFixed(0)} samples, ${without.toFixed(0)} without peers; a series takes ${sharedBytes} bytes with shared weights, ${ownBytes} with its own.`,
  });
}

process.exitCode = await runBench('fleet', process.argv.slice(2), OWN, measure);
