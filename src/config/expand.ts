/**
 * From what the file says to what will run: the parts that `demo` and `mqtt` imply, written out.
 *
 * Entries of the file win over implied ones of the same id, so the demo's pipeline can be tuned by naming it; and they
 * stand first, for the first pipeline that names a source has its series. Expanding twice changes nothing. Throws
 * nothing; `load` has checked the references.
 */
import { AUTOMATIC } from '../../sensors/mapping.ts';
import { formatAddress } from './address.ts';
import type { AccessConfig, BrokerConfig, Config, MqttSourceConfig } from './config.ts';
import { fileSchema } from './schema.ts';

/** Source that reads the demo's plant. */
export const DEMO_SOURCE = 'demo';
/** Source that `mqtt:` stands for. */
export const MQTT_SOURCE = 'mqtt';
/** Source that takes what is pushed; `demo` and `mqtt` imply it, so that pushing works everywhere. */
export const HTTP_SOURCE = 'http';
const DEMO_SIMULATOR = 'simulator';
const DEMO_PIPELINE = 'plant';
const MQTT_PIPELINE = 'main';
const MQTT_OUTPUT = 'mqtt';

/** The simulated day lasts five minutes, so that a visitor sees a whole one. */
const DEMO_SEASON = '5m';
const DEMO_TOPICS = ['line1/+', 'line2/+', 'line3/+'];

/** What runs where there is no file. */
export function defaultConfig(): Config {
  return fileSchema.parse({ version: 1, demo: true });
}

/** @returns the effective configuration; the argument stays as it is */
export function expand(config: Config): Config {
  const broker = config.broker ?? (config.demo ? parsed({ broker: {} }).broker : null);
  const implied: Implied[] = [];
  if (config.mqtt) implied.push(impliedByMqtt(config.mqtt, config.pipelines.size > 0));
  if (config.demo && broker) implied.push(impliedByDemo(broker));
  const sources = filled(
    config.sources,
    implied.flatMap((parts) => [...parts.sources]),
  );
  const pipelines = filled(
    config.pipelines,
    implied.flatMap((parts) => [...parts.pipelines]),
  );
  const outputs = filled(
    config.outputs,
    implied.flatMap((parts) => [...parts.outputs]),
  );
  for (const [id, source] of sources) {
    if (source.type === 'simulator' && source.url === null && broker)
      sources.set(id, { ...source, url: urlOf(broker) });
  }
  const expanded = { ...config, broker, mqtt: null, sources, pipelines, outputs };
  if (implied.length > 0) addPush(expanded, config);
  return expanded;
}

type Implied = Pick<Config, 'sources' | 'pipelines' | 'outputs'>;

/** What is written, then what is implied and not written. */
const filled = <T>(written: ReadonlyMap<string, T>, implied: [string, T][]): Map<string, T> =>
  new Map([...written, ...implied.filter(([id]) => !written.has(id))]);

/** Through the schema, so that implied parts have the same defaults as written ones. */
const parsed = (file: object): Config => fileSchema.parse(file);

const urlOf = (broker: BrokerConfig): string => `mqtt://${formatAddress(broker.listen)}`;

function impliedByDemo(broker: BrokerConfig): Implied {
  const { sources, pipelines, outputs } = parsed({
    sources: {
      [DEMO_SIMULATOR]: { type: 'simulator' },
      [DEMO_SOURCE]: { type: 'mqtt', url: 'mqtt://localhost', topics: DEMO_TOPICS },
    },
    pipelines: { [DEMO_PIPELINE]: { inputs: [DEMO_SOURCE], season: DEMO_SEASON } },
  });
  for (const [id, source] of sources) {
    if (source.type === 'mqtt') sources.set(id, { ...source, url: urlOf(broker) });
  }
  return { sources, pipelines, outputs };
}

/** Where the file has pipelines of its own, they read the broker, and no other is added. */
function impliedByMqtt(mqtt: MqttSourceConfig, hasPipelines: boolean): Implied {
  const { pipelines, outputs } = parsed({
    pipelines: hasPipelines ? {} : { [MQTT_PIPELINE]: { inputs: [MQTT_SOURCE] } },
    outputs: { [MQTT_OUTPUT]: { type: 'mqtt', url: 'mqtt://localhost' } },
  });
  for (const [id, output] of outputs) {
    if (output.type === 'mqtt') outputs.set(id, { ...output, ...sameBroker(mqtt) });
  }
  return { sources: new Map([[MQTT_SOURCE, mqtt]]), pipelines, outputs };
}

type BrokerAccess = AccessConfig & Pick<MqttSourceConfig, 'url' | 'protocol' | 'clientId'>;

/** A second client of the broker: the same way in, but a name of its own, for a broker drops the first of two namesakes. */
function sameBroker(mqtt: MqttSourceConfig): BrokerAccess {
  const { url, protocol, clientId, username, password, passwordFile, caFile, certFile, keyFile } = mqtt;
  const ownId = clientId === null ? null : `${clientId}-${MQTT_OUTPUT}`;
  return { url, protocol, clientId: ownId, username, password, passwordFile, caFile, certFile, keyFile };
}

/** Changes `expanded`. What is pushed goes to the first implied pipeline, unless the file says who reads it. */
function addPush(expanded: Config, written: Config): void {
  const { sources, pipelines } = expanded;
  if (sources.has(HTTP_SOURCE) || [...sources.values()].some(({ type }) => type === 'http')) return;
  sources.set(HTTP_SOURCE, { type: 'http', mapping: AUTOMATIC });
  if ([...pipelines.values()].some(({ inputs }) => inputs.includes(HTTP_SOURCE))) return;
  for (const [id, pipeline] of pipelines) {
    if (written.pipelines.has(id)) continue;
    pipelines.set(id, { ...pipeline, inputs: [...pipeline.inputs, HTTP_SOURCE] });
    return;
  }
}
