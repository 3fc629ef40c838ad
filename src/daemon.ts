/**
 * The daemon: an engine with doors. A configuration becomes a plan, the plan a difference to what runs, and the
 * difference is applied; a start is the difference from nothing.
 *
 * Everything of the world comes in through the ports. What was opened is closed in the reverse order.
 */
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Duplex } from 'node:stream';
import type { Subscription } from 'rxjs';
import { CodedError } from '../models/errors.ts';
import type { Cancel, CheckpointStore, Clock, Net, Ownership, Rng, SampleLog, Storage } from '../models/ports.ts';
import { MqttSource } from '../sensors/mqtt.ts';
import { loadAssets } from './assets.ts';
import { startBroker, type Broker } from './broker.ts';
import { formatAddress } from './config/address.ts';
import type { Address, Config, HttpConfig, MqttSourceConfig, SimulatorSourceConfig } from './config/config.ts';
import { expand } from './config/expand.ts';
import { difference, plan, type Plan, type PlanPart, type Step } from './config/plan.ts';
import { parseDuration } from './config/units.ts';
import { Demo, HISTORY_MS, plantUnit } from './demo.ts';
import { describe } from './describe.ts';
import { Engine } from './engine.ts';
import { HttpDoor, type Api } from './http.ts';
import type { SeriesInfo, SourceStatus, StatusMessage } from './protocol.ts';
import { Recent } from './recent.ts';
import { WebSocketHub } from './sinks/websocket.ts';
import { Telemetry } from './telemetry.ts';
import { VERSION } from './version.ts';

export interface DaemonPorts {
  clock: Clock;
  rng: Rng;
  net: Net<Duplex>;
  storage: Storage;
  log: SampleLog;
  store: CheckpointStore;
  ownership: Ownership;
}

export interface DaemonOptions {
  telemetry: Telemetry;
  /** Time between two checkpoints, ms. */
  checkpointMs?: number;
}

/** How a person learns what is happening at the start. */
export interface StartReport {
  url: string;
  broker: string | null;
  restored: number;
  history: { samples: number; seconds: number } | null;
}

export interface Daemon {
  readonly engine: Engine;
  /** Where the page is. */
  readonly address: Address;
  readonly brokerAddress: Address | undefined;
  start(config: Config): Promise<StartReport>;
  /** Changes what differs; models whose shape stays go on. */
  reload(config: Config): Promise<void>;
  stop(): Promise<void>;
}

export function createDaemon(ports: DaemonPorts, options: DaemonOptions): Daemon {
  return new RunningDaemon(ports, options);
}

const CHECKPOINT_MS = 60_000;
const STATUS_MS = 1000;
const ALERTS_SHOWN_MAX = 200;
const DASHBOARD = fileURLToPath(new URL('../dashboard', import.meta.url));

interface Part {
  stop(): Promise<void>;
}

class RunningDaemon implements Daemon {
  readonly engine: Engine;
  readonly #ports: DaemonPorts;
  readonly #telemetry: Telemetry;
  readonly #checkpointMs: number;
  readonly #recent = new Recent();
  readonly #hub: WebSocketHub;
  readonly #epoch: string;
  readonly #startedAt: number;
  readonly #parts = new Map<string, Part>();
  readonly #sources = new Map<string, SourceStatus>();
  readonly #shownSeries = new Map<string, string>();
  readonly #subscriptions: Subscription[] = [];
  readonly #cancels: Cancel[] = [];
  #plan: Plan | null = null;
  #http: HttpDoor | undefined;
  #broker: Broker | undefined;
  #demo: Demo | undefined;
  #history: StartReport['history'] = null;
  #rate = { samples: 0, at: 0, perSecond: 0 };

