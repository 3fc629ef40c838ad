/** Shorthand of the tests in this room. */
import { createDecoder, type Decoded } from '../../../sensors/decode.ts';
import { AUTOMATIC, type Mapping, type TopicRule } from '../../../sensors/mapping.ts';

export const ARRIVAL = Date.UTC(2026, 10, 20, 12);
export const FORMATS: readonly Mapping['format'][] = ['auto', 'json', 'senml', 'influx', 'value'];

export function read(text: string, format: Mapping['format'] = 'auto', rule?: Partial<TopicRule>): Decoded {
  const topics = rule === undefined ? [] : [{ match: '#', time: null, fields: null, ignore: [], ...rule }];
  return createDecoder({ ...AUTOMATIC, format, topics })('a/b', Buffer.from(text), ARRIVAL);
}

/** Path and value of each reading. */
export function pairs({ readings }: Decoded): [string, number][] {
  return readings.map(({ path, value }) => [path, value]);
}
