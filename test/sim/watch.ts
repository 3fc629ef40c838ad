/** An engine in a simulated world: its own clock, a log and a store in memory, and no voice. */
import type { AlertDocument } from '../../models/alert-document.ts';
import type { Disk, SampleLog } from '../../models/ports.ts';
import type { Capacity } from '../../src/capacity.ts';
import type { PipelineConfig } from '../../src/config/config.ts';
import { FileCheckpointStore } from '../../src/checkpoint.ts';
import { keepsModels } from '../../src/config/plan.ts';
import { Engine } from '../../src/engine.ts';
import { DurableLog, type FsyncPolicy } from '../../src/log/durable-log.ts';
import { MemoryLog } from '../../src/ports/memory-log.ts';
import { FileStorage } from '../../src/ports/storage.ts';
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
  context: [],
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

export interface WatchOptions {
  store?: MemoryCheckpointStore;
  /** Where its log and its checkpoints are kept, as in the world. */
  disk?: Disk;
  config?: PipelineConfig;
  now?: number;
  fsync?: FsyncPolicy;
  capacity?: Capacity;
}

/** Something that takes log lines and keeps them, parsed. */
export class Lines {
  readonly all: Record<string, unknown>[] = [];

  write(line: string): void {
    this.all.push(JSON.parse(line) as Record<string, unknown>);
  }
}

export class Watch {
  readonly clock = new SimulatedClock();
  readonly log: SampleLog;
  readonly store: MemoryCheckpointStore;
  readonly lines = new Lines();
  readonly telemetry = new Telemetry({ level: 'debug', destination: this.lines });
  readonly engine: Engine;
  readonly alerts: AlertDocument[] = [];
  readonly #config: PipelineConfig;

  constructor({
    store = new MemoryCheckpointStore(),
    config = PIPELINE,
    now = Number.NaN,
    disk,
    fsync = 'interval',
    capacity,
  }: WatchOptions = {}) {
    this.log = disk === undefined ? new MemoryLog() : new DurableLog({ disk, clock: this.clock, fsync });
    if (!Number.isNaN(now)) this.clock.advance(now - this.clock.now());
    this.store = store;
    this.engine = new Engine({
      clock: this.clock,
      log: this.log,
      store: disk === undefined ? store : new FileCheckpointStore(new FileStorage(disk)),
      ...(disk === undefined ? {} : { disk }),
      capacity,
      ownership: { owns: () => true },
      telemetry: this.telemetry,
      unitOf: () => 'bar',
      url: () => 'http://here',
    });
    this.#config = config;
    // One that comes back is as it was first, and then as it should be.
    if (store.saved === undefined && disk === undefined) this.engine.configure('main', config, false);
    this.engine.alerts.subscribe((alert) => this.alerts.push(alert));
  }

  /** Comes back as it was, becomes what its configuration says, and begins. @returns series that came back */
  async start(acceptLoss = false): Promise<number> {
    const restored = await this.engine.restore(acceptLoss);
    const before = this.engine.pipelines.get('main');
    this.engine.configure('main', this.#config, before !== undefined && keepsModels(before, this.#config));
    this.engine.start();
    return restored;
  }

  /** A payload that comes in now. */
  publish(topic: string, payload: unknown, retained = false): number {
    const bytes = Buffer.from(typeof payload === 'string' ? payload : JSON.stringify(payload));
    return this.engine.receive('mqtt', topic, bytes, this.clock.now(), { retained }).accepted;
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
