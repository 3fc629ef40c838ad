/**
 * Keeps the score of the demo: which of the faults put into the plant were found, how fast, and which alerts had no
 * reason.
 *
 *   fault   ----[=========]....|~~~~~~~~~|----      .... grace: an alert still catches it
 *   alert    x   ✓         ✓     ·         x         ~~~~ aftermath: the way back may look odd, so it counts as neither
 *
 * Kinds that must stay quiet are the other way round: any alert on their machine disturbs, and is false. Time is passed
 * in; alerts and faults carry their own.
 */
import type { Fault, FaultKind } from '../sensors/simulator/faults.ts';
import { QUIET_KINDS } from '../sensors/simulator/faults.ts';
import type { FaultRecord, Scoreboard as ScoreboardView } from './protocol.ts';

interface ScoreboardOptions {
  seasonMs: number;
}

interface OpenedAlert {
  /** Series id. */
  series: string;
  startedAtMs: number;
}

const GRACE_MS = 10_000;
/** A missing value is only missing once it is overdue. */
const GRACE_MS_OF_ABSENCE = 30_000;
const AFTERMATH_MS_MAX = 60_000;
const RECORDS_MAX = 50;

export class Scoreboard {
  readonly #aftermathMs: number;
  /** Oldest first. */
  readonly #records: FaultRecord[] = [];
  #injected = 0;
  #caught = 0;
  #missed = 0;
  #false = 0;

  constructor({ seasonMs }: ScoreboardOptions) {
    this.#aftermathMs = Math.min(seasonMs, AFTERMATH_MS_MAX);
  }

  /** Quiet kinds are listed but do not count as injected: there is nothing to catch. */
  injected(fault: Fault): void {
    if (!QUIET_KINDS.has(fault.kind)) this.#injected++;
    this.#records.push({
      id: fault.id,
      kind: fault.kind,
      // The sources of the plant are plain words, so their ids need neither replacement nor hash.
      series: fault.source.replaceAll('/', '_'),
      started_at: fault.startedAtMs,
      ended_at: fault.endedAtMs,
      caught_at: null,
      outcome: 'active',
    });
  }

  /** Books an alert that has begun to fire. Returns whether the board changed. */
  alertOpened({ series, startedAtMs }: OpenedAlert): boolean {
    const near = this.#records.filter((record) => concerns(record, series) && startedAtMs >= record.started_at);
    const trouble = near.filter((record) => !QUIET_KINDS.has(record.kind));
    const within = trouble.filter((record) => startedAtMs <= catchableUntil(record));
    if (within.length > 0) return this.#catch(within, startedAtMs);
    if (trouble.some((record) => startedAtMs <= record.ended_at + this.#aftermathMs)) return false;
    for (const record of near) {
      if (QUIET_KINDS.has(record.kind) && startedAtMs <= catchableUntil(record)) record.outcome = 'disturbed';
    }
    this.#false++;
    return true;
  }

  /** Decides the faults whose time is up. Returns whether the board changed. */
  tick(now: number): boolean {
    let changed = false;
    for (const record of this.#records) {
      if (record.outcome !== 'active' || now <= catchableUntil(record)) continue;
      record.outcome = QUIET_KINDS.has(record.kind) ? 'kept_quiet' : 'missed';
      if (record.outcome === 'missed') this.#missed++;
      changed = true;
    }
    this.#forget(now);
    return changed;
  }

  /** A copy. The median is that of the faults it lists. */
  view(): ScoreboardView {
    const faults = this.#records
      .slice(-RECORDS_MAX)
      .reverse()
      .map((record) => ({ ...record }));
    const delays = faults.flatMap(({ caught_at, started_at }) => (caught_at === null ? [] : [caught_at - started_at]));
    return {
      injected: this.#injected,
      caught: this.#caught,
      missed: this.#missed,
      false: this.#false,
      median_delay_ms: median(delays),
      faults,
    };
  }

  // Every fault under the alert: a series in alert does not alert again, so one alert speaks for all of them.
  #catch(records: FaultRecord[], time: number): boolean {
    let changed = false;
    for (const record of records) {
      if (record.outcome === 'caught') continue;
      // The clock may have passed judgement before a late alert came in.
      if (record.outcome === 'missed') this.#missed--;
      record.outcome = 'caught';
      record.caught_at = time;
      this.#caught++;
      changed = true;
    }
    return changed;
  }

  #forget(now: number): void {
    while (this.#records.length > RECORDS_MAX && now > this.#records[0].ended_at + AFTERMATH_MS_MAX) {
      this.#records.shift();
    }
  }
}

function concerns(record: FaultRecord, series: string): boolean {
  return isOfMachine(record.kind) ? machineOf(series) === machineOf(record.series) : series === record.series;
}

// Broken correlation shows on either side of the relation; a quiet kind asks the whole machine to be quiet.
function isOfMachine(kind: FaultKind): boolean {
  return kind === 'correlation' || QUIET_KINDS.has(kind);
}

function machineOf(series: string): string {
  return series.slice(0, series.lastIndexOf('_'));
}

function catchableUntil({ kind, ended_at }: FaultRecord): number {
  return ended_at + (kind === 'silence' || kind === 'stuck' ? GRACE_MS_OF_ABSENCE : GRACE_MS);
}

function median(values: number[]): number | null {
  if (values.length === 0) return null;
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}
