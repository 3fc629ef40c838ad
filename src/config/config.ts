/**
 * The configuration as the program sees it: camelCase, durations in milliseconds, ids as Map keys.
 *
 * The same type serves twice. As loaded, it holds what the file says; after `expand` it is effective: `mqtt` is null and
 * the parts that `demo` and `mqtt` imply stand in `sources` and `pipelines`.
 *
 * Ids are keys of Maps and never of objects, so that no id can reach an object's prototype.
 */

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

export interface MqttSourceConfig {
  type: 'mqtt';
  /** Without userinfo. Port 0, which only `expand` writes, is the port the embedded broker was given. */
  url: string;
  topics: string[];
  qos: 0 | 1;
  /** null: the daemon makes one and keeps it, so that the broker knows the session again. */
  clientId: string | null;
  username: string | null;
  /** Secret: `print` masks it, nothing else may show it. */
  password: string | null;
  passwordFile: string | null;
  sessionExpiryMs: number;
}

/** Publishes a simulated plant to a broker; an mqtt source reads it from there like any other plant. */
export interface SimulatorSourceConfig {
  type: 'simulator';
  /** Broker to publish to; null: the embedded one. */
  url: string | null;
  seed: number;
}

export type SourceConfig = MqttSourceConfig | SimulatorSourceConfig;

export interface PipelineConfig {
  /** Source ids. */
  inputs: string[];
  kind: 'values';
  cell: 'lstm';
  /** Hidden units of each detector. */
  hidden: number;
  seasonMs: number;
  /** IANA name; with `seasonMs` it places a sample in its season. */
  timezone: string;
  alertBudgetPerDay: number;
  holdMs: number;
  seed: number;
}

export interface OutputConfig {
  type: 'log';
}

export interface Config {
  version: 1;
  demo: boolean;
  stateDir: string;
  threads: 'auto' | 1;
  http: HttpConfig;
  /** null: no embedded broker. */
  broker: BrokerConfig | null;
  /** The short form for one broker; `expand` turns it into a source and a pipeline. */
  mqtt: MqttSourceConfig | null;
  sources: Map<string, SourceConfig>;
  pipelines: Map<string, PipelineConfig>;
  outputs: Map<string, OutputConfig>;
}
