/**
 * Writes alerts, and scored samples where asked for, to an InfluxDB 1.x or whatever speaks as it does.
 *
 * The client library writes; patience is ours, because it tries again at once or not at all. A point with the same tags
 * and time overwrites, so that writing a batch again changes nothing. A batch that was refused as malformed is never
 * written again: its good points have been stored already.
 */
import { InfluxDB, type IPoint, ResultError } from 'influx';
import type { AlertDocument } from '../../models/alert-document.ts';
import type { Clock } from '../../models/ports.ts';
import type { SampleColumns } from '../../pipelines/thin.ts';
import { peerOf } from '../../sensors/peer.ts';
import { plain, reasonOf } from '../../sensors/reason.ts';
import { type Access, readAccess, type TlsTexts } from '../../sensors/secret-files.ts';
import type { InfluxOutputConfig } from '../config/config.ts';
import { systemClock } from '../ports/clock.ts';
import { originOf, queueOf } from '../spool/queue.ts';
import { alertPoints, decodePoint, encodePoint, samplePoints, SCHEMA } from './influx-points.ts';
import { type Outcome, Outbox } from './outbox.ts';
import type { Sink, SinkContext } from './sink.ts';

export interface InfluxSinkOptions extends Omit<InfluxOutputConfig, 'spoolBytes'> {
  retryMsFirst?: number;
  retryMsMax?: number;
  /** Silence after which a request is given up. */
  requestTimeoutMs?: number;
  /** Longest time for a request, however lively the other end. */
  deadlineMs?: number;
  clock?: Clock;
}

const DEFAULTS = {
  retryMsFirst: 500,
  retryMsMax: 30_000,
  requestTimeoutMs: 3000,
  deadlineMs: 15_000,
  clock: systemClock,
};

/** Points of a backlog: some four times what a busy plant brings, and a small part of what a server takes. */
const BACKLOG_PER_SECOND = 20_000;
/** Of so many points, all that were written are told where the server took some and does not say which. */
const BURIED_MAX = 100;

/** Not at fault: who we are, how busy it is, and whether the database is there can change. */
const PATIENT = new Set([401, 403, 404, 408, 425, 429]);
const NOT_FOUND = 404;
const UNAUTHORISED = 401;

/** A connection, and the signal that the request under way ends with. */
interface Connection {
  database: InfluxDB;
  request: TlsTexts & { rejectUnauthorized: true; signal?: AbortSignal };
}

export class InfluxSink implements Sink {
  readonly #options: Required<InfluxSinkOptions>;
  readonly #context: SinkContext;
  readonly #outbox: Outbox<IPoint>;
  #connection: Connection | undefined;

