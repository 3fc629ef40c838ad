/** The schema of `outputs.ID`, one section for each type. */
import * as z from 'zod';
import { access, accessKeys, bareHttpUrl, caFile, clientKeys, httpUrl, mqttUrl, tokenFile } from './access-schema.ts';
import type { InfluxOutputConfig, LogOutputConfig, MqttOutputConfig, WebhookOutputConfig } from './config.ts';
import { duration, flag, integer, list, nonEmpty, section, size, text, typeRule, word } from './leaves.ts';
import { say } from './rule.ts';
import { isTopicName } from './topic-filter.ts';

const LATER = ['alertmanager', 'kafka'];

const base = text(
  () => ({ code: 'CONFIG_TOPIC', expected: 'first levels of a topic, such as tidewatch or plant/tidewatch' }),
  (value) => (isTopicName(value) ? value : undefined),
);

const spool = size('1MiB', '4GiB')
  .prefault('256MiB')
  .describe('What may wait on disk while the other end is away; beyond it the oldest goes.');

const mqtt = section({
  type: z.literal('mqtt').describe('Publishes scores and alerts to an MQTT broker.'),
  url: mqttUrl.describe('Broker, such as mqtt://192.168.1.10:1883; without name and password.'),
  base: base.prefault('tidewatch').describe('First levels of every topic; a source never reads them back.'),
  spool,
  ...clientKeys,
  ...accessKeys,
}).transform((keys): MqttOutputConfig => ({
  type: 'mqtt',
  url: keys.url,
  protocol: keys.protocol ?? null,
  clientId: keys.client_id ?? null,
  base: keys.base,
  spoolBytes: keys.spool,
  ...access(keys),
}));

const influx = section({
  type: z.literal('influx').describe('Writes to InfluxDB 1.x, or 3.x through its v1 interface.'),
  url: bareHttpUrl.describe('Server, such as http://192.168.1.10:8086; without name and password.'),
  database: nonEmpty('name of a database').describe('Database to write to.'),
  samples: flag().prefault(true).describe('Scored samples as well as alerts.'),
  flush: duration('100ms', '1h').prefault('1s').describe('How long points may wait for others before they are sent.'),
  batch: integer(1, 100_000).prefault(5000).describe('Points in one request.'),
  queue: integer(1, 1_000_000)
    .prefault(100_000)
    .describe('Points that may wait in memory while the disk cannot be written; not less than batch.'),
  spool,
  ...accessKeys,
})
  // A batch is never above the default queue, so the queue is what the file says.
  .refine(({ batch, queue }) => queue >= batch, {
    path: ['queue'],
    error: say({ code: 'CONFIG_RANGE', expected: 'at least as many as batch' }),
  })
  .transform((keys): InfluxOutputConfig => ({
    type: 'influx',
    url: keys.url,
    database: keys.database,
    samples: keys.samples,
    flushMs: keys.flush,
    batch: keys.batch,
    queue: keys.queue,
    spoolBytes: keys.spool,
    ...access(keys),
  }));

const webhook = section({
  type: z.literal('webhook').describe('Posts alert documents to a URL.'),
  url: httpUrl.describe('Where to post, such as https://example.com/hook; without name and password.'),
  token_file: tokenFile,
  ca_file: caFile,
  events: list(word(['open', 'update', 'ack', 'close']), 'events')
    .prefault(['open', 'close'])
    .describe('Events of an alert to post.'),
  timeout: duration('100ms', '5m').prefault('10s').describe('How long to wait for the answer.'),
  spool,
}).transform((keys): WebhookOutputConfig => ({
  type: 'webhook',
  url: keys.url,
  tokenFile: keys.token_file ?? null,
  caFile: keys.ca_file ?? null,
  events: keys.events,
  timeoutMs: keys.timeout,
  spoolBytes: keys.spool,
}));

const log = section({
  type: z.literal('log').describe('Writes alert documents as JSON lines.'),
  path: nonEmpty('file name').optional().describe("File to write. Default: the daemon's own log."),
}).transform((keys): LogOutputConfig => ({ type: 'log', path: keys.path ?? null }));

export const output = z.discriminatedUnion('type', [mqtt, influx, webhook, log], {
  error: typeRule(['mqtt', 'influx', 'webhook', 'log'], LATER),
});
