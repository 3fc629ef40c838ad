/**
 * A daemon that is killed again and again while a plant goes on publishing through Mosquitto, and what is left of it at
 * the end, after one life that ended in order.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { createRandom } from '../../models/random.ts';
import { freePort } from '../../test/services/service.ts';
import type { Aim } from './aim.ts';
import { judge, type Verdict } from './oracle.ts';
import type { Order, Plant } from './order.ts';
import { Publisher } from './publisher.ts';
import { VictimProcess } from './victim-process.ts';

/** One that is never hit is killed after this. */
const HIT_MS_MAX = 8000;
/** Kills at any moment come so long after the start of a process. */
const ANY_MS = [100, 2500];
const STOP_AFTER_MS = 300;
/** So long nothing more may come before everything is said to be in. */
const QUIET_MS = 1000;
const TOPICS = 50;
const ROUND_MS = 25;
const SEGMENT_BYTES = 32 * 1024;
const CHECKPOINT_MS = 100;
const RARE_CHECKPOINT_MS = 60_000;

export interface CampaignOptions {
  /** URL of the broker. */
  broker: string;
  /** Where processes are ended; undefined: at any moment. */
  aims: readonly (Aim | undefined)[];
  /** Lived through in peace before the first kill, ms. */
  calmMs: number;
  plant?: Plant;
  roundMs?: number;
  onKill?: (kills: number) => void;
}

export interface Outcome {
  verdict: Verdict;
  kills: number;
  /** Aims that were hit, by what they are. */
  hit: Aim[];
  /** Daemons that did not start, or ended by themselves. */
  refused: string[];
  /** From the start of a process until it was ready. */
  readySeconds: number[];
  /** Of that, for state and log. */
  recoverySeconds: number[];
}

export async function campaign(options: CampaignOptions): Promise<Outcome> {
  const folder = mkdtempSync(join(tmpdir(), 'tidewatch-faults-'));
  try {
    return await new Campaign(options, folder, await freePort()).run();
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

class Campaign {
  readonly #options: CampaignOptions;
  readonly #folder: string;
  readonly #url: string;
  readonly #order: Order;
  readonly #random = createRandom(1);
  readonly #base: string;
  readonly #outcome: Omit<Outcome, 'verdict'> = {
    kills: 0,
    hit: [],
    refused: [],
    readySeconds: [],
    recoverySeconds: [],
  };

  constructor(options: CampaignOptions, folder: string, port: number) {
    this.#options = options;
    this.#folder = folder;
    this.#url = `http://127.0.0.1:${port}`;
    this.#base = `faults-${port}`;
    this.#order = {
      stateDir: join(folder, 'state'),
      archive: join(folder, 'archive/log'),
      config: this.#config(port),
      segmentBytes: SEGMENT_BYTES,
      // Where the last one matters, no other is near it.
      checkpointMs: options.plant === 'no_drain' ? RARE_CHECKPOINT_MS : CHECKPOINT_MS,
      ...(options.plant === undefined ? {} : { plant: options.plant }),
    };
  }

  async run(): Promise<Outcome> {
    const { aims, broker, calmMs, onKill, roundMs = ROUND_MS } = this.#options;
    const plant = `plant-${this.#base}`;
    const publisher = await Publisher.open({
      url: broker,
      plant,
      topics: TOPICS,
      roundMs,
      events: `${this.#base}/event`,
    });
    try {
      // The broker keeps what comes for a session, once there is one.
      const first = this.#spawn();
      await first.ready();
      publisher.start();
      await pause(calmMs);
      await this.#ended(first);
      for (const aim of aims) {
        await this.#life(aim);
        onKill?.(this.#outcome.kills);
      }
      await publisher.stop();
      await this.#last();
    } finally {
      await publisher.close();
    }
    const { stateDir, archive } = this.#order;
    const { sent, told } = publisher;
    const verdict = await judge({ stateDir, archive, sent, told, url: this.#url });
    return { ...this.#outcome, verdict };
  }

  #config(port: number): string {
    const { broker } = this.#options;
    return `version: 1
demo: false
http: {listen: "127.0.0.1:${port}"}
sources:
  in: {type: mqtt, url: "${broker}", topics: ["plant-${this.#base}/#"], qos: 1, session_expiry: 1h}
pipelines:
  main: {inputs: [in], hidden: 4, season: 1m, alert_budget: 100000/hour}
outputs:
  out: {type: mqtt, url: "${broker}", base: ${this.#base}}
`;
  }

  #spawn(aim?: Aim): VictimProcess {
    const order = aim === undefined ? this.#order : { ...this.#order, aim };
    return new VictimProcess(order, this.#url, join(this.#folder, 'cache'));
  }

  async #life(aim: Aim | undefined): Promise<void> {
    const victim = this.#spawn(aim);
    if (aim === undefined) await pause(ANY_MS[0] + this.#random() * (ANY_MS[1] - ANY_MS[0]));
    else if (aim.phase === 'stop') {
      await victim.looked();
      await pause(STOP_AFTER_MS);
      victim.terminate();
    }
    if (aim !== undefined && (await victim.ends(HIT_MS_MAX)) && victim.wasKilled) this.#outcome.hit.push(aim);
    await this.#ended(victim);
  }

  async #ended(victim: VictimProcess): Promise<void> {
    const byItself = victim.isGone && !victim.wasKilled;
    await victim.kill();
    if (victim.wasKilled) this.#outcome.kills++;
    if (byItself && victim.code !== 0) this.#outcome.refused.push(victim.said);
    if (Number.isNaN(victim.readySeconds)) return;
    this.#outcome.readySeconds.push(victim.readySeconds);
    if (!Number.isNaN(victim.recoverySeconds)) this.#outcome.recoverySeconds.push(victim.recoverySeconds);
  }

  /** Takes in all that waits, and ends in order. */
  async #last(): Promise<void> {
    const victim = this.#spawn();
    await victim.looked();
    if (!victim.isGone) await this.#allIn(victim);
    await victim.stop();
    await this.#ended(victim);
  }

  async #allIn(victim: VictimProcess): Promise<void> {
    let count = -1;
    let since = performance.now();
    while (performance.now() - since < QUIET_MS && !victim.isGone) {
      await pause(100);
      const series = await victim.get<{ samples: number }[]>('/api/v1/series');
      const now = series.reduce((sum, { samples }) => sum + samples, 0);
      if (now !== count) since = performance.now();
      count = now;
    }
  }
}