  constructor(options: InfluxSinkOptions, context: SinkContext) {
    this.#options = { ...DEFAULTS, ...options };
    this.#context = context;
    const { queue, batch, flushMs } = this.#options;
    this.#outbox = new Outbox(
      {
        ...this.#options,
        queue: queueOf<IPoint>({
          spool: context.spool,
          max: queue,
          codec: { encode: encodePoint, decode: decodePoint },
          onDropped: (count, why) => context.onResult('dropped', count, why),
        }),
        batchMax: Math.min(batch, queue),
        lingerMs: flushMs,
        perSecond: BACKLOG_PER_SECOND,
        open: (signal) => this.#request(signal, (database) => this.#createDatabase(database)),
        send: (points, signal) =>
          this.#request(signal, (database) => database.writePoints(points, { precision: 'ms' })),
        bury: (points, { detail, dropped = points.length }) => {
          const told = dropped === points.length || points.length <= BURIED_MAX;
          context.bury?.(told ? points : [], detail, dropped);
        },
        explain: (error) => this.#explain(error),
      },
      context,
    );
  }

  start(): void {
    this.#outbox.start();
  }

  deliver(alert: AlertDocument, position?: number): void {
    const points = alertPoints(alert);
    if (points.length === 0) this.#context.onResult('dropped', 1, 'an alert without a time');
    this.#outbox.push(points, originOf(position, 'alerts'));
  }

  samples(all: readonly SampleColumns[], position?: number): void {
    if (!this.#options.samples) return;
    this.#outbox.push(
      all.flatMap((columns) => {
        const series = this.#context.series(columns.s);
        return samplePoints(columns, series?.pipeline ?? '', series?.state === 'alert');
      }),
      originOf(position, 'samples'),
    );
  }

  stop(withinMs: number): Promise<void> {
    return this.#outbox.stop(withinMs);
  }

  /** Resolves in time whatever the server does. */
  async #request(stop: AbortSignal, action: (database: InfluxDB) => Promise<void>): Promise<Outcome> {
    const { url, database: name, deadlineMs } = this.#options;
    try {
      this.#connection ??= connectionTo(this.#options, await readAccess(this.#options));
      const { database, request } = this.#connection;
      request.signal = AbortSignal.any([stop, AbortSignal.timeout(deadlineMs)]);
      await settledOrAborted(action(database), request.signal);
      return { kind: 'sent', detail: `${name} at ${new URL(url).host}` };
    } catch (error) {
      const status = statusOf(error);
      if (status === undefined || PATIENT.has(status)) {
        if (status === NOT_FOUND) await this.#createAgain();
        // Credentials are read again, and no connection is kept that may be broken.
        this.#connection = undefined;
        return { kind: 'failed', detail: this.#explain(error) };
      }
      return { kind: 'refused', detail: this.#explain(error), ...countOf(error) };
    }
  }

  /** Whoever may not create it may still write to it, so any answer but "who are you" will do. */
  async #createDatabase(database: InfluxDB): Promise<void> {
    await database.createDatabase(this.#options.database).catch((error: unknown) => {
      const status = statusOf(error);
      if (!(status === undefined ? isUnusable(error) : status !== UNAUTHORISED)) throw error;
    });
  }

  async #createAgain(): Promise<void> {
    const { database, request } = this.#connection ?? {};
    if (database === undefined || request?.signal === undefined) return;
    // Whether it could, the next write will tell.
    await settledOrAborted(this.#createDatabase(database), request.signal).catch(() => {});
  }

  #explain(error: unknown): string {
    const peer = peerOf(this.#options.url, 'database');
    if (error instanceof Error && (error.name === 'AbortError' || error.name === 'TimeoutError')) {
      return `no answer from ${peer.host}:${peer.port}`;
    }
    const said = /error occurred: (.*)/s.exec(error instanceof Error ? error.message : '')?.[1];
    if (said !== undefined) return plain(`HTTP ${statusOf(error) ?? ''} ${said}`).trim();
    return reasonOf(error, peer) ?? 'the connection ended';
  }
}

/** Never takes a host out of service, and never tries twice. */
const NO_BACKOFF = { getDelay: () => 0, next: () => NO_BACKOFF, reset: () => NO_BACKOFF };

function connectionTo(options: Required<InfluxSinkOptions>, { username, password, tls }: Access): Connection {
  const { url, database, requestTimeoutMs } = options;
  const { host, port } = peerOf(url, 'database');
  const { protocol, pathname } = new URL(url);
  const request: Connection['request'] = { ...tls, rejectUnauthorized: true };
  return {
    request,
    database: new InfluxDB({
      database,
      // Left out, the library logs in as root.
      username: (username ?? null) as string,
      password: password ?? '',
      hosts: [
        {
          host: host.includes(':') ? `[${host}]` : host,
          port,
          protocol: protocol === 'https:' ? 'https' : 'http',
          path: pathname === '/' ? '' : pathname.replace(/\/$/, ''),
          options: request,
        },
      ],
      pool: { maxRetries: 0, requestTimeout: requestTimeoutMs, backoff: NO_BACKOFF },
      schema: SCHEMA.map((schema) => ({ ...schema })),
    }),
  };
}

/** The library waits for ever for the rest of an answer that was begun. */
async function settledOrAborted(work: Promise<void>, signal: AbortSignal): Promise<void> {
  let abort: (() => void) | undefined;
  const aborted = new Promise<never>((_resolve, reject) => {
    abort = () => reject(signal.reason as Error);
    signal.addEventListener('abort', abort, { once: true });
  });
  try {
    await Promise.race([work, aborted]);
  } finally {
    if (abort !== undefined) signal.removeEventListener('abort', abort);
  }
}

function statusOf(error: unknown): number | undefined {
  return (error as { res?: { statusCode?: number } } | null)?.res?.statusCode;
}

/** An answer, but a refusal in its body or none that the library can read; a server that is away ends otherwise. */
function isUnusable(error: unknown): boolean {
  if (error instanceof ResultError || error instanceof SyntaxError) return true;
  return error instanceof TypeError && !('code' in error);
}

/** How many points the server says it did not take; the others it has stored. */
function countOf(error: unknown): { dropped?: number } {
  const text = error instanceof Error ? error.message : '';
  if (!text.includes('partial write')) return {};
  const dropped = Number(/dropped=(\d+)/.exec(text)?.[1] ?? 0) + (text.match(/unable to parse/g)?.length ?? 0);
  return dropped > 0 ? { dropped } : {};
}
