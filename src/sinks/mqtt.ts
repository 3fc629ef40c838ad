/**
 * Tells a broker what happens, and takes commands from it.
 *
 *   <base>/bridge/state               online, offline             retained, and the last will
 *   <base>/bridge/info                version, counts             retained
 *   <base>/bridge/health              rates, memory, sources      each minute
 *   <base>/series/<id>/state          the latest sample, scored   retained
 *   <base>/series/<id>/availability   online, offline             retained
 *   <base>/alert/<id of the series>   the alert while it is open  retained, emptied when it closes
 *   <base>/event                      every alert event           expires after a day
 *   <base>/cmd/<verb>                 commands                    in
 *   <base>/cmd/<verb>/result          {ok, result} or {ok, error} out, or to the response topic of the command
 */
import { randomBytes } from 'node:crypto';
import type { Duplex } from 'node:stream';
import type { IPublishPacket } from 'mqtt';
import type { AlertDocument } from '../../models/alert-document.ts';
import type { Cancel, Clock, Net } from '../../models/ports.ts';
import type { SampleColumns } from '../../pipelines/thin.ts';
import { MqttConnection, type Session } from '../../sensors/mqtt-connection.ts';
import { notAuthorised } from '../../sensors/mqtt-reason.ts';
import { subscribe } from '../../sensors/mqtt-subscribe.ts';
import { nameOf } from '../../sensors/mqtt-version.ts';
import { plain } from '../../sensors/reason.ts';
import type { MqttOutputConfig } from '../config/config.ts';
import { systemClock } from '../ports/clock.ts';
import { systemNet } from '../ports/net.ts';
import { originOf, queueOf } from '../spool/queue.ts';
import { cloudEvent } from './cloud-event.ts';
import { type Abilities, abilitiesOf } from './mqtt-abilities.ts';
import { type EventMessage, type Message, Outgoing } from './mqtt-outgoing.ts';
import { levelOf, SeriesTopics } from './mqtt-series.ts';
import { within } from './outbox.ts';
import { Pace } from './pace.ts';
import type { Sink, SinkContext } from './sink.ts';

export interface MqttSinkOptions extends Omit<MqttOutputConfig, 'spoolBytes'> {
  /** Alert events that may wait in memory while the broker is away. */
  eventsMax?: number;
  /** Results of commands that may wait. */
  resultsMax?: number;
  /** Retained topics. */
  topicsMax?: number;
  seriesMax?: number;
  /** Commands that may be under way at once, and how long one may be. */
  commandsMax?: number;
  commandBytesMax?: number;
  /** Time between two states of a series that no alert changed. */
  stateMs?: number;
  healthMs?: number;
  retryMsFirst?: number;
  retryMsMax?: number;
  connectMsMax?: number;
  clock?: Clock;
  net?: Net<Duplex>;
}

const DEFAULTS = {
  eventsMax: 1000,
  resultsMax: 100,
  topicsMax: 300_000,
  seriesMax: 100_000,
  commandsMax: 16,
  commandBytesMax: 64 * 1024,
  stateMs: 10_000,
  healthMs: 60_000,
  retryMsFirst: 500,
  retryMsMax: 30_000,
  connectMsMax: 10_000,
  clock: systemClock,
  net: systemNet,
};

