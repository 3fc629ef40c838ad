/** An alert document with everything in it, to be varied. */
import type { AlertDocument } from '../../models/alert-document.ts';

export const ALERT: AlertDocument = {
  schema: 'alert/1',
  id: 'aaaaaaaaaaaaaaaaaaaa',
  series: 'a',
  pipeline: 'main',
  event: 'open',
  status: 'active',
  acked: false,
  severity: 'warning',
  reason: 'prediction_error',
  score: 5,
  p: 1e-5,
  value: 7,
  expected: 5,
  lower: 4,
  upper: 6,
  unit: '',
  started_at: '2026-11-20T12:00:00.000Z',
  updated_at: '2026-11-20T12:00:00.000Z',
  ended_at: null,
  peak_score: 5,
  per_day: 0.1,
  count: 1,
  channels: [{ series: 'a', share: 1 }],
  signature: [],
  similar: [],
  tags: { source: 'a' },
  text: 'A is 7, expected 4 to 6.',
  url: 'http://here/#/alert/aaaaaaaaaaaaaaaaaaaa',
  muted: false,
  learning: false,
  seq: 1,
};

/** @param minute  after noon when it began */
export function alertAt(seq: number, id: string, series: string, minute: number, more: Partial<AlertDocument> = {}) {
  const started = new Date(Date.UTC(2026, 10, 20, 12, minute)).toISOString();
  return { ...ALERT, seq, id, series, started_at: started, updated_at: started, ...more };
}

export const CLOSED = { event: 'close', status: 'cleared' } as const;
