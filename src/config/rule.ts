/**
 * What a place in the file may hold, in the words of an error message.
 *
 * A zod issue carries one string. The schema says a whole rule in it, and the reader of the issues hears it again: so
 * the expectation stands beside the check it belongs to, and not in a second table.
 */

export type ConfigCode =
  | 'CONFIG_ALIAS'
  | 'CONFIG_CONFLICT'
  | 'CONFIG_DEPTH'
  | 'CONFIG_DOCUMENTS'
  | 'CONFIG_DUPLICATE'
  | 'CONFIG_EMPTY'
  | 'CONFIG_ENV'
  | 'CONFIG_ID'
  | 'CONFIG_KEY'
  | 'CONFIG_LISTEN'
  | 'CONFIG_MISSING'
  | 'CONFIG_NOT_AVAILABLE'
  | 'CONFIG_RANGE'
  | 'CONFIG_REFERENCE'
  | 'CONFIG_SECRET'
  | 'CONFIG_SIZE'
  | 'CONFIG_SYNTAX'
  | 'CONFIG_TAB'
  | 'CONFIG_TAG'
  | 'CONFIG_TOO_MANY'
  | 'CONFIG_TOPIC'
  | 'CONFIG_TYPE'
  | 'CONFIG_UNKNOWN_KEY'
  | 'CONFIG_URL'
  | 'CONFIG_VALUE';

export interface Rule {
  code: ConfigCode;
  expected: string;
  /** What the rule is about, where that is not a scalar: anything else there is a wrong type. */
  about?: 'scalar' | 'list';
  /** Words that are right here: keys or values, for "did you mean". */
  known?: readonly string[];
  /** Words that will be right in a later version. */
  later?: readonly string[];
}

export const say = (rule: Rule): string => JSON.stringify(rule);

/** Text that no schema of ours wrote is taken as the expectation itself. */
export function hear(message: string): Rule {
  return message.startsWith('{"code":') ? (JSON.parse(message) as Rule) : { code: 'CONFIG_VALUE', expected: message };
}