const SWEEP_MS = 1000;
/** Of a backlog: whoever listens to the events has to keep up as well. */
const BACKLOG_PER_SECOND = 1000;
const EXPIRY_SECONDS = 24 * 3600;
const VERB = /^[a-z][a-z_]{0,31}$/;
/** What a command may ask to be answered at: a topic, and none of the server's own. */
const RESPONSE_TOPIC = /^[^+#\0$][^+#\0]{0,1023}$/;
const REFUSED = 0x80;
/** What a packet holds besides topic and payload, at most. */
const HEAD_BYTES_MAX = 2048;

/** A connection that stands, and what its broker can do. */
type Open = Pick<Session, 'client' | 'version'> & Abilities;

export class MqttSink implements Sink {
  readonly #options: Required<MqttSinkOptions>;
  readonly #context: SinkContext;
  readonly #outgoing: Outgoing;
  readonly #series: SeriesTopics;
  readonly #connection: MqttConnection;
  readonly #cancels: Cancel[] = [];
  readonly #pace: Pace;
  #early: Cancel | undefined;
  /** Topics of alerts that this sink has spoken of: what the broker still has of others is of a life before. */
  readonly #told = new Set<string>();
  #session: Open | undefined;
  #commands = 0;
  #phase: 'new' | 'open' | 'stopping' | 'closed' = 'new';
  /** Called when nothing is left to publish. */
  #onEmpty: () => void = () => {};

  constructor(options: MqttSinkOptions, context: SinkContext) {
    this.#options = { ...DEFAULTS, ...options };
    this.#context = context;
    const { base, clock, stateMs, seriesMax, clientId, net } = this.#options;
    const onDropped = (count: number, why: string) => context.onResult('dropped', count, why);
    const codec = {
      encode: ({ payload }: EventMessage) => payload,
      decode: (text: string) => this.#eventOf(JSON.parse(text) as AlertDocument),
    };
    const events = queueOf({ spool: context.spool, max: this.#options.eventsMax, codec, onDropped });
    this.#outgoing = new Outgoing(this.#options, events, onDropped);
    this.#pace = new Pace(BACKLOG_PER_SECOND, clock);
    this.#series = new SeriesTopics({
      base: `${base}/series`,
      stateMs,
      seriesMax,
      clock,
      series: (id) => context.series(id),
      retain: (topic, payload) => this.#outgoing.retain(topic, payload),
    });
    this.#connection = new MqttConnection(
      {
        ...this.#options,
        clientId: clientId ?? `tidewatch-out-${randomBytes(6).toString('hex')}`,
        sessionExpiryMs: 0, // what must not be lost is kept here
        will: { topic: `${base}/bridge/state`, payload: 'offline' },
      },
      {
        onSession: ({ client, version }, connack) => this.#opened({ client, version, ...abilitiesOf(connack) }),
        onLost: (detail) => this.#lost(detail),
        onMessage: (topic, payload, packet) => this.#received(topic, payload, packet),
      },
      net,
    );
  }

  start(): void {
    if (this.#phase !== 'new') return;
    this.#phase = 'open';
    const { base, clock, healthMs } = this.#options;
    this.#outgoing.retain(`${base}/bridge/state`, 'online');
    // The broker may have lost what it retained.
    for (const alert of this.#context.openAlerts()) {
      this.#retainAlert(alert);
      this.#series.alert(alert);
    }
    this.#cancels.push(
      clock.every(SWEEP_MS, () => {
        this.#series.sweep();
        this.#pump();
      }),
      clock.every(healthMs, () => this.#tellHealth()),
    );
    this.#connection.start();
  }

  deliver(alert: AlertDocument, position?: number): void {
    // What is on disk when this one ends is published by the next.
    if (this.#phase === 'closed' || (this.#phase === 'stopping' && this.#context.spool === undefined)) {
      this.#context.onResult('dropped', 1, 'stopped');
      return;
    }
    this.#retainAlert(alert);
    this.#pace.came(this.#outgoing.pushEvent(this.#eventOf(alert), originOf(position, 'alerts')));
    this.#series.alert(alert);
    this.#pump();
  }

  /** What is new is published by the sweep, once a second. */
  samples(all: readonly SampleColumns[]): void {
    if (this.#phase === 'new' || this.#phase === 'open') this.#series.samples(all);
  }

  async stop(withinMs: number): Promise<void> {
    if (this.#phase === 'stopping' || this.#phase === 'closed') return;
    const until = performance.now() + withinMs;
    const started = this.#phase === 'open';
    this.#phase = 'stopping';
    for (const cancel of this.#cancels.splice(0)) cancel();
    if (started) {
      const empty = new Promise<void>((resolve) => (this.#onEmpty = resolve));
      this.#outgoing.retain(`${this.#options.base}/bridge/state`, 'offline');
      this.#pump();
      await within(empty, withinMs);
      await this.#connection.stop(Math.max(0, until - performance.now()));
    }
    this.#phase = 'closed';
    this.#session = undefined;
    this.#early?.();
    const { losable } = this.#outgoing;
    if (losable > 0) this.#context.onResult('dropped', losable, 'stopped');
  }

  #opened(session: Open): void {
    this.#session = session;
    this.#tellInfo();
    this.#context.onState(true, nameOf(session.version));
    this.#pump();
    void this.#listen(session);
    this.#askForRetained(session);
  }

  #eventOf(alert: AlertDocument): EventMessage {
    const properties = {
      messageExpiryInterval: EXPIRY_SECONDS,
      contentType: 'application/json',
      userProperties: { ...cloudEvent(alert) },
    };
    const topic = `${this.#options.base}/event`;
    return { kind: 'event', topic, payload: JSON.stringify(alert), properties };
  }

  #retainAlert(alert: AlertDocument): void {
    const topic = `${this.#options.base}/alert/${levelOf(alert.series)}`;
    this.#told.add(topic);
    this.#outgoing.retain(topic, alert.status === 'active' ? JSON.stringify(alert) : '');
  }

  /** What the broker still shows as open: a crash may have made us forget it. Where this is refused, nothing is lost. */
  #askForRetained(session: Open): void {
    const options = session.version === 5 ? { qos: 0 as const, rh: 0, nl: true } : { qos: 0 as const };
    session.client.subscribe(`${this.#options.base}/alert/+`, options, () => {});
  }

  #clearForgotten(topic: string): void {
    if (this.#told.has(topic) || this.#phase !== 'open') return;
    this.#outgoing.retain(topic, '');
    this.#pump();
  }

  async #listen(session: Open): Promise<void> {
    const { refused, error } = await subscribe(session, [`${this.#options.base}/cmd/+`], 1);
    if (session !== this.#session) return;
    const trouble = error ?? (refused.length > 0 ? notAuthorised(refused) : undefined);
    if (trouble !== undefined) {
      this.#context.onState(true, `${nameOf(session.version)}, but no commands: ${trouble}`);
    }
  }

  #lost(detail: string): void {
    const { underWay } = this.#outgoing;
    this.#session = undefined;
    this.#outgoing.lost();
    this.#context.onState(false, detail);
    if (underWay > 0) this.#context.onResult('retried', underWay, detail);
  }

  #pump(): void {
    const session = this.#session;
    if (session === undefined) return;
    while (this.#outgoing.underWay < session.window) {
      const waitMs = this.#pace.waitMs();
      if (waitMs > 0 && this.#outgoing.events > 0) this.#pumpIn(waitMs);
      const message = this.#outgoing.next(waitMs === 0);
      if (message === undefined) break;
      this.#publish(session, message);
    }
    if (this.#outgoing.size === 0) this.#onEmpty();
  }

  #pumpIn(ms: number): void {
    this.#early ??= this.#options.clock.after(ms, () => {
      this.#early = undefined;
      this.#pump();
    });
  }

  #publish(session: Open, message: Message): void {
    const { topic, payload, kind, properties } = message;
    if (Buffer.byteLength(payload) + Buffer.byteLength(topic) + HEAD_BYTES_MAX > session.packetBytesMax) {
      // Sent all the same, it would cost the connection, and again the next one.
      this.#outgoing.settle(message);
      this.#refused(message, 'too large for the broker');
      return;
    }
    if (kind === 'event') this.#pace.sent(1);
    const options = {
      qos: session.qos,
      retain: kind === 'retained' && session.retains,
      ...(properties !== undefined && session.version === 5 ? { properties } : {}),
    };
    session.client.publish(topic, payload, options, (error) => {
      // Of an earlier connection, or the end of this one: it is there to be published again.
      if (session !== this.#session || (error && !isRefusal(error))) return;
      if (!this.#outgoing.settle(message)) return;
      if (error) this.#refused(message, plain(error.message));
      else this.#context.onResult('sent', 1);
      this.#pump();
    });
  }

  #refused({ kind, payload }: Message, why: string): void {
    this.#context.onResult('dropped', 1, why);
    if (kind === 'event') this.#context.bury?.([JSON.parse(payload)], why, 1);
  }

  #tellInfo(): void {
    const { version } = this.#context;
    const { series, learning, alerts_open, alerts_today, budget_per_day, demo } = this.#context.status();
    const info = { version, series, learning, alerts_open, alerts_today, budget_per_day, demo };
    this.#outgoing.retain(`${this.#options.base}/bridge/info`, JSON.stringify(info));
  }

  /** Of use only while it is fresh: not kept for a broker that is away. */
  #tellHealth(): void {
    const session = this.#session;
    if (session === undefined) return;
    const { type: _type, ...status } = this.#context.status();
    const health = JSON.stringify({ ...status, memory_bytes: process.memoryUsage.rss() });
    session.client.publish(`${this.#options.base}/bridge/health`, health, { qos: 0 }, () => {});
    this.#tellInfo();
    this.#pump();
  }

  #received(topic: string, payload: Buffer, packet: IPublishPacket): void {
    if (this.#phase !== 'open') return;
    if (topic.startsWith(`${this.#options.base}/alert/`)) {
      if (packet.retain && payload.length > 0) this.#clearForgotten(topic);
      return;
    }
    const prefix = `${this.#options.base}/cmd/`;
    const verb = topic.slice(prefix.length);
    if (packet.retain || !topic.startsWith(prefix) || !VERB.test(verb)) return;
    this.#answer(verb, payload).then(
      (result) => this.#reply(verb, result, packet),
      () => {}, // #answer has an answer for everything
    );
  }

  async #answer(verb: string, payload: Buffer): Promise<string> {
    const { commandsMax, commandBytesMax } = this.#options;
    if (payload.length > commandBytesMax) return failure(`expected at most ${commandBytesMax} bytes`);
    if (this.#commands >= commandsMax) return failure('busy with other commands');
    const body = parse(payload);
    if (body === undefined) return failure('expected JSON');
    this.#commands++;
    try {
      const result = await this.#context.command(verb, body);
      return JSON.stringify({ ok: true, result });
    } catch (error) {
      return failure(error instanceof Error ? error.message : String(error));
    } finally {
      this.#commands--;
    }
  }

  #reply(verb: string, payload: string, { properties }: IPublishPacket): void {
    if (this.#phase === 'closed') return;
    const { base } = this.#options;
    const asked = properties?.responseTopic;
    // Who may give commands may not speak in our name as well.
    const honoured = asked !== undefined && RESPONSE_TOPIC.test(asked) && !asked.startsWith(`${base}/`);
    this.#outgoing.pushResult({
      kind: 'result',
      topic: honoured ? asked : `${base}/cmd/${verb}/result`,
      payload,
      properties: {
        contentType: 'application/json',
        ...(properties?.correlationData === undefined ? {} : { correlationData: properties.correlationData }),
      },
    });
    this.#pump();
  }
}

/** The broker will not take it; everything else is trouble with the connection. */
function isRefusal(error: Error & { code?: number | string }): boolean {
  return typeof error.code === 'number' && error.code >= REFUSED;
}

/** No payload: a command without a body. */
function parse(payload: Buffer): unknown {
  try {
    return payload.length === 0 ? {} : (JSON.parse(payload.toString('utf8')) as unknown);
  } catch {
    return undefined;
  }
}

function failure(error: string): string {
  return JSON.stringify({ ok: false, error: plain(error) });
}
