/**
 * What every sink is to the rest: it takes alerts and scored samples and gets them out of the house, or says why it
 * cannot. A sink never throws into the stream and never holds it: what waits is bounded, and what is dropped is counted.
 */
import type { AlertDocument } from '../../models/alert-document.ts';
import type { AlertSink } from '../../models/ports.ts';
import type { SampleColumns } from '../../pipelines/thin.ts';
import type { Spool } from '../spool/spool.ts';
import type { SeriesInfo, StatusMessage } from '../protocol.ts';

export interface Sink extends AlertSink {
  /** @param position  of the entry of the log that brought it; undefined for what comes of no log */
  deliver(alert: AlertDocument, position?: number): void;
  /** Begins to connect, and goes on trying until it is stopped; never throws for trouble in the world. */
  start(): void;
  /** Scored samples as the screens get them, some ten times a second. */
  samples(all: readonly SampleColumns[], position?: number): void;
  /** Everything that is still to be sent is sent, as far as it can be within `withinMs`; a spool keeps the rest. */
  stop(withinMs: number): Promise<void>;
}

/** What a sink may ask about. */
export interface SinkContext {
  version: string;
  /** undefined for a series that is gone. */
  series(id: string): SeriesInfo | undefined;
  status(): StatusMessage;
  /** Alerts that are open now, those from before a restart among them. */
  openAlerts(): readonly AlertDocument[];
  /** A command that came in through the sink, as `POST /api/v1/cmd/{verb}` takes it. @throws CodedError */
  command(verb: string, body: unknown): Promise<unknown>;
  /** Where it keeps what is to be sent; undefined: in memory. */
  readonly spool?: Spool;
  /** Keeps what was refused for good for people to look at. `count`: how many, where `items` are not told. */
  bury?(items: readonly unknown[], reason: string, count: number): void;
  /** `detail` is for people: what it is connected with, or why it is not. */
  onState(connected: boolean, detail: string): void;
  /** A thing that was to be sent has been sent, tried again, or given up. */
  onResult(result: 'sent' | 'retried' | 'dropped', count: number, detail?: string): void;
}
