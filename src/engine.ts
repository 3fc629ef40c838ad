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
import { type Observable, Subject } from 'rxjs';
import { acknowledge, isFiring } from '../models/alert.ts';
import type { AlertDocument } from '../models/alert-document.ts';
import { type Batch, createTick } from '../models/batch.ts';
import { lastTimeOf } from '../models/order.ts';
import type { Cancel, CheckpointStore, Clock, Command, LogEntry, Ownership, SampleLog } from '../models/ports.ts';
import { learningAt, learningOf } from '../models/progress.ts';
import { type Model, Registry, type Track } from '../models/registry.ts';
import { decodeSnapshot, encodeSnapshot, type TrackState } from '../models/snapshot.ts';
import { pipeline } from '../pipelines/pipeline.ts';
import { raise } from '../pipelines/raise.ts';
import { type SampleColumns, thin } from '../pipelines/thin.ts';
import { createDecoder, type Decoder } from '../sensors/decode.ts';
import { AUTOMATIC, type Mapping } from '../sensors/mapping.ts';
import { AlertLog } from './alert-log.ts';
import type { PipelineConfig } from './config/config.ts';
import { createDetector } from './detector-options.ts';
import { GroupKeeper, groupOf } from './group-keeper.ts';
import { Intake, type Receipt } from './intake.ts';
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

