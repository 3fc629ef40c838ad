/**
 * Opens a source of the configuration and leads what it brings into the engine.
 *
 * A source knows transports, the engine knows readings; here they are introduced to each other. When scoring falls
 * behind, sources are paused for a moment, so that the peer waits and not our memory.
 */
import type { Duplex } from 'node:stream';
import type { Cancel, Clock, Net, Rng, Storage } from '../models/ports.ts';
import { InfluxSource } from '../sensors/influx.ts';
import { AUTOMATIC } from '../sensors/mapping.ts';
import { MqttSource } from '../sensors/mqtt.ts';
import { ReplaySource } from '../sensors/replay.ts';
import type { Source, SourceHandlers } from '../sensors/source.ts';
import { WebSocketSource } from '../sensors/websocket.ts';
import type { Broker } from './broker.ts';
import type { PlanPart } from './config/plan.ts';
import { EmbeddedSource } from './embedded-source.ts';
import type { Engine } from './engine.ts';
import type { Overview } from './overview.ts';
import type { SourceStatus } from './protocol.ts';
import type { Telemetry } from './telemetry.ts';

type SourceOptions = Extract<PlanPart, { kind: 'source' }>['options'];

export interface InputsOptions {
  clock: Clock;
  rng: Rng;
  net: Net<Duplex>;
  storage: Storage;
  telemetry: Telemetry;
  engine: Engine;
  overview: Overview;
  /** The port of the embedded broker is known only once it listens. */
  brokerUrl: (url: string) => string;
  /** The embedded broker, where the URL means it. */
  embedded: (url: string) => Broker | undefined;
}

const CLIENT_ID_FILE = 'client-id';
const PRESSURE_MS = 50;
/** Rows that wait to be scored before sources are paused, and below which they go on. */
const HIGH_WATER = 100_000;
const LOW_WATER = 20_000;
/** Pushed payloads have no connection to tell of. */
const PUSHED = 'POST /api/v1/ingest?topic=NAME';

export class Inputs {
  /** Id of the source that takes what is pushed. */
  pushed: string | undefined;

  readonly #options: InputsOptions;
  readonly #sources = new Map<string, Source>();
  #cancel: Cancel | undefined;
  #paused = false;
  #abort: (() => void) | undefined;

  constructor(options: InputsOptions) {
    this.#options = options;
  }

  async open(id: string, options: SourceOptions): Promise<void> {
    const { engine, overview } = this.#options;
    const status: SourceStatus = { id, type: options.type, state: 'connecting', detail: '' };
    overview.sources.set(id, status);
    engine.understand(id, 'mapping' in options ? options.mapping : AUTOMATIC);
    if (options.type === 'http') {
      this.pushed = id;
      status.state = 'connected';
      status.detail = PUSHED;
      // A source of this name may have been one that could not be heard.
      engine.heard(id, true);
      return;
    }
    const source = await this.#make(id, options, this.#handlers(id, status));
    this.#sources.set(id, source);
    // Until it is connected, who is silent there may be talking.
    engine.heard(id, false);
    this.#cancel ??= this.#options.clock.every(PRESSURE_MS, () => this.#relieve());
    source.start();
  }

  async close(id: string): Promise<void> {
    const source = this.#sources.get(id);
    this.#sources.delete(id);
    this.#options.overview.sources.delete(id);
    if (this.pushed === id) this.pushed = undefined;
    if (this.#sources.size === 0) {
      this.#cancel?.();
      this.#cancel = undefined;
    }
    await source?.stop();
  }

  /**
   * Tries whether the broker of a source can be reached with what was configured.
   * @returns why not; undefined when it can
   */
  async probe(id: string, options: Extract<SourceOptions, { type: 'mqtt' }>): Promise<string | undefined> {
    const verdict = Promise.withResolvers<string | undefined>();
    const probed = { ...options, clientId: `tidewatch-probe-${this.#options.rng.hex(4)}`, sessionExpiryMs: 0 };
    const source = await this.#make(id, probed, {
      onMessage: () => undefined,
      onState: (connected, detail) => verdict.resolve(connected ? undefined : detail),
    });
    this.#abort = () => verdict.resolve('the daemon was told to stop');
    source.start();
    try {
      return await verdict.promise;
    } finally {
      this.#abort = undefined;
      await source.stop();
    }
  }

  /** Ends a probe that is under way. */
  abortProbe(): void {
    this.#abort?.();
  }

  async #make(
    id: string,
    options: Exclude<SourceOptions, { type: 'http' }>,
    handlers: SourceHandlers,
  ): Promise<Source> {
    const { brokerUrl, clock, net } = this.#options;
    switch (options.type) {
      case 'mqtt': {
        const broker = this.#options.embedded(options.url);
        if (broker !== undefined) return new EmbeddedSource(broker, options, handlers);
        const clientId = options.clientId ?? `${await this.#clientId()}-${id}`;
        return new MqttSource({ ...options, url: brokerUrl(options.url), clientId }, handlers, net);
      }
      case 'websocket':
        return new WebSocketSource({ ...options, topic: options.topic ?? id }, handlers);
      case 'influx':
        return new InfluxSource(options, handlers, clock);
      case 'replay':
        return new ReplaySource(options, handlers, clock);
    }
  }

  #handlers(id: string, status: SourceStatus): SourceHandlers {
    const { clock, engine, telemetry } = this.#options;
    return {
      onMessage: (topic, payload, facts) => {
        const { accepted, drops } = engine.receive(id, topic, payload, clock.now(), { session: id, ...facts });
        // What is sent again may still be on its way into the log.
        return accepted > 0 || drops.includes('redelivered') ? engine.kept() : undefined;
      },
      onSessionLost: () => engine.forgetSession(id),
      onState: (connected, detail) => {
        const state = connected ? 'connected' : 'disconnected';
        if (status.state !== state || status.detail !== detail) telemetry.sourceConnected(id, connected, detail);
        if (status.state !== state) engine.heard(id, connected);
        status.state = state;
        status.detail = detail;
      },
    };
  }

  #relieve(): void {
    const depth = this.#options.engine.depth;
    const pause = this.#paused ? depth > LOW_WATER : depth > HIGH_WATER;
    if (pause === this.#paused) return;
    this.#paused = pause;
    for (const source of this.#sources.values()) {
      if (pause) source.pause();
      else source.resume();
    }
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
