/**
 * The demo in virtual time, in pieces that can run beside one another.
 *
 *   lone       after two hours of history, each fault alone: its series, as it was at that second of a clean plant, is
 *              taken aside and played on, so that no fault is judged by what another one did
 *   turns      after the history one fault for every series in 25 minutes, as a plant in trouble would have them
 *   clean      after the history, nothing
 *   first      after the history the first minute of the demo as it is shipped, with its own faults
 *   noise      one series of pure noise, each second, from its first sample on
 *   constant   one series that never changes, likewise
 */
import { DEFAULTS } from '../models/detector.ts';
import { createRandom, gaussian } from '../models/random.ts';
import { Schedule } from '../sensors/simulator/schedule.ts';
import { seriesId } from '../sensors/topic.ts';
import { distorted, type Fault, isActive, type Kind, loneFaults, planFaults, sizeOf } from './demo-faults.ts';
import { type Opened, World } from './demo-world.ts';

export type Run =
  | { kind: 'lone'; seed: number }
  | { kind: 'turns'; seed: number; hours: number }
  | { kind: 'clean'; seed: number; days: number }
  | { kind: 'first'; seed: number }
  | { kind: 'noise'; seed: number; days: number }
  | { kind: 'constant'; seed: number; days: number };

export interface Judged {
  kind: Kind;
  series: string;
  /** In σ; NaN where a fault has no size. */
  size: number;
  /** ms; null: missed. */
  delay: number | null;
}

export interface Outcome {
  faults: Judged[];
  /** Alerts without a reason, live. */
  falseAlerts: Opened[];
  /** Alerts in the history. */
  historyAlerts: Opened[];
}

const SECOND = 1000;
const HOUR = 3600 * SECOND;
const DAY = 24 * HOUR;
const HISTORY_MS = 2 * HOUR;
const SLOT_MS = 1500 * SECOND;
/** In which lone faults begin. */
const LONE_MS = HOUR;
/** After its end a fault can still be caught; then, for a while, the way back may look odd. */
const GRACE_MS = 10 * SECOND;
const GRACE_MS_OF_ABSENCE = 30 * SECOND;
const AFTERMATH_MS = 60 * SECOND;
/** The plant of the demo as it is shipped. */
const DEMO_SEED = 1;
const FIRST_MS = 60 * SECOND;
/** Between two beginnings: no part of the plant's day. */
const FIRST_APART = 4987 * SECOND;
const START = Date.UTC(2026, 2, 2);

export function runDemo(run: Run): Outcome {
  switch (run.kind) {
    case 'lone':
      return runLone(run.seed);
    case 'turns':
      return runTurns(run.seed, run.hours);
    case 'clean':
      return runClean(run.seed, run.days);
    case 'first':
      return runFirst(run.seed);
    case 'noise':
      return runAlone(run.days, noise(run.seed));
    case 'constant':
      return runAlone(run.days, () => 20 + run.seed / 2);
  }
}

/** A seed starts at a phase of its own. */
const startOf = (seed: number): number => START + seed * 777 * SECOND;

function runLone(seed: number): Outcome {
  const world = new World({ seed });
  const startedAt = startOf(seed);
  const faults = loneFaults(world.plant, seed, startedAt, startedAt + LONE_MS);
  const judged: Judged[] = [];
  for (let time = startedAt - HISTORY_MS; judged.length < faults.length; time += SECOND) {
    while (faults[judged.length]?.startedAt === time) judged.push(aside(world, faults[judged.length]));
    world.second(time);
  }
  const since = ({ time }: Opened): boolean => time >= startedAt;
  return {
    faults: judged,
    falseAlerts: world.opened.filter(since),
    historyAlerts: world.opened.filter((alert) => !since(alert)),
  };
}

