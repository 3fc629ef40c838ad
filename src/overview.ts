/** What the daemon says of itself: its series, its sources, how it is doing. */
import type { AlertDocument } from '../models/alert-document.ts';
import type { Clock } from '../models/ports.ts';
import type { Track } from '../models/registry.ts';
import type { Plan } from './config/plan.ts';
import { describe } from './describe.ts';
import type { Engine } from './engine.ts';
import type { SeriesInfo, SourceStatus, StatusMessage } from './protocol.ts';
import type { Telemetry } from './telemetry.ts';

export interface OverviewOptions {
  engine: Engine;
  clock: Clock;
  telemetry: Telemetry;
  unitOf: (source: string) => string;
  isDemo: () => boolean;
}

export interface Readiness {
  ready: boolean;
  checks: Record<string, { ok: boolean; detail: string }>;
}

export class Overview {
  /** By id, as the sources report it. */
  readonly sources = new Map<string, SourceStatus>();
  /** What runs; null before the start is done. */
  plan: Plan | null = null;

  readonly #options: OverviewOptions;
  readonly #startedAt: number;
  /** How each series looked when it was told last. */
  readonly #told = new Map<string, string>();
  #rate = { samples: 0, at: 0, perSecond: 0 };

  constructor(options: OverviewOptions) {
    this.#options = options;
    this.#startedAt = options.clock.now();
  }

  series(): SeriesInfo[] {
    return [...this.#options.engine.registry].map((track) => this.#describe(track));
  }

  find(id: string): SeriesInfo | undefined {
    const track = this.#options.engine.registry.find(id);
    return track === undefined ? undefined : this.#describe(track);
  }

  openAlerts(): AlertDocument[] {
    return this.#options.engine.alertLog.open();
  }

  /** Series that look different from when they were told last (a mere sample more is no news), and those that are gone. */
  news(): { changed: SeriesInfo[]; removed: string[] } {
    const all = this.series();
    const changed = all.filter(({ id, kind, unit, state, learning, cadence_ms }) => {
      const look = [kind, unit, state, learning.toFixed(2), cadence_ms].join();
      if (this.#told.get(id) === look) return false;
      this.#told.set(id, look);
      return true;
    });
    const removed = [...this.#told.keys()].filter((id) => this.#options.engine.registry.find(id) === undefined);
    for (const id of removed) this.#told.delete(id);
    return { changed, removed };
  }

  /** Measures the rate since the last call; called at regular intervals. */
  tick(): void {
    const now = this.#options.clock.now();
    const { samples } = this.#options.telemetry;
    if (this.#rate.at > 0) this.#rate.perSecond = ((samples - this.#rate.samples) * 1000) / (now - this.#rate.at);
    this.#rate.samples = samples;
    this.#rate.at = now;
  }

  status(): StatusMessage {
    const { engine, clock, telemetry, isDemo } = this.#options;
    const now = clock.now();
    const series = this.series();
    const watching = new Set(series.map(({ pipeline }) => pipeline));
    let budget = 0;
    for (const part of this.plan?.parts ?? []) {
      if (part.kind === 'pipeline' && watching.has(part.id)) budget += part.options.alertBudgetPerDay;
    }
    return {
      type: 'status',
      time: now,
      sources: [...this.sources.values()],
      samples_per_second: this.#rate.perSecond,
      series: series.length,
      learning: series.filter(({ learning }) => learning < 1).length,
      alerts_open: engine.alertLog.open().length,
      alerts_today: engine.alertLog.openedWithinDay(now),
      budget_per_day: budget,
      dropped: Object.fromEntries(telemetry.dropped),
      uptime_seconds: Math.round((now - this.#startedAt) / 1000),
      not_kept: telemetry.notKept,
      demo: isDemo(),
    };
  }

  ready(): Readiness {
    const checks: Readiness['checks'] = {};
    for (const { id, state, detail } of this.sources.values()) {
      checks[`source:${id}`] = { ok: state === 'connected', detail: detail === '' ? state : detail };
    }
    checks['state'] = { ok: this.plan !== null, detail: this.plan === null ? 'starting' : 'restored' };
    return { ready: Object.values(checks).every(({ ok }) => ok), checks };
  }

  #describe(track: Track): SeriesInfo {
    const { engine, unitOf } = this.#options;
    const alerting = engine.alertLog.isOpen(track.id);
    return describe(track, { alerting, overdue: engine.isOverdue(track), unit: unitOf(track.source) });
  }
}
