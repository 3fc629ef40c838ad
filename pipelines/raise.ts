/**
 * Changes of alert phase into the documents that everybody outside gets, in the order of the log.
 *
 *   in   --b--b--b--b--|       b batch
 *   out  -----o--u-----c--|    o open, u update, c close; most batches bring none
 *
 * A signature that is known now is an update only where the journal has something like it.
 */
import { mergeMap, type OperatorFunction } from 'rxjs';
import { type AlertChange, REASONS } from '../models/alert.ts';
import type { AlertDocument, Severity, SimilarAlert } from '../models/alert-document.ts';
import type { Batch } from '../models/batch.ts';
import type { Registry, Track } from '../models/registry.ts';
import { alertId } from './alert-id.ts';
import { known } from './known.ts';
import { sentence } from './sentence.ts';

/** Where the alert event log stands; part of every checkpoint. */
export interface Journal {
  seq: number;
  /** Past alerts that are most like one, the nearest first. */
  similar: (alert: Pick<AlertDocument, 'started_at' | 'signature'>) => SimilarAlert[];
}

export interface RaiseOptions {
  journal: Journal;
  /** Unit of a series, '' where unknown. */
  unitOf: (source: string) => string;
  /** 0..1, how much of what it needs a series had seen after so many samples, at a time. */
  learningAt: (track: Track, samples: number, time: number) => number;
  /** Base of links to an alert. */
  url: () => string;
}

export const DETECTOR_ID = 'lstm';
const MODEL_EPOCH = 0;
/** This much above its threshold, an alert is critical. */
const CRITICAL_EXCESS = 3;

export function raise(registry: Registry, options: RaiseOptions): OperatorFunction<Batch, AlertDocument> {
  return mergeMap((batch) => documentsOf(batch, registry, options));
}

/** One by one: each is in the journal before the next is made, however the rows were cut into batches. */
function* documentsOf(batch: Batch, registry: Registry, options: RaiseOptions): Generator<AlertDocument> {
  for (const change of batch.changes) {
    const track = registry.tracks[change.series];
    if (track === undefined) continue;
    const { signature } = change;
    const similar = options.journal.similar({ started_at: iso(change.openedAt), signature });
    if (change.event === 'signed' && similar.length === 0) continue;
    yield documentOf(change, track, similar, options);
  }
}

/** The document of a change; takes the next number of the journal. */
function documentOf(change: AlertChange, track: Track, similar: SimilarAlert[], options: RaiseOptions): AlertDocument {
  const id = alertId(track.id, change.openedAt, change.openedSample, DETECTOR_ID, MODEL_EPOCH);
  const reason = REASONS[change.reason];
  const unit = options.unitOf(track.source);
  const closed = change.event === 'close';
  return {
    schema: 'alert/1',
    id,
    series: track.id,
    pipeline: track.model.pipeline,
    event: change.event === 'signed' ? 'update' : change.event,
    status: closed ? 'cleared' : 'active',
    acked: change.acked,
    severity: severityOf(change),
    reason,
    score: change.score,
    p: 1 / Math.exp(change.score * Math.LN10),
    value: known(change.now.value),
    expected: known(change.now.expected),
    lower: known(change.now.lower),
    upper: known(change.now.upper),
    unit,
    started_at: iso(change.openedAt),
    updated_at: iso(change.time),
    ended_at: closed ? iso(change.time) : null,
    peak_score: change.peak,
    per_day: change.perDay,
    count: change.count,
    channels: channelsOf(change, track),
    signature: change.signature,
    similar,
    tags: { source: track.source },
    text: sentence({
      source: track.source,
      unit,
      reason,
      worst: change.worst,
      limits: track.model.detector.options.rules.limits,
      lasted: closed ? change.time - change.openedAt : null,
    }),
    url: `${options.url()}/#/alert/${id}`,
    muted: false,
    learning: options.learningAt(track, change.samples, change.time) < 1,
    seq: ++options.journal.seq,
  };
}

/** Whose doing it is, the first to blame first. */
function channelsOf({ shares }: AlertChange, { id, members }: Track): AlertDocument['channels'] {
  if (shares === undefined) return [{ series: id, share: 1 }];
  return shares
    .map((share, channel) => ({ series: members[channel] ?? id, share }))
    .toSorted((a, b) => b.share - a.share);
}

function severityOf(change: AlertChange): Severity {
  return change.peak >= change.threshold + CRITICAL_EXCESS ? 'critical' : 'warning';
}

function iso(time: number): string {
  return new Date(time).toISOString();
}
