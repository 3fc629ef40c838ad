/**
 * Alert documents as JSON lines in a file.
 *
 * Opened for each batch, so that a file that was moved away is simply begun anew. A batch is there whole or is taken
 * back, and a line that a crash left unfinished is ended first.
 */
import { open } from 'node:fs/promises';
import type { AlertDocument } from '../../models/alert-document.ts';
import type { Clock } from '../../models/ports.ts';
import type { SampleColumns } from '../../pipelines/thin.ts';
import { plain } from '../../sensors/reason.ts';
import type { LogOutputConfig } from '../config/config.ts';
import { systemClock } from '../ports/clock.ts';
import { MemoryQueue } from '../spool/queue.ts';
import { type Outcome, Outbox } from './outbox.ts';
import type { Sink, SinkContext } from './sink.ts';

export interface LogSinkOptions extends LogOutputConfig {
  /** Alert events that may wait while the file cannot be written. */
  queueMax?: number;
  batchMax?: number;
  retryMsFirst?: number;
  retryMsMax?: number;
  clock?: Clock;
}

const DEFAULTS = { queueMax: 10_000, batchMax: 500, retryMsFirst: 500, retryMsMax: 30_000, clock: systemClock };

/** For its owner alone: alerts tell how a plant is doing. */
const MODE = 0o600;
const NEWLINE = 10;

export class LogSink implements Sink {
  readonly #path: string | null;
  readonly #context: SinkContext;
  readonly #outbox: Outbox<AlertDocument>;

  constructor(options: LogSinkOptions, context: SinkContext) {
    const settings = { ...DEFAULTS, ...options };
    this.#path = options.path;
    this.#context = context;
    this.#outbox = new Outbox(
      {
        ...settings,
        queue: new MemoryQueue(settings.queueMax, (count, why) => context.onResult('dropped', count, why)),
        lingerMs: 0,
        perSecond: Number.MAX_SAFE_INTEGER,
        open: () => this.#append([]),
        send: (alerts) => this.#append(alerts),
        bury: () => {}, // a file refuses nothing
        explain: (error) => plain(error instanceof Error ? error.message : String(error)),
      },
      context,
    );
  }

  start(): void {
    if (this.#path === null) this.#context.onState(true, 'the log of the daemon');
    else this.#outbox.start();
  }

  deliver(alert: AlertDocument): void {
    if (this.#path !== null) this.#outbox.push([alert], undefined);
  }

  samples(_all: readonly SampleColumns[]): void {}

  stop(withinMs: number): Promise<void> {
    return this.#outbox.stop(withinMs);
  }

  async #append(alerts: readonly AlertDocument[]): Promise<Outcome> {
    const path = this.#path ?? '';
    const file = await open(path, 'a+', MODE);
    try {
      const { size } = await file.stat();
      const text = alerts.map((alert) => `${JSON.stringify(alert)}\n`).join('');
      const torn = size > 0 && (await file.read(Buffer.alloc(1), 0, 1, size - 1)).buffer[0] !== NEWLINE;
      try {
        if (text !== '') await file.appendFile(torn ? `\n${text}` : text);
      } catch (error) {
        await file.truncate(size);
        throw error;
      }
    } finally {
      await file.close();
    }
    return { kind: 'sent', detail: path };
  }
}
