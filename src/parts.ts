/**
 * The parts of a plan as running things: opened by the kind of part, stopped by key.
 *
 * A part that a reload changes is stopped and opened again; what the engine learned is not touched by that.
 */
import { readFile } from 'node:fs/promises';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Duplex } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { CodedError } from '../models/errors.ts';
import type { Clock, Net, Rng, Storage } from '../models/ports.ts';
import { MqttSource } from '../sensors/mqtt.ts';
import { loadAssets } from './assets.ts';
import { type Broker, startBroker } from './broker.ts';
import { formatAddress } from './config/address.ts';
import type { HttpConfig, MqttSourceConfig, SimulatorSourceConfig } from './config/config.ts';
import { DEMO_SOURCE } from './config/expand.ts';
import type { PlanPart, Step } from './config/plan.ts';
import { Demo, HISTORY_MS } from './demo.ts';
import type { Engine } from './engine.ts';
import { type Api, HttpDoor } from './http.ts';
import type { Overview } from './overview.ts';
import type { WebSocketHub } from './sinks/websocket.ts';
import type { SourceStatus } from './protocol.ts';
import type { Telemetry } from './telemetry.ts';

export interface PartsOptions {
  clock: Clock;
  rng: Rng;
  net: Net<Duplex>;
  storage: Storage;
  telemetry: Telemetry;
  engine: Engine;
  overview: Overview;
  hub: WebSocketHub;
  api: Api;
}

interface Part {
  stop(): Promise<void>;
}

const DASHBOARD = fileURLToPath(new URL('../dashboard', import.meta.url));
const CLIENT_ID_FILE = 'client-id';

export class Parts {
  http: HttpDoor | undefined;
  broker: Broker | undefined;
  demo: Demo | undefined;
  /** The simulated past that was replayed at the start. */
  history: { samples: number; seconds: number } | null = null;

  readonly #options: PartsOptions;
  readonly #open = new Map<string, Part>();

  constructor(options: PartsOptions) {
    this.#options = options;
  }

  async apply({ action, part, keepsModels }: Step): Promise<void> {
    const { engine } = this.#options;
    if (part.kind === 'pipeline') {
      // Rows that wait were meant for the models as they are.
      await engine.settled();
      if (action === 'stop') engine.removePipeline(part.id);
      else engine.configure(part.id, part.options, keepsModels);
      return;
    }
    if (action !== 'start') {
      await this.#open.get(part.key)?.stop();
      this.#open.delete(part.key);
    }
    if (action !== 'stop') this.#open.set(part.key, await this.#start(part));
  }

  /** Stops what brings samples in, last opened first; the page stays, to show the end. */
  async stopInputs(): Promise<void> {
    for (const [key, part] of [...this.#open].reverse()) {
      if (key === 'http') continue;
      await part.stop();
      this.#open.delete(key);
    }
  }

  async stop(): Promise<void> {
    await this.stopInputs();
    await this.http?.stop();
    this.#open.clear();
  }

  async #start(part: Exclude<PlanPart, { kind: 'pipeline' }>): Promise<Part> {
    switch (part.kind) {
      case 'http':
        return this.#startHttp(part.options);
      case 'broker':
        this.broker = await startBroker(part.options.listen);
        return this.broker;
      case 'source':
        return this.#startSource(part.id, part.options);
      case 'simulator':
        return this.#startSimulator(part.options);
      case 'output':
        return { stop: async () => {} }; // the log gets every alert anyway
    }
  }

  async #startHttp(config: HttpConfig): Promise<Part> {
    const { api, hub, telemetry } = this.#options;
    const http = new HttpDoor({
      config,
      token: config.tokenFile === null ? undefined : await readSecret(config.tokenFile),
      assets: await loadAssets(DASHBOARD),
      api,
      onSocket: (socket) => hub.accept(socket),
      onRefused: (reason) => telemetry.clientDropped(reason),
    });
    await http.start();
    this.http = http;
    return http;
  }

  async #startSource(id: string, config: MqttSourceConfig): Promise<Part> {
    const { clock, engine, net, overview, telemetry } = this.#options;
    const status: SourceStatus = { id, type: 'mqtt', state: 'connecting', detail: '' };
    overview.sources.set(id, status);
    const { topics, qos, sessionExpiryMs, username } = config;
    const url = this.#brokerUrl(config.url);
    const clientId = config.clientId ?? `${await this.#clientId()}-${id}`;
    const password = config.passwordFile === null ? config.password : await readSecret(config.passwordFile);
    const source = new MqttSource(
      {
        url,
        topics,
        qos,
        clientId,
        sessionExpiryMs,
        ...(username === null ? {} : { username }),
        ...(password === null ? {} : { password }),
      },
      {
        onMessage: (topic, payload, { retained }) => {
          engine.receive(id, topic, payload, clock.now(), retained);
        },
        onState: (connected, detail) => {
          const state = connected ? 'connected' : 'disconnected';
          if (status.state !== state || status.detail !== detail) telemetry.sourceConnected(id, connected, detail);
          status.state = state;
          status.detail = detail;
        },
      },
      net,
    );
    source.start();
    return {
      stop: async () => {
        overview.sources.delete(id);
        await source.stop();
      },
    };
  }

  async #startSimulator({ url, seed }: SimulatorSourceConfig): Promise<Part> {
    const { clock, hub } = this.#options;
    const onScoreboard = () => hub.broadcast({ type: 'scoreboard', scoreboard: demo.scoreboard() });
    const demo = new Demo({ seed, url: this.#brokerUrl(url ?? ''), clock, onScoreboard });
    this.demo = demo;
    await this.#replayHistory(demo);
    await demo.start();
    return {
      stop: async () => {
        this.demo = undefined;
        await demo.stop();
      },
    };
  }

  /** The plant's past, so that bands stand at once; after a restart only what is not known yet. */
  async #replayHistory(demo: Demo): Promise<void> {
    const { engine } = this.#options;
    const started = performance.now();
    const until = demo.liveFrom - 1000;
    const after = Math.max(until - HISTORY_MS, engine.lastTimeOf(DEMO_SOURCE));
    let samples = 0;
    let minute = -1;
    for (const { topic, payload, time } of demo.history(after, until)) {
      samples += engine.receive(DEMO_SOURCE, topic, Buffer.from(payload), time);
      // Between two minutes the page and the sockets get their turn, and so does the detector.
      if (Math.floor(time / 60_000) !== minute) {
        minute = Math.floor(time / 60_000);
        await nextTurn();
      }
    }
    await engine.settled();
    this.history = { samples, seconds: (performance.now() - started) / 1000 };
  }

  /** The port of the embedded broker is known only once it listens. */
  #brokerUrl(url: string): string {
    if (this.broker === undefined || (url !== '' && new URL(url).port !== '0')) return url;
    return `mqtt://${formatAddress(this.broker.address)}`;
  }

  /** The same after every restart, so that a broker knows the session again. */
  async #clientId(): Promise<string> {
    const { rng, storage } = this.#options;
    const kept = await storage.read(CLIENT_ID_FILE);
    if (kept !== undefined) return Buffer.from(kept).toString('utf8');
    const fresh = `tidewatch-${rng.hex(6)}`;
    await storage.write(CLIENT_ID_FILE, Buffer.from(fresh));
    return fresh;
  }
}

/** @throws CodedError SECRET_UNREADABLE; what the file holds is in no message */
async function readSecret(path: string): Promise<string> {
  try {
    return (await readFile(path, 'utf8')).trim();
  } catch (error) {
    throw new CodedError('SECRET_UNREADABLE', `cannot read ${path}`, { cause: error });
  }
}
