/**
 * Checkpoints of the state, and the way back from them.
 *
 *   save     head ▸ each partition between two batches ▸ tail ▸ log, outputs and what is parked synced ▸ written
 *            ▸ log trimmed
 *   restore  newest whole copies ▸ the log behind them, each partition from its own position on
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { CodedError } from '../models/errors.ts';
import type { CheckpointStore, Clock, KeptCheckpoint, LogEntry, Ownership, SampleLog, Shard } from '../models/ports.ts';
import { lost, planRecovery, type Recovery, refuseLoss } from './recovery.ts';
import type { State } from './state.ts';
import type { Telemetry } from './telemetry.ts';

export interface CheckpointsOptions {
  clock: Clock;
  log: SampleLog;
  store: CheckpointStore;
  ownership: Ownership;
  telemetry: Telemetry;
  /** Gives away what is still gathered of what was scored. */
  flush: () => void;
  /** Hands to the log what came in. */
  takeIn: () => void;
}

/** What a restart may take to read again what came since the checkpoint. */
const REPLAY_SECONDS = 8;
/** Weight of one row in the mean time for a row, and that time before any was measured. */
const PACE = 1e-5;
const SECONDS_PER_ROW = 2e-5;
/** Between two attempts to close a hole in the log, in multiples of the time that one takes. */
const HOLE_PAUSE = 4;

export class Checkpoints {
  /** When the state was last known to be kept, epoch ms. */
  at = Number.NaN;
  /** Entries of the log from before the process began are read. */
  replaying = false;
  /** Waited for before a checkpoint counts: what was published up to then must be as safe as the checkpoint. */
  before: () => Promise<void> = () => Promise.resolve();

  readonly #state: State;
  readonly #options: CheckpointsOptions;
  /** Loaded and not yet restored. */
  #recovery: Recovery | undefined;
  /** Up to this position everything was published before the process began. */
  #published = 0;
  /** Behind this position the log must be kept, for the newest checkpoint. */
  #keptFrom = 0;
  /** Scored since the last checkpoint. */
  #rows = 0;
  #secondsPerRow = SECONDS_PER_ROW;
  #saving: Promise<void> | undefined;
  /** How often the log began to keep nothing. */
  #holes = 0;
  /** When a checkpoint is tried again that lies behind them. */
  #closeHoleAt = Infinity;

  constructor(state: State, options: CheckpointsOptions) {
    this.#state = state;
    this.#options = options;
  }

  /** Whether what the entry that is being read leads to was published before the process began. */
  get isPublished(): boolean {
    return this.#options.log.position <= this.#published;
  }

