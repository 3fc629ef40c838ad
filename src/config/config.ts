/**
 * The configuration as the program sees it: camelCase, durations in milliseconds, ids as Map keys.
 *
 * The same type serves twice. As loaded, it holds what the file says; after `expand` it is effective: `mqtt` is null and
 * the parts that `demo` and `mqtt` imply stand in `sources`, `pipelines` and `outputs`.
 *
 * Ids are keys of Maps and never of objects, so that no id can reach an object's prototype.
 */

import type { Direction } from '../../models/rules.ts';
import type { CellName } from '../../models/training/create-learner.ts';
import type { Mapping } from '../../sensors/mapping.ts';

/** Where a server listens. Port 0: any free port. */
export interface Address {
  host: string;
  port: number;
}

export interface HttpConfig {
  listen: Address;
  /** File that holds the access token; null: no token, which loopback alone may have. */
  tokenFile: string | null;
  maxClients: number;
  /** Loopback is exempt. */
  maxClientsPerIp: number;
}

/** The embedded broker. It asks for no password, hence loopback only. */
export interface BrokerConfig {
  listen: Address;
}

/** Everything needed to get in to another server. */
export interface AccessConfig {
  username: string | null;
  /** Secret: `print` masks it, nothing else may show it. */
  password: string | null;
  passwordFile: string | null;
  caFile: string | null;
  certFile: string | null;
  keyFile: string | null;
}

export interface MqttSourceConfig extends AccessConfig {
  type: 'mqtt';
  /** Without userinfo. Port 0, which only `expand` writes, is the port the embedded broker was given. */
  url: string;
  topics: string[];
  qos: 0 | 1;
  /** null: 5, and 3.1.1 where the broker refuses it. */
  protocol: 4 | 5 | null;
  /** null: the daemon makes one and keeps it, so that the broker knows the session again. */
  clientId: string | null;
  sessionExpiryMs: number;
  mapping: Mapping;
}

/** Connects to a WebSocket server and reads what it sends. */
export interface WebSocketSourceConfig {
  type: 'websocket';
  url: string;
  /** Topic of everything that comes; default: the id of the source. */
  topic: string | null;
  /** Sent once after connecting, where the server wants to be asked. */
  hello: string | null;
  /** Sent as `Authorization: Bearer`. */
  tokenFile: string | null;
  caFile: string | null;
  mapping: Mapping;
}

/** `POST /api/v1/ingest?topic=T` and the WebSocket of the same path; there is at most one. */
export interface HttpSourceConfig {
  type: 'http';
  mapping: Mapping;
}

/** Recorded files as if they happened now: their spacing kept, their end moved to the present. */
export interface ReplaySourceConfig {
  type: 'replay';
  /** A file, or a folder of files. */
  path: string;
  /** How many times faster than it was recorded. */
  speed: number;
  /** Distance of rows that carry numbers instead of times. */
  periodMs: number;
}

/** Asks an InfluxDB 1.x again and again for what is new. */
export interface InfluxSourceConfig extends AccessConfig {
  type: 'influx';
  url: string;
  database: string;
  /** Names; a series is measurement/tag values/field. */
  measurements: string[];
  everyMs: number;
  /** How far back the first question reaches. */
  lookbackMs: number;
}

/** Publishes a simulated plant to a broker; an mqtt source reads it from there like any other plant. */
export interface SimulatorSourceConfig {
  type: 'simulator';
  /** Broker to publish to; null: the embedded one. */
  url: string | null;
  seed: number;
}

export type SourceConfig =
  | MqttSourceConfig
  | WebSocketSourceConfig
  | HttpSourceConfig
  | ReplaySourceConfig
  | InfluxSourceConfig
  | SimulatorSourceConfig;

export interface PipelineConfig {
  /** Source ids. */
  inputs: string[];
  /** values: numbers; events: what a field says is the next event of a stream. */
  kind: 'values' | 'events';
  cell: CellName;
  /** Hidden units of each detector. */
  hidden: number;
  /** Sources whose series are siblings, as in `hall/+/pump/#`; null: none are. */
  peers: string | null;
  /** Whether siblings, or all series of a partition where there are none, share the weights of their networks. */
  weights: 'per_series' | 'shared';
  /** What is watched together as well: nothing, the fields of each topic, or sources by the name of their group. */
  group: 'off' | 'topic' | ReadonlyMap<string, readonly string[]>;
  /** Sources whose series explain the others and are not watched themselves. */
  context: readonly string[];
  /** How long a lasting change of a group is held to be a fault. */
  holdMs: number;
  seasonMs: number;
  /** IANA name; with `seasonMs` it places a sample in its season. */
  timezone: string;
  alertBudgetPerDay: number;
  /** The side of its expectation on which the learned model may open an alert. */
  direction: Direction;
  /** How far from its expectation a value must be for that. */
  minDeviation: MinDeviation;
  limits: LimitsConfig;
  seed: number;
}

/** One of the two is 0. */
export interface MinDeviation {
  /** In the unit of the series. */
  amount: number;
  /** Of the expected value, in percent. */
  percent: number;
}

/** What is physically possible; null: no limit. */
export interface LimitsConfig {
  min: number | null;
  max: number | null;
  /** Change per second. */
  rate: number | null;
}

export type AlertEvent = 'open' | 'update' | 'ack' | 'close';

export interface MqttOutputConfig extends AccessConfig {
  type: 'mqtt';
  url: string;
  protocol: 4 | 5 | null;
  clientId: string | null;
  /** First levels of every topic; never read back by a source. Default: tidewatch. */
  base: string;
  /** What may wait on disk. */
  spoolBytes: number;
}

/** InfluxDB 1.x, or 3.x through its v1 interface. */
export interface InfluxOutputConfig extends AccessConfig {
  type: 'influx';
  url: string;
  database: string;
  /** Scored samples as well as alerts. */
  samples: boolean;
  flushMs: number;
  /** Points in one request. */
  batch: number;
  /** Points that may wait in memory. */
  queue: number;
  /** What may wait on disk. */
  spoolBytes: number;
}

export interface WebhookOutputConfig {
  type: 'webhook';
  url: string;
  /** Sent as `Authorization: Bearer`. */
  tokenFile: string | null;
  caFile: string | null;
  events: AlertEvent[];
  timeoutMs: number;
  /** What may wait on disk. */
  spoolBytes: number;
}

export interface LogOutputConfig {
  type: 'log';
  /** Alert documents as JSON lines; null: alerts stand in the daemon's own log anyway. */
  path: string | null;
}

export type OutputConfig = MqttOutputConfig | InfluxOutputConfig | WebhookOutputConfig | LogOutputConfig;

export interface Config {
  version: 1;
  demo: boolean;
  stateDir: string;
  /** What a power cut may take: the last 200 ms, nothing that was acknowledged, or what the system had not written. */
  fsync: 'interval' | 'always' | 'never';
  threads: 'auto' | 1;
  /** Series in memory at once; auto: as many as fit a part of the machine's. */
  maxSeries: 'auto' | number;
  http: HttpConfig;
  /** null: no embedded broker. */
  broker: BrokerConfig | null;
  /** The short form for one broker; `expand` turns it into a source, a pipeline and an output. */
  mqtt: MqttSourceConfig | null;
  sources: Map<string, SourceConfig>;
  pipelines: Map<string, PipelineConfig>;
  outputs: Map<string, OutputConfig>;
}
