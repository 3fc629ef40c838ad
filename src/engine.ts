/**
 * The heart of the daemon, without doors: readings in, alerts and samples for screens out, state to and from a
 * checkpoint.
 *
 *   receive ▸ decode ▸ intake ▸ log ▸ order ▸ pace ▸ detect ──▶ alerts
 *                                                         └──▶ samples
 *
 * All state lies in the registry's blocks and the alert log, and changes only while an entry of the log is read.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { type Observable, Subject } from 'rxjs';
import { acknowledge, isFiring } from '../models/alert.ts';
import type { AlertDocument } from '../models/alert-document.ts';
import { type Batch, copyRow, createBatch, createTick } from '../models/batch.ts';
import { CodedError } from '../models/errors.ts';
import { lastTimeOf } from '../models/order.ts';
import type {
  Cancel,
  CheckpointStore,
  Clock,
  Command,
  Delivery,
  KeptCheckpoint,
  LogEntry,
  LogOwner,
  Ownership,
  SampleLog,
} from '../models/ports.ts';
import { learningAt, learningOf } from '../models/progress.ts';
import { type Model, Registry, type Track } from '../models/registry.ts';
import { decodeSnapshot, encodeSnapshot, type TrackState } from '../models/snapshot.ts';
import { pipeline } from '../pipelines/pipeline.ts';
import { raise } from '../pipelines/raise.ts';
import { type SampleColumns, thin } from '../pipelines/thin.ts';
import { createDecoder, type Decoder } from '../sensors/decode.ts';
import { AUTOMATIC, type Mapping } from '../sensors/mapping.ts';
import type { MessageFacts } from '../sensors/source.ts';
import { seriesId } from '../sensors/topic.ts';
import { AlertLog } from './alert-log.ts';
import type { PipelineConfig } from './config/config.ts';
import { createDetector } from './detector-options.ts';
import { GroupKeeper, groupOf } from './group-keeper.ts';
import { Intake, type Receipt } from './intake.ts';
import { checksumOf, Redelivery } from './redelivery.ts';
import { type Head, lost, planRecovery, refuseLoss, type Tail } from './recovery.ts';
import { Runaway } from './runaway.ts';
import type { Telemetry } from './telemetry.ts';
import { localOffsetOf } from './timezone.ts';

export interface EngineOptions {
  clock: Clock;
  log: SampleLog;
  store: CheckpointStore;
  ownership: Ownership;
  telemetry: Telemetry;
  unitOf: (source: string) => string;
  /** Base of the links in alerts. */
  url: () => string;
}

/** What is known of a message besides its topic and payload. */
interface Facts extends MessageFacts {
  /** Within which its packet id means something. */
  session?: string;
}

/** What a restart may take to read again what came since the checkpoint. */
const REPLAY_SECONDS = 8;
/** Weight of one row in the mean time for a row, and that time before any was measured. */
const PACE = 1e-5;
const SECONDS_PER_ROW = 2e-5;
const TICK_MS = 1000;
const TICK_LATE_MS = 1500;
const GROUP_EVERY_MS = 10_000;
/** No pipeline reads this source. */
const UNROUTED: Receipt = { accepted: 0, drops: ['unrouted'] };
const REDELIVERED: Receipt = { accepted: 0, drops: ['redelivered'] };
const FRESH: Facts = { retained: false };
const TEXT = {
  encode: (text: string) => Buffer.from(text),
  decode: (bytes: Uint8Array) => Buffer.from(bytes).toString(),
};

export class Engine {
  readonly registry = new Registry();
  readonly alertLog = new AlertLog();
  readonly intake: Intake;
  readonly alerts: Observable<AlertDocument>;
  readonly samples: Observable<SampleColumns[]>;
  checkpointedAt = Number.NaN;
  /** Waited for before a checkpoint counts: what was published up to then must be as safe as the checkpoint. */
  beforeCheckpoint: () => Promise<void> = () => Promise.resolve();

