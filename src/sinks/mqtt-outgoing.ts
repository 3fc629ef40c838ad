/**
 * What is to be published, while the broker is there and while it is not.
 *
 *   events     in order; the oldest goes when too many wait
 *   results    of commands: the same, in a queue of their own, so that nobody who asks much pushes out an alert
 *   retained   the latest of each topic; all of them again for a broker that may have lost them
 *
 * A message counts as published when the broker says so; until then it is there to be published again.
 */
import type { IPublishPacket } from 'mqtt';
import { Fifo } from './fifo.ts';

export interface Message {
  readonly kind: 'event' | 'result' | 'retained';
  readonly topic: string;
  readonly payload: string;
  readonly properties?: NonNullable<IPublishPacket['properties']>;
}

export interface OutgoingLimits {
  eventsMax: number;
  resultsMax: number;
  topicsMax: number;
}

export class Outgoing {
  readonly #limits: OutgoingLimits;
  readonly #onDropped: (count: number, why: string) => void;
  readonly #events = new Fifo<Message>();
  readonly #results = new Fifo<Message>();
  readonly #retained = new Map<string, string>();
  /** Topics whose latest payload has not been published on this connection. */
  readonly #changed = new Set<string>();
  /** In the order they were sent. */
  readonly #underWay = new Set<Message>();

  constructor(limits: OutgoingLimits, onDropped: (count: number, why: string) => void) {
    this.#limits = limits;
    this.#onDropped = onDropped;
  }

  /** Messages to be published, those included that are under way. */
  get size(): number {
    return this.#events.length + this.#results.length + this.#changed.size + this.#underWay.size;
  }

  get underWay(): number {
    return this.#underWay.size;
  }

  /** Messages that nobody else remembers. */
  get losable(): number {
    const underWay = [...this.#underWay].filter(({ kind }) => kind !== 'retained').length;
    return this.#events.length + this.#results.length + underWay;
  }

  push(message: Message & { kind: 'event' | 'result' }): void {
    const queue = message.kind === 'event' ? this.#events : this.#results;
    queue.push(message);
    this.#dropOldest();
  }

  /** An empty payload takes the topic away. */
  retain(topic: string, payload: string): void {
    const known = this.#retained.get(topic);
    if (known === payload) return;
    if (known === undefined && this.#retained.size >= this.#limits.topicsMax) {
      this.#onDropped(1, 'too many topics');
      return;
    }
    this.#retained.set(topic, payload);
    this.#changed.delete(topic);
    this.#changed.add(topic);
  }

  next(): Message | undefined {
    const message = this.#results.shift() ?? this.#events.shift() ?? this.#nextRetained();
    if (message !== undefined) this.#underWay.add(message);
    return message;
  }

  /** The broker has it, or will never take it. False when it no longer waits for that. */
  settle(message: Message): boolean {
    if (!this.#underWay.delete(message)) return false;
    const { kind, topic, payload } = message;
    if (kind === 'retained' && payload === '' && this.#retained.get(topic) === '') this.#forget(topic);
    return true;
  }

  /** The connection is gone: what was under way goes back to the front, and the next broker gets every topic. */
  lost(): void {
    const underWay = [...this.#underWay];
    this.#underWay.clear();
    this.#events.putBack(underWay.filter(({ kind }) => kind === 'event'));
    this.#results.putBack(underWay.filter(({ kind }) => kind === 'result'));
    this.#dropOldest();
    for (const topic of this.#retained.keys()) this.#changed.add(topic);
  }

  #nextRetained(): Message | undefined {
    for (const topic of this.#changed) {
      this.#changed.delete(topic);
      return { kind: 'retained', topic, payload: this.#retained.get(topic) ?? '' };
    }
    return undefined;
  }

  #forget(topic: string): void {
    if (!this.#changed.has(topic)) this.#retained.delete(topic);
  }

  #dropOldest(): void {
    const { eventsMax, resultsMax } = this.#limits;
    const excess =
      this.#events.take(this.#events.length - eventsMax).length +
      this.#results.take(this.#results.length - resultsMax).length;
    if (excess > 0) this.#onDropped(excess, 'queue full');
  }
}
