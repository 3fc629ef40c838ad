/**
 * What the page knows, and how each server message changes it.
 *
 * `apply` is the only way in for the server's words. Everything a component reads is a signal; everything that grows
 * has a bound: rings of fixed size, SERIES_MAX series, ALERTS_MAX alerts.
 */
import { batch, computed, signal, type Signal } from '@preact/signals';

import type { AlertDocument } from '../../models/alert-document.ts';
import type {
  HelloMessage,
  ResultMessage,
  SampleColumns,
  Scoreboard,
  SeriesInfo,
  SeriesMessage,
  ServerMessage,
  SnapshotMessage,
  StatusMessage,
} from '../protocol.ts';
import { bySeries, enter, type AlertBook } from './alert-book.ts';
import type { Link } from './connection.ts';
import { SeriesTrack } from './series-track.ts';

/** More cards than this no browser tab holds gracefully; the status bar still counts all series. */
export const SERIES_MAX = 1_000;
const STATUS_WAIT_MS = 2_000;
const NOTICE_MS = 15_000;

export class Store {
  readonly link: Signal<Link> = signal('connecting');
  readonly server: Signal<string> = signal('');
  readonly loaded: Signal<boolean> = signal(false);
  readonly status: Signal<StatusMessage | null> = signal(null);
  readonly scoreboard: Signal<Scoreboard | null> = signal(null);
  /** Changes only when a series comes or goes; what happens to one series is on its own track. */
  readonly tracks: Signal<readonly SeriesTrack[]> = signal([]);
  readonly alerts: Signal<AlertBook> = signal([]);
  /** Alerts whose acknowledgement is on its way, by the id of the client message. */
  readonly acknowledging: Signal<ReadonlyMap<number, string>> = signal(new Map());
  /** The newest alert in words, for those who listen to the page. */
  readonly announcement: Signal<string> = signal('');
  /** Trouble the server told us about, for a while. */
  readonly notice: Signal<string> = signal('');
  /** Server time, once a second: what durations are counted against. */
  readonly second: Signal<number> = signal(0);

