/**
 * What is published to the embedded broker, heard within the broker itself: a publisher gets its acknowledgement once
 * the message is kept, and not once somebody was sent it.
 */
import { topicFits } from '../sensors/mqtt-filter.ts';
import type { Source, SourceHandlers } from '../sensors/source.ts';
import { Valve } from '../sensors/valve.ts';
import type { Broker, Published } from './broker.ts';

export interface EmbeddedOptions {
  topics: readonly string[];
  /** First levels of our own topics. */
  ignoreBases: readonly string[];
}

/** Publishers may be told to be silent for no longer. */
const HOLD_MS = 10_000;

export class EmbeddedSource implements Source {
  readonly #broker: Broker;
  readonly #options: EmbeddedOptions;
  readonly #handlers: SourceHandlers;
  readonly #valve: Valve;
  #stop: (() => void) | undefined;

  constructor(broker: Broker, options: EmbeddedOptions, handlers: SourceHandlers) {
    this.#broker = broker;
    this.#options = options;
    this.#handlers = handlers;
    this.#valve = new Valve(HOLD_MS, (held) => broker.hold(held));
  }

  start(): void {
    this.#stop = this.#broker.hear((message) => this.#published(message));
    this.#handlers.onState(true, 'embedded');
  }

  pause(): void {
    this.#valve.hold();
  }

  resume(): void {
    this.#valve.release();
  }

  stop(): Promise<void> {
    this.#valve.release();
    this.#stop?.();
    return Promise.resolve();
  }

  #published({ topic, payload, ...facts }: Published): Promise<void> | undefined {
    const { ignoreBases, topics } = this.#options;
    if (ignoreBases.some((base) => topic === base || topic.startsWith(`${base}/`))) return undefined;
    if (!topics.some((filter) => topicFits(topic, filter))) return undefined;
    return this.#handlers.onMessage(topic, payload, { retained: false, ...facts });
  }
}
