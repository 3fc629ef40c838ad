/**
 * All that entries of the log change: the series and what they learned, the pipelines, the alerts that are open, and which
 * messages came in. It changes by nothing else, so that reading the log again makes the same of it.
 */
import { acknowledge, isFiring } from '../models/alert.ts';
import type { AlertDocument } from '../models/alert-document.ts';
import { ContextTrack } from '../models/context-track.ts';
import type { Command, Disk, Shard } from '../models/ports.ts';
import { type Model, modelOf, Registry } from '../models/registry.ts';
import { decodeSnapshot, encodeSnapshot, refuseOtherVersion, type TrackState } from '../models/snapshot.ts';
import { seriesId } from '../sensors/topic.ts';
import { AlertLog } from './alert-log.ts';
import type { Capacity } from './capacity.ts';
import type { PipelineConfig } from './config/config.ts';
import { keepPipeline, keptPipeline } from './config/kept.ts';
import { contextOf, createDetector } from './detector-options.ts';
import { GroupKeeper } from './group-keeper.ts';
import { homeIn } from './groups.ts';
import { Parking } from './parking.ts';
import type { Head, Tail } from './recovery.ts';
import { Redelivery } from './redelivery.ts';
import type { Telemetry } from './telemetry.ts';
import { localOffsetOf } from './timezone.ts';
import { TEXT, trackState } from './track-state.ts';

export interface StateOptions {
  telemetry: Telemetry;
  publish: (alert: AlertDocument) => void;
  /** Where series are parked; absent: they are not. */
  disk?: Disk | undefined;
  capacity?: Capacity | undefined;
  /** Of the entry of the log that is read. */
  position: () => number;
}

export class State {
  readonly registry: Registry;
  readonly parking: Parking;
  readonly alertLog = new AlertLog();
  readonly redelivery = new Redelivery();
  /** As they were configured, by id. */
  readonly pipelines = new Map<string, PipelineConfig>();
  /** How often series may have moved between partitions. */
  moves = 0;

  readonly #telemetry: Telemetry;
  readonly #publish: (alert: AlertDocument) => void;
  readonly #models = new Map<string, Model>();
  readonly #groups: GroupKeeper;
  readonly #routes = new Map<string, Model>();
  /** Sources that cannot be heard. */
  readonly #deaf = new Set<string>();
  readonly #localOffset = new Map<string, (time: number) => number>();
  /** Partitions whose copy is of a later position than the log has been read again to. */
  readonly #asleep = new Set<number>();

  constructor({ telemetry, publish, disk, capacity, position }: StateOptions) {
    this.#telemetry = telemetry;
    this.#publish = publish;
    this.registry = new Registry(capacity?.bytesMax, capacity?.seriesMax);
    this.parking = new Parking({ registry: this.registry, disk, telemetry, position });
    this.#groups = new GroupKeeper(this.registry, this.#models, telemetry);
  }

  /** What steps the series of a source; undefined where no pipeline reads it. */
  routeOf(source: string): Model | undefined {
    return this.#routes.get(source);
  }

  /** What a pipeline brings to its series. */
  modelOf(pipeline: string): Model | undefined {
    return this.#models.get(pipeline);
  }

  /** What to add to an epoch time to get the local time of a pipeline, ms. */
  localOffset(pipeline: string, time: number): number {
    return this.#localOffset.get(pipeline)?.(time) ?? 0;
  }

