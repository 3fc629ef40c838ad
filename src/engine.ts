/**
 * The heart of the daemon, without doors: readings in, alerts and samples for screens out.
 *
 *   receive ▸ decode ▸ intake ▸ log ▸ order ▸ pace ▸ detect ──▶ alerts
 *                                                         └──▶ samples
 *
 * Whatever changes the state is an entry of the log first (src/state.ts), and a checkpoint and the log bring it back
 * (src/checkpoints.ts).
 */
import { isDeepStrictEqual } from 'node:util';
import { merge, Observable, Subject } from 'rxjs';
import type { AlertDocument } from '../models/alert-document.ts';
import { type Batch, copyRow, createBatch, createTick } from '../models/batch.ts';
import { lastTimeOf } from '../models/order.ts';
import type {
  Cancel,
  CheckpointStore,
  Clock,
  Command,
  Delivery,
  Disk,
  LogEntry,
  LogOwner,
  Ownership,
  SampleLog,
} from '../models/ports.ts';
import { learningAt, learningOf } from '../models/progress.ts';
import type { Registry, Track } from '../models/registry.ts';
import { pipeline } from '../pipelines/pipeline.ts';
import { raise } from '../pipelines/raise.ts';
import { type SampleColumns, thin } from '../pipelines/thin.ts';
import { createDecoder, type Decoder } from '../sensors/decode.ts';
import { AUTOMATIC, type Mapping } from '../sensors/mapping.ts';
import type { MessageFacts } from '../sensors/source.ts';
import type { AlertLog } from './alert-log.ts';
import type { Capacity } from './capacity.ts';
import { Checkpoints } from './checkpoints.ts';
import type { PipelineConfig } from './config/config.ts';
import { keepPipeline } from './config/kept.ts';
import { Intake, type Receipt } from './intake.ts';
import type { Parked } from './parking.ts';
import { checksumOf, sessionOf } from './redelivery.ts';
import { Room } from './room.ts';
import { Runaway } from './runaway.ts';
import { countBy, State } from './state.ts';
import type { Telemetry } from './telemetry.ts';

export interface EngineOptions {
  clock: Clock;
  log: SampleLog;
  store: CheckpointStore;
  ownership: Ownership;
  telemetry: Telemetry;
  /** Where series are parked that there is no room for; absent: they are refused. */
  disk?: Disk;
  /** Of the table of series. */
  capacity?: Capacity | undefined;
  unitOf: (source: string) => string;
  /** Base of the links in alerts. */
  url: () => string;
}

/** Between two messages of samples for screens. */
const SAMPLES_MS = 100;
const TICK_MS = 1000;
const TICK_LATE_MS = 1500;
const GROUP_EVERY_MS = 10_000;
/** No pipeline reads this source. */
const UNROUTED: Receipt = { accepted: 0, drops: ['unrouted'] };
const REDELIVERED: Receipt = { accepted: 0, drops: ['redelivered'] };
const FRESH: MessageFacts = { retained: false };

export class Engine {
  readonly registry: Registry;
  readonly alertLog: AlertLog;
  readonly intake: Intake;
  readonly alerts: Observable<AlertDocument>;
  readonly samples: Observable<SampleColumns[]>;

  readonly #options: EngineOptions;
  readonly #state: State;
  readonly #checkpoints: Checkpoints;
  readonly #decoders = new Map<string, Decoder>();
  readonly #automatic = createDecoder(AUTOMATIC);
  readonly #entries = new Subject<Batch>();
  /** What the entry that is being read came to. */
  readonly #scored: Batch[] = [];
  readonly #alerts = new Subject<AlertDocument>();
  readonly #flushSamples = new Subject<void>();
  readonly #cancels: Cancel[] = [];
  readonly #runaway = new Runaway();
  #kept: { flushed: Promise<void>; all: Promise<void> } | undefined;
  #tickedAt = Infinity;
  #groupedAt = -Infinity;

