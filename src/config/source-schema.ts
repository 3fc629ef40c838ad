/** The schema of `sources.ID`, one section for each type. */
import * as z from 'zod';
import {
  access,
  accessKeys,
  bareHttpUrl,
  caFile,
  clientKeys,
  mqttUrl,
  tokenFile,
  webSocketUrl,
} from './access-schema.ts';
import type {
  HttpSourceConfig,
  InfluxSourceConfig,
  MqttSourceConfig,
  ReplaySourceConfig,
  SimulatorSourceConfig,
  WebSocketSourceConfig,
} from './config.ts';
import { decimal, duration, integer, list, nonEmpty, section, text, typeRule } from './leaves.ts';
import { mapping } from './mapping-schema.ts';
import { say } from './rule.ts';
import { isTopicFilter, isTopicName } from './topic-filter.ts';

const LATER = ['kafka', 'nats'];

const SEED_MAX = 4_294_967_295; // 32 bits

const topicFilter = text(
  () => ({ code: 'CONFIG_TOPIC', expected: 'topic filter: + alone in its level, # alone in the last one' }),
  (value) => (isTopicFilter(value) ? value : undefined),
);

const topicName = text(
  () => ({ code: 'CONFIG_TOPIC', expected: 'topic without wildcards and empty levels, such as plant/pump7' }),
  (value) => (isTopicName(value) ? value : undefined),
);

const mqttKeys = {
  url: mqttUrl.describe('Broker, such as mqtt://192.168.1.10:1883; without name and password.'),
  topics: list(topicFilter, 'topic filters').describe('Topic filters to subscribe to.'),
  qos: z
    .preprocess(
      (value) => (value === '0' || value === '1' ? Number(value) : value),
      z.literal([0, 1], { error: say({ code: 'CONFIG_RANGE', expected: '0 or 1' }) }),
    )
    .prefault(1)
    .describe('Quality of service: 0 at most once, 1 at least once.'),
  ...clientKeys,
  ...accessKeys,
  session_expiry: duration('0s', '365d')
    .prefault('1h')
    .describe('How long the broker keeps the session, and messages with it, while the daemon is away.'),
  mapping,
};

type MqttKeys = z.output<z.ZodObject<typeof mqttKeys>>;

const toMqtt = (keys: MqttKeys): MqttSourceConfig => ({
  type: 'mqtt',
  url: keys.url,
  topics: keys.topics,
  qos: keys.qos,
  protocol: keys.protocol ?? null,
  clientId: keys.client_id ?? null,
  ...access(keys),
  sessionExpiryMs: keys.session_expiry,
  mapping: keys.mapping,
});

/** The top-level key `mqtt`. */
export const shortMqtt = section(mqttKeys).transform(toMqtt);

const mqtt = section({ type: z.literal('mqtt').describe('Reads from an MQTT broker.'), ...mqttKeys }).transform(toMqtt);

const webSocket = section({
  type: z.literal('websocket').describe('Connects to a WebSocket server and reads what it sends.'),
  url: webSocketUrl.describe('Server, such as wss://plant.example/live; without name and password.'),
  topic: topicName.optional().describe('Topic of everything that comes. Default: the id of the source.'),
  hello: nonEmpty('text').optional().describe('Text to send once connected, where the server wants to be asked.'),
  token_file: tokenFile,
  ca_file: caFile,
  mapping,
}).transform((keys): WebSocketSourceConfig => ({
  type: 'websocket',
  url: keys.url,
  topic: keys.topic ?? null,
  hello: keys.hello ?? null,
  tokenFile: keys.token_file ?? null,
  caFile: keys.ca_file ?? null,
  mapping: keys.mapping,
}));

const http = section({
  type: z.literal('http').describe('Takes what is posted to /api/v1/ingest?topic=TOPIC; one source at most.'),
  mapping,
}).transform((keys): HttpSourceConfig => keys);

const replay = section({
  type: z.literal('replay').describe('Plays recorded files as if they happened now.'),
  path: nonEmpty('file or folder name').describe('File, or folder of files: csv or jsonl, plain or gzip.'),
  speed: decimal(0.1, 10_000).prefault(1).describe('How many times faster than it was recorded.'),
  period: duration('1ms', '365d').prefault('1s').describe('Distance of rows that carry numbers instead of times.'),
}).transform((keys): ReplaySourceConfig => ({
  type: 'replay',
  path: keys.path,
  speed: keys.speed,
  periodMs: keys.period,
}));

const influx = section({
  type: z.literal('influx').describe('Asks an InfluxDB 1.x again and again for what is new.'),
  url: bareHttpUrl.describe('Server, such as http://192.168.1.10:8086; without name and password.'),
  database: nonEmpty('name of a database').describe('Database to read.'),
  measurements: list(nonEmpty('name of a measurement'), 'measurements').describe('Measurements to read.'),
  every: duration('1s', '1d').prefault('10s').describe('How often to ask.'),
  lookback: duration('1s', '365d').prefault('1h').describe('How far back the first question reaches.'),
  ...accessKeys,
}).transform((keys): InfluxSourceConfig => ({
  type: 'influx',
  url: keys.url,
  database: keys.database,
  measurements: keys.measurements,
  everyMs: keys.every,
  lookbackMs: keys.lookback,
  ...access(keys),
}));

const simulator = section({
  type: z.literal('simulator').describe('Publishes a simulated plant.'),
  url: mqttUrl.optional().describe('Broker to publish to. Default: the embedded broker.'),
  seed: integer(0, SEED_MAX).prefault(1).describe('Seed of the simulated plant: same seed, same plant.'),
}).transform((keys): SimulatorSourceConfig => ({ type: 'simulator', url: keys.url ?? null, seed: keys.seed }));

export const source = z.discriminatedUnion('type', [mqtt, webSocket, http, replay, influx, simulator], {
  error: typeRule(['mqtt', 'websocket', 'http', 'replay', 'influx', 'simulator'], LATER),
});