/** The series under the fault, as it is now; the world goes on without. Already in alert, it cannot raise another. */
function aside(world: World, fault: Fault): Judged {
  const { source } = fault;
  if (world.isFiring(source)) return judge(fault, []);
  const fork = world.fork(source);
  for (let time = fault.startedAt; time <= catchableUntil(fault); time += SECOND) {
    fork.push(source, time, distorted(fault, world.plant, time, world.plant.valueAt(source, time)));
  }
  return judge(fault, fork.opened);
}

function runTurns(seed: number, hours: number): Outcome {
  const world = new World({ seed });
  const startedAt = startOf(seed);
  const until = startedAt + hours * HOUR;
  const faults = planFaults(world.plant, seed, startedAt, until, SLOT_MS);
  for (let time = startedAt - HISTORY_MS; time < until; time += SECOND) {
    const now = faults.filter((fault) => isActive(fault, time));
    world.second(time, (source, value) => {
      const fault = now.find((active) => active.source === source);
      return fault === undefined ? value : distorted(fault, world.plant, time, value);
    });
  }
  const live = world.opened.filter(({ time }) => time >= startedAt);
  return {
    faults: faults.map((fault) => judge(fault, live)),
    falseAlerts: live.filter((alert) => !faults.some((fault) => explains(fault, alert))),
    historyAlerts: world.opened.slice(0, world.opened.length - live.length),
  };
}

function runClean(seed: number, days: number): Outcome {
  const world = new World({ seed });
  const startedAt = startOf(seed);
  for (let time = startedAt - HISTORY_MS; time < startedAt + days * DAY; time += SECOND) world.second(time);
  const live = world.opened.filter(({ time }) => time >= startedAt);
  return { faults: [], falseAlerts: live, historyAlerts: world.opened.slice(0, world.opened.length - live.length) };
}

/** The faults of the schedule that begin in the first minute. */
function runFirst(seed: number): Outcome {
  const world = new World({ seed: DEMO_SEED });
  const startedAt = START + seed * FIRST_APART;
  const schedule = new Schedule({ seed: DEMO_SEED, startedAtMs: startedAt });
  const judged: (() => Judged)[] = [];
  let next = schedule.next(startedAt);
  for (let time = startedAt - HISTORY_MS; time <= startedAt + FIRST_MS; time += SECOND) {
    if (time >= next.at) {
      const { kind, startedAtMs, endedAtMs } = world.plant.inject(next.kind, next.source, time, next.durationMs);
      const fault = { kind: kind as Kind, source: next.source, startedAt: startedAtMs, endedAt: endedAtMs, amount: 0 };
      judged.push(() => judge(fault, world.opened));
      next = schedule.next(time);
    }
    world.second(time);
  }
  const live = world.opened.filter(({ time }) => time >= startedAt);
  return {
    faults: judged.map((verdict) => verdict()),
    falseAlerts: [],
    historyAlerts: world.opened.slice(0, world.opened.length - live.length),
  };
}

function runAlone(days: number, valueAt: () => number): Outcome {
  const world = new World({ seed: 1, season: DEFAULTS.season, series: 1 });
  for (let time = START; time < START + days * DAY; time += SECOND) world.push('alone', time, valueAt());
  return { faults: [], falseAlerts: world.opened, historyAlerts: [] };
}

function noise(seed: number): () => number {
  const random = createRandom(seed);
  return () => gaussian(random);
}

function judge(fault: Fault, opened: readonly Opened[]): Judged {
  const series = seriesId(fault.source);
  const until = catchableUntil(fault);
  const caught = opened.find(
    (alert) => alert.series === series && alert.time >= fault.startedAt && alert.time <= until,
  );
  return {
    kind: fault.kind,
    series,
    size: sizeOf(fault),
    delay: caught === undefined ? null : caught.time - fault.startedAt,
  };
}

function catchableUntil({ kind, endedAt }: Fault): number {
  return endedAt + (kind === 'silence' || kind === 'stuck' ? GRACE_MS_OF_ABSENCE : GRACE_MS);
}

function explains({ source, startedAt, endedAt }: Fault, { series, time }: Opened): boolean {
  return series === seriesId(source) && time >= startedAt && time <= endedAt + AFTERMATH_MS;
}
