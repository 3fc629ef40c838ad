/** Protocol messages for the dashboard's tests, complete but for what a test is about. */
import type { AlertDocument } from '../../models/alert-document.ts';
import type { SampleColumns, SeriesInfo, SnapshotMessage, StatusMessage } from '../../src/protocol.ts';

export const NOW = Date.UTC(2026, 10, 20, 12, 0, 0);

export function seriesInfo(id: string, rest: Partial<SeriesInfo> = {}): SeriesInfo {
  return {
    id,
    source: `line1/pump/${id}`,
    pipeline: 'plant',
    kind: 'gauge',
    unit: 'bar',
    state: 'normal',
    learning: 1,
    cadence_ms: 1000,
    samples: 100,
    cell: 'lstm',
    cell_state_max: 1,
    gates_saturated: 0,
    ...rest,
  };
}

/** `count` samples a second apart, the last one at `end`; values 0, 1, 2 … */
export function columns(id: string, count: number, end = NOW): SampleColumns {
  const index = Array.from({ length: count }, (_, i) => i);
  return {
    s: id,
    t: index.map((i) => end - (count - 1 - i) * 1000),
    y: index,
    e: index.map(() => null),
    lo: index.map(() => null),
    hi: index.map(() => null),
    z: index.map(() => 0.5),
  };
}

export function alertDocument(id: string, rest: Partial<AlertDocument> = {}): AlertDocument {
  return {
    schema: 'alert/1',
    id,
    series: 'pressure',
    pipeline: 'plant',
    event: 'open',
    status: 'active',
    acked: false,
    severity: 'warning',
    reason: 'prediction_error',
    score: 4.2,
    p: 6.3e-5,
    value: 7.9,
    expected: 5.1,
    lower: 4.6,
    upper: 5.6,
    unit: 'bar',
    started_at: new Date(NOW).toISOString(),
    updated_at: new Date(NOW).toISOString(),
    ended_at: null,
    peak_score: 5,
    per_day: 0.1,
    count: 3,
    channels: [],
    signature: [],
    similar: [],
    tags: {},
    text: 'Pressure 7.9 bar, expected 4.6 to 5.6.',
    url: '',
    muted: false,
    learning: false,
    seq: 1,
    ...rest,
  };
}

export function cleared(id: string, rest: Partial<AlertDocument> = {}): AlertDocument {
  return alertDocument(id, { event: 'close', status: 'cleared', ended_at: new Date(NOW).toISOString(), ...rest });
}

export function snapshot(rest: Partial<SnapshotMessage> = {}): SnapshotMessage {
  return { type: 'snapshot', series: [], samples: [], alerts: [], seq: 0, ...rest };
}

export function statusMessage(rest: Partial<StatusMessage> = {}): StatusMessage {
  return {
    type: 'status',
    time: NOW,
    sources: [],
    samples_per_second: 18,
    series: 18,
    learning: 0,
    alerts_open: 0,
    alerts_today: 0,
    budget_per_day: 1,
    dropped: {},
    uptime_seconds: 60,
    not_kept: null,
    demo: false,
    ...rest,
  };
}
