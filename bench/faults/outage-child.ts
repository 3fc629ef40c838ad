/**
 * A daemon in virtual time whose database and hook go away, and beside it a twin whose database stays: they take the
 * same seconds in turn, so that a busy machine slows both alike. A process of its own, for its memory is measured.
 */
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as nextTurn, setTimeout as pause } from 'node:timers/promises';
import { createRandom, gaussian } from '../../models/random.ts';
import { load } from '../../src/config/load.ts';
import { createDaemon, type Daemon } from '../../src/daemon.ts';
import { systemPorts } from '../../src/ports/system.ts';
import { DurableLog } from '../../src/log/durable-log.ts';
import { Telemetry } from '../../src/telemetry.ts';
import { SimulatedClock } from '../../test/sim/clock.ts';
import type { OutageOrder, OutageQuestion, OutageResult } from './outage-messages.ts';

const SECOND = 1000;
const STRETCH = 300;
const CHECKPOINT_EVERY = 100;
/** Seconds between two faults, and how long one lasts. */
const FAULT_EVERY = 97;
const FAULT_SECONDS = 4;
const TURNS = 4;
/** Real time in which a request on the loopback is answered; and that of a turn while time is real. */
const REQUEST_MS = 5;
const TURN_MS = 10;
const EVENTS = ['open', 'close'];

class Plant {
  readonly clock = new SimulatedClock();
  readonly daemon: Daemon;
  readonly alerts: string[] = [];
  readonly folder = mkdtempSync(join(tmpdir(), 'tidewatch-outage-'));
  readonly #telemetry = new Telemetry({ level: 'fatal' });
  readonly #topics: string[];
  readonly #random = createRandom(11);
  /** Of the samples of each series. */
  readonly times: number[] = [];