const TICK_MS = 1000;
const TICK_LATE_MS = 1500;
const GROUP_EVERY_MS = 10_000;
/** No pipeline reads this source. */
const UNROUTED: Receipt = { accepted: 0, drops: ['unrouted'] };
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
  #saving: Promise<void> | undefined;
  #tickedAt = Infinity;
  #groupedAt = -Infinity;

  constructor(options: EngineOptions) {
    this.#options = options;
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
  configure(id: string, config: PipelineConfig, keepsModels: boolean): void {
    const known = this.#models.get(id);
    const detector = createDetector(config);
    detector.series = known?.detector.series ?? 1;
    if (known !== undefined && !keepsModels) this.#removeTracks(id);
    const model: Model = known ?? { pipeline: id, listeningSince: -Infinity, detector, seed: config.seed };
    model.detector = detector;
    model.seed = config.seed;
    if (config.peers === null) delete model.peers;
    else model.peers = config.peers;
    this.#models.set(id, model);
    if (this.#groups.configure(id, config)) this.#closeOrphans(this.#options.clock.now());
    this.#localOffset.set(id, localOffsetOf(config.timezone));
    this.#inputs.set(id, config.inputs);
    // The source that could not be heard may be none of its inputs any more, or be one now.
    if (this.#isDeaf(id) !== (model.listeningSince === Infinity)) this.#listen(id, model, this.#options.clock.now());
    this.#route();
  }

  removePipeline(id: string): void {
    const model = this.#models.get(id);
    if (model === undefined) return;
    this.#removeTracks(id);
    this.#models.delete(id);
    this.#groups.forget(id);
    this.#inputs.delete(id);
    this.#route();
    this.#localOffset.delete(id);
  }

  /** Begins to read the log and to tick. */
  start(): void {
    const { clock, log } = this.#options;
    log.read(log.position, (entry) => this.#read(entry));
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
  receive(source: string, topic: string, payload: Uint8Array, arrival: number, retained = false): Receipt {
    const model = this.#routes.get(source);
    if (model === undefined) {
      this.#options.telemetry.drop('unrouted');
      return UNROUTED;
    }
    if (retained) {
      // The last known value, of unknown age: not a fresh sample.
      this.#options.telemetry.drop('retained');
      return { accepted: 0, drops: ['retained'] };
    }
    const decode = this.#decoders.get(source) ?? this.#automatic;
    return this.intake.accept({ source, topic, arrival }, decode(topic, payload, arrival), model);
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

  /** Writes a checkpoint; one at a time. Each partition is copied between two batches. */
  checkpoint(): Promise<void> {
    this.#saving ??= this.#save().finally(() => (this.#saving = undefined));
    return this.#saving;
  }

  /** Takes over the last checkpoint. @returns series restored; 0 where there was no checkpoint */
  async restore(): Promise<number> {
    const checkpoint = await this.#options.store.load();
    if (checkpoint === undefined) return 0;
    this.alertLog.restore(checkpoint.journal);
    for (const shard of checkpoint.shards) this.#restoreShard(shard.partition, [shard.bytes, ...shard.older]);
    this.checkpointedAt = this.#options.clock.now();
    return this.registry.size;
  }

  /** Takes over a partition from the newest copy that can be read. */
  #restoreShard(partition: number, copies: readonly Uint8Array[]): void {
    const { telemetry } = this.#options;
    for (const [age, bytes] of copies.entries()) {
      try {
        const { tracks, damaged, damagedPools } = decodeSnapshot(bytes, TEXT);
        for (const id of damaged)
          telemetry.log.error({ series: id }, 'the checkpoint of this series is damaged; it starts untrained');
        for (const { family } of damagedPools)
          telemetry.log.error(
            { partition, family },
            'the checkpoint of shared weights is damaged; they start untrained',
          );
        for (const state of tracks) this.#restoreTrack(state);
        if (age > 0)
          telemetry.log.error({ partition }, 'the newest checkpoint of a partition is damaged; an older one serves');
        return;
      } catch (error) {
        telemetry.log.error({ partition, err: error }, 'a checkpoint of a partition cannot be read');
      }
    }
    telemetry.log.error({ partition }, 'no checkpoint of a partition can be read; its series start untrained');
  }

  #restoreTrack(state: TrackState): void {
    const { id, source, pipeline: owner, shape, block } = state;
    const { telemetry } = this.#options;
    const model = this.#models.get(owner);
    if (model === undefined) {
      telemetry.log.warn(
        { series: id, pipeline: owner },
        'the pipeline of this series is gone, and with it what was learned',
      );
    } else if (state.group !== undefined) {
      this.#groups.restore({ ...state, group: state.group });
    } else if (model.detector.shape !== shape || model.detector.size !== block.length) {
      telemetry.log.warn({ series: id }, 'the checkpoint is of another shape; the series starts untrained');
    } else {
      const track = this.registry.admit(id, source, model);
      if (track === undefined) return;
      if (track.pool?.family !== state.pool?.family) {
        telemetry.log.warn({ series: id }, 'the checkpoint is of another family; the series starts untrained');
        return;
      }
      track.memory.set(block, track.at);
      if (track.pool !== undefined && state.pool !== undefined) track.pool.restore(state.pool.block);
    }
  }

  async stop(): Promise<void> {
    for (const cancel of this.#cancels.splice(0)) cancel();
    await this.settled();
    // One that is being written began before the last samples came.
    await this.#saving?.catch(() => {}); // logged and counted where it failed
    this.alertLog.clean = true;
    await this.checkpoint();
    this.#entries.complete();
    this.#alerts.complete();
    this.#options.log.close();
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
    if (entry.kind === 'command') {
      this.#obey(entry.command, entry.time);
      return;
    }
    const started = performance.now();
    this.#scored.length = 0;
    this.#entries.next(entry.batch);
    const seconds = (performance.now() - started) / 1000;
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
    this.alertLog.push(alert);
    if (alert.event === 'open') this.#options.telemetry.alertOpened(alert.severity, alert.reason);
    this.#alerts.next(alert);
  }

  async #save(): Promise<void> {
    const { clock, log, store, telemetry } = this.#options;
    const started = clock.now();
    this.#runaway.look(this.registry, telemetry);
    const shards = [];
    for (const [partition, tracks] of this.#byPartition()) {
      // A series may have been removed, and its memory be another's, since the list was made.
      const present = tracks.filter((track) => this.registry.find(track.id) === track);
      const rows = present.map((track) => ({
        ...track,
        pipeline: track.model.pipeline,
        shape: track.model.detector.shape,
        size: track.model.detector.size,
        ...groupOf(track),
      }));
      shards.push({ partition, position: log.position, bytes: encodeSnapshot(partition, rows, TEXT) });
      await nextTurn();
    }
    try {
      await store.save({ shards, journal: this.alertLog.toJSON() });
      this.checkpointedAt = clock.now();
      telemetry.checkpointSaved(
        shards.reduce((sum, { bytes }) => sum + bytes.length, 0),
        clock.now() - started,
      );
    } catch (error) {
      telemetry.checkpointFailed(error);
      throw error;
    }
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

  #removeTracks(id: string): void {
    for (const track of this.registry) if (track.model.pipeline === id) this.registry.remove(track);
    this.#closeOrphans(this.#options.clock.now());
  }
}

function countBy<T>(items: Iterable<T>, keyOf: (item: T) => string): Map<string, number> {
  const counts = new Map<string, number>();
  for (const item of items) counts.set(keyOf(item), (counts.get(keyOf(item)) ?? 0) + 1);
  return counts;
}