  readonly #options: EngineOptions;
  readonly #models = new Map<string, Model>();
  readonly #groups: GroupKeeper;
  /** Sources of each pipeline, by its id. */
  readonly #inputs = new Map<string, string[]>();
  readonly #routes = new Map<string, Model>();
  /** Sources that cannot be heard. */
  readonly #deaf = new Set<string>();
  readonly #decoders = new Map<string, Decoder>();
  readonly #automatic = createDecoder(AUTOMATIC);
  readonly #localOffset = new Map<string, (time: number) => number>();
  readonly #entries = new Subject<Batch>();
  /** What the entry that is being read came to. */
  readonly #scored: Batch[] = [];
  readonly #alerts = new Subject<AlertDocument>();
  readonly #cancels: Cancel[] = [];
  readonly #runaway = new Runaway();
  readonly #redelivery = new Redelivery();
  /** As they were configured. */
  readonly #configs = new Map<string, PipelineConfig>();
  /** Entries of the log from before the process began are read. */
  #replaying = false;
  /** Partitions that do not yet take part in that. */
  readonly #asleep = new Set<number>();
  /** Up to this position everything was published before the process began. */
  #published = 0;
  /** Behind this position the log must be kept, for the newest checkpoint. */
  #keptFrom = 0;
  /** Scored since the last checkpoint, by whomever: who is killed often must not read more and more each time. */
  #rows = 0;
  #secondsPerRow = SECONDS_PER_ROW;
  #kept: { flushed: Promise<void>; all: Promise<void> } | undefined;
  #saving: Promise<void> | undefined;
  #tickedAt = Infinity;
  #groupedAt = -Infinity;