  /** @param replaying  whether it was said before the process began */
  obey(command: Command, time: number, replaying: boolean): void {
    switch (command.verb) {
      case 'ack':
        this.#acknowledge(command.series, time);
        break;
      case 'accept':
        this.#accept(command.series);
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
        this.#configure(command.pipeline, keptPipeline(command.config), command.keepsModels, time);
        break;
      case 'remove':
        this.#removePipeline(command.pipeline, time);
        break;
      case 'admit':
        this.#admit(command, time, replaying);
        break;
      case 'park': {
        // One that is asleep is not there, and parked already where its copy has it so.
        const track = this.registry.find(command.series);
        if (track !== undefined) this.parking.enter(track, command.file, replaying);
        break;
      }
      case 'forget':
        this.parking.forget(command.series);
        this.#closeOrphans(time);
        break;
      case 'session':
        // While the daemon runs it was done when it was said, and later ids are noted already.
        if (replaying) this.redelivery.forget(command.session);
        break;
      case 'group': {
        const { pipeline, source, watched, context } = command;
        const model = this.#models.get(pipeline);
        if (model !== undefined && this.#asleep.has(this.registry.partitionOf(seriesId(source), source, model))) break;
        this.#groups.admit(pipeline, source, [...watched, ...context], watched.length);
        this.#closeOrphans(time);
      }
    }
  }

  /** Said when series came: a budget is a pipeline's, and each of its series that may alert has the same part of it. */
  *sharesDue(): Generator<Command> {
    const counts = countBy(this.registry, ({ model }) => (isContext(model) ? '' : model.pipeline));
    for (const [pipeline, { detector }] of this.#models) {
      const series = Math.max(1, counts.get(pipeline) ?? 0);
      if (series !== detector.series) yield { verb: 'share', pipeline, series };
    }
  }

  /** Groups that are missing, each once. */
  groupsDue(): Iterable<Command> {
    return this.#groups.missing();
  }

  /** What belongs to no series, before they are copied. */
  head(position: number): Head {
    const pipelines = [...this.pipelines].flatMap(([id, config]) => {
      const model = this.#models.get(id);
      if (model === undefined) return [];
      const { listeningSince, detector } = model;
      return [
        {
          id,
          config: keepPipeline(config),
          since: Number.isFinite(listeningSince) ? listeningSince : null,
          series: detector.series,
        },
      ];
    });
    const { nextNumber } = this.registry;
    return { position, pipelines, deaf: [...this.#deaf], nextNumber };
  }

  /** What belongs to no series, after they were copied. */
  tail(): Tail {
    return { alerts: this.alertLog.toJSON(), redelivery: this.redelivery.toJSON() };
  }

  /** A partition as it is now. */
  copy(partition: number, position: number): Shard {
    const tracks = [...this.registry].filter((track) => track.partition === partition);
    const parked = [...this.parking].filter((series) => series.partition === partition);
    return { partition, position, bytes: encodeSnapshot(partition, tracks.map(trackState), TEXT, parked) };
  }

  /** Those that hold something. */
  partitions(): Set<number> {
    return new Set([...this.registry, ...this.parking].map(({ partition }) => partition));
  }

  takeHead(head: Head): void {
    this.registry.reserveNumbers(head.nextNumber);
    for (const source of head.deaf) this.#deaf.add(source);
    for (const { id, config, since, series } of head.pipelines) {
      this.#configure(id, keptPipeline(config), true, since ?? -Infinity);
      const model = this.#models.get(id);
      if (model === undefined) continue;
      model.detector.series = series;
      if (model.listeningSince !== Infinity) model.listeningSince = since ?? -Infinity;
    }
  }

  takeTail({ alerts, redelivery }: Tail): void {
    this.alertLog.restore(alerts);
    this.redelivery.restore(redelivery);
  }

  /** These partitions are copied from later positions: what the log says of them until then is in the copy already. */
  sleep(partitions: Iterable<number>): void {
    for (const partition of partitions) this.#asleep.add(partition);
  }

  /** @throws CodedError SNAPSHOT_VERSION for a copy that another version made */
  refuseOther({ bytes }: { bytes: Uint8Array }): void {
    refuseOtherVersion(bytes, TEXT);
  }

  /** From now on the partition takes part. */
  wake({ partition, bytes }: { partition: number; bytes: Uint8Array }): void {
    this.#asleep.delete(partition);
    if (bytes.length === 0) return;
    const telemetry = this.#telemetry;
    try {
      const { tracks, parked, damaged, damagedPools } = decodeSnapshot(bytes, TEXT);
      for (const id of damaged)
        telemetry.log.error({ series: id }, 'the checkpoint of this series is damaged; it starts untrained');
      for (const { family } of damagedPools)
        telemetry.log.error({ partition, family }, 'the checkpoint of shared weights is damaged; they start untrained');
      for (const state of tracks) this.#restoreTrack(state, partition);
      for (const state of parked) if (this.#models.has(state.pipeline)) this.parking.restore(state, partition);
    } catch (error) {
      telemetry.log.error({ partition, err: error }, 'a partition cannot be read; its series start untrained');
    }
  }

  #restoreTrack(state: TrackState, partition: number): void {
    const { id, source, number, pipeline: owner, shape, block } = state;
    const telemetry = this.#telemetry;
    const model = this.#models.get(owner);
    const place = { number, partition, wasThere: true };
    if (model === undefined) {
      telemetry.log.warn(
        { series: id, pipeline: owner },
        'the pipeline of this series is gone, and with it what was learned',
      );
    } else if (state.group !== undefined) {
      this.#groups.restore({ ...state, group: state.group }, partition);
    } else if (modelOf(model, id).detector.shape !== shape || modelOf(model, id).detector.size !== block.length) {
      telemetry.log.warn({ series: id }, 'the checkpoint is of another shape; the series starts untrained');
      // It keeps its place in the log.
      this.registry.admit(id, source, modelOf(model, id), place);
    } else {
      const track = this.registry.admit(id, source, modelOf(model, id), place);
      track?.memory.set(block, track.at);
      if (state.pool !== undefined) track?.pool?.restore(state.pool.block);
    }
  }

  #configure(id: string, config: PipelineConfig, keepsModels: boolean, time: number): void {
    this.pipelines.set(id, config);
    const known = this.#models.get(id);
    const detector = createDetector(config);
    detector.series = known?.detector.series ?? 1;
    if (known !== undefined && !keepsModels) {
      this.#telemetry.log.warn({ pipeline: id }, 'the models are of another shape now; the series start untrained');
      this.#removeTracks(id, time);
    }
    const model: Model = known ?? { pipeline: id, listeningSince: -Infinity, detector, seed: config.seed };
    model.detector = detector;
    model.seed = config.seed;
    if (config.peers === null) delete model.peers;
    else model.peers = config.peers;
    model.home = homeIn(id, config);
    const context = contextOf(id, config);
    if (context === undefined) delete model.context;
    else if (!keepsModels || model.context === undefined) model.context = context;
    if (model.context !== undefined) model.context.model.home = model.home;
    this.#models.set(id, model);
    this.#rehome(id);
    if (this.#groups.configure(id, config)) this.#closeOrphans(time);
    this.#localOffset.set(id, localOffsetOf(config.timezone));
    // The source that could not be heard may be none of its inputs any more, or be one now.
    if (this.#isDeaf(id) !== (model.listeningSince === Infinity)) this.#listen(id, model, time);
    this.#route();
  }

  /** Who belongs together under the new configuration lies together from now on. */
  #rehome(pipeline: string): void {
    this.moves++;
    for (const track of this.registry) {
      if (track.model.pipeline !== pipeline) continue;
      track.model.home = this.#models.get(pipeline)?.home;
      this.registry.rehome(track);
    }
    for (const parked of this.parking) {
      const model = parked.pipeline === pipeline ? this.#models.get(pipeline) : undefined;
      if (model === undefined) continue;
      parked.partition = this.registry.partitionOf(parked.id, parked.source, modelOf(model, parked.id));
    }
  }

  #removePipeline(id: string, time: number): void {
    const model = this.#models.get(id);
    if (model === undefined) return;
    this.#removeTracks(id, time);
    this.pipelines.delete(id);
    this.#models.delete(id);
    this.#groups.forget(id);
    this.#route();
    this.#localOffset.delete(id);
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
      if (source === null || this.pipelines.get(id)?.inputs.includes(source) === true) this.#listen(id, model, time);
    }
  }

  /** A pipeline is listened to from when all its sources are heard. */
  #listen(id: string, model: Model, time: number): void {
    const since = this.#isDeaf(id) ? Infinity : time;
    model.listeningSince = since;
    for (const group of this.#modelsOf(id)) group.listeningSince = since;
  }

  #isDeaf(id: string): boolean {
    return this.pipelines.get(id)?.inputs.some((input) => this.#deaf.has(input)) === true;
  }

  /** Ends alerts that no series will ever end: it was removed, or came back from a checkpoint without its state. */
  #closeOrphans(now: number): void {
    for (const alert of this.alertLog.open()) {
      const track = this.registry.find(alert.series);
      if (track !== undefined && isFiring(track.memory, track.at + track.model.detector.layout.alert)) continue;
      if (this.parking.find(alert.series)?.alerting === true) continue;
      const time = new Date(now).toISOString();
      const seq = ++this.alertLog.seq;
      this.#publish({ ...alert, event: 'close', status: 'cleared', updated_at: time, ended_at: time, seq });
    }
  }

