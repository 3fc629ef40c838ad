/**
 * The life that a state folder of the fixtures comes from, and what a daemon knows that comes back from one: two series
 * that share their weights, messages at QoS 1, two faults, two checkpoints, and a hook that never answers.
 */
import { createHash } from 'node:crypto';
import { systemClock } from '../../src/ports/clock.ts';
import { FileCheckpointStore } from '../../src/checkpoint.ts';
import type { WebhookOutputConfig } from '../../src/config/config.ts';
import { Outputs } from '../../src/outputs.ts';
import type { Overview } from '../../src/overview.ts';
import { SystemDisk } from '../../src/ports/disk.ts';
import { FileStorage } from '../../src/ports/storage.ts';
import { Spool } from '../../src/spool/spool.ts';
import { wave } from './tracks.ts';
import { PIPELINE, Watch } from './watch.ts';

export const OUTPUT = 'hook';
export const HOOK: WebhookOutputConfig = {
  type: 'webhook',
  url: 'http://127.0.0.1:9/',
  tokenFile: null,
  caFile: null,
  events: ['open', 'ack', 'close'],
  timeoutMs: 1000,
  spoolBytes: 1024 * 1024,
};
export const LIFE_PIPELINE = { ...PIPELINE, hidden: 2, peers: 'hall/+/#', weights: 'shared' } as const;

const NOW = Date.UTC(2026, 10, 20, 12);
/** The last alert is still open then. */
const SECONDS = 268;
const SAVES = [150, 230];
/** Of the first series and of the second. */
const FAULTS = [200, 262];
const FAULT_SECONDS = 4;
/** Second in which the last alert is acknowledged. */
const ACK = 265;
const TOPICS = ['hall/p', 'hall/q'];
const PACKET_IDS = 20;
const SESSION = 'tidewatch-fixture-mqtt';

/** What a daemon knows of, in full or as a hash. */
export interface Known {
  /** SHA-256 of its block by id, those that are shared among them. */
  blocks: Record<string, string>;
  head: unknown;
  journal: unknown;
  /** Unsent, the oldest first. */
  spooled: unknown[];
}

class Living {
  readonly watch: Watch;
  readonly #outputs: Outputs;

  constructor(folder: string, now: number) {
    const disk = new SystemDisk(folder);
    this.watch = new Watch({ disk, config: LIFE_PIPELINE, now });
    const { clock, engine, telemetry } = this.watch;
    this.#outputs = new Outputs({
      clock,
      disk,
      telemetry,
      logRange: () => engine.logRange,
      overview: { find: () => undefined } as unknown as Overview,
      brokerUrl: (url) => url,
      command: () => Promise.resolve(),
    });
    engine.beforeCheckpoint = () => this.#outputs.sync();
    engine.alerts.subscribe((alert) => this.#outputs.deliver(alert, engine.position));
  }

  /** As a daemon does: what waits to be sent is known before the log is read again. */
  async open(): Promise<void> {
    await this.watch.engine.load();
    this.#outputs.open(OUTPUT, HOOK);
  }

  /** What is in its files stays as it is: no checkpoint is made. */
  async end(): Promise<void> {
    await this.#outputs.closeAll();
    await this.watch.log.close();
  }
}

/** Lives in an empty folder, until it is killed. */
export async function live(folder: string): Promise<void> {
  const living = new Living(folder, NOW);
  const { watch } = living;
  const { engine, clock } = watch;
  await living.open();
  await watch.start();
  for (let i = 0; i < SECONDS; i++) {
    for (const [k, topic] of TOPICS.entries()) {
      const isFault = i >= FAULTS[k] && i < FAULTS[k] + FAULT_SECONDS;
      const value = (1 + k) * wave(i + k) + (isFault ? 500 : 0);
      const payload = { v: Math.round(100 * value) / 100, ts: clock.now() };
      const facts = { retained: false, session: SESSION, packetId: 1 + ((2 * i + k) % PACKET_IDS) };
      engine.receive('mqtt', topic, Buffer.from(JSON.stringify(payload)), clock.now() + 7, facts);
    }
    await engine.settled();
    const [open] = engine.alertLog.open();
    if (i === ACK && open !== undefined) engine.acknowledge(open.id);
    clock.advance(1000);
    await engine.settled();
    if (SAVES.includes(i)) await engine.checkpoint();
  }
  await living.end();
}

/** Comes back from a folder, which is changed by that. */
export async function known(folder: string): Promise<Known> {
  const living = new Living(folder, NOW + SECONDS * 1000);
  const { engine } = living.watch;
  await living.open();
  await engine.restore();
  const blocks: Record<string, string> = {};
  for (const { id, memory, at, model, pool } of engine.registry) {
    blocks[id] = hashOf(memory.subarray(at, at + model.detector.size));
    if (pool !== undefined) blocks[`${id}, shared`] = hashOf(pool.block);
  }
  await engine.checkpoint();
  await living.end();
  const kept = await new FileCheckpointStore(new FileStorage(new SystemDisk(folder))).load();
  return { blocks, head: kept?.head, journal: kept?.journal, spooled: spooledIn(folder) };
}

function hashOf(block: Float64Array): string {
  return createHash('sha256')
    .update(new Uint8Array(block.buffer, block.byteOffset, block.byteLength))
    .digest('hex');
}

function spooledIn(folder: string): unknown[] {
  const spool = new Spool({
    disk: new SystemDisk(folder),
    folder: `spool/${HOOK.type}-${OUTPUT}`,
    clock: systemClock,
    bytesMax: HOOK.spoolBytes,
    onDropped: () => {},
    onDamaged: (places, where) => {
      throw new Error(`${places} places of ${where} are damaged`);
    },
    onTrouble: () => {},
    onWritten: () => {},
  });
  spool.open();
  return spool.take(Infinity).map((bytes) => JSON.parse(bytes.toString()) as unknown);
}
