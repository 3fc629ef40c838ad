/**
 * What waits to be sent to a server that may be away: in order, bounded, tried again with patience.
 *
 *   push ──▶ queue ──▶ one batch at a time ──▶ sent
 *              ▲                         ├───▶ refused: dropped, counted, buried
 *              └──────── back-off ◀──────┘     failed: back to the front, tried again
 *
 * What waits lies in memory or on disk. Beyond the bound the oldest goes. While a batch is under way up to one more
 * batch is held.
 */
import type { Cancel, Clock } from '../../models/ports.ts';
import { Backoff } from '../../sensors/backoff.ts';
import type { Origin, Queue } from '../spool/queue.ts';
import { Pace } from './pace.ts';
import type { SinkContext } from './sink.ts';

export type Outcome =
  | { kind: 'sent'; detail: string }
  /** Never to be tried again. `dropped`: how many of them were not taken; default all. */
  | { kind: 'refused'; detail: string; dropped?: number }
  /** `waitMs`: how long the server asked us to stay away. */
  | { kind: 'failed'; detail: string; waitMs?: number };

export interface OutboxOptions<T> {
  queue: Queue<T>;
  batchMax: number;
  /** How many of a backlog are sent in a second, beyond what comes in. */
  perSecond: number;
  /** How long the first of a batch waits for others, ms. */
  lingerMs: number;
  retryMsFirst: number;
  retryMsMax: number;
  clock: Clock;
  /** Tried before anything else until it succeeds or is refused. */
  open(signal: AbortSignal): Promise<Outcome>;
  send(items: T[], signal: AbortSignal): Promise<Outcome>;
  /** What was refused, for whoever wants to know what is missing. */
  bury(items: readonly T[], outcome: Extract<Outcome, { kind: 'refused' }>): void;
  /** What to tell people of an error that one of the two ended with. */
  explain(error: unknown): string;
}

/** Whether a server is back is tried with no more than this: hours of attempts should cost nothing. */
const PROBE_MAX = 100;

export class Outbox<T> {
  readonly #options: OutboxOptions<T>;
  readonly #context: Pick<SinkContext, 'onState' | 'onResult'>;
  readonly #backoff: Backoff;
  readonly #abort = new AbortController();
  readonly #pace: Pace;
  /** Items of the batch that is under way. */
  #underWay = 0;
  #phase: 'new' | 'open' | 'stopping' | 'closed' = 'new';
  #opened = false;
  /** The last attempt failed. */
  #isAway = false;
  #running: Promise<void> | undefined;
  #wake: { full: boolean; up: () => void } | undefined;
  #told = '';

  constructor(options: OutboxOptions<T>, context: Pick<SinkContext, 'onState' | 'onResult'>) {
    this.#options = options;
    this.#context = context;
    this.#backoff = new Backoff({ firstMs: options.retryMsFirst, maxMs: options.retryMsMax });
    this.#pace = new Pace(options.perSecond, options.clock);
  }

