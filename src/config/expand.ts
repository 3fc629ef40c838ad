/**
 * From what the file says to what will run: the parts that `demo` and `mqtt` imply, written out.
 *
 * Entries of the file win over implied ones of the same id, so the demo's pipeline can be tuned by naming it.
 * Expanding twice changes nothing. Throws nothing; `load` has checked the references.
 */
import { formatAddress } from './address.ts';
import type { BrokerConfig, Config, MqttSourceConfig } from './config.ts';
import { fileSchema } from './schema.ts';

/** Source that reads the demo's plant. */
export const DEMO_SOURCE = 'demo';
/** Source that `mqtt:` stands for. */
export const MQTT_SOURCE = 'mqtt';
const DEMO_SIMULATOR = 'simulator';
const DEMO_PIPELINE = 'plant';
const MQTT_PIPELINE = 'main';

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
  const sources = new Map([...implied.flatMap((parts) => [...parts.sources]), ...config.sources]);
  const pipelines = new Map([...implied.flatMap((parts) => [...parts.pipelines]), ...config.pipelines]);
  for (const [id, source] of sources) {
    if (source.type === 'simulator' && source.url === null && broker)
      sources.set(id, { ...source, url: urlOf(broker) });
  }
  return { ...config, broker, mqtt: null, sources, pipelines };
}

type Implied = Pick<Config, 'sources' | 'pipelines'>;

/** Through the schema, so that implied parts have the same defaults as written ones. */
const parsed = (file: object): Config => fileSchema.parse(file);

const urlOf = (broker: BrokerConfig): string => `mqtt://${formatAddress(broker.listen)}`;

function impliedByDemo(broker: BrokerConfig): Implied {
  const { sources, pipelines } = parsed({
    sources: {
      [DEMO_SIMULATOR]: { type: 'simulator' },
      [DEMO_SOURCE]: { type: 'mqtt', url: 'mqtt://localhost', topics: DEMO_TOPICS },
    },
    pipelines: { [DEMO_PIPELINE]: { inputs: [DEMO_SOURCE], season: DEMO_SEASON } },
  });
  for (const [id, source] of sources) sources.set(id, { ...source, url: urlOf(broker) });
  return { sources, pipelines };
}

/** Where the file has pipelines of its own, they read the broker, and no other is added. */
function impliedByMqtt(mqtt: MqttSourceConfig, hasPipelines: boolean): Implied {
  const pipelines = hasPipelines ? {} : { [MQTT_PIPELINE]: { inputs: [MQTT_SOURCE] } };
  return { sources: new Map([[MQTT_SOURCE, mqtt]]), pipelines: parsed({ pipelines }).pipelines };
}
