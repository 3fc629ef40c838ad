/** The schema of `mapping`: how payloads become readings, the same for every transport. */
import * as z from 'zod';
import { parseJsonPath } from '../../sensors/decode/json-path.ts';
import { topicPattern } from '../../sensors/decode/topic-pattern.ts';
import type { Mapping, TopicRule } from '../../sensors/mapping.ts';
import { emptyAllowed, list, nonEmpty, section, text, word } from './leaves.ts';
import { say } from './rule.ts';

const jsonPath = text(
  () => ({ code: 'CONFIG_VALUE', expected: "JSON path, such as $.motor.rpm, $.values.* or $['outside temp']" }),
  (value) => (parseJsonPath(value) === undefined ? undefined : value),
);

const pattern = text(
  () => ({ code: 'CONFIG_TOPIC', expected: 'topic pattern: +, {name} or a last # as whole levels' }),
  (value) => (topicPattern(value) === undefined ? undefined : value),
);

const EITHER = 'a list of JSON paths, or a map from field names to JSON paths';

const fields = z.union(
  [
    list(jsonPath, 'JSON paths'),
    z
      .record(z.string(), jsonPath, { error: say({ code: 'CONFIG_TYPE', expected: EITHER }) })
      .transform((paths): ReadonlyMap<string, string> => new Map(Object.entries(paths))),
  ],
  { error: say({ code: 'CONFIG_TYPE', expected: EITHER }) },
);

const time = section({
  path: jsonPath.describe('JSON path of the time, such as $.ts.'),
  unit: word(['s', 'ms', 'us', 'ns', 'iso'])
    .optional()
    .describe('Unit of the time since 1970, or iso for text. Default: by the size of the number.'),
});

const rule = section({
  match: pattern.describe('Topics the rule is about: +, {name} or a last # as whole levels.'),
  time: time.optional().describe('Where the time stands. Default: ts, t, time, timestamp, _time or last_seen.'),
  fields: fields.optional().describe(`What to read: ${EITHER}. Default: every number.`),
  ignore: list(nonEmpty('field, with * for anything'), 'fields')
    .optional()
    .describe('Fields to leave out, with * for anything, such as "*.linkquality".'),
}).transform((keys): TopicRule => ({
  match: keys.match,
  time: keys.time ? { path: keys.time.path, unit: keys.time.unit ?? null } : null,
  fields: keys.fields ?? null,
  ignore: keys.ignore ?? [],
}));

const keys = section({
  format: word(['auto', 'json', 'senml', 'influx', 'value'])
    .default('auto')
    .describe(
      'Format of payloads: auto tells SenML, line protocol (influx), bare values and JSON apart by their looks.',
    ),
  topics: list(rule, 'topic rules').optional().describe('Rules for topics; the first that fits holds.'),
}).transform(({ format, topics }): Mapping => ({ format, topics: topics ?? [] }));

export const mapping = emptyAllowed(keys).prefault({}).describe('How payloads become readings.');
