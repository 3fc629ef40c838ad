/**
 * The alert events published so far: which alerts are open, what has happened lately, what past ones looked like, and
 * the number of the last event.
 * Part of every checkpoint, so that a restarted daemon shows the same list and goes on counting.
 */
import type { AlertDocument, SimilarAlert } from '../models/alert-document.ts';
import type { Journal } from '../pipelines/raise.ts';
import { type PastAlert, SimilarAlerts } from './similar.ts';

const EVENTS_MAX = 1000;
/** More events than can have been lost. */
const SEQ_RESERVE = 10_000;
const DAY_MS = 24 * 3600_000;

/** As kept; a version without signatures kept none. */
type AlertLogState = Omit<ReturnType<AlertLog['toJSON']>, 'past'> & { past?: PastAlert[] };

export class AlertLog implements Journal {
  seq = 0;
  /** By series: a series has one alert at a time. */
  readonly #open = new Map<string, AlertDocument>();
  #events: AlertDocument[] = [];
  readonly #past = new SimilarAlerts();

  push(alert: AlertDocument): void {
    if (alert.status === 'active') this.#open.set(alert.series, alert);
    else this.#end(alert);
    this.#events.push(alert);
    if (this.#events.length > EVENTS_MAX + 100) this.#events.splice(0, this.#events.length - EVENTS_MAX);
  }

  #end(alert: AlertDocument): void {
    this.#open.delete(alert.series);
    this.#past.remember(alert);
  }

  similar(alert: Pick<AlertDocument, 'started_at' | 'signature'>): SimilarAlert[] {
    return this.#past.find(alert);
  }

  open(): AlertDocument[] {
    return [...this.#open.values()].sort((a, b) => b.seq - a.seq);
  }

  openById(id: string): AlertDocument | undefined {
    return this.open().find((alert) => alert.id === id);
  }

  /** The open alert of a series. */
  openOf(series: string): AlertDocument | undefined {
    return this.#open.get(series);
  }

  isOpen(series: string): boolean {
    return this.#open.has(series);
  }

  /** Events with a number above `seq`, oldest first. */
  after(seq: number): AlertDocument[] {
    return this.#events.filter((event) => event.seq > seq);
  }

  /** Number of the oldest event still kept; one above `seq` when there is none. */
  oldestSeq(): number {
    return this.#events[0]?.seq ?? this.seq + 1;
  }

  /** Every open alert and those closed lately, each in its latest state, newest first; `max` unless more are open. */
  recent(max: number): AlertDocument[] {
    const latest = new Map<string, AlertDocument>();
    for (const alert of this.#open.values()) latest.set(alert.id, alert);
    for (const event of this.#events) latest.set(event.id, event);
    const all = [...latest.values()].sort((a, b) => b.started_at.localeCompare(a.started_at));
    let closedLeft = max - all.filter(({ status }) => status === 'active').length;
    return all.filter(({ status }) => status === 'active' || closedLeft-- > 0);
  }

  openedWithinDay(now: number): number {
    const time = now - DAY_MS;
    return this.#events.filter((event) => event.event === 'open' && Date.parse(event.started_at) >= time).length;
  }

  toJSON(): { seq: number; open: AlertDocument[]; events: AlertDocument[]; past: PastAlert[] } {
    const { seq } = this;
    return { seq, open: [...this.#open.values()], events: [...this.#events], past: this.#past.toJSON() };
  }

  /** Numbers that were given out and not kept must not be given out again. */
  reserve(): void {
    this.seq += SEQ_RESERVE;
  }

  restore(state: unknown): void {
    const { seq, open, events, past = [] } = state as AlertLogState;
    this.seq = seq;
    this.#events = events.map(whole);
    for (const alert of open) this.#open.set(alert.series, whole(alert));
    this.#past.restore(past);
  }
}

/** A document of a version without signatures lacks them. */
function whole(alert: AlertDocument): AlertDocument {
  return { ...alert, signature: alert.signature ?? [], similar: alert.similar ?? [] };
}
