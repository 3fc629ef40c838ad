/**
 * The configuration as a file with every default written out, for `tidewatch check`.
 *
 * What is printed loads back to the same configuration; only a password, shown as `***`, has to be put in again.
 */
import { stringify } from 'yaml';
import { formatAddress } from './address.ts';
import type { Mapping, TopicRule } from '../../sensors/mapping.ts';
import type {
  AccessConfig,
  Config,
  MqttOutputConfig,
  MqttSourceConfig,
  OutputConfig,
  PipelineConfig,
  SourceConfig,
} from './config.ts';
import { formatBudget, formatDuration, formatSize } from './units.ts';
import { maskUrl } from './url.ts';

export function print(config: Config): string {
  const { http, broker, mqtt, outputs } = config;
  const file = {
    version: config.version,
    demo: config.demo,
    state_dir: config.stateDir,
    fsync: config.fsync,
    threads: config.threads,
    max_series: config.maxSeries,
    http: {
      listen: formatAddress(http.listen),
      ...given({ token_file: http.tokenFile }),
      max_clients: http.maxClients,
      max_clients_per_ip: http.maxClientsPerIp,
    },
    ...(broker ? { broker: { listen: formatAddress(broker.listen) } } : {}),
    ...(mqtt ? { mqtt: mqttKeys(mqtt) } : { sources: mapValues(config.sources, sourceKeys) }),
    pipelines: mapValues(config.pipelines, pipelineKeys),
    outputs: mapValues(outputs, outputKeys),
  };
  return stringify(file, escaped, { lineWidth: 0, aliasDuplicateObjects: false });
}

/** Text that came out of the environment must not be taken for a variable when it is read again. */
const escaped = (_key: unknown, value: unknown): unknown =>
  typeof value === 'string' ? value.replaceAll('${', () => '$${') : value;

/** A Map, for `stringify` writes its keys in their order; an object would put ids of digits first. */
const mapValues = <A, B>(map: ReadonlyMap<string, A>, convert: (value: A) => B): Map<string, B> =>
  new Map([...map].map(([id, value]) => [id, convert(value)]));

/** Keys without those that have nothing to say. */
const given = (keys: Record<string, unknown>): object =>
  Object.fromEntries(Object.entries(keys).filter(([, value]) => value !== null));

function sourceKeys(source: SourceConfig): object {
  const { type } = source;
  switch (type) {
    case 'mqtt':
      return { type, ...mqttKeys(source) };
    case 'websocket':
      return {
        type,
        url: maskUrl(source.url),
        ...given({ topic: source.topic, hello: source.hello, token_file: source.tokenFile, ca_file: source.caFile }),
        mapping: mappingKeys(source.mapping),
      };
    case 'http':
      return { type, mapping: mappingKeys(source.mapping) };
    case 'replay':
      return { type, path: source.path, speed: source.speed, period: formatDuration(source.periodMs) };
    case 'influx':
      return {
        type,
        url: maskUrl(source.url),
        database: source.database,
        measurements: source.measurements,
        every: formatDuration(source.everyMs),
        lookback: formatDuration(source.lookbackMs),
        ...accessKeys(source),
      };
    case 'simulator':
      return { type, ...given({ url: source.url === null ? null : maskUrl(source.url) }), seed: source.seed };
  }
}

function mqttKeys(source: MqttSourceConfig): object {
  return {
    url: maskUrl(source.url),
    topics: source.topics,
    qos: source.qos,
    ...clientKeys(source),
    session_expiry: formatDuration(source.sessionExpiryMs),
    mapping: mappingKeys(source.mapping),
  };
}

function clientKeys(client: MqttSourceConfig | MqttOutputConfig): object {
  const protocol = client.protocol === 4 ? '3.1.1' : client.protocol;
  return { ...given({ protocol, client_id: client.clientId }), ...accessKeys(client) };
}

function accessKeys(access: AccessConfig): object {
  return given({
    username: access.username,
    password: access.password === null ? null : '***',
    password_file: access.passwordFile,
    ca_file: access.caFile,
    cert_file: access.certFile,
    key_file: access.keyFile,
  });
}

function mappingKeys({ format, topics }: Mapping): object {
  return { format, ...(topics.length > 0 ? { topics: topics.map(ruleKeys) } : {}) };
}

function ruleKeys({ match, time, fields, ignore }: TopicRule): object {
  return { match, ...given({ time: time && given({ ...time }), fields }), ...(ignore.length > 0 ? { ignore } : {}) };
}

function outputKeys(output: OutputConfig): object {
  const { type } = output;
  switch (type) {
    case 'mqtt':
      return {
        type,
        url: maskUrl(output.url),
        base: output.base,
        spool: formatSize(output.spoolBytes),
        ...clientKeys(output),
      };
    case 'influx':
      return {
        type,
        url: maskUrl(output.url),
        database: output.database,
        samples: output.samples,
        flush: formatDuration(output.flushMs),
        batch: output.batch,
        queue: output.queue,
        spool: formatSize(output.spoolBytes),
        ...accessKeys(output),
      };
    case 'webhook':
      return {
        type,
        url: maskUrl(output.url),
        ...given({ token_file: output.tokenFile, ca_file: output.caFile }),
        events: output.events,
        timeout: formatDuration(output.timeoutMs),
        spool: formatSize(output.spoolBytes),
      };
    case 'log':
      return { type, ...given({ path: output.path }) };
  }
}

function pipelineKeys(pipeline: PipelineConfig): object {
  const { amount, percent } = pipeline.minDeviation;
  return {
    inputs: pipeline.inputs,
    kind: pipeline.kind,
    cell: pipeline.cell,
    hidden: pipeline.hidden,
    ...given({ peers: pipeline.peers }),
    weights: pipeline.weights,
    group: pipeline.group,
    ...(pipeline.context.length > 0 ? { context: pipeline.context } : {}),
    hold: formatDuration(pipeline.holdMs),
    season: formatDuration(pipeline.seasonMs),
    timezone: pipeline.timezone,
    alert_budget: formatBudget(pipeline.alertBudgetPerDay),
    direction: pipeline.direction,
    min_deviation: percent > 0 ? `${percent}%` : amount,
    limits: given({ ...pipeline.limits }),
    seed: pipeline.seed,
  };
}