  constructor(options: EngineOptions) {
    this.#options = options;
    options.log.open(this.#logOwner());
    options.log.read((entry) => this.#read(entry));
    this.#groups = new GroupKeeper(this.registry, this.#models, options.telemetry);
    this.intake = new Intake(options.log, this.registry, options.telemetry);
    const offset = (id: string, time: number) => this.#localOffset.get(id)?.(time) ?? 0;
    const scored = pipeline(this.#entries, this.registry, offset);
    scored.subscribe((batch) => this.#scored.push(batch));
    this.samples = scored.pipe(thin(this.registry));
    this.alerts = this.#alerts;
    const { unitOf } = options;
    scored
      .pipe(raise(this.registry, { journal: this.alertLog, unitOf, learningAt, url: options.url }))
      .subscribe((alert) => this.#publish(alert));
    options.telemetry.observe({
      series: () => this.#seriesByState(),
      seriesStateBytes: () => this.registry.bytes,
      seriesRunaway: () => this.#runaway.count(this.registry),
      alertsOpen: () => Object.fromEntries(countBy(this.alertLog.open(), (alert) => alert.severity)),
      logDepth: () => options.log.depth,
      checkpointAgeSeconds: () => (options.clock.now() - this.checkpointedAt) / 1000,
    });
  }

  /** Makes or changes what a pipeline brings to its series. Its models go on where their shape allows. */
  configure(pipeline: string, config: PipelineConfig, keepsModels: boolean): void {
    if (isDeepStrictEqual(this.#configs.get(pipeline), config)) return;
    this.#append({ verb: 'configure', pipeline, config, keepsModels });
    // Whoever asked goes on with what it brings.
    this.#options.log.readNow();
  }

  removePipeline(pipeline: string): void {
    this.#append({ verb: 'remove', pipeline });
    this.#options.log.readNow();
  }

  /** As they were configured, by id. */
  get pipelines(): ReadonlyMap<string, PipelineConfig> {
    return this.#configs;
  }

  #configure(id: string, config: PipelineConfig, keepsModels: boolean, time: number): void {
    this.#configs.set(id, config);
    const known = this.#models.get(id);
    const detector = createDetector(config);
    detector.series = known?.detector.series ?? 1;
    if (known !== undefined && !keepsModels) {
      this.#options.telemetry.log.warn(
        { pipeline: id },
        'the models are of another shape now; the series start untrained',
      );
      this.#removeTracks(id, time);
    }
    const model: Model = known ?? { pipeline: id, listeningSince: -Infinity, detector, seed: config.seed };
    model.detector = detector;
    model.seed = config.seed;
    if (config.peers === null) delete model.peers;
    else model.peers = config.peers;
    this.#models.set(id, model);
    if (this.#groups.configure(id, config)) this.#closeOrphans(time);
    this.#localOffset.set(id, localOffsetOf(config.timezone));
    this.#inputs.set(id, config.inputs);
    // The source that could not be heard may be none of its inputs any more, or be one now.
    if (this.#isDeaf(id) !== (model.listeningSince === Infinity)) this.#listen(id, model, time);
    this.#route();
  }

  #removePipeline(id: string, time: number): void {
    const model = this.#models.get(id);
    if (model === undefined) return;
    this.#removeTracks(id, time);
    this.#configs.delete(id);
    this.#models.delete(id);
    this.#groups.forget(id);
    this.#inputs.delete(id);
    this.#route();
    this.#localOffset.delete(id);
  }

  /** Begins to read the log and to tick. */
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
  receive(source: string, topic: string, payload: Uint8Array, arrival: number, facts: Facts = FRESH): Receipt {
    const model = this.#routes.get(source);
    if (model === undefined) {
      this.#options.telemetry.drop('unrouted');
      return UNROUTED;
    }
    if (facts.retained) {
      // The last known value, of unknown age: not a fresh sample.
      this.#options.telemetry.drop('retained');
      return { accepted: 0, drops: ['retained'] };
    }
    const delivery = deliveryOf(topic, payload, facts);
    if (delivery !== undefined && facts.again === true && this.#redelivery.has(delivery)) {
      this.#options.telemetry.drop('redelivered');
      return REDELIVERED;
    }
    const decode = this.#decoders.get(source) ?? this.#automatic;
    const receipt = this.intake.accept({ source, topic, arrival, delivery }, decode(topic, payload, arrival), model);
    if (delivery !== undefined && receipt.accepted > 0) this.#redelivery.note(delivery);
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
  forgetSession(session: string): void {
    this.#append({ verb: 'session', session });
    this.#redelivery.forget(session);
  }

  /** Acknowledges an open alert. False when no such alert is open. */
  acknowledge(alert: string): boolean {
    if (this.alertLog.openById(alert) === undefined) return false;
    this.#append({ verb: 'ack', alert });
    return true;
  }

  /** Takes what an open alert is about for the new normal. False when no such alert is open. */
  accept(alert: string): boolean {
    if (this.alertLog.openById(alert) === undefined) return false;
    this.#append({ verb: 'accept', alert });
    return true;
  }

  #append(command: Command): void {
    this.intake.flush();
    this.#options.log.append({ kind: 'command', time: this.#options.clock.now(), command });
  }

  /** Rows taken in and not yet scored. */
  get depth(): number {
    return this.#options.log.depth;
  }

  /** Of the entry of the log that was read last. */
  get position(): number {
    return this.#options.log.position;
  }

  /** Everything that came in so far has been scored. */
  async settled(): Promise<void> {
    this.intake.flush();
    await this.#options.log.drained();
  }

  /** Latest event time among the series of a source, epoch ms; -Infinity where it has none. */
  lastTimeOf(source: string): number {
    const model = this.#routes.get(source);
    let last = -Infinity;
    for (const track of this.registry) {
      if (track.model !== model) continue;
      last = Math.max(last, lastTimeOf(track.memory, track.at + track.model.detector.layout.order));
    }
    return last;
  }

  isOverdue({ memory, at, model }: Track): boolean {
    return model.detector.silence(memory, at, this.#options.clock.now(), model.listeningSince) > 0;
  }

  /** Whether a restart would take long by now, or the last checkpoint is that old and something came since. */
  isCheckpointDue(ageMs: number): boolean {
    if (this.#rows === 0) return false;
    const isLong = this.#rows * this.#secondsPerRow >= REPLAY_SECONDS;
    return isLong || !(this.#options.clock.now() - this.checkpointedAt < ageMs);
  }

  /** Writes a checkpoint; one at a time. Each partition is copied between two batches. */
  checkpoint(): Promise<void> {
    this.#saving ??= this.#save().finally(() => (this.#saving = undefined));
    return this.#saving;
  }

  /**
   * Comes back as it was: the last checkpoint, and what the log has behind it. Before anything else happens.
   * @param acceptLoss  whether to go on without what no copy is left of
   * @returns series restored
   * @throws CodedError STATE_LOST
   */
  async restore(acceptLoss = false): Promise<number> {
    const { clock, log, telemetry } = this.#options;
    const started = clock.now();
    const kept = await this.#load(acceptLoss);
    const recovery = planRecovery(kept, log.oldest());
    if (!acceptLoss) refuseLoss(kept, recovery, log.oldest());
    for (const file of kept?.damaged ?? []) telemetry.log.warn({ file }, 'a file of the checkpoint is damaged');
    for (const partition of recovery.fallenBack)
      telemetry.log.warn({ partition }, 'the newest copy of a partition is damaged; the one before and the log serve');
    this.#takeHead(recovery.head);
    if (recovery.tail !== undefined) this.#takeTail(recovery.tail);
    this.#published = recovery.published;
    this.#keptFrom = recovery.from;
    // What is left of a copy that is not whole comes with the others, untrained where it is damaged.
    const copies = [...recovery.copies, ...recovery.lost].sort((a, b) => a.position - b.position);
    for (const { partition } of copies) this.#asleep.add(partition);
    const wake = (until: number): void => {
      while (copies.length > 0 && copies[0].position <= until) this.#wake(copies.shift()!);
    };
    const from = recovery.head?.position ?? 0;
    wake(from);
    this.#replaying = true;
    const replayed = await log.replay(from, {
      before: (position) => wake(position - 1),
      read: (entry) => this.#read(entry),
    });
    wake(Infinity);
    this.#replaying = false;
    const missing = replayed.missing + Math.max(0, recovery.published - log.position);
    if (missing > 0) this.alertLog.reserve();
    for (const damage of replayed.damage) telemetry.log.warn({ damage }, 'the log is damaged');
    telemetry.recovered({ entries: replayed.entries, missing, milliseconds: clock.now() - started });
    this.checkpointedAt = kept === undefined ? Number.NaN : clock.now();
    return this.registry.size;
  }

  /** Where nothing can be read any more, the log may still have everything. */
  async #load(acceptLoss: boolean): Promise<KeptCheckpoint | undefined> {
    const { log, store, telemetry } = this.#options;
    try {
      return await store.load();
    } catch (error) {
      if (!(error instanceof CodedError && error.code === 'CHECKPOINT_CORRUPT')) throw error;
      if (!acceptLoss && log.oldest() !== 1) throw lost([error.message]);
      telemetry.log.error({ err: error }, 'no checkpoint can be read; the log is read from its beginning');
      return undefined;
    }
  }

  #takeHead(head: Head | undefined): void {
    if (head === undefined) return;
    this.registry.reserveNumbers(head.nextNumber);
    for (const source of head.deaf) this.#deaf.add(source);
    for (const { id, config, since, series } of head.pipelines) {
      this.#configure(id, config, true, since ?? -Infinity);
      const model = this.#models.get(id);
      if (model === undefined) continue;
      model.detector.series = series;
      if (model.listeningSince !== Infinity) model.listeningSince = since ?? -Infinity;
    }
  }

  #takeTail({ alerts, redelivery }: Tail): void {
    this.alertLog.restore(alerts);
    this.#redelivery.restore(redelivery);
  }

  #wake({ partition, bytes }: { partition: number; bytes: Uint8Array }): void {
    this.#asleep.delete(partition);
    if (bytes.length === 0) return;
    const { telemetry } = this.#options;
    try {
      const { tracks, damaged } = decodeSnapshot(bytes, TEXT);
      for (const id of damaged)
        telemetry.log.error({ series: id }, 'the checkpoint of this series is damaged; it starts untrained');
      for (const state of tracks) this.#restoreTrack(state, partition);
    } catch (error) {
      telemetry.log.error({ partition, err: error }, 'a partition cannot be read; its series start untrained');
    }
  }

  #restoreTrack(state: TrackState, partition: number): void {
    const { id, source, number, pipeline: owner, shape, block } = state;
    const { telemetry } = this.#options;
    const model = this.#models.get(owner);
    if (model === undefined) {
      telemetry.log.warn(
        { series: id, pipeline: owner },
        'the pipeline of this series is gone, and with it what was learned',
      );
    } else if (state.group !== undefined) {
      this.#groups.restore({ ...state, group: state.group }, partition);
    } else if (model.detector.shape !== shape || model.detector.size !== block.length) {
      telemetry.log.warn({ series: id }, 'the checkpoint is of another shape; the series starts untrained');
      // It keeps its place in the log.
      this.registry.admit(id, source, model, { number, partition });
    } else {
      const track = this.registry.admit(id, source, model, { number, partition });
      track?.memory.set(block, track.at);
    }
  }

  async stop(): Promise<void> {
    for (const cancel of this.#cancels.splice(0)) cancel();
    await this.settled();
    // One that is being written began before the last samples came.
    await this.#saving?.catch(() => {}); // logged and counted where it failed
    await this.checkpoint();
    this.#entries.complete();
    this.#alerts.complete();
    await this.#options.log.close();
  }

  #onLogTrouble(error: unknown): void {
    this.#options.telemetry.durable(error);
    // Behind the hole the log goes on; before it, only a checkpoint knows.
    if (error === undefined) this.checkpoint().catch(() => {}); // logged and counted where it failed
  }

  #tick(): void {
    const { clock, log } = this.#options;
    const now = clock.now();
    this.intake.flush();
    // We were held up ourselves, or the machine slept: what came meanwhile still waits in the sockets.
    if (now - this.#tickedAt > TICK_LATE_MS) this.#append({ verb: 'listen', source: null });
    this.#tickedAt = now;
    this.#shareBudgets();
    if (now - this.#groupedAt >= GROUP_EVERY_MS) {
      this.#groupedAt = now;
      for (const command of this.#groups.missing()) this.#append(command);
    }
    log.append({ kind: 'batch', batch: createTick(now) });
  }

  #read(entry: LogEntry): void {
    const { seq } = this.alertLog;
    if (entry.kind === 'command') this.#obey(entry.command, entry.time);
    else this.#step(entry.batch);
    if (!this.#replaying) return;
    if (entry.kind === 'batch') for (const delivery of entry.deliveries ?? []) this.#redelivery.note(delivery);
    // The journal is ahead of the partitions and has these already.
    if (this.#isPublished) this.alertLog.seq = seq;
  }

  /** Whether what the entry that is being read leads to was published before the process began. */
  get #isPublished(): boolean {
    return this.#options.log.position <= this.#published;
  }

  #step(batch: Batch): void {
    const started = performance.now();
    this.#scored.length = 0;
    this.#entries.next(this.#replaying ? knownRows(batch) : batch);
    this.#rows += batch.length;
    if (this.#replaying) return;
    const seconds = (performance.now() - started) / 1000;
    if (batch.length > 0) this.#secondsPerRow += PACE * batch.length * (seconds / batch.length - this.#secondsPerRow);
    this.#options.telemetry.stepped(this.#scored, seconds, (series) => this.registry.tracks[series]?.id);
  }

  #obey(command: Command, time: number): void {
    switch (command.verb) {
      case 'ack':
        this.#acknowledge(command.alert, time);
        break;
      case 'accept':
        this.#accept(command.alert);
        break;
      case 'listen':
        if (command.source === null) this.#closeOrphans(time);
        else this.#deaf.delete(command.source);
        this.#listenThrough(command.source, time);
        break;
      case 'deaf':
        this.#deaf.add(command.source);
        this.#listenThrough(command.source, time);
        break;
      case 'share':
        for (const { detector } of this.#modelsOf(command.pipeline)) detector.series = command.series;
        break;
      case 'configure':
        this.#configure(command.pipeline, command.config as PipelineConfig, command.keepsModels, time);
        break;
      case 'remove':
        this.#removePipeline(command.pipeline, time);
        break;
      case 'admit':
        this.#admit(command.number, command.source, command.pipeline);
        break;
      case 'session':
        // While the daemon runs it was done when it was said, and later ids are noted already.
        if (this.#replaying) this.#redelivery.forget(command.session);
        break;
      case 'group': {
        const { pipeline, source, watched, context } = command;
        this.#groups.admit(pipeline, source, [...watched, ...context], watched.length);
        this.#closeOrphans(time);
      }
    }
  }

  /** A budget is a pipeline's, and each of its series has the same part of it. */
  #shareBudgets(): void {
    const counts = countBy(this.registry, (track) => track.model.pipeline);
    for (const [pipeline, { detector }] of this.#models) {
      const series = Math.max(1, counts.get(pipeline) ?? 0);
      if (series !== detector.series) this.#append({ verb: 'share', pipeline, series });
    }
  }

  /** The model of a pipeline's series, and those of its groups. */
  #modelsOf(pipeline: string): Set<Model> {
    const models = new Set<Model>();
    const own = this.#models.get(pipeline);
    if (own !== undefined) models.add(own);
    for (const track of this.registry) if (track.model.pipeline === pipeline) models.add(track.model);
    return models;
  }

  #listenThrough(source: string | null, time: number): void {
    for (const [id, model] of this.#models) {
      if (source === null || this.#inputs.get(id)?.includes(source) === true) this.#listen(id, model, time);
    }
  }

  /** A pipeline is listened to from when all its sources are heard. */
  #listen(id: string, model: Model, time: number): void {
    const since = this.#isDeaf(id) ? Infinity : time;
    model.listeningSince = since;
    for (const group of this.#modelsOf(id)) group.listeningSince = since;
  }

  #isDeaf(id: string): boolean {
    return this.#inputs.get(id)?.some((input) => this.#deaf.has(input)) === true;
  }

  /** Ends alerts that no series will ever end: it was removed, or came back from a checkpoint without its state. */
  #closeOrphans(now: number): void {
    for (const alert of this.alertLog.open()) {
      const track = this.registry.find(alert.series);
      if (track !== undefined && isFiring(track.memory, track.at + track.model.detector.layout.alert)) continue;
      const time = new Date(now).toISOString();
      const seq = ++this.alertLog.seq;
      this.#publish({ ...alert, event: 'close', status: 'cleared', updated_at: time, ended_at: time, seq });
    }
  }

  #acknowledge(id: string, time: number): void {
    const alert = this.alertLog.openById(id);
    const track = alert === undefined ? undefined : this.registry.find(alert.series);
    if (alert === undefined || track === undefined) return;
    if (!acknowledge(track.memory, track.at + track.model.detector.layout.alert)) return;
    const seq = ++this.alertLog.seq;
    this.#publish({ ...alert, event: 'ack', acked: true, updated_at: new Date(time).toISOString(), seq });
  }

  /** The close comes with the next row of the series. */
  #accept(id: string): void {
    const alert = this.alertLog.openById(id);
    const track = alert === undefined ? undefined : this.registry.find(alert.series);
    track?.model.detector.acceptRegime(track.memory, track.at);
  }

