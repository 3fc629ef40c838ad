/**
 * Alerts and scored samples as points of InfluxDB.
 *
 *   anomaly         value, expected, lower, upper, score, alert (0 or 1)                 by series, pipeline
 *   anomaly_events  title, text, tags, timeEnd, severity, reason, score, id, url         by series, pipeline, event
 *
 * Names of measurements, tags and fields are fixed; whatever comes from outside is a value, and passes the encoder. A
 * number that is not finite is not written. An event stands at the time its alert began, and `timeEnd` says when it
 * ended, so that a chart shows it as a stretch; the same event written twice is one point.
 */
import { FieldType, type IPoint, type ISchemaOptions } from 'influx';
import type { AlertDocument } from '../../models/alert-document.ts';
import type { SampleColumns } from '../../pipelines/thin.ts';

const SAMPLE_FIELDS = {
  value: FieldType.FLOAT,
  expected: FieldType.FLOAT,
  lower: FieldType.FLOAT,
  upper: FieldType.FLOAT,
  score: FieldType.FLOAT,
  alert: FieldType.INTEGER,
};
const EVENT_FIELDS = {
  title: FieldType.STRING,
  text: FieldType.STRING,
  tags: FieldType.STRING,
  timeEnd: FieldType.INTEGER,
  severity: FieldType.STRING,
  reason: FieldType.STRING,
  score: FieldType.FLOAT,
  id: FieldType.STRING,
  url: FieldType.STRING,
};

export const SCHEMA: readonly ISchemaOptions[] = [
  { measurement: 'anomaly', tags: ['series', 'pipeline'], fields: SAMPLE_FIELDS },
  { measurement: 'anomaly_events', tags: ['series', 'pipeline', 'event'], fields: EVENT_FIELDS },
];

/** The two points of an alert event; none where its times are no times. */
export function alertPoints(alert: AlertDocument): IPoint[] {
  const { value, expected, lower, upper, score, severity, reason } = alert;
  const started = Date.parse(alert.started_at);
  const updated = Date.parse(alert.updated_at);
  if (Number.isNaN(started) || Number.isNaN(updated)) return [];
  const tags = { series: tagValue(alert.series), pipeline: tagValue(alert.pipeline) };
  const ended = alert.ended_at === null ? null : Date.parse(alert.ended_at);
  return [
    {
      measurement: 'anomaly',
      tags,
      fields: { ...finite({ value, expected, lower, upper, score }), alert: alert.status === 'active' ? 1 : 0 },
      timestamp: new Date(updated),
    },
    {
      measurement: 'anomaly_events',
      tags: { ...tags, event: tagValue(alert.event) },
      fields: {
        title: fieldText(`${severity}: ${alert.series}`),
        text: fieldText(alert.text),
        tags: [severity, reason, alert.pipeline, alert.series].map((tag) => fieldText(tag).replaceAll(',', ' ')).join(),
        severity: fieldText(severity),
        reason: fieldText(reason),
        id: fieldText(alert.id),
        url: fieldText(alert.url),
        ...finite({ score, timeEnd: ended }),
      },
      timestamp: new Date(started),
    },
  ];
}

/** A point for each sample; none for a sample whose time is no time. */
export function samplePoints(columns: SampleColumns, pipeline: string, alerting: boolean): IPoint[] {
  const { t, y, e, lo, hi, z } = columns;
  const tags = { series: tagValue(columns.s), pipeline: tagValue(pipeline) };
  const points: IPoint[] = [];
  for (let i = 0; i < t.length; i++) {
    const timestamp = new Date(t[i]);
    if (Number.isNaN(timestamp.getTime())) continue;
    const numbers = finite({ value: y[i], expected: e[i], lower: lo[i], upper: hi[i], score: z[i] });
    points.push({ measurement: 'anomaly', tags, fields: { ...numbers, alert: alerting ? 1 : 0 }, timestamp });
  }
  return points;
}

/** A point as text, to be kept until it can be written. */
export function encodePoint({ measurement, tags, fields, timestamp }: IPoint): string {
  return JSON.stringify([measurement, tags, fields, (timestamp as Date).getTime()]);
}

export function decodePoint(text: string): IPoint {
  const [measurement, tags, fields, time] = JSON.parse(text) as [
    string,
    NonNullable<IPoint['tags']>,
    NonNullable<IPoint['fields']>,
    number,
  ];
  return { measurement, tags, fields, timestamp: new Date(time) };
}

const TAG_MAX = 256;
const TEXT_MAX = 4000;
/** What stands where there is nothing: a tag cannot be empty. */
const NOTHING = '-';

/**
 * A value that means one tag and nothing else in the line protocol, after commas, spaces and equals signs are escaped:
 * no control characters, no backslash to escape what follows it, not empty.
 */
export function tagValue(text: string): string {
  return fieldText(text).slice(0, TAG_MAX).toWellFormed().replaceAll('\\', '/') || NOTHING;
}

function fieldText(text: string): string {
  return text
    .slice(0, TEXT_MAX)
    .toWellFormed()
    .replace(/[\p{Cc}\u2028\u2029]/gu, ' ')
    .trim();
}

function finite(numbers: Record<string, number | null | undefined>): Record<string, number> {
  return Object.fromEntries(
    Object.entries(numbers).filter((entry): entry is [string, number] => Number.isFinite(entry[1])),
  );
}
