/**
 * The WebSocket protocol `tidewatch.v1` at `/api/v1/stream`: plain typed JSON messages.
 *
 * The server speaks first (`hello`). A client subscribes and receives one `snapshot`, then live messages. Within v1
 * changes only add: a client ignores types and fields it does not know. Times on the sample stream are epoch
 * milliseconds; alert documents carry ISO 8601.
 */
import type { AlertDocument } from '../models/alert-document.ts';
import type { SampleColumns } from '../pipelines/thin.ts';
import type { FaultKind } from '../sensors/simulator/faults.ts';

export type { SampleColumns } from '../pipelines/thin.ts';
export { FAULT_KINDS, type FaultKind } from '../sensors/simulator/faults.ts';

export const SUBPROTOCOL = 'tidewatch.v1';

export type SeriesKind = 'gauge' | 'counter' | 'on_off' | 'enum' | 'constant' | 'group' | 'events' | 'context';

/** What a series is doing now. `silent`: overdue by its own learned cadence. */
export type SeriesState = 'learning' | 'normal' | 'alert' | 'silent';

export interface SeriesInfo {
  id: string;
  /** Where it comes from: topic + '/' + field path, as received. Attacker's text: show it, never interpret it. */
  source: string;
  pipeline: string;
  kind: SeriesKind;
  unit: string;
  state: SeriesState;
  /** 0..1; 1 = bands and calibration stand. */
  learning: number;
  /** Learned time between samples; null until known. */
  cadence_ms: number | null;
  samples: number;
  /** The word of `cell:` in the configuration. */
  cell: string;
  /** Largest |c| in the memory of the cell, and the share of its gates that are shut or wide open; null without gates. */
  cell_state_max: number | null;
  gates_saturated: number | null;
}

export interface HelloMessage {
  type: 'hello';
  v: 1;
  server: string;
  /** New after each start of the server. */
  epoch: string;
  seq: number;
  time: number;
}

/** Everything a fresh client needs: series, a ring of recent samples each, open and recently closed alerts. */
export interface SnapshotMessage {
  type: 'snapshot';
  series: SeriesInfo[];
  samples: SampleColumns[];
  alerts: AlertDocument[];
  seq: number;
}

export interface SamplesMessage extends SampleColumns {
  type: 'samples';
}

export interface AlertMessage {
  type: 'alert';
  alert: AlertDocument;
}

/** New series, series whose description changed, and ids of those that are gone. */
export interface SeriesMessage {
  type: 'series';
  series: SeriesInfo[];
  removed?: string[];
}

export interface SourceStatus {
  id: string;
  type: string;
  state: 'connecting' | 'connected' | 'disconnected' | 'failed';
  detail: string;
}

/** Once a second. */
export interface StatusMessage {
  type: 'status';
  time: number;
  sources: SourceStatus[];
  samples_per_second: number;
  series: number;
  learning: number;
  alerts_open: number;
  alerts_today: number;
  /** Alerts a day that the pipelines may raise together. */
  budget_per_day: number;
  dropped: Record<string, number>;
  uptime_seconds: number;
  /** Why what comes in is not on disk, so that a crash would lose it; null: it is. */
  not_kept: string | null;
  demo: boolean;
}

/** A fault put into the simulated plant, and what became of it. `quiet` kinds must not raise an alert. */
export interface FaultRecord {
  id: number;
  kind: FaultKind;
  series: string;
  started_at: number;
  ended_at: number;
  caught_at: number | null;
  /** `kept_quiet` and `disturbed` are the outcomes of kinds that must not raise an alert. */
  outcome: 'active' | 'caught' | 'missed' | 'kept_quiet' | 'disturbed';
}

/** `GET /api/v1/demo/scoreboard`, and pushed whenever it changes while the demo runs. */
export interface Scoreboard {
  injected: number;
  caught: number;
  missed: number;
  false: number;
  median_delay_ms: number | null;
  /** Newest first, at most 50. */
  faults: FaultRecord[];
}

export interface ScoreboardMessage {
  type: 'scoreboard';
  scoreboard: Scoreboard;
}

/** Answer to the client message that carried this id. */
export interface ResultMessage {
  type: 'result';
  id: number;
  ok: boolean;
  error?: string;
}

export interface ErrorMessage {
  type: 'error';
  code: string;
  message: string;
}

/** The alert log no longer reaches back to `from_seq`; a full snapshot follows. */
export interface GapMessage {
  type: 'gap';
  from_seq: number;
  oldest_seq: number;
}

export interface PongMessage {
  type: 'pong';
  time: number;
}

export type ServerMessage =
  | HelloMessage
  | SnapshotMessage
  | SamplesMessage
  | AlertMessage
  | SeriesMessage
  | StatusMessage
  | ScoreboardMessage
  | ResultMessage
  | ErrorMessage
  | GapMessage
  | PongMessage;

export interface SubscribeMessage {
  type: 'subscribe';
  id: number;
  /** Series ids; a trailing `*` matches any rest. Default: all. */
  series?: string[];
  what?: ('samples' | 'alerts')[];
  /** Last alert seq seen; events after it are sent again. */
  from_seq?: number;
  /** Sample messages per series and second at most, 1..10. */
  max_hz?: number;
}

export type ClientMessage =
  | SubscribeMessage
  | { type: 'unsubscribe'; id: number }
  | { type: 'ack'; id: number; alert: string }
  | { type: 'ping' };
