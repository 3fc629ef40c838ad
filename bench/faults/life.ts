/**
 * The life of a whole engine on a simulated disk, from its start to its death or to the end of a feed.
 *
 * The feed is a list of deeds, each done once it was acknowledged; whoever comes after a death does the last one again.
 * Times are of the simulated clock and in the payloads, so that lives can be compared with one that nothing happened to.
 */
import { createHash } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { AlertDocument } from '../../models/alert-document.ts';
import type { CheckpointStore, Disk, SampleLog, Saved } from '../../models/ports.ts';
import { FileCheckpointStore } from '../../src/checkpoint.ts';
import type { PipelineConfig } from '../../src/config/config.ts';
import { Engine } from '../../src/engine.ts';
import { DurableLog, type FsyncPolicy } from '../../src/log/durable-log.ts';
import { FileStorage } from '../../src/ports/storage.ts';
import { Telemetry } from '../../src/telemetry.ts';
import { SimulatedClock } from '../../test/sim/clock.ts';
import type { SimDisk } from '../../test/sim/disk.ts';
import { wave } from '../../test/sim/tracks.ts';
import { Lines, PIPELINE } from '../../test/sim/watch.ts';
import { MortalDisk } from './disks.ts';

export const START = 1_763_640_000_000;
const SECONDS = 40;
/** Small, so that some are full and are trimmed within the feed. */
const SEGMENT_BYTES = 500;
const SLICE_MS = 200;
const FIRST: PipelineConfig = { ...PIPELINE, hidden: 2, limits: { min: null, max: 500, rate: null } };
const SECOND: PipelineConfig = { ...FIRST, alertBudgetPerDay: 2, limits: { min: null, max: 700, rate: null } };

interface Message {
  topic: string;
  payload: Uint8Array;
  packetId: number;
}

export type Deed =
  /** Sent together, and again until they are acknowledged. */
  | { kind: 'send'; messages: Message[] }
  | { kind: 'configure'; config: PipelineConfig }
  /** Acknowledges whatever alert is open. */
  | { kind: 'ack' }
  /** Begins a checkpoint, and goes on meanwhile. */
  | { kind: 'save' }
  | { kind: 'saved' }
  /** Lets the clock go on. */
  | { kind: 'until'; time: number };

/** A fault of the first series from 20 to 25, acknowledged; other limits from 27; a third series from 10 on. */
function makeFeed(seconds: number): Deed[] {
  const feed: Deed[] = [];
  let packetId = 0;
  for (let i = 0; i < seconds; i++) {
    const ts = START + i * 1000;
    const send = (name: string, ...values: number[]) => {
      const messages = values.map((v) => {
        packetId++;
        return { topic: `plant/${name}`, payload: Buffer.from(JSON.stringify({ v, ts })), packetId };
      });
      feed.push({ kind: 'send', messages });
    };
    if (i === 27) feed.push({ kind: 'configure', config: SECOND });
    send('a', wave(i) + (i >= 20 && i < 25 ? 1000 : 0));
    if (i === 22) feed.push({ kind: 'ack' });
    if ([6, 14, 23, 31].includes(i)) feed.push({ kind: 'save' });
    // Two values at one time: nothing but the packet ids tells that they came twice.
    send('b', wave(i + 7), wave(i + 7) + 1);
    if (i >= 10) send('c', wave(i * 3) / 3);
    feed.push({ kind: 'saved' }, { kind: 'until', time: START + (i + 1) * 1000 });
  }
  return feed;
}

export const FEED = makeFeed(SECONDS);

/** The feed of two series: with the third, what lies on the disk would be half as large again. */
export function isOfTwo(deed: Deed): boolean {
  return deed.kind !== 'send' || deed.messages[0].topic !== 'plant/c';
}

/** What a daemon is made of that is not as it should be. */
export interface Planted {
  disk?: (disk: Disk) => Disk;
  log?: (log: SampleLog) => SampleLog;
  store?: (disk: Disk) => CheckpointStore;
  /** Takes what is sent again for new. */
  isForgetful?: boolean;
}

export interface LifeOptions {
  now?: number;
  fsync?: FsyncPolicy;
  planted?: Planted;
  /** Where files of the log go that are removed. */
  removed?: Map<string, Uint8Array>;
}

export class Life {
  readonly clock = new SimulatedClock(START);
  readonly disk: MortalDisk;
  readonly engine: Engine;
  /** What left by the doors. */
  readonly told: AlertDocument[] = [];
  readonly lines = new Lines();
  readonly telemetry = new Telemetry({ level: 'warn', destination: this.lines });
  /** Positions up to which entries were appended, were acknowledged, and are sure by what was promised. */
  appended = 0;
  acknowledged = 0;
  synced = 0;
  readonly #planted: Planted;
  #saving: Promise<void> | undefined;
  #written: Promise<Saved> | undefined;

  constructor(disk: SimDisk, { now = START, fsync = 'interval', planted = {}, removed }: LifeOptions = {}) {
    this.#planted = planted;
    this.clock.advance(now - START);
    this.disk = new MortalDisk(disk, removed);
    const below = planted.disk?.(this.disk) ?? this.disk;
    const log = new DurableLog({ disk: below, clock: this.clock, fsync, segmentBytes: SEGMENT_BYTES });
    this.#watch(log);
    this.engine = new Engine({
      clock: this.clock,
      log: planted.log?.(log) ?? log,
      store: this.#awaited(planted.store?.(below) ?? new FileCheckpointStore(new FileStorage(below))),
      ownership: { owns: () => true },
      telemetry: this.telemetry,
      unitOf: () => 'bar',
      url: () => 'http://here',
    });
    this.engine.alerts.subscribe((alert) => {
      if (!this.isDead) this.told.push(alert);
    });
  }