  #publish(alert: AlertDocument): void {
    if (this.#isPublished) return;
    this.alertLog.push(alert);
    if (alert.event === 'open') this.#options.telemetry.alertOpened(alert.severity, alert.reason);
    this.#alerts.next(alert);
  }

  async #save(): Promise<void> {
    const { clock, log, store, telemetry } = this.#options;
    const started = clock.now();
    this.#runaway.look(this.registry, telemetry);
    const head = this.#head();
    const rows = this.#rows;
    const shards = [];
    for (const [partition, tracks] of this.#byPartition()) {
      // A series may have been removed, and its memory be another's, since the list was made.
      const present = tracks.filter((track) => this.registry.find(track.id) === track);
      const states = present.map((track) => ({
        ...track,
        pipeline: track.model.pipeline,
        shape: track.model.detector.shape,
        size: track.model.detector.size,
        ...groupOf(track),
      }));
      shards.push({ partition, position: log.position, bytes: encodeSnapshot(partition, states, TEXT) });
      await nextTurn();
    }
    const journal: Tail = { alerts: this.alertLog.toJSON(), redelivery: this.#redelivery.toJSON() };
    const { position } = log;
    try {
      // What the checkpoint speaks of must be there wherever it is.
      await Promise.all([log.sync(), this.beforeCheckpoint()]);
      const { bytes } = await store.save({ position, head, shards, journal });
      this.#rows -= rows;
      this.checkpointedAt = clock.now();
      log.trim(this.#keptFrom);
      this.#keptFrom = head.position;
      telemetry.checkpointSaved(bytes, clock.now() - started);
    } catch (error) {
      telemetry.checkpointFailed(error);
      throw error;
    }
  }

  #head(): Head {
    const pipelines = [...this.#configs].flatMap(([id, config]) => {
      const model = this.#models.get(id);
      if (model === undefined) return [];
      const { listeningSince, detector } = model;
      return [{ id, config, since: Number.isFinite(listeningSince) ? listeningSince : null, series: detector.series }];
    });
    const { nextNumber } = this.registry;
    return { position: this.#options.log.position, pipelines, deaf: [...this.#deaf], nextNumber };
  }

