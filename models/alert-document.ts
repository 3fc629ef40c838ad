/**
 * The alert as everybody outside sees it: one flat document for WebSocket, MQTT, REST and webhooks.
 *
 * Flat, because home-automation templates and flow editors address fields directly. Times are ISO 8601 UTC with
 * milliseconds, for people; the sample stream uses epoch milliseconds. `active` is a firing alert, `cleared` a
 * resolved one; a pending alert is never published.
 */
export type Severity = 'info' | 'warning' | 'critical';

/** Why the detector speaks: the channel that contributed most when the alert was at its peak. */
export type AlertReason =
  | 'prediction_error'
  | 'new_extreme'
  | 'lasting_error'
  | 'stuck'
  | 'silence'
  /** Unlike what a season ago would have said. */
  | 'unseasonal'
  /** Outside the physical limits that were configured, or changing faster than them. */
  | 'limit'
  | 'rate'
  /** Another type of value than it used to send: on/off or text instead of numbers. */
  | 'type_change'
  /** The time that comes with its samples runs away from our clock. */
  | 'clock_skew'
  /** The channels of a group do not go together as they did. */
  | 'unusual_together'
  /** Its siblings went another way. */
  | 'unlike_peers'
  /** An event that hardly ever follows those before it. */
  | 'unexpected_event';

export interface SimilarAlert {
  id: string;
  series: string;
  started_at: string;
  /** Of both signatures; 1 = the same shape. */
  cosine: number;
}

export interface AlertDocument {
  schema: 'alert/1';
  /** 20 characters of base32; the same after a replay or a restart. */
  id: string;
  series: string;
  pipeline: string;
  event: 'open' | 'update' | 'ack' | 'close';
  status: 'active' | 'cleared';
  acked: boolean;
  severity: Severity;
  reason: AlertReason;
  /** −log10 p at the latest sample; 3 means one in a thousand. */
  score: number;
  p: number;
  /** Null while the series is silent. */
  value: number | null;
  expected: number | null;
  lower: number | null;
  upper: number | null;
  unit: string;
  started_at: string;
  updated_at: string;
  ended_at: string | null;
  peak_score: number;
  /** How often this series comes to its peak score, events a day: 0.1 is once in ten days. */
  per_day: number;
  /** Samples seen since the alert opened. */
  count: number;
  channels: { series: string; share: number }[];
  /** Six numbers of the first twelve residuals (models/signature.ts); empty until they are final. */
  signature: number[];
  /** Alerts that were over before this one began and are most like it, the nearest first. */
  similar: SimilarAlert[];
  tags: Record<string, string>;
  /** One sentence for a person. */
  text: string;
  url: string;
  muted: boolean;
  learning: boolean;
  /** Position in the alert event log; grows by one with every published event. */
  seq: number;
}
