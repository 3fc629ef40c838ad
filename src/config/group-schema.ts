/** The schema of `group` and `context` of a pipeline: what belongs together, and what explains the rest. */
import * as z from 'zod';
import { ID_PATTERN, someOf, text, word } from './leaves.ts';
import { say } from './rule.ts';

/** Of one much wider every row would cost more than it tells; the work grows with the cube. */
const MEMBERS_MAX = 64;
const CONTEXT_MAX = 16;

/** Whole levels that stand for others, or for a group. */
const WILDCARDS = new Set(['+', '#', '*', '**']);

const source = text(
  () => ({ code: 'CONFIG_TOPIC', expected: 'one source, topic/field without wildcards, such as line1/pump/flow' }),
  (value) => (value === '' || value.split('/').some((level) => WILDCARDS.has(level)) ? undefined : value),
);

const EITHER = 'off, topic, or a map from names to lists of sources';

const named = z
  .record(z.string(), someOf(source, 'sources', 2, MEMBERS_MAX), {
    error: say({ code: 'CONFIG_TYPE', expected: EITHER }),
  })
  .meta({ propertyNames: { pattern: ID_PATTERN.source } })
  .transform((groups): ReadonlyMap<string, readonly string[]> => new Map(Object.entries(groups)));

export const group = z.union([word(['off', 'topic']), named], {
  error: say({ code: 'CONFIG_VALUE', expected: EITHER, known: ['off', 'topic'] }),
});

export const context = someOf(source, 'sources', 1, CONTEXT_MAX);
