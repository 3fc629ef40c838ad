/** What a configuration may say about how payloads become readings; the same for every transport. */
export interface Mapping {
  /** auto: SenML, line protocol, a bare value and JSON are told apart by their looks. */
  format: 'auto' | 'json' | 'senml' | 'influx' | 'value';
  /** The first rule whose pattern fits a topic holds; none: every number is a field. */
  topics: TopicRule[];
}

export interface TopicRule {
  /** Topic pattern: `+`, `#` and `{name}` (any one level) as whole levels. */
  match: string;
  /** JSON path of the time, and its unit; null: the known keys, unit by size. */
  time: { path: string; unit: TimeUnit | null } | null;
  /** Field name → JSON path, or a list of JSON paths (`$.a.b`, `$.values.*`); null: every number. */
  fields: ReadonlyMap<string, string> | readonly string[] | null;
  /** Fields to leave out, `*` for anything. */
  ignore: readonly string[];
}

export type TimeUnit = 's' | 'ms' | 'us' | 'ns' | 'iso';

export const AUTOMATIC: Mapping = { format: 'auto', topics: [] };