  constructor(series: number) {
    this.#topics = Array.from({ length: series }, (_, k) => `plant/s${k}`);
    const { clock } = this;
    const ports = systemPorts(this.folder);
    const log = new DurableLog({ disk: ports.disk, clock, fsync: 'interval' });
    this.daemon = createDaemon({ ...ports, clock, log }, { telemetry: this.#telemetry });
    this.daemon.engine.alerts.subscribe(({ id, event }) => {
      if (EVENTS.includes(event)) this.alerts.push(`${event} ${id}`);
    });
  }

  async start(outputs: string): Promise<void> {
    const text = `version: 1
http: {listen: "127.0.0.1:0"}
sources: {push: {type: http}}
pipelines: {main: {inputs: [push]}}
outputs: {${outputs}}`;
    const loaded = load(text, { file: 'outage.yaml', env: {} });
    if (!loaded.ok) throw new Error(JSON.stringify(loaded.errors));
    await this.daemon.start(loaded.config);
  }

  /** Takes in what a second brings. @returns how long that took, ms */
  async second(): Promise<number> {
    const { engine } = this.daemon;
    const now = this.clock.now();
    const i = this.times.push(now) - 1;
    const payloads = this.#topics.map((_, k) => Buffer.from(this.#valueOf(k, i).toFixed(2)));
    const started = performance.now();
    for (const [k, topic] of this.#topics.entries()) engine.receive('push', topic, payloads[k], now);
    await engine.settled();
    return performance.now() - started;
  }

  /** Lets its time go on, and whatever is due then. */
  async advance(ms: number): Promise<void> {
    this.clock.advance(ms);
    await this.daemon.engine.settled();
  }

  /** Things that wait for a server, or their bytes. */
  async waiting(what: 'records' | 'bytes'): Promise<number> {
    const text = await this.#telemetry.metrics.getSingleMetricAsString(`tidewatch_spool_${what}`);
    return [...text.matchAll(/\} (\d+)$/gm)].reduce((sum, [, number]) => sum + Number(number), 0);
  }

  async stop(): Promise<void> {
    await this.daemon.stop();
    rmSync(this.folder, { recursive: true });
  }

  #valueOf(k: number, i: number): number {
    const calm = 50 + k + 10 * Math.sin(i / (9 + (k % 7))) + gaussian(this.#random);
    const fault = Math.floor(i / FAULT_EVERY);
    const isFault = fault > 0 && fault % this.#topics.length === k && i % FAULT_EVERY < FAULT_SECONDS;
    return isFault ? calm + 500 : calm;
  }
}

/** Bytes of the process once garbage is collected. */
function memory(): number {
  for (let i = 0; i < 3; i++) globalThis.gc?.();
  return process.memoryUsage.rss();
}

function slowOf(times: readonly number[]): number {
  return times.toSorted((a, b) => a - b)[Math.min(times.length - 1, Math.floor(0.99 * times.length))];
}

/** The two in turn, and the first of them first every other time. */
async function liveSecond(plant: Plant, twin: Plant | undefined): Promise<[number, number]> {
  const times: [number, number] = [0, 0];
  const pair = plant.times.length % 2 === 0 ? [plant, twin] : [twin, plant];
  for (const one of pair) if (one !== undefined) times[one === plant ? 0 : 1] = await one.second();
  for (const one of pair) await one?.advance(SECOND);
  for (let i = 0; i < TURNS; i++) await nextTurn();
  return times;
}

async function ask(question: Extract<OutageQuestion, { ask: string }>): Promise<void> {
  process.send!(question);
  await once(process, 'message');
}

/** @returns virtual seconds until something is sent again: the database is tried every 30 s by then */
async function reconnect(plant: Plant): Promise<number> {
  for (let seconds = 0; ; seconds++) {
    const before = await plant.waiting('records');
    await plant.second();
    await plant.advance(SECOND);
    await pause(REQUEST_MS);
    if ((await plant.waiting('records')) < before) return seconds;
  }
}

/** In real time, for what is sent takes that. @returns seconds until nothing waits but what just came */
async function drain(plant: Plant, series: number): Promise<number> {
  const started = performance.now();
  let last = started;
  let due = started;
  const waits = async (count: number): Promise<boolean> => {
    await pause(TURN_MS);
    const ms = Math.floor(performance.now() - last);
    await plant.advance(ms);
    last += ms;
    return (await plant.waiting('records')) > count;
  };
  while (await waits(3 * series)) {
    if (last < due) continue;
    await plant.second();
    due += SECOND;
  }
  const seconds = (last - started) / SECOND;
  for (let some = true; some;) some = await waits(0);
  return seconds;
}

const influx = (url: string): string => `db: {type: influx, url: "${url}", database: outage}`;

async function measure({ series, before, away, database, hook, twin: sponge }: OutageOrder): Promise<OutageResult> {
  const plant = new Plant(series);
  await plant.start(`${influx(database)}, hook: {type: webhook, url: "${hook}", events: [${EVENTS.join()}]}`);
  const twin = sponge === null ? undefined : new Plant(series);
  await twin?.start(influx(sponge!));
  let [mostBefore, most] = [0, 0];
  for (let i = 1; i <= before; i++) {
    await liveSecond(plant, twin);
    // Threads that compress keep the memory that they once took: each has had its turn by then.
    if (i % CHECKPOINT_EVERY === 0) await plant.daemon.engine.checkpoint();
    // While everything is new, memory grows anyway.
    if (i > before / 2 && (i % STRETCH === 0 || i === before)) mostBefore = Math.max(mostBefore, memory());
  }
  await ask({ ask: 'go' });
  const ingestRatios: number[] = [];
  const stretch: [number, number][] = [];
  for (let i = 1; i <= away; i++) {
    stretch.push(await liveSecond(plant, twin));
    if (i % STRETCH !== 0 && i !== away) continue;
    most = Math.max(most, memory());
    if (twin !== undefined)
      ingestRatios.push(slowOf(stretch.map(([ours]) => ours)) / slowOf(stretch.map(([, its]) => its)));
    stretch.length = 0;
  }
  const [waiting, waitingBytes] = [await plant.waiting('records'), await plant.waiting('bytes')];
  await twin?.stop();
  await ask({ ask: 'come back' });
  const reconnectSeconds = await reconnect(plant);
  const drainSeconds = await drain(plant, series);
  await plant.stop();
  const rssGrowthMb = (most - mostBefore) / 1e6;
  const { times, alerts } = plant;
  return { times, alerts, rssGrowthMb, ingestRatios, reconnectSeconds, drainSeconds, waiting, waitingBytes };
}

process.once('message', (order: OutageOrder) => {
  void measure(order).then((result) => process.send!({ result } satisfies OutageQuestion, () => process.exit(0)));
});
