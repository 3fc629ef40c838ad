/**
 * The daemon: an engine with doors, from start to stop.
 *
 *   configuration ▸ plan ▸ difference to what runs ▸ apply
 *
 * A start is the difference from nothing. Everything of the world comes in through the ports, and what was opened is
 * closed in the reverse order.
 */
import type { Subscription } from 'rxjs';
import type { AlertDocument } from '../models/alert-document.ts';
import { CodedError } from '../models/errors.ts';
import type { Cancel, Clock } from '../models/ports.ts';
import { ALERTS_SHOWN_MAX, createApi } from './api.ts';
import type { Capacity } from './capacity.ts';
import { formatAddress } from './config/address.ts';
import type { Address, Config } from './config/config.ts';
import { expand } from './config/expand.ts';
import { difference, plan, type Step } from './config/plan.ts';
import { plantUnit } from './demo.ts';
import { Engine } from './engine.ts';
import { Overview } from './overview.ts';
import { Parts } from './parts.ts';
import type { DaemonPorts } from './ports/system.ts';
import { Recent } from './recent.ts';
import { WebSocketHub } from './sinks/websocket.ts';
import type { Telemetry } from './telemetry.ts';
import { VERSION } from './version.ts';

export interface DaemonOptions {
  telemetry: Telemetry;
  /** Longest time between two checkpoints, ms. */
  checkpointMs?: number;
  /** Of the table of series. */
  capacity?: Capacity;
  /** Go on without what no whole copy is left of. */
  acceptStateLoss?: boolean;
}

/** How a person learns what has started. */
export interface StartReport {
  url: string;
  broker: string | null;
  series: number;
  restored: number;
  history: { samples: number; seconds: number } | null;
}

export interface Daemon {
  readonly engine: Engine;
  /** Where the page is. */
  readonly address: Address;
  start(config: Config): Promise<StartReport>;
  /**
   * Changes what differs; models whose shape stays go on.
   * @throws CodedError SOURCE_UNREACHABLE where the demo would be lost to a broker that does not answer
   */
  reload(config: Config): Promise<void>;
  stop(): Promise<void>;
}

export function createDaemon(ports: DaemonPorts, options: DaemonOptions): Daemon {
  return new RunningDaemon(ports, options);
}

const CHECKPOINT_MS = 15 * 60_000;
const CHECKPOINT_LOOK_MS = 1000;
const STATUS_MS = 1000;

class RunningDaemon implements Daemon {
  readonly engine: Engine;
  readonly #clock: Clock;
  readonly #telemetry: Telemetry;
  readonly #checkpointMs: number;
  readonly #acceptStateLoss: boolean;
  readonly #lock: DaemonPorts['lock'];
  #unlock: () => void = () => {};
  readonly #recent = new Recent();
  readonly #overview: Overview;
  readonly #hub: WebSocketHub;
  readonly #parts: Parts;
  readonly #subscriptions: Subscription[] = [];
  readonly #cancels: Cancel[] = [];
  #turn: Promise<unknown> = Promise.resolve();
  #stopping = false;
  /** State has been restored and may be written again. */
  #begun = false;