  get isDead(): boolean {
    return this.disk.isDead;
  }

  /** Comes back as it was. */
  async restore(acceptLoss = false): Promise<void> {
    await this.engine.restore(acceptLoss);
    this.appended = this.engine.position;
  }

  /** Comes back, becomes what its configuration says at this deed, and begins. */
  async begin(deed: number): Promise<void> {
    await this.restore();
    if (this.isDead) return;
    this.engine.configure('main', configAt(deed), true);
    this.engine.start();
    await this.engine.settled();
  }

  /** Does some deeds. @returns the first that was not done; the number of all, or it is dead */
  async live(from: number, to: number, isAgain: boolean, isDue?: (deed: Deed) => boolean): Promise<number> {
    for (let at = from; at < to; at++) {
      if (isDue?.(FEED[at]) === false) continue;
      const isDone = await this.#do(FEED[at], isAgain && at === from);
      if (this.isDead) return isDone ? at + 1 : at;
    }
    return to;
  }

  /** @returns whether nobody needs to do it again */
  async #do(deed: Deed, isAgain: boolean): Promise<boolean> {
    const { engine } = this;
    if (deed.kind === 'send') return this.#send(deed.messages, isAgain);
    if (deed.kind === 'configure') engine.configure('main', deed.config, true);
    else if (deed.kind === 'ack') {
      for (const { id } of engine.alertLog.open()) engine.acknowledge(id);
      await engine.settled();
    } else if (deed.kind === 'save') {
      this.#saving = engine.checkpoint().catch(() => {}); // counted where it failed
    } else if (deed.kind === 'saved') await this.#saving;
    else await this.goOn(deed.time);
    return !this.isDead;
  }

  async #send(messages: readonly Message[], isAgain: boolean): Promise<boolean> {
    for (const { topic, payload, packetId } of messages) {
      const again = isAgain && this.#planted.isForgetful !== true;
      const facts = { retained: false, session: 'mqtt', packetId, again };
      this.engine.receive('mqtt', topic, payload, this.clock.now(), facts);
    }
    await this.engine.kept();
    if (this.isDead) return false;
    this.acknowledged = this.appended;
    await this.engine.settled();
    return true;
  }

  async goOn(time: number): Promise<void> {
    while (!this.isDead && this.clock.now() < time) {
      this.clock.advance(Math.min(SLICE_MS, time - this.clock.now()));
      await nextTurn();
      await this.#written?.catch(() => {}); // counted where it failed
    }
    await this.engine.settled();
  }

  /** Partitions are compressed in threads, which know nothing of the simulated clock: it waits for them. */
  #awaited(store: CheckpointStore): CheckpointStore {
    return {
      load: () => store.load(),
      save: (checkpoint) => {
        const written = store.save(checkpoint);
        this.#written = written;
        return written;
      },
    };
  }

  #watch(log: DurableLog): void {
    const append = log.append.bind(log);
    const sync = log.sync.bind(log);
    log.append = (entry) => {
      this.appended++;
      append(entry);
    };
    log.sync = async () => {
      const upTo = this.appended;
      await sync();
      if (!this.isDead) this.synced = Math.max(this.synced, upTo);
    };
  }
}

/** In force when a deed is to be done. */
export function configAt(deed: number): PipelineConfig {
  const last = FEED.slice(0, deed).findLast(({ kind }) => kind === 'configure');
  return last?.kind === 'configure' ? last.config : FIRST;
}

/** Everything an engine has learned and told, to be compared bit for bit. */
export interface State {
  /** Of each series, by its id. */
  blocks: Record<string, string>;
  /** The alert journal, without the number of its last event. */
  alerts: string;
  seq: number;
  pipelines: string;
}

export function stateOf(engine: Engine): State {
  const blocks: Record<string, string> = {};
  for (const { id, memory, at, model } of engine.registry) {
    const block = memory.subarray(at, at + model.detector.size);
    const bytes = new Uint8Array(block.buffer, block.byteOffset, block.byteLength);
    blocks[id] = createHash('sha1').update(bytes).digest('base64');
  }
  const { seq, ...alerts } = engine.alertLog.toJSON();
  return { blocks, alerts: JSON.stringify(alerts), seq, pipelines: JSON.stringify([...engine.pipelines]) };
}

/** @returns in words how one state is not another; undefined where they are the same bit for bit */
export function difference(state: State, expected: State, hasHoles = false): string | undefined {
  const changed = changedTracks(state, expected);
  if (changed.length > 0) return `other numbers of ${changed.join(', ')}`;
  if (state.alerts !== expected.alerts) return 'another alert journal';
  // Numbers that may have been given out are left free.
  if (!hasHoles && state.seq !== expected.seq) return `last alert ${state.seq}, expected ${expected.seq}`;
  return state.pipelines === expected.pipelines ? undefined : 'other pipelines';
}

export function changedTracks({ blocks }: State, expected: State): string[] {
  const ids = new Set([...Object.keys(blocks), ...Object.keys(expected.blocks)]);
  return [...ids].filter((id) => blocks[id] !== expected.blocks[id]);
}