  constructor(ports: DaemonPorts, { telemetry, checkpointMs = CHECKPOINT_MS }: DaemonOptions) {
    this.#ports = ports;
    this.#telemetry = telemetry;
    this.#checkpointMs = checkpointMs;
    this.#epoch = ports.rng.hex(8);
    this.#startedAt = ports.clock.now();
    this.engine = new Engine({
      clock: ports.clock,
      log: ports.log,
      store: ports.store,
      ownership: ports.ownership,
      telemetry,
      unitOf: (source) => this.#unitOf(source),
      url: () => this.#url(),
    });
    this.#hub = new WebSocketHub(this.#hubSource(), ports.clock, (reason) => telemetry.clientDropped(reason));
    telemetry.observeClients(() => this.#hub.size);
  }

  get address(): Address {
    return this.#http!.address;
  }

  get brokerAddress(): Address | undefined {
    return this.#broker?.address;
  }

  async start(config: Config): Promise<StartReport> {
    const next = plan(expand(config));
    const steps = difference(null, next);
    const opensSource = ({ part }: Step) => part.kind === 'source' || part.kind === 'simulator';
    for (const step of steps) if (!opensSource(step)) await this.#apply(step);
    const restored = await this.engine.restore();
    this.#subscriptions.push(
      this.engine.samples.subscribe((all) => {
        for (const columns of all) this.#recent.push(columns);
        this.#hub.samples(all);
      }),
      this.engine.alerts.subscribe((alert) => {
        this.#hub.deliver(alert);
        this.#demo?.alert(alert);
        this.#telemetry.log.info({ alert: alert.id, series: alert.series, event: alert.event, score: alert.score }, alert.text);
      }),
    );
    this.engine.start();
    this.#hub.start();
    for (const step of steps) if (opensSource(step)) await this.#apply(step);
    this.#plan = next;
    const { clock } = this.#ports;
    this.#cancels.push(
      clock.every(STATUS_MS, () => this.#tellStatus()),
      clock.every(this.#checkpointMs, () => {
        this.engine.checkpoint().catch(() => {}); // counted and logged where it failed
      }),
    );
    return {
      url: this.#url(),
      broker: this.#broker === undefined ? null : `mqtt://${formatAddress(this.#broker.address)}`,
      restored,
      history: this.#history,
    };
  }

  async reload(config: Config): Promise<void> {
    const next = plan(expand(config));
    for (const step of difference(this.#plan, next)) await this.#apply(step);
    this.#plan = next;
    this.#telemetry.reloaded(true);
    this.#telemetry.log.info('configuration applied');
  }

  async stop(): Promise<void> {
    for (const cancel of this.#cancels.splice(0)) cancel();
    const inReverse = [...this.#parts].reverse();
    for (const [key, part] of inReverse) if (key !== 'http') await part.stop();
    try {
      await this.engine.stop();
    } finally {
      this.#hub.stop();
      for (const subscription of this.#subscriptions) subscription.unsubscribe();
      await this.#http?.stop();
      this.#parts.clear();
    }
  }

  async #apply({ action, part, keepsModels }: Step): Promise<void> {
    if (part.kind === 'pipeline') {
      // Rows that wait were meant for the models as they are.
      await this.engine.settled();
      if (action === 'stop') this.engine.removePipeline(part.id);
      else this.engine.configure(part.id, part.options, keepsModels);
      return;
    }
    if (action !== 'start') {
      await this.#parts.get(part.key)?.stop();
      this.#parts.delete(part.key);
    }
    if (action !== 'stop') this.#parts.set(part.key, await this.#open(part));
  }

  async #open(part: Exclude<PlanPart, { kind: 'pipeline' }>): Promise<Part> {
    switch (part.kind) {
      case 'http':
        return this.#openHttp(part.options);
      case 'broker':
        this.#broker = await startBroker(part.options.listen);
        return this.#broker;
      case 'source':
        return this.#openSource(part.id, part.options);
      case 'simulator':
        return this.#openSimulator(part.options);
      case 'output':
        return { stop: async () => {} }; // alerts are always in the log
    }
  }

  async #openHttp(config: HttpConfig): Promise<Part> {
    const token = config.tokenFile === null ? undefined : await readToken(config.tokenFile);
    this.#http = new HttpDoor({
      config,
      token,
      assets: await loadAssets(DASHBOARD),
      api: this.#api(),
      onSocket: (socket) => this.#hub.accept(socket),
      onRefused: (reason) => this.#telemetry.clientDropped(reason),
    });
    await this.#http.start();
    return this.#http;
  }

  async #openSource(id: string, config: MqttSourceConfig): Promise<Part> {
    const status: SourceStatus = { id, type: 'mqtt', state: 'connecting', detail: '' };
    this.#sources.set(id, status);
    const password = config.passwordFile === null ? config.password : await readToken(config.passwordFile);
    const { clock, net } = this.#ports;
    const source = new MqttSource(
      {
        url: this.#brokerUrl(config.url),
        topics: config.topics,
        qos: config.qos,
        clientId: config.clientId ?? (await this.#clientId(id)),
        sessionExpiryMs: config.sessionExpiryMs,
        ...(config.username === null ? {} : { username: config.username }),
        ...(password === null ? {} : { password }),
      },
      {
        onMessage: (topic, payload, { retained }) => {
          this.engine.receive(id, topic, payload, clock.now(), retained);
        },
        onState: (connected, detail) => {
          const state = connected ? 'connected' : 'disconnected';
          if (status.state !== state || status.detail !== detail) this.#telemetry.sourceConnected(id, connected, detail);
          status.state = state;
          status.detail = detail;
        },
      },
      net,
    );
    source.start();
    return {
      stop: async () => {
        this.#sources.delete(id);
        await source.stop();
      },
    };
  }

  async #openSimulator({ url, seed }: SimulatorSourceConfig): Promise<Part> {
    const { clock } = this.#ports;
    const onScoreboard = () => this.#tellScoreboard();
    const demo = new Demo({ seed, url: this.#brokerUrl(url ?? ''), clock, onScoreboard });
    this.#demo = demo;
    await this.#replayHistory(demo);
    await demo.start();
    return {
      stop: async () => {
        this.#demo = undefined;
        await demo.stop();
      },
    };
  }

  /** The plant's past, so that bands stand at once; after a restart only what is not known yet. */
  async #replayHistory(demo: Demo): Promise<void> {
    const source = this.#demoSource();
    if (source === undefined) return;
    const started = performance.now();
    const until = demo.liveFrom - 1000;
    let samples = 0;
    let minute = -1;
    for (const { topic, payload, time } of demo.history(Math.max(until - HISTORY_MS, this.engine.lastTimeOf(source)), until)) {
      samples += this.engine.receive(source, topic, Buffer.from(payload), time);
      // Between two minutes the page and the sockets get their turn, and so does the detector.
      if (Math.floor(time / 60_000) !== minute) {
        minute = Math.floor(time / 60_000);
        await nextTurn();
      }
    }
    await this.engine.settled();
    this.#history = { samples, seconds: (performance.now() - started) / 1000 };
  }

  /** The source that reads what the simulator publishes: the one on the embedded broker. */
  #demoSource(): string | undefined {
    const inputs = this.#plan?.parts ?? [];
    const known = [...this.#sources.keys(), ...inputs.flatMap((part) => (part.kind === 'source' ? [part.id] : []))];
    return known.find((id) => id === 'demo') ?? known[0];
  }

  #brokerUrl(url: string): string {
    const broker = this.#broker;
    if (broker !== undefined && (url === '' || new URL(url).port === '0')) return `mqtt://${formatAddress(broker.address)}`;
    return url;
  }

  /** A client id that stays, so that the broker knows the session again. */
  async #clientId(source: string): Promise<string> {
    const path = 'client-id';
    const kept = await this.#ports.storage.read(path);
    if (kept !== undefined) return `${Buffer.from(kept).toString('utf8')}-${source}`;
    const fresh = `tidewatch-${this.#ports.rng.hex(6)}`;
    await this.#ports.storage.write(path, Buffer.from(fresh));
    return `${fresh}-${source}`;
  }

  #url(): string {
    return this.#http === undefined ? '' : `http://${formatAddress(this.#http.address)}`;
  }

  #unitOf(source: string): string {
    return this.#demo === undefined ? '' : (plantUnit(source) ?? '');
  }

  #seriesInfos(): SeriesInfo[] {
    return [...this.engine.registry].map((track) =>
      describe(track, {
        alerting: this.engine.alertLog.isOpen(track.id),
        overdue: this.engine.isOverdue(track),
        unit: this.#unitOf(track.source),
      }),
    );
  }

  #status(): StatusMessage {
    const now = this.#ports.clock.now();
    const series = this.#seriesInfos();
    const pipelines = (this.#plan?.parts ?? []).flatMap((part) => (part.kind === 'pipeline' ? [part.options] : []));
    return {
      type: 'status',
      time: now,
      sources: [...this.#sources.values()],
      samples_per_second: this.#rate.perSecond,
      series: series.length,
      learning: series.filter(({ learning }) => learning < 1).length,
      alerts_open: this.engine.alertLog.open().length,
      alerts_today: this.engine.alertLog.openedWithinDay(now),
      budget_per_day: pipelines.reduce((sum, { alertBudgetPerDay }) => sum + alertBudgetPerDay, 0),
      dropped: Object.fromEntries(this.#telemetry.dropped),
      uptime_seconds: Math.round((now - this.#startedAt) / 1000),
      demo: this.#demo !== undefined,
    };
  }

  #tellStatus(): void {
    const now = this.#ports.clock.now();
    const { samples } = this.#telemetry;
    if (this.#rate.at > 0) this.#rate.perSecond = ((samples - this.#rate.samples) * 1000) / (now - this.#rate.at);
    this.#rate = { samples, at: now, perSecond: this.#rate.perSecond };
    const changed = this.#seriesInfos().filter((info) => this.#isNews(info));
    if (changed.length > 0) this.#hub.broadcast({ type: 'series', series: changed });
    this.#hub.broadcast(this.#status());
  }

  /** Whether a series looks different from when it was told last; a mere sample more is no news. */
  #isNews({ id, kind, unit, state, learning, cadence_ms }: SeriesInfo): boolean {
    const look = [kind, unit, state, learning.toFixed(2), cadence_ms].join();
    if (this.#shownSeries.get(id) === look) return false;
    this.#shownSeries.set(id, look);
    return true;
  }

  #tellScoreboard(): void {
    if (this.#demo !== undefined) this.#hub.broadcast({ type: 'scoreboard', scoreboard: this.#demo.scoreboard() });
  }

  #acknowledge(alert: string): boolean {
    if (this.engine.alertLog.openById(alert) === undefined) return false;
    this.engine.append({ verb: 'ack', alert });
    return true;
  }

  #hubSource(): ConstructorParameters<typeof WebSocketHub>[0] {
    const { alertLog } = this.engine;
    return {
      version: VERSION,
      epoch: this.#epoch,
      seq: () => alertLog.seq,
      series: () => this.#seriesInfos(),
      samples: (series) => this.#recent.of(series),
      alerts: () => alertLog.recent(ALERTS_SHOWN_MAX),
      alertsAfter: (seq) => alertLog.after(seq),
      oldestSeq: () => alertLog.oldestSeq(),
      scoreboard: () => this.#demo?.scoreboard(),
      status: () => this.#status(),
      acknowledge: (alert) => this.#acknowledge(alert),
    };
  }

  #api(): Api {
    const { alertLog } = this.engine;
    return {
      version: VERSION,
      series: () => this.#seriesInfos(),
      oneSeries: (id) => {
        const info = this.#seriesInfos().find((series) => series.id === id);
        return info === undefined ? undefined : { ...info, recent: this.#recent.of(id) ?? null };
      },
      alerts: (status) => alertLog.recent(ALERTS_SHOWN_MAX).filter((alert) => status === undefined || alert.status === status),
      events: (after) => ({ seq: alertLog.seq, oldest_seq: alertLog.oldestSeq(), events: alertLog.after(after) }),
      scoreboard: () => this.#demo?.scoreboard(),
      command: (verb, body) => this.#command(verb, body),
      ready: () => this.#ready(),
      metrics: () => this.#telemetry.metrics.metrics(),
    };
  }

  async #command(verb: string, body: unknown): Promise<unknown> {
    const fields = new Map(Object.entries(typeof body === 'object' && body !== null ? body : {}));
    const text = (key: string) => {
      const value: unknown = fields.get(key);
      if (typeof value === 'string') return value;
      throw new CodedError('COMMAND_INVALID', `${key}: expected a text, got ${JSON.stringify(value) ?? 'nothing'}`);
    };
    switch (verb) {
      case 'ack':
        if (this.#acknowledge(text('alert'))) return { ok: true };
        throw new CodedError('COMMAND_INVALID', 'alert: no such alert is open');
      case 'checkpoint':
        await this.engine.checkpoint();
        return { ok: true };
      case 'inject': {
        if (this.#demo === undefined) throw new CodedError('COMMAND_REFUSED', 'the demo does not run');
        const duration = fields.has('for') ? parseDuration(text('for')) : 30_000;
        if (duration === undefined) {
          throw new CodedError('COMMAND_INVALID', `for: expected a duration such as 30s, got ${JSON.stringify(fields.get('for'))}`);
        }
        return { ok: true, fault: this.#demo.inject(text('kind'), text('series').replaceAll(' ', ''), duration).id };
      }
      default:
        throw new CodedError('COMMAND_UNKNOWN', `expected ack, checkpoint or inject, got ${JSON.stringify(verb)}`);
    }
  }

  #ready(): ReturnType<Api['ready']> {
    const checks: Record<string, { ok: boolean; detail: string }> = {};
    for (const { id, state, detail } of this.#sources.values()) {
      checks[`source:${id}`] = { ok: state === 'connected', detail: detail === '' ? state : detail };
    }
    checks['state'] = { ok: this.#plan !== null, detail: this.#plan === null ? 'starting' : 'restored' };
    return { ready: Object.values(checks).every(({ ok }) => ok), checks };
  }
}

async function readToken(path: string): Promise<string> {
  try {
    return (await readFile(path, 'utf8')).trim();
  } catch (error) {
    throw new CodedError('SECRET_UNREADABLE', `cannot read ${path}`, { cause: error });
  }
}