  #byPartition(): Map<number, Track[]> {
    const partitions = new Map<number, Track[]>();
    for (const track of this.registry) {
      if (!this.#options.ownership.owns(track.partition)) continue;
      const tracks = partitions.get(track.partition);
      if (tracks === undefined) partitions.set(track.partition, [track]);
      else tracks.push(track);
    }
    return partitions;
  }

  #seriesByState(): Record<string, number> {
    const states = countBy(this.registry, (track) => {
      if (this.alertLog.isOpen(track.id)) return 'alert';
      return learningOf(track) < 1 ? 'learning' : 'normal';
    });
    return Object.fromEntries(states);
  }

  /** The first pipeline that names a source has its series. */
  #route(): void {
    this.#routes.clear();
    for (const [id, inputs] of this.#inputs) {
      const model = this.#models.get(id);
      for (const input of inputs) if (model !== undefined && !this.#routes.has(input)) this.#routes.set(input, model);
    }
  }

  /** While the daemon runs it is there already, from the moment its first sample came in. */
  #admit(number: number, source: string, pipeline: string): void {
    const model = this.#models.get(pipeline);
    const id = seriesId(source);
    if (model === undefined || this.#asleep.has(this.registry.partitionOf(id, source, model))) return;
    this.registry.admit(id, source, model, { number });
  }

  #removeTracks(id: string, time: number): void {
    for (const track of this.registry) if (track.model.pipeline === id) this.registry.remove(track);
    this.#closeOrphans(time);
  }

  #logOwner(): LogOwner {
    const { telemetry } = this.#options;
    return {
      numberAt: (index) => this.registry.tracks[index]?.number ?? -1,
      indexOf: (number) => this.registry.numbered(number)?.index ?? -1,
      onTrouble: (error) => this.#onLogTrouble(error),
      onWritten: (bytes) => telemetry.written('log', bytes),
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

function deliveryOf(topic: string, payload: Uint8Array, { session, packetId }: Facts): Delivery | undefined {
  if (session === undefined || packetId === undefined) return undefined;
  return { session, packetId, checksum: checksumOf(topic, payload) };
}

function countBy<T>(items: Iterable<T>, keyOf: (item: T) => string): Map<string, number> {
  const counts = new Map<string, number>();
  for (const item of items) counts.set(keyOf(item), (counts.get(keyOf(item)) ?? 0) + 1);
  return counts;
}