  #acknowledge(series: string, time: number): void {
    const track = this.registry.find(series);
    const parked = this.parking.find(series);
    if (track !== undefined) {
      if (!acknowledge(track.memory, track.at + track.model.detector.layout.alert)) return;
    } else {
      if (parked?.alerting !== true || parked.said.includes('ack')) return;
      parked.said.push('ack');
    }
    const alert = this.alertLog.openOf(series);
    const seq = ++this.alertLog.seq;
    if (alert === undefined) return;
    this.#publish({ ...alert, event: 'ack', acked: true, updated_at: new Date(time).toISOString(), seq });
  }

  /** The close comes with the next row of the series. */
  #accept(series: string): void {
    const track = this.registry.find(series);
    const parked = this.parking.find(series);
    if (track !== undefined) track.model.detector.acceptRegime(track.memory, track.at);
    else if (parked?.alerting === true && !parked.said.includes('accept')) parked.said.push('accept');
  }

  /** The first pipeline that names a source has its series. */
  #route(): void {
    this.#routes.clear();
    for (const [id, { inputs }] of this.pipelines) {
      const model = this.#models.get(id);
      for (const input of inputs) if (model !== undefined && !this.#routes.has(input)) this.#routes.set(input, model);
    }
  }

  /**
   * While the daemon runs it is there already, from the moment its first sample came in, but knows nothing yet: what it
   * knew when it was parked comes back now, before any row of it.
   */
  #admit({ number, source, pipeline }: Extract<Command, { verb: 'admit' }>, time: number, replaying: boolean): void {
    const model = this.#models.get(pipeline);
    const id = seriesId(source);
    if (model === undefined || this.#asleep.has(this.registry.partitionOf(id, source, model))) return;
    const track = this.registry.admit(id, source, modelOf(model, id), { number, wasThere: true });
    if (track !== undefined && !this.parking.bringBack(track, replaying)) this.#closeOrphans(time);
  }

  #removeTracks(id: string, time: number): void {
    for (const track of this.registry) if (track.model.pipeline === id) this.registry.remove(track);
    for (const parked of this.parking) if (parked.pipeline === id) this.parking.forget(parked.id);
    this.#closeOrphans(time);
  }
}

function isContext({ detector }: Model): boolean {
  return detector instanceof ContextTrack;
}

export function countBy<T>(items: Iterable<T>, keyOf: (item: T) => string): Map<string, number> {
  const counts = new Map<string, number>();
  for (const item of items) counts.set(keyOf(item), (counts.get(keyOf(item)) ?? 0) + 1);
  return counts;
}
