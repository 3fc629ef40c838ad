/**
 * The parts of a plan as running things: opened by the kind of part, stopped by key.
 *
 * A part that a reload changes is stopped and opened again; what the engine learned is not touched by that.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { CodedError } from '../models/errors.ts';
import type { Disk } from '../models/ports.ts';
import { loadAssets } from './assets.ts';
import { type Broker, startBroker } from './broker.ts';
import { formatAddress } from './config/address.ts';
import type { HttpConfig, SimulatorSourceConfig } from './config/config.ts';
import { DEMO_SOURCE } from './config/expand.ts';
import type { Plan, PlanPart, Step } from './config/plan.ts';
import { Demo, HISTORY_MS } from './demo.ts';
import { HttpDoor } from './http.ts';
import { Inputs, type InputsOptions } from './inputs.ts';
import { Outputs } from './outputs.ts';
import { ingestedOf, readPushed } from './push.ts';
import type { Api, Ingested } from './routes.ts';
import type { WebSocketHub } from './sinks/websocket.ts';
import { readToken } from './token.ts';

export interface PartsOptions extends Omit<InputsOptions, 'brokerUrl' | 'embedded'> {
  disk: Disk;
  hub: WebSocketHub;
  api: Api;
}

interface Part {
  stop(): Promise<void>;
}

const DASHBOARD = fileURLToPath(new URL('../dashboard', import.meta.url));

export class Parts {
  readonly outputs: Outputs;
  http: HttpDoor | undefined;
  broker: Broker | undefined;
  demo: Demo | undefined;
  /** The simulated past that was replayed at the start. */
  history: { samples: number; seconds: number } | null = null;

  readonly #options: PartsOptions;
  readonly #inputs: Inputs;
  readonly #open = new Map<string, Part>();
  /** What runs, by key, as it was applied. */
  readonly #running = new Map<string, PlanPart>();

  constructor(options: PartsOptions) {
    this.#options = options;
    const brokerUrl = (url: string) => this.#brokerUrl(url);
    this.#inputs = new Inputs({ ...options, brokerUrl, embedded: (url) => this.#embedded(url) });
    this.outputs = new Outputs({
      ...options,
      brokerUrl,
      logRange: () => options.engine.logRange,
      command: (verb, body) => options.api.command(verb, body),
    });
  }

  async apply({ action, part, keepsModels }: Step): Promise<void> {
    const { engine } = this.#options;
    if (part.kind === 'pipeline') {
      // Rows that wait were meant for the models as they are.
      await engine.settled();
      if (action === 'stop') engine.removePipeline(part.id);
      else engine.configure(part.id, part.options, keepsModels);
      if (action === 'stop') this.#running.delete(part.key);
      else this.#running.set(part.key, part);
      return;
    }
    if (action !== 'start') {
      const open = this.#open.get(part.key);
      this.#open.delete(part.key);
      this.#running.delete(part.key);
      await open?.stop();
    }
    if (action === 'stop') return;
    this.#open.set(part.key, await this.#start(part));
    this.#running.set(part.key, part);
  }

  /** Pipelines that came back with the state run as they were. */
  adoptPipelines(): void {
    for (const [id, options] of this.#options.engine.pipelines) {
      const key = `pipeline:${id}` as const;
      this.#running.set(key, { key, kind: 'pipeline', id, options });
    }
  }

  /** What runs after a step of a change failed: some of it as it was before, some as it was to be. */
  running(before: Plan): Plan {
    return { ...before, parts: [...this.#running.values()] };
  }

  /**
   * Whether a plan can take the place of one with a demo: its brokers answer. Who has something to look at should not
   * lose it to a typing mistake.
   * @throws CodedError SOURCE_UNREACHABLE with the reason
   */
  async probe(next: Plan): Promise<void> {
    for (const part of next.parts) {
      if (part.kind !== 'source' || part.options.type !== 'mqtt') continue;
      const reason = await this.#inputs.probe(part.id, part.options);
      if (reason !== undefined) throw new CodedError('SOURCE_UNREACHABLE', `source ${part.id}: ${reason}`);
    }
  }

  abortProbe(): void {
    this.#inputs.abortProbe();
  }

  /** Reads the token again: its file may hold another one under the same name. */
  async renewToken(): Promise<void> {
    const http = this.#running.get('http');
    if (http?.kind !== 'http' || http.options.tokenFile === null) return;
    this.http?.setToken(await readToken(http.options.tokenFile));
  }

  /** Takes in what is pushed; undefined where no source does. */
  async ingest(topic: string, payload: Uint8Array): Promise<Ingested | undefined> {
    const { clock, engine } = this.#options;
    const source = this.#inputs.pushed;
    if (source === undefined) return undefined;
    const receipt = engine.receive(source, topic, payload, clock.now());
    // Who is answered may forget it.
    if (receipt.accepted > 0) await engine.kept();
    return ingestedOf(receipt);
  }

  /** Stops what brings samples in, last opened first; the page and the sinks stay, to tell the end. */
  async stopInputs(): Promise<void> {
    for (const [key, part] of [...this.#open].reverse()) {
      if (key === 'http' || key.startsWith('output:')) continue;
      await part.stop();
      this.#open.delete(key);
    }
  }

  async stop(): Promise<void> {
    await this.stopInputs();
    await this.outputs.closeAll();
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
        await this.#inputs.open(part.id, part.options);
        return { stop: () => this.#inputs.close(part.id) };
      case 'simulator':
        return this.#startSimulator(part.options);
      case 'output':
        this.outputs.open(part.id, part.options);
        return { stop: () => this.outputs.close(part.id) };
    }
  }

  async #startHttp(config: HttpConfig): Promise<Part> {
    const { api, hub, telemetry } = this.#options;
    const http = new HttpDoor({
      config,
      token: config.tokenFile === null ? undefined : await readToken(config.tokenFile),
      assets: await loadAssets(DASHBOARD),
      api,
      onStream: (socket) => hub.accept(socket),
      onIngest: (socket, topic) => readPushed(socket, topic, (name, payload) => this.ingest(name, payload)),
      onRefused: (reason) => telemetry.clientDropped(reason),
      onError: (error) => telemetry.log.error({ err: error }, 'a request failed'),
    });
    await http.start();
    this.http = http;
    return http;
  }

  async #startSimulator({ url, seed }: SimulatorSourceConfig): Promise<Part> {
    const { clock, hub } = this.#options;
    const onScoreboard = () => hub.broadcast({ type: 'scoreboard', scoreboard: demo.scoreboard() });
    const demo = new Demo({ seed, url: this.#brokerUrl(url ?? ''), clock, onScoreboard });
    this.demo = demo;
    try {
      await this.#replayHistory(demo);
      await demo.start();
    } catch (error) {
      this.demo = undefined;
      throw error;
    }
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
    // Who is silent now is still telling of the past.
    engine.heard(DEMO_SOURCE, false);
    for (const { topic, payload, time } of demo.history(after, until)) {
      samples += engine.receive(DEMO_SOURCE, topic, Buffer.from(payload), time).accepted;
      // Between two minutes the page and the sockets get their turn, and so does the detector.
      if (Math.floor(time / 60_000) !== minute) {
        minute = Math.floor(time / 60_000);
        await nextTurn();
      }
    }
    await engine.settled();
    engine.heard(DEMO_SOURCE, true);
    this.history = { samples, seconds: (performance.now() - started) / 1000 };
  }

  #embedded(url: string): Broker | undefined {
    if (this.broker === undefined) return undefined;
    return this.#brokerUrl(url) === `mqtt://${formatAddress(this.broker.address)}` ? this.broker : undefined;
  }

  /** The port of the embedded broker is known only once it listens. */
  #brokerUrl(url: string): string {
    if (this.broker === undefined || (url !== '' && new URL(url).port !== '0')) return url;
    return `mqtt://${formatAddress(this.broker.address)}`;
  }
}