  readonly openCount = computed(() => this.alerts.value.filter((alert) => alert.status === 'active').length);
  readonly alertsBySeries = computed(() => bySeries(this.alerts.value));
  /** Enough is known to lay out the page once: series, and whether the demo's cards belong on it. */
  readonly settled = computed(() => this.loaded.value && (this.#waited.value || this.status.value !== null));
  readonly demo = computed(() => this.status.value?.demo === true || this.scoreboard.value !== null);

  /** The first status is due within a second of the snapshot; a page without one is better than no page. */
  readonly #waited: Signal<boolean> = signal(false);
  readonly #clock: () => number;
  readonly #byId = new Map<string, SeriesTrack>();
  #epoch = '';
  /** The server that spoke last is not the one the alerts came from: the next snapshot replaces them. */
  #anew = false;
  #seq: number | null = null;
  #offsetMs = 0;
  #frozenAt: number | null = null;
  #loadedAt = 0;
  #noticeAt = 0;

  constructor(clock: () => number = Date.now) {
    this.#clock = clock;
  }

  /** Server time by our estimate. It stands still while the line is down, so that the charts do not run empty. */
  get now(): number {
    return this.#frozenAt ?? this.#clock() + this.#offsetMs;
  }

  /** The last alert event seen, to ask for what came after; null before the first snapshot. */
  get seq(): number | null {
    return this.#seq;
  }

  track(id: string): SeriesTrack | undefined {
    return this.#byId.get(id);
  }

  setLink(link: Link): void {
    if (link === 'live') {
      this.#frozenAt = null;
    } else {
      this.#frozenAt ??= this.now;
      this.acknowledging.value = new Map();
    }
    this.link.value = link;
  }

  /** Within v1 the server may say things this page does not know yet; they change nothing. */
  apply(message: ServerMessage): void {
    switch (message.type) {
      case 'hello':
        return this.#hello(message);
      case 'snapshot':
        return this.#snapshot(message);
      case 'samples':
        return this.#samples(message);
      case 'series':
        return this.#series(message);
      case 'alert':
        return this.#alert(message.alert);
      case 'status':
        this.#setTime(message.time);
        this.status.value = message;
        if (!message.demo) this.scoreboard.value = null;
        return;
      case 'scoreboard':
        this.scoreboard.value = message.scoreboard;
        return;
      case 'result':
        return this.#result(message);
      case 'error':
        return this.#say(message.message);
      case 'gap':
        this.#anew = true;
        return;
      case 'pong':
        return;
    }
  }

  /** Lets the cards catch up with the samples; called at each beat of the page, not at each sample. */
  refresh(): void {
    batch(() => {
      for (const track of this.#byId.values()) track.showLatest();
      const second = Math.floor(this.now / 1000) * 1000;
      if (second === this.second.peek()) return;
      this.second.value = second;
      for (const track of this.#byId.values()) track.showPoints();
      if (this.now - this.#noticeAt > NOTICE_MS) this.notice.value = '';
      if (this.loaded.peek() && this.now - this.#loadedAt > STATUS_WAIT_MS) this.#waited.value = true;
    });
  }

  expectResult(id: number, alert: string): void {
    this.acknowledging.value = new Map(this.acknowledging.value).set(id, alert);
  }

  #hello(message: HelloMessage): void {
    this.#setTime(message.time);
    this.server.value = message.server;
    if (this.#epoch !== '' && this.#epoch !== message.epoch) {
      this.#anew = true;
      this.scoreboard.value = null;
    }
    this.#epoch = message.epoch;
    // The alert log began anew: there is nothing to resume.
    if (this.#seq !== null && message.seq < this.#seq) this.#seq = null;
  }

  #snapshot(message: SnapshotMessage): void {
    const samples = new Map(message.samples.map((columns) => [columns.s, columns]));
    const present = new Set(message.series.map((info) => info.id));
    for (const id of this.#byId.keys()) if (!present.has(id)) this.#byId.delete(id);
    this.#describe(message.series);
    for (const track of this.#byId.values()) track.refill(samples.get(track.id));
    this.tracks.value = [...this.#byId.values()];

    // An alert we hold as open and the snapshot does not know ended while we were away.
    const past = this.#anew ? [] : this.alerts.value.filter((alert) => alert.status === 'cleared');
    this.alerts.value = enter(past, message.alerts);
    this.#seq = this.#anew ? message.seq : Math.max(message.seq, this.#seq ?? 0);
    this.#anew = false;
    this.loaded.value = true;
    this.#loadedAt ||= this.now;
  }

  #samples(columns: SampleColumns): void {
    this.#byId.get(columns.s)?.append(columns, this.now);
  }

  #series({ series, removed = [] }: SeriesMessage): void {
    for (const id of removed) this.#byId.delete(id);
    if (removed.length > 0) this.tracks.value = [...this.#byId.values()];
    this.#describe(series);
  }

  #describe(series: readonly SeriesInfo[]): void {
    const before = this.#byId.size;
    for (const info of series) {
      const track = this.#byId.get(info.id);
      if (track) track.info.value = info;
      else if (this.#byId.size < SERIES_MAX) this.#byId.set(info.id, new SeriesTrack(info));
    }
    if (this.#byId.size !== before) this.tracks.value = [...this.#byId.values()];
  }

  #alert(alert: AlertDocument): void {
    this.alerts.value = enter(this.alerts.value, [alert]);
    this.#seq = Math.max(alert.seq, this.#seq ?? 0);
    if (alert.event === 'open') this.announcement.value = `${alert.severity} alert: ${alert.text}`;
  }

  #result(message: ResultMessage): void {
    const waiting = new Map(this.acknowledging.value);
    if (waiting.delete(message.id)) this.acknowledging.value = waiting;
    if (!message.ok) this.#say(message.error ?? 'The server refused the request.');
  }

  #say(notice: string): void {
    this.notice.value = notice;
    this.#noticeAt = this.now;
  }

  #setTime(time: number): void {
    if (Number.isFinite(time)) this.#offsetMs = time - this.#clock();
  }
}