  /** Where reading goes on, and how far it was ever read. */
  get logRange(): { position: number; end: number } {
    const { log } = this.#options;
    if (this.#recovery === undefined) return { position: log.position, end: log.position };
    const { from, published } = this.#recovery;
    return { position: from, end: Math.max(published, log.newest()) };
  }

  /** So many rows were scored, in so long. */
  count(rows: number, seconds: number): void {
    if (rows === 0) return;
    this.#rows += rows;
    this.#secondsPerRow += Math.min(1, PACE * rows) * (seconds / rows - this.#secondsPerRow);
  }

  /** Whether a restart would take long by now, or the last checkpoint is that old and something came since. */
  isDue(ageMs: number): boolean {
    if (this.#rows === 0) return false;
    return this.#rows * this.#secondsPerRow >= REPLAY_SECONDS || !(this.#options.clock.now() - this.at < ageMs);
  }

  /** One at a time. */
  save(): Promise<void> {
    this.#saving ??= this.#save().finally(() => (this.#saving = undefined));
    return this.#saving;
  }

  /** @param error  why entries are not kept any more; undefined: they are again */
  onLogTrouble(error: unknown): void {
    if (error === undefined) return void this.#closeHole();
    this.#holes++;
    this.#closeHoleAt = Infinity;
    this.#options.telemetry.durable(error);
  }

  /** Told from time to time. */
  tick(now: number): void {
    if (now >= this.#closeHoleAt) void this.#closeHole();
  }

  /** Behind a hole the log goes on. What was in it only a checkpoint knows, and until there is one nothing is well. */
  async #closeHole(): Promise<void> {
    const { clock, log, telemetry } = this.#options;
    const holes = this.#holes;
    this.#closeHoleAt = Infinity;
    await log.drained();
    // One that is being written may have begun before the hole.
    await this.#saving?.catch(() => {}); // logged and counted where it failed
    const started = clock.now();
    try {
      await this.save();
      if (holes === this.#holes) telemetry.durable(undefined);
    } catch {
      // Logged and counted. A disk that takes the log and no checkpoint is not to be kept busy with the attempt.
      const now = clock.now();
      if (holes === this.#holes) this.#closeHoleAt = now + HOLE_PAUSE * (now - started);
    }
  }

  /** The last one, when nothing comes any more. */
  async finish(): Promise<void> {
    // One that is being written began before the last samples came.
    await this.#saving?.catch(() => {}); // logged and counted where it failed
    await this.save();
  }

  /**
   * Comes back as it was: the last checkpoint, and what the log has behind it. Before anything else happens.
   * @param read  reads an entry of the log
   * @param acceptLoss  whether to go on without what no copy is left of
   * @returns series restored
   * @throws CodedError STATE_LOST
   */
  async restore(read: (entry: LogEntry) => void, acceptLoss: boolean): Promise<number> {
    const { clock, flush, log, telemetry } = this.#options;
    const state = this.#state;
    const started = clock.now();
    const recovery = this.#recovery ?? (await this.load(acceptLoss));
    this.#recovery = undefined;
    if (recovery.head !== undefined) state.takeHead(recovery.head);
    if (recovery.tail !== undefined) state.takeTail(recovery.tail);
    this.#published = recovery.published;
    this.#keptFrom = recovery.from;
    // What is left of a copy that is not whole comes with the others, untrained where it is damaged.
    const copies = [...recovery.copies, ...recovery.lost].sort((a, b) => a.position - b.position);
    state.sleep(copies.map(({ partition }) => partition));
    const wake = (until: number): void => {
      while (copies.length > 0 && copies[0].position <= until) state.wake(copies.shift()!);
    };
    wake(recovery.from);
    this.replaying = true;
    const replayed = await log.replay(
      recovery.from,
      {
        before: (position) => wake(position - 1),
        read,
      },
      recovery.published,
    );
    wake(Infinity);
    state.parking.begin();
    flush();
    this.replaying = false;
    this.#published = 0;
    const { missing } = replayed;
    if (missing > 0) state.alertLog.reserve();
    for (const damage of replayed.damage) telemetry.log.warn({ damage }, 'the log is damaged');
    telemetry.recovered({ entries: replayed.entries, missing, milliseconds: clock.now() - started });
    this.at = recovery.head === undefined ? Number.NaN : clock.now();
    return state.registry.size;
  }

  /**
   * The first half of `restore`: what is there. From then on `logRange` says what will be read again.
   * @throws CodedError STATE_LOST, or that of a version that cannot be read
   */
  async load(acceptLoss: boolean): Promise<Recovery> {
    const { log, telemetry } = this.#options;
    const kept = await this.#load(acceptLoss);
    const recovery = planRecovery(kept, log.oldest());
    // Before anything is changed or connected: what another version wrote is left as it is.
    for (const copy of recovery.copies) this.#state.refuseOther(copy);
    log.newest();
    if (!acceptLoss) refuseLoss(kept, recovery, log.oldest());
    for (const file of kept?.damaged ?? []) telemetry.log.warn({ file }, 'a file of the checkpoint is damaged');
    for (const partition of recovery.fallenBack)
      telemetry.log.warn({ partition }, 'the newest copy of a partition is damaged; the one before and the log serve');
    this.#recovery = recovery;
    return recovery;
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

  async #save(): Promise<void> {
    const { clock, flush, log, store, takeIn, telemetry } = this.#options;
    const started = clock.now();
    const head = this.#state.head(log.position);
    const rows = this.#rows;
    const shards = await this.#copies();
    // What is noted as come in is in the log, or whoever sends it again would be told that it is.
    takeIn();
    const journal = this.#state.tail();
    const { position } = log;
    try {
      // What the checkpoint speaks of must be there wherever it is.
      flush();
      await Promise.all([log.sync(), this.before(), this.#state.parking.sync()]);
      const { bytes } = await store.save({ position, head, shards, journal });
      this.#rows -= rows;
      this.at = clock.now();
      log.trim(this.#keptFrom);
      this.#state.parking.sweep(this.#keptFrom);
      this.#keptFrom = head.position;
      telemetry.checkpointSaved(bytes, clock.now() - started);
    } catch (error) {
      telemetry.checkpointFailed(error);
      throw error;
    }
  }

  /** Each partition between two batches, as it is then: series come and go while others are copied. */
  async #copies(): Promise<Shard[]> {
    const { log, ownership } = this.#options;
    const state = this.#state;
    const { moves } = state;
    const shards: Shard[] = [];
    for (const partition of state.partitions()) {
      if (!ownership.owns(partition)) continue;
      shards.push(state.copy(partition, log.position));
      await nextTurn();
    }
    // Who moved meanwhile may be in none of them.
    return moves === state.moves ? shards : this.#copies();
  }
}