  constructor(options: EngineOptions) {
    const { capacity, clock, disk, log, telemetry, unitOf, url } = options;
    this.#options = options;
    const publish = (alert: AlertDocument): void => this.#publish(alert);
    const state = new State({ telemetry, publish, disk, capacity, position: () => log.position });
    this.#state = state;
    this.registry = state.registry;
    this.alertLog = state.alertLog;
    this.#checkpoints = new Checkpoints(state, {
      ...options,
      flush: () => this.#flushSamples.next(),
      takeIn: () => this.intake.flush(),
    });
    log.open(this.#logOwner());
    log.read((entry) => this.#read(entry));
    const room = disk && new Room(log, this.registry, state.parking, (id) => state.modelOf(id));
    this.intake = new Intake(log, this.registry, telemetry, room);
    const scored = pipeline(this.#entries, this.registry, (id, time) => state.localOffset(id, time));
    scored.subscribe((batch) => this.#scored.push(batch));
    const due = new Observable<void>((subscriber) => clock.every(SAMPLES_MS, () => subscriber.next()));
    this.samples = scored.pipe(thin(this.registry, merge(due, this.#flushSamples)));
    this.alerts = this.#alerts;
    scored
      .pipe(raise(this.registry, { journal: this.alertLog, unitOf, learningAt, url }))
      .subscribe((alert) => this.#publish(alert));
    telemetry.observe({
      series: () => this.#seriesByState(),
      seriesStateBytes: () => this.registry.bytes,
      seriesParked: () => state.parking.size,
      seriesRunaway: () => this.#runaway.count(this.registry),
      alertsOpen: () => Object.fromEntries(countBy(this.alertLog.open(), (alert) => alert.severity)),
      logDepth: () => log.depth,
      checkpointAgeSeconds: () => (clock.now() - this.checkpointedAt) / 1000,
    });
  }

  /** Makes or changes what a pipeline brings to its series. Its models go on where their shape allows. */
  configure(id: string, config: PipelineConfig, keepsModels: boolean): void {
    if (isDeepStrictEqual(this.pipelines.get(id), config)) return;
    this.#append({ verb: 'configure', pipeline: id, config: keepPipeline(config), keepsModels });
    // Whoever asked goes on with what it brings.
    this.#options.log.readNow();
  }

  removePipeline(id: string): void {
    this.#append({ verb: 'remove', pipeline: id });
    this.#options.log.readNow();
  }

  /** As they were configured, by id. */
  get pipelines(): ReadonlyMap<string, PipelineConfig> {
    return this.#state.pipelines;
  }

  /** Series that wait on disk. */
  get parked(): Iterable<Parked> {
    return this.#state.parking;
  }

  /** Begins to tick. */
  start(): void {
    const { clock } = this.#options;
    this.#append({ verb: 'listen', source: null });
    this.#shareBudgets();
    this.#tickedAt = clock.now();
    this.#cancels.push(clock.every(TICK_MS, () => this.#tick()));
  }

  /** Whether a source can be heard; told when that changes. */
  heard(source: string, connected: boolean): void {
    this.#append(connected ? { verb: 'listen', source } : { verb: 'deaf', source });
  }

  /** How the payloads of a source become readings; automatically where nothing was said. */
  understand(source: string, mapping: Mapping): void {
    this.#decoders.set(source, createDecoder(mapping));
  }

  /** A payload that came in through a source. */
  receive(source: string, topic: string, payload: Uint8Array, arrival: number, facts: MessageFacts = FRESH): Receipt {
    const { telemetry } = this.#options;
    const { redelivery } = this.#state;
    const model = this.#state.routeOf(source);
    if (model === undefined) {
      telemetry.drop('unrouted');
      return UNROUTED;
    }
    if (facts.retained) {
      // The last known value, of unknown age: not a fresh sample.
      telemetry.drop('retained');
      return { accepted: 0, drops: ['retained'] };
    }
    const delivery = deliveryOf(topic, payload, facts);
    if (delivery !== undefined && facts.again === true && redelivery.has(delivery)) {
      telemetry.drop('redelivered');
      return REDELIVERED;
    }
    const decode = this.#decoders.get(source) ?? this.#automatic;
    const receipt = this.intake.accept({ source, topic, arrival, delivery }, decode(topic, payload, arrival), model);
    if (delivery !== undefined && receipt.accepted > 0) redelivery.note(delivery);
    return receipt;
  }

  /** Resolves when everything received so far is kept as safely as was asked for: now it may be acknowledged. */
  kept(): Promise<void> {
    const { log } = this.#options;
    const flushed = this.intake.flushed();
    if (flushed === undefined) return log.kept();
    // A batch that is full goes to the log within a turn: what comes after it waits for the next.
    if (this.#kept?.flushed !== flushed) this.#kept = { flushed, all: flushed.then(() => log.kept()) };
    return this.#kept.all;
  }

  /** The other side of a session has forgotten it: packet ids begin anew. */
  forgetSession(name: string): void {
    const { redelivery } = this.#state;
    const session = sessionOf(name);
    if (redelivery.knows(session)) this.#options.telemetry.sessionLost(name);
    this.#append({ verb: 'session', session });
    redelivery.forget(session);
  }

  /** Acknowledges an open alert. False when no such alert is open. */
  acknowledge(alert: string): boolean {
    return this.#say('ack', alert);
  }

  /** Takes what an open alert is about for the new normal. False when no such alert is open. */
  accept(alert: string): boolean {
    return this.#say('accept', alert);
  }

  #say(verb: 'ack' | 'accept', id: string): boolean {
    const alert = this.alertLog.openById(id);
    if (alert === undefined) return false;
    this.#append({ verb, series: alert.series });
    return true;
  }

  #append(command: Command): void {
    this.intake.flush();
    this.#options.log.append({ kind: 'command', time: this.#options.clock.now(), command });
  }

  /** Of the entry of the log that was read last. */
  get position(): number {
    return this.#options.log.position;
  }

  /** Where reading goes on, and how far it was ever read. */
  get logRange(): { position: number; end: number } {
    return this.#checkpoints.logRange;
  }

  /** Rows taken in and not yet scored. */
  get depth(): number {
    return this.#options.log.depth;
  }

  /** Everything that came in so far has been scored. */
  async settled(): Promise<void> {
    this.intake.flush();
    await this.#options.log.drained();
  }

  /** Latest event time among the series of a source, epoch ms; -Infinity where it has none. */
  lastTimeOf(source: string): number {
    const model = this.#state.routeOf(source);
    let last = -Infinity;
    for (const track of this.registry) {
      if (track.model.pipeline !== model?.pipeline) continue;
      last = Math.max(last, lastTimeOf(track.memory, track.at + track.model.detector.layout.order));
    }
    return last;
  }

  isOverdue({ memory, at, model }: Track): boolean {
    return model.detector.silence(memory, at, this.#options.clock.now(), model.listeningSince) > 0;
  }

  get checkpointedAt(): number {
    return this.#checkpoints.at;
  }

  /** Waited for before a checkpoint counts: what was published up to then must be as safe as the checkpoint. */
  set beforeCheckpoint(action: () => Promise<void>) {
    this.#checkpoints.before = action;
  }

  /** Whether a restart would take long by now, or the last checkpoint is that old and something came since. */
  isCheckpointDue(ageMs: number): boolean {
    return this.#checkpoints.isDue(ageMs);
  }

  /** Writes a checkpoint; one at a time. */
  checkpoint(): Promise<void> {
    this.#runaway.look(this.registry, this.#options.telemetry);
    return this.#checkpoints.save();
  }

  /** The first half of `restore`: what is there. @throws CodedError STATE_LOST */
  async load(acceptLoss = false): Promise<void> {
    await this.#checkpoints.load(acceptLoss);
  }

  /**
   * Comes back as it was, before anything else happens.
   * @param acceptLoss  whether to go on without what no copy is left of
   * @returns series restored. @throws CodedError STATE_LOST
   */
  restore(acceptLoss = false): Promise<number> {
    return this.#checkpoints.restore((entry) => this.#read(entry), acceptLoss);
  }

  async stop(): Promise<void> {
    for (const cancel of this.#cancels.splice(0)) cancel();
    await this.settled();
    await this.#checkpoints.finish();
    this.#entries.complete();
    this.#alerts.complete();
    await this.#options.log.close();
  }

  #tick(): void {
    const { clock, log } = this.#options;
    const now = clock.now();
    this.intake.flush();
    // We were held up ourselves, or the machine slept: what came meanwhile still waits in the sockets.
    if (now - this.#tickedAt > TICK_LATE_MS) this.#append({ verb: 'listen', source: null });
    this.#tickedAt = now;
    this.#shareBudgets();
    this.#checkpoints.tick(now);
    if (now - this.#groupedAt >= GROUP_EVERY_MS) {
      this.#groupedAt = now;
      for (const command of this.#state.groupsDue()) this.#append(command);
    }
    log.append({ kind: 'batch', batch: createTick(now) });
  }

  #shareBudgets(): void {
    for (const command of this.#state.sharesDue()) this.#append(command);
  }

  #read(entry: LogEntry): void {
    const { isPublished, replaying } = this.#checkpoints;
    const { seq } = this.alertLog;
    if (entry.kind === 'command') {
      // Another series may have its place from now on.
      if (entry.command.verb === 'park') this.#flushSamples.next();
      this.#state.obey(entry.command, entry.time, replaying);
    } else this.#step(entry.batch);
    if (!replaying) return;
    if (entry.kind === 'batch') for (const delivery of entry.deliveries ?? []) this.#state.redelivery.note(delivery);
    // The journal is ahead of the partitions and has these already.
    if (isPublished) this.alertLog.seq = seq;
  }

  #step(batch: Batch): void {
    const { replaying } = this.#checkpoints;
    const started = performance.now();
    this.#scored.length = 0;
    this.#entries.next(replaying ? knownRows(batch) : batch);
    const seconds = (performance.now() - started) / 1000;
    // Rows that are read again count as well: who is killed often must not read more and more each time.
    this.#checkpoints.count(batch.length, seconds);
    if (replaying) return;
    this.#options.telemetry.stepped(this.#scored, seconds, (series) => this.registry.tracks[series]?.id);
  }

  #publish(alert: AlertDocument): void {
    if (this.#checkpoints.isPublished) return;
    this.alertLog.push(alert);
    if (alert.event === 'open') this.#options.telemetry.alertOpened(alert.severity, alert.reason);
    this.#alerts.next(alert);
  }

  #seriesByState(): Record<string, number> {
    const states = countBy(this.registry, (track) => {
      if (this.alertLog.isOpen(track.id)) return 'alert';
      return learningOf(track) < 1 ? 'learning' : 'normal';
    });
    return Object.fromEntries(states);
  }

  #logOwner(): LogOwner {
    const { telemetry } = this.#options;
    return {
      numberAt: (index) => this.registry.tracks[index]?.number ?? -1,
      indexOf: (number) => this.registry.numbered(number)?.index ?? -1,
      onWritten: (bytes) => telemetry.written('log', bytes),
      onTrouble: (error) => this.#checkpoints.onLogTrouble(error),
    };
  }
}

/** Rows of series that are there; those of a partition that is not yet awake are none of its business. */
function knownRows(batch: Batch): Batch {
  if (batch.series.every((series, row) => series >= 0 || row >= batch.length)) return batch;
  const known = createBatch(batch.length);
  for (let row = 0; row < batch.length; row++) if (batch.series[row] >= 0) copyRow(batch, row, known);
  known.tick = batch.tick;
  return known;
}

function deliveryOf(topic: string, payload: Uint8Array, { session, packetId }: MessageFacts): Delivery | undefined {
  if (session === undefined || packetId === undefined) return undefined;
  return { session: sessionOf(session), packetId, checksum: checksumOf(topic, payload) };
}
