/**
 * Payloads into readings: what a mapping says, and without one what the payload itself shows.
 *
 * A decoder never throws on any bytes: what is not a number is counted by reason. Each format has its own file in
 * `decode/`, and every transport speaks all of them.
 */
import { CodedError } from '../models/errors.ts';
import type { Decoded } from './decode/decoded.ts';
import { decodeAny } from './decode/guess.ts';
import { ignoring } from './decode/ignore.ts';
import { AUTOMATIC_RULE, decodeJson, type FieldRule, type JsonRule } from './decode/json.ts';
import { parseJsonPath, type Step } from './decode/json-path.ts';
import { decodeLines } from './decode/line-protocol.ts';
import { decodeSenml } from './decode/senml.ts';
import { isTimeKey } from './decode/time.ts';
import { type TopicMatch, topicPattern } from './decode/topic-pattern.ts';
import { decodeValue } from './decode/value.ts';
import type { Mapping, TopicRule } from './mapping.ts';

export { type Decoded, LIMITS, type Reading } from './decode/decoded.ts';
export { decodeJson } from './decode/json.ts';
export { timeOf } from './decode/time.ts';

/** @param arrival epoch ms, to which relative times are added */
export type Decoder = (topic: string, payload: Uint8Array, arrival: number) => Decoded;

/** Topics whose rule is remembered. */
const TOPICS_MAX = 50_000;

/** @throws CodedError MAPPING_TOPIC, MAPPING_PATH for a rule that cannot be read */
export function createDecoder(mapping: Mapping): Decoder {
  const decode = formatOf(mapping.format);
  if (mapping.topics.length === 0) return (_, payload, arrival) => decode(payload, AUTOMATIC_RULE, arrival);
  const rules = mapping.topics.map((rule) => ({ fits: topicOf(rule.match), rule: compiled(rule) }));
  const known = new Map<string, JsonRule>();
  return (topic, payload, arrival) => {
    let rule = known.get(topic);
    if (rule === undefined) {
      rule = rules.find(({ fits }) => fits(topic))?.rule ?? AUTOMATIC_RULE;
      if (known.size >= TOPICS_MAX) known.clear();
      known.set(topic, rule);
    }
    return decode(payload, rule, arrival);
  };
}

function formatOf(format: Mapping['format']): (payload: Uint8Array, rule: JsonRule, arrival: number) => Decoded {
  switch (format) {
    case 'auto':
      return decodeAny;
    case 'json':
      return decodeJson;
    case 'senml':
      return (payload, { ignore }, arrival) => decodeSenml(payload, arrival, ignore);
    case 'influx':
      return (payload, { ignore }) => decodeLines(payload, ignore);
    case 'value':
      return decodeValue;
  }
}

function compiled({ time, fields, ignore }: TopicRule): JsonRule {
  const texts = fields === null ? [] : [...fields.values()];
  return {
    time: time === null ? null : { steps: stepsOf(time.path), unit: time.unit },
    fields: fields === null ? null : fieldsOf(fields),
    ignore: ignoring(ignore),
    claimed: new Set(texts.flatMap((text) => claimOf(stepsOf(text)))),
    rooted: texts.some((text) => /^\$\[[\d*]/.test(text)),
  };
}

function fieldsOf(fields: NonNullable<TopicRule['fields']>): FieldRule[] {
  const named: [string | null, string][] =
    fields instanceof Map ? [...fields] : Array.from(fields.values(), (text) => [null, text]);
  return named.map(([name, text]) => ({ name, steps: stepsOf(text) }));
}

function claimOf(steps: readonly Step[]): string[] {
  const [step] = steps;
  return steps.length === 1 && step !== '*' && 'name' in step && isTimeKey(step.name) ? [step.name] : [];
}

function stepsOf(text: string): readonly Step[] {
  const steps = parseJsonPath(text);
  if (steps !== undefined) return steps;
  throw new CodedError('MAPPING_PATH', `mapping: expected a JSON path such as $.values.*, got ${JSON.stringify(text)}`);
}

function topicOf(pattern: string): TopicMatch {
  const fits = topicPattern(pattern);
  if (fits !== undefined) return fits;
  const got = JSON.stringify(pattern);
  throw new CodedError('MAPPING_TOPIC', `mapping: expected a topic pattern such as plant/{site}/+/#, got ${got}`);
}