  start(): void {
    if (this.#phase !== 'new') return;
    this.#phase = 'open';
    this.#kick();
  }

  push(items: readonly T[], origin: Origin | undefined): void {
    if (items.length === 0) return;
    const { queue, batchMax } = this.#options;
    // What is on disk when this one ends is sent by the next.
    if (this.#phase === 'closed' || (this.#phase === 'stopping' && !queue.durable)) {
      this.#context.onResult('dropped', items.length, 'stopped');
      return;
    }
    this.#pace.came(queue.push(items, origin));
    if (queue.length >= batchMax && this.#wake?.full === true) this.#wake.up();
    this.#kick();
  }

  async stop(withinMs: number): Promise<void> {
    if (this.#phase === 'stopping' || this.#phase === 'closed') return;
    const started = this.#phase === 'open';
    this.#phase = 'stopping';
    this.#wake?.up();
    if (started) await within(this.#running, withinMs);
    this.#phase = 'closed';
    this.#abort.abort();
    this.#wake?.up();
    const { queue } = this.#options;
    const left = queue.durable ? 0 : queue.length + this.#underWay;
    if (left > 0) this.#context.onResult('dropped', left, 'stopped');
  }

  #kick(): void {
    if (this.#phase !== 'open' || this.#running !== undefined) return;
    this.#running = this.#run();
  }

  async #run(): Promise<void> {
    // Whatever else this turn brings goes along.
    await Promise.resolve();
    while (this.#phase !== 'closed' && !this.#opened) {
      const outcome = await this.#try(() => this.#options.open(this.#abort.signal));
      if (this.#isClosed) return;
      this.#opened = outcome.kind !== 'failed';
      await this.#settle(outcome, 0);
    }
    const { queue, batchMax, lingerMs } = this.#options;
    while (!this.#isClosed && queue.length > 0) {
      if (lingerMs > 0 && queue.length < batchMax) await this.#pause(lingerMs, true);
      const tooEarlyMs = this.#pace.waitMs();
      if (tooEarlyMs > 0) await this.#pause(tooEarlyMs, false);
      if (this.#isClosed) return;
      const items = queue.take(this.#isAway ? Math.min(PROBE_MAX, batchMax) : batchMax);
      // What could not be read is counted where that was found.
      if (items.length === 0) break;
      this.#underWay = items.length;
      const outcome = await this.#try(() => this.#options.send(items, this.#abort.signal));
      if (this.#isClosed) return;
      this.#underWay = 0;
      this.#done(items, outcome);
      await this.#settle(outcome, items.length);
    }
    // In the same turn as the last look, so that nothing is pushed in between.
    this.#running = undefined;
  }

  #done(items: T[], outcome: Outcome): void {
    const { queue } = this.#options;
    this.#isAway = outcome.kind === 'failed';
    if (this.#isAway) {
      queue.putBack();
      return;
    }
    if (outcome.kind === 'refused') this.#options.bury(items, outcome);
    queue.settle(items.length);
    this.#pace.sent(items.length);
  }

  get #isClosed(): boolean {
    return this.#phase === 'closed';
  }

  async #try(action: () => Promise<Outcome>): Promise<Outcome> {
    try {
      return await action();
    } catch (error) {
      return { kind: 'failed', detail: this.#options.explain(error) };
    }
  }

  async #settle(outcome: Outcome, count: number): Promise<void> {
    const { kind, detail } = outcome;
    if (kind === 'failed') {
      this.#tell(false, detail);
      if (count > 0) this.#context.onResult('retried', count, detail);
      await this.#pause(Math.max(this.#backoff.delayMs(), outcome.waitMs ?? 0), false);
      return;
    }
    this.#backoff.reset();
    if (kind === 'sent') this.#tell(true, detail);
    const dropped = kind === 'refused' ? Math.min(count, outcome.dropped ?? count) : 0;
    if (count > dropped) this.#context.onResult('sent', count - dropped);
    if (dropped > 0) this.#context.onResult('dropped', dropped, detail);
  }

  #tell(connected: boolean, detail: string): void {
    const told = `${connected} ${detail}`;
    if (told === this.#told) return;
    this.#told = told;
    this.#context.onState(connected, detail);
  }

  /** @param full  whether a full batch ends it */
  async #pause(ms: number, full: boolean): Promise<void> {
    // One who stops has no time to wait for company, and one last patience of the shortest kind.
    const stopping = this.#phase === 'stopping';
    if (stopping && full) return;
    let cancel: Cancel | undefined;
    await new Promise<void>((up) => {
      this.#wake = { full, up };
      cancel = this.#options.clock.after(stopping ? Math.min(ms, this.#options.retryMsFirst) : ms, up);
    });
    cancel?.();
    this.#wake = undefined;
  }
}

/** Waits for `work` no longer than that; keeps the process alive meanwhile. */
export async function within(work: Promise<unknown> | undefined, ms: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => (timer = setTimeout(resolve, ms)));
  await Promise.race([work, late]);
  clearTimeout(timer);
}
