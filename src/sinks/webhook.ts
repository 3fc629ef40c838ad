/**
 * Posts every alert event as its document to a URL, one after the other, so that the events of a series arrive in order.
 *
 * An event may arrive twice, when its answer was lost; `ce-id` is then the same.
 */
import type { AlertDocument } from '../../models/alert-document.ts';
import type { Clock } from '../../models/ports.ts';
import type { SampleColumns } from '../../pipelines/thin.ts';
import { peerOf } from '../../sensors/peer.ts';
import { plain, reasonOf } from '../../sensors/reason.ts';
import { readSecretFile, readTls } from '../../sensors/secret-files.ts';
import type { WebhookOutputConfig } from '../config/config.ts';
import { systemClock } from '../ports/clock.ts';
import { originOf, queueOf } from '../spool/queue.ts';
import { cloudEvent } from './cloud-event.ts';
import { type Outcome, Outbox } from './outbox.ts';
import { type Answer, post } from './post.ts';
import type { Sink, SinkContext } from './sink.ts';

export interface WebhookSinkOptions extends Omit<WebhookOutputConfig, 'spoolBytes'> {
  /** Events that may wait in memory while the receiver is away. */
  queueMax?: number;
  retryMsFirst?: number;
  retryMsMax?: number;
  /** Longest wait that a receiver may ask for. */
  retryAfterMsMax?: number;
  /** An event that the receiver itself fails on is not tried more often: the others wait behind it. */
  attemptsMax?: number;
  clock?: Clock;
}

const DEFAULTS = {
  queueMax: 1000,
  retryMsFirst: 500,
  retryMsMax: 30_000,
  retryAfterMsMax: 600_000,
  attemptsMax: 6,
  clock: systemClock,
};

/** Of a backlog: a receiver that makes a ticket or a message of each is not to be flooded. */
const BACKLOG_PER_SECOND = 100;

/** Busy, or somebody in between says that the receiver is away: what was sent is not at fault. */
const AWAY = new Set([408, 425, 429, 502, 503, 504]);

export class WebhookSink implements Sink {
  readonly #options: Required<WebhookSinkOptions>;
  readonly #context: SinkContext;
  readonly #outbox: Outbox<AlertDocument>;
  /** How often the event at the front has made the receiver fail. */
  #failing: { id: string; times: number } | undefined;

  constructor(options: WebhookSinkOptions, context: SinkContext) {
    this.#options = { ...DEFAULTS, ...options };
    this.#context = context;
    this.#outbox = new Outbox(
      {
        ...this.#options,
        queue: queueOf<AlertDocument>({
          spool: context.spool,
          max: this.#options.queueMax,
          codec: { encode: (alert) => JSON.stringify(alert), decode: (text) => JSON.parse(text) as AlertDocument },
          onDropped: (count, why) => context.onResult('dropped', count, why),
        }),
        batchMax: 1,
        lingerMs: 0,
        perSecond: BACKLOG_PER_SECOND,
        open: async () => {
          await this.#credentials();
          return { kind: 'sent', detail: 'nothing sent yet' };
        },
        send: ([alert], signal) => this.#send(alert, signal),
        bury: (alerts, { detail }) => context.bury?.(alerts, detail, alerts.length),
        explain: (error) => this.#explain(error),
      },
      context,
    );
  }

  start(): void {
    this.#outbox.start();
  }

  deliver(alert: AlertDocument, position?: number): void {
    if (this.#options.events.includes(alert.event)) this.#outbox.push([alert], originOf(position, 'alerts'));
  }

  samples(_all: readonly SampleColumns[]): void {}

  stop(withinMs: number): Promise<void> {
    return this.#outbox.stop(withinMs);
  }

  async #credentials(): Promise<{ token: string | undefined; ca: string | undefined }> {
    const { tokenFile, caFile } = this.#options;
    const { ca } = await readTls({ caFile });
    return { token: tokenFile === null ? undefined : await readSecretFile('token_file', tokenFile), ca };
  }

  async #send(alert: AlertDocument, signal: AbortSignal): Promise<Outcome> {
    const { url, timeoutMs } = this.#options;
    const { token, ca } = await this.#credentials();
    const attributes = Object.entries(cloudEvent(alert)).map(([name, value]) => [`ce-${name}`, value] as const);
    const answer = await post({
      url,
      body: JSON.stringify(alert),
      headers: {
        'content-type': 'application/json',
        'user-agent': `tidewatch/${this.#context.version}`,
        ...Object.fromEntries(attributes),
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      },
      ca,
      signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
    });
    return this.#outcomeOf(alert, answer);
  }

  #outcomeOf(alert: AlertDocument, { status, retryAfter, text }: Answer): Outcome {
    const detail = plain(`HTTP ${status} ${text}`).trim();
    if (status >= 200 && status < 300) return { kind: 'sent', detail: `HTTP ${status}` };
    if (AWAY.has(status)) return { kind: 'failed', detail, waitMs: this.#waitMs(retryAfter) };
    if (status < 500) return { kind: 'refused', detail };
    const { id } = cloudEvent(alert);
    const times = this.#failing?.id === id ? this.#failing.times + 1 : 1;
    this.#failing = { id, times };
    if (times >= this.#options.attemptsMax) return { kind: 'refused', detail };
    return { kind: 'failed', detail, waitMs: this.#waitMs(retryAfter) };
  }

  #explain(error: unknown): string {
    const { url, timeoutMs } = this.#options;
    if (error instanceof Error && error.name === 'AbortError') return `no answer within ${timeoutMs} ms`;
    return reasonOf(error, peerOf(url, 'server')) ?? 'the connection ended';
  }

  /** Seconds, or a date. */
  #waitMs(retryAfter: string | undefined): number {
    if (retryAfter === undefined) return 0;
    const ms = /^\d+$/.test(retryAfter)
      ? Number(retryAfter) * 1000
      : Date.parse(retryAfter) - this.#options.clock.now();
    return Number.isFinite(ms) ? Math.min(this.#options.retryAfterMsMax, Math.max(0, ms)) : 0;
  }
}