  constructor(ports: DaemonPorts, options: DaemonOptions) {
    const { clock } = ports;
    const { telemetry, capacity, checkpointMs = CHECKPOINT_MS, acceptStateLoss = false } = options;
    this.#clock = clock;
    this.#telemetry = telemetry;
    this.#checkpointMs = checkpointMs;
    this.#acceptStateLoss = acceptStateLoss;
    this.#lock = () => ports.lock();
    const unitOf = (source: string) => (this.#parts.demo === undefined ? '' : (plantUnit(source) ?? ''));
    this.engine = new Engine({ ...ports, telemetry, capacity, unitOf, url: () => this.#url() });
    const { engine } = this;
    const overview = new Overview({ engine, clock, telemetry, unitOf, isDemo: () => this.#parts.demo !== undefined });
    this.#overview = overview;
    this.#hub = new WebSocketHub(this.#hubSource(ports.rng.hex(8)), clock, (reason) => telemetry.clientDropped(reason));
    telemetry.observeClients(() => this.#hub.size);
    const api = createApi({
      engine,
      overview,
      recent: this.#recent,
      telemetry,
      demo: () => this.#parts.demo,
      ingest: (topic, payload) => this.#parts.ingest(topic, payload),
    });
    this.#parts = new Parts({ ...ports, telemetry, engine, overview, hub: this.#hub, api });
    engine.beforeCheckpoint = () => this.#parts.outputs.sync();
  }

  get address(): Address {
    if (this.#parts.http === undefined) throw new Error('the daemon has not been started');
    return this.#parts.http.address;
  }

  start(config: Config): Promise<StartReport> {
    return this.#inTurn(async () => {
      try {
        return await this.#start(config);
      } catch (error) {
        await this.#stop();
        throw error;
      }
    });
  }

  reload(config: Config): Promise<void> {
    return this.#inTurn(() => this.#reload(config));
  }

  stop(): Promise<void> {
    this.#stopping = true;
    this.#parts.abortProbe();
    return this.#inTurn(() => this.#stop());
  }

  /** Start, reload and stop never overlap: each sees what the one before has made. */
  #inTurn<T>(action: () => Promise<T>): Promise<T> {
    const turn = this.#turn.then(action);
    this.#turn = turn.catch(() => {}); // whoever asked is told
    return turn;
  }

  async #start(config: Config): Promise<StartReport> {
    const next = plan(expand(config));
    const steps = difference(null, next);
    await this.#applyAll(steps.filter((step) => !needsState(step)));
    this.#unlock = this.#lock();
    await this.engine.load(this.#acceptStateLoss);
    // What was not told before the last process ended is told while the log is read.
    await this.#applyAll(steps.filter(({ part }) => part.kind === 'output'));
    this.#subscribe();
    const restored = await this.engine.restore(this.#acceptStateLoss);
    this.#begun = true;
    // From here on the start is the difference from what came back.
    this.#parts.adoptPipelines();
    const left = difference(this.#parts.running(next), next);
    await this.#applyAll(left.filter(({ part }) => part.kind === 'pipeline'));
    this.engine.start();
    this.#hub.start();
    this.#parts.outputs.begin();
    await this.#applyAll(left.filter(({ part }) => part.kind !== 'pipeline'));
    this.#overview.plan = next;
    this.#cancels.push(
      this.#clock.every(STATUS_MS, () => this.#tellStatus()),
      this.#clock.every(CHECKPOINT_LOOK_MS, () => {
        if (!this.engine.isCheckpointDue(this.#checkpointMs)) return;
        this.engine.checkpoint().catch(() => {}); // logged and counted where it failed; the next one tries again
      }),
    );
    const { broker, history } = this.#parts;
    return {
      url: this.#url(),
      broker: broker === undefined ? null : `mqtt://${formatAddress(broker.address)}`,
      series: this.engine.registry.size,
      restored,
      history,
    };
  }

  async #reload(config: Config): Promise<void> {
    if (!this.#begun) throw new CodedError('NOT_RUNNING', 'there is nothing to change: the daemon does not run');
    const next = plan(expand(config));
    const before = this.#overview.plan;
    const steps = difference(before, next);
    if (steps.some(({ action, part }) => action === 'stop' && part.kind === 'simulator')) await this.#parts.probe(next);
    // An http part that changes reads its token by itself; one that stays may have another in the same file.
    if (!steps.some(({ part }) => part.kind === 'http')) await this.#parts.renewToken();
    try {
      await this.#applyAll(steps);
    } catch (error) {
      // What was stopped on the way is opened again, as far as it can be.
      if (before !== null) {
        await this.#applyAll(difference(this.#parts.running(before), before)).catch(() => {});
        // What could not be opened again is missing from the plan, so that the next reload opens it.
        this.#overview.plan = this.#parts.running(before);
      }
      throw error;
    }
    this.#overview.plan = next;
    this.#telemetry.reloaded(true);
    this.#telemetry.log.info('configuration applied');
  }

  async #applyAll(steps: readonly Step[]): Promise<void> {
    for (const step of steps) {
      if (this.#stopping) throw new CodedError('STOPPING', 'the daemon was told to stop');
      await this.#parts.apply(step);
    }
  }

  async #stop(): Promise<void> {
    for (const cancel of this.#cancels.splice(0)) cancel();
    await this.#parts.stopInputs();
    try {
      // A daemon that never began has no state worth writing over what is kept.
      if (this.#begun) await this.engine.stop();
    } finally {
      this.#begun = false;
      for (const subscription of this.#subscriptions.splice(0)) subscription.unsubscribe();
      this.#hub.stop();
      await this.#parts.stop();
      this.#unlock();
      this.#unlock = () => {};
    }
  }

  #subscribe(): void {
    this.#subscriptions.push(
      this.engine.samples.subscribe((all) => {
        for (const columns of all) this.#recent.push(columns);
        this.#hub.samples(all);
        this.#parts.outputs.samples(all, this.engine.position);
      }),
      this.engine.alerts.subscribe((alert) => this.#deliver(alert)),
    );
  }

  #deliver(alert: AlertDocument): void {
    this.#hub.deliver(alert);
    this.#parts.outputs.deliver(alert, this.engine.position);
    this.#parts.demo?.alert(alert);
    const { id, series, event, score, text } = alert;
    this.#telemetry.log.info({ alert: id, series, event, score: Number(score.toFixed(2)) }, text);
  }

  #tellStatus(): void {
    this.#overview.tick();
    const { changed, removed } = this.#overview.news();
    for (const id of removed) this.#recent.forget(id);
    if (changed.length + removed.length > 0) this.#hub.broadcast({ type: 'series', series: changed, removed });
    if (this.#hub.size > 0) this.#hub.broadcast(this.#overview.status());
  }

  #url(): string {
    const { http } = this.#parts;
    return http === undefined ? '' : `http://${formatAddress(http.address)}`;
  }

  #hubSource(epoch: string): ConstructorParameters<typeof WebSocketHub>[0] {
    const { alertLog } = this.engine;
    return {
      version: VERSION,
      epoch,
      seq: () => alertLog.seq,
      series: () => this.#overview.series(),
      samples: (series) => this.#recent.of(series),
      alerts: () => alertLog.recent(ALERTS_SHOWN_MAX),
      alertsAfter: (seq) => alertLog.after(seq),
      oldestSeq: () => alertLog.oldestSeq(),
      scoreboard: () => this.#parts.demo?.scoreboard(),
      status: () => this.#overview.status(),
      acknowledge: (alert) => this.engine.acknowledge(alert),
    };
  }
}

/** What may only be opened once state is known: sinks tell of what was open, sources bring samples. */
function needsState({ part }: Step): boolean {
  return part.kind !== 'http' && part.kind !== 'broker';
}
