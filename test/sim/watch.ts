/** An engine in a simulated world: its own clock, a log and a store in memory, and no voice. */
import type { AlertDocument } from '../../models/alert-document.ts';
import type { PipelineConfig } from '../../src/config/config.ts';
import { Engine } from '../../src/engine.ts';
import { MemoryLog } from '../../src/ports/memory-log.ts';
import { Telemetry } from '../../src/telemetry.ts';
import { SimulatedClock } from './clock.ts';
import { MemoryCheckpointStore } from './store.ts';
import { wave } from './tracks.ts';

export const PIPELINE: PipelineConfig = {
  inputs: ['mqtt'],
  kind: 'values',
  cell: 'lstm',
  peers: null,
  weights: 'per_series',
  group: 'off',
  holdMs: 48 * 3600_000,
  hidden: 3,
  seasonMs: 60_000,
  timezone: 'UTC',
  alertBudgetPerDay: 1,
  direction: 'both',
  minDeviation: { amount: 0, percent: 0 },
  limits: { min: null, max: null, rate: null },
  seed: 1,
};

/** Something that takes log lines and keeps them, parsed. */
export class Lines {
  readonly all: Record<string, unknown>[] = [];

  write(line: string): void {
    this.all.push(JSON.parse(line) as Record<string, unknown>);
  }
}

export class Watch {
  readonly clock = new SimulatedClock();
  readonly log = new MemoryLog();
  readonly store: MemoryCheckpointStore;
  readonly lines = new Lines();
  readonly telemetry = new Telemetry({ level: 'debug', destination: this.lines });
  readonly engine: Engine;
  readonly alerts: AlertDocument[] = [];

  constructor({ store = new MemoryCheckpointStore(), config = PIPELINE, now = Number.NaN } = {}) {
    if (!Number.isNaN(now)) this.clock.advance(now - this.clock.now());
    this.store = store;
    this.engine = new Engine({
      clock: this.clock,
      log: this.log,
      store,
      ownership: { owns: () => true },
      telemetry: this.telemetry,
      unitOf: () => 'bar',
      url: () => 'http://here',
    });
    this.engine.configure('main', config, false);
    this.engine.alerts.subscribe((alert) => this.alerts.push(alert));
  }

  /** A payload that comes in now. */
  publish(topic: string, payload: unknown, retained = false): number {
    const bytes = Buffer.from(typeof payload === 'string' ? payload : JSON.stringify(payload));
    return this.engine.receive('mqtt', topic, bytes, this.clock.now(), retained).accepted;
  }

  /** A value a second of series that behave; the clock goes along, and the engine with it. */
  async calm(topics: string | string[], seconds: number, from = 0): Promise<void> {
    for (let i = from; i < from + seconds; i++) {
      for (const topic of [topics].flat()) this.publish(topic, { v: wave(i) });
      this.clock.advance(1000);
      if (i % 50 === 49) await this.engine.settled();
    }
    await this.engine.settled();
  }

  /** Rows that a source brings and nobody expects, one a second. */
  async fault(topic: string, seconds: number, value = 1000): Promise<void> {
    for (let i = 0; i < seconds; i++) {
      this.publish(topic, { v: value + i });
      this.clock.advance(1000);
    }
    await this.engine.settled();
  }

  /** Every number that the engine has of a series. */
  block(id: string): Float64Array {
    const track = this.engine.registry.find(id);
    if (track === undefined) throw new Error(`no series ${id}`);
    return track.memory.slice(track.at, track.at + track.model.detector.size);
  }
}
