/**
 * The configuration as a file with every default written out, for `tidewatch check`.
 *
 * What is printed loads back to the same configuration; only a password, shown as `***`, has to be put in again.
 */
import { stringify } from 'yaml';
import { formatAddress } from './address.ts';
import { maskUrl } from './broker-url.ts';
import type { Config, MqttSourceConfig, OutputConfig, PipelineConfig, SourceConfig } from './config.ts';
import { formatBudget, formatDuration } from './units.ts';

export function print(config: Config): string {
  const { http, broker, mqtt, outputs } = config;
  const file = {
    version: config.version,
    demo: config.demo,
    state_dir: config.stateDir,
    threads: config.threads,
    http: {
      listen: formatAddress(http.listen),
      ...(http.tokenFile === null ? {} : { token_file: http.tokenFile }),
      max_clients: http.maxClients,
      max_clients_per_ip: http.maxClientsPerIp,
    },
    ...(broker ? { broker: { listen: formatAddress(broker.listen) } } : {}),
    ...(mqtt ? { mqtt: mqttKeys(mqtt) } : { sources: mapValues(config.sources, sourceKeys) }),
    pipelines: mapValues(config.pipelines, pipelineKeys),
    outputs: mapValues(outputs, ({ type }: OutputConfig) => ({ type })),
  };
  return stringify(file, escaped, { lineWidth: 0, aliasDuplicateObjects: false });
}

/** Text that came out of the environment must not be taken for a variable when it is read again. */
const escaped = (_key: unknown, value: unknown): unknown =>
  typeof value === 'string' ? value.replaceAll('${', () => '$${') : value;

/** A Map, for `stringify` writes its keys in their order; an object would put ids of digits first. */
const mapValues = <A, B>(map: ReadonlyMap<string, A>, convert: (value: A) => B): Map<string, B> =>
  new Map([...map].map(([id, value]) => [id, convert(value)]));

function sourceKeys(source: SourceConfig): object {
  if (source.type === 'mqtt') return { type: source.type, ...mqttKeys(source) };
  return { type: source.type, ...(source.url === null ? {} : { url: maskUrl(source.url) }), seed: source.seed };
}

function mqttKeys(source: MqttSourceConfig): object {
  return {
    url: maskUrl(source.url),
    topics: source.topics,
    qos: source.qos,
    ...(source.clientId === null ? {} : { client_id: source.clientId }),
    ...(source.username === null ? {} : { username: source.username }),
    ...(source.password === null ? {} : { password: '***' }),
    ...(source.passwordFile === null ? {} : { password_file: source.passwordFile }),
    session_expiry: formatDuration(source.sessionExpiryMs),
  };
}

function pipelineKeys(pipeline: PipelineConfig): object {
  return {
    inputs: pipeline.inputs,
    kind: pipeline.kind,
    cell: pipeline.cell,
    hidden: pipeline.hidden,
    season: formatDuration(pipeline.seasonMs),
    timezone: pipeline.timezone,
    alert_budget: formatBudget(pipeline.alertBudgetPerDay),
    hold: formatDuration(pipeline.holdMs),
    seed: pipeline.seed,
  };
}
