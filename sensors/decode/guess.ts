/**
 * Which format a payload is in, by a look at its first byte that is no space:
 *
 *   {  "           JSON
 *   [              JSON; measurements in SenML when the first record looks it
 *   anything else  a bare value; else lines when a space and a '=' are there; else nobody knows
 */
import { type Decoded, nothing, takeWord, textOf } from './decoded.ts';
import { decodeJson, type JsonRule, takeJson } from './json.ts';
import { looksLikeLines, takeLines } from './line-protocol.ts';
import { parseJson } from './parse-json.ts';
import { looksLikeSenml, takeRecords } from './senml.ts';
import { takeBare } from './value.ts';

const QUOTE = 0x22;
const BRACKET = 0x5b;
const BRACE = 0x7b;

export function decodeAny(payload: Uint8Array, rule: JsonRule, arrival: number): Decoded {
  const first = firstByte(payload);
  // Paths are chosen from JSON and nothing else.
  if (first === BRACE || first === QUOTE || rule.fields !== null) return decodeJson(payload, rule);
  return first === BRACKET ? decodeArray(payload, rule, arrival) : decodeText(payload, rule);
}

function decodeArray(payload: Uint8Array, rule: JsonRule, arrival: number): Decoded {
  const decoded = nothing();
  const json = parseJson(payload, decoded);
  if (Array.isArray(json) && looksLikeSenml(json[0])) takeRecords(json, arrival, rule.ignore, decoded);
  else if (json !== undefined) takeJson(json, rule, decoded);
  return decoded;
}

function decodeText(payload: Uint8Array, rule: JsonRule): Decoded {
  const decoded = nothing();
  const text = textOf(payload, decoded)?.trim();
  if (text === undefined || takeBare(text, decoded)) return decoded;
  if (text === '' || text === 'null') decoded.drops.push('empty');
  else if (looksLikeLines(text)) takeLines(text, rule.ignore, decoded);
  else takeWord(decoded, '', text, Number.NaN, 'malformed');
  return decoded;
}

/** Undefined when there is nothing but white space. A byte order mark comes before everything. */
function firstByte(payload: Uint8Array): number | undefined {
  let at = payload[0] === 0xef && payload[1] === 0xbb && payload[2] === 0xbf ? 3 : 0;
  while (payload[at] === 0x20 || (payload[at] >= 0x09 && payload[at] <= 0x0d)) at++;
  return payload[at];
}
