/**
 * What is to be published, while the broker is there and while it is not.
 *
 *   events     in order, in memory or on disk; the oldest goes when too many wait
 *   results    of commands: the same, in a queue of their own, so that nobody who asks much pushes out an alert
 *   retained   the latest of each topic; all of them again for a broker that may have lost them
 *
 * A message counts as published when the broker says so; until then it is there to be published again.
 */
import type { IPublishPacket } from 'mqtt';
import { Fifo } from '../fifo.ts';
import type { Origin, Queue } from '../spool/queue.ts';

export interface Message {
  readonly kind: 'event' | 'result' | 'retained';
  readonly topic: string;
  readonly payload: string;
  readonly properties?: NonNullable<IPublishPacket['properties']>;
}

export interface EventMessage extends Message {
  readonly kind: 'event';
}

export interface OutgoingLimits {
  resultsMax: number;
  topicsMax: number;
}

export class Outgoing {
  readonly #limits: OutgoingLimits;
  readonly #onDropped: (count: number, why: string) => void;
  readonly #events: Queue<EventMessage>;
  /** Events that were taken from the queue, in order, until those before them are settled too. */
  #flying: { message: Message; settled: boolean }[] = [];
  /** Those of an earlier connection. */
  readonly #again = new Fifo<Message>();
  readonly #results = new Fifo<Message>();
  readonly #retained = new Map<string, string>();
  /** Topics whose latest payload has not been published on this connection. */
  readonly #changed = new Set<string>();
  /** In the order they were sent. */
  readonly #underWay = new Set<Message>();

  constructor(limits: OutgoingLimits, events: Queue<EventMessage>, onDropped: (count: number, why: string) => void) {
    this.#limits = limits;
    this.#events = events;
    this.#onDropped = onDropped;
  }

  /** Messages to be published, those included that are under way. */
  get size(): number {
    return this.events + this.#results.length + this.#changed.size + this.#underWay.size;
  }

  /** Events to be published. */
  get events(): number {
    return this.#again.length + this.#events.length;
  }

  get underWay(): number {
    return this.#underWay.size;
  }

  /** Messages that nobody else remembers. */
  get losable(): number {
    const { durable } = this.#events;
    const underWay = [...this.#underWay].filter(({ kind }) => kind === 'result' || (kind === 'event' && !durable));
    return (durable ? 0 : this.events) + this.#results.length + underWay.length;
  }

  /** @returns events that came in; none where a replay brings what is there already */
  pushEvent(message: EventMessage, origin: Origin | undefined): number {
    return this.#events.push([message], origin);
  }

  pushResult(message: Message & { kind: 'result' }): void {
    this.#results.push(message);
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

  /** @param withEvents  whether it is time for another event */
  next(withEvents: boolean): Message | undefined {
    const message = this.#results.shift() ?? (withEvents ? this.#nextEvent() : undefined) ?? this.#nextRetained();
    if (message !== undefined) this.#underWay.add(message);
    return message;
  }

  /** The broker has it, or will never take it. False when it no longer waits for that. */
  settle(message: Message): boolean {
    if (!this.#underWay.delete(message)) return false;
    const { kind, topic, payload } = message;
    if (kind === 'event') this.#settleEvent(message);
    if (kind === 'retained' && payload === '' && this.#retained.get(topic) === '') this.#forget(topic);
    return true;
  }

  /** The connection is gone: what was under way goes back to the front, and the next broker gets every topic. */
  lost(): void {
    const underWay = [...this.#underWay];
    this.#underWay.clear();
    this.#again.take(this.#again.length);
    for (const { message, settled } of this.#flying) if (!settled) this.#again.push(message);
    this.#results.putBack(underWay.filter(({ kind }) => kind === 'result'));
    this.#dropOldest();
    for (const topic of this.#retained.keys()) this.#changed.add(topic);
  }

  #nextEvent(): Message | undefined {
    const again = this.#again.shift();
    if (again !== undefined) return again;
    const [message] = this.#events.take(1);
    if (message !== undefined) this.#flying.push({ message, settled: false });
    return message;
  }

  /** The queue forgets them in order. */
  #settleEvent(message: Message): void {
    for (const flight of this.#flying) if (flight.message === message) flight.settled = true;
    const first = this.#flying.findIndex(({ settled }) => !settled);
    const done = first < 0 ? this.#flying.length : first;
    if (done === 0) return;
    this.#flying.splice(0, done);
    this.#events.settle(done);
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
    const excess = this.#results.take(this.#results.length - this.#limits.resultsMax).length;
    if (excess > 0) this.#onDropped(excess, 'queue full');
  }
}
