/**
 * From a topic and a field path to the id of a series.
 *
 * source = topic + '/' + path. Lower-case a–z, 0–9 and '-' are kept and '/' becomes '_'. If anything else occurs, or
 * the source is longer than 55 characters, other characters become '-', the text is cut at 55, and '-' with 8 hex
 * digits of its SHA-256 is appended, so that two sources never share an id by accident of spelling.
 *
 *   line1/pump/pressure  →  line1_pump_pressure
 *   Plant A/température  →  -lant--_temp-rature-…
 */
import { createHash } from 'node:crypto';

const LENGTH_MAX = 55;

export function sourceOf(topic: string, path: string): string {
  return path === '' ? topic : `${topic}/${path}`;
}

export function seriesId(source: string): string {
  const id = source.replaceAll('/', '_');
  if (source.length <= LENGTH_MAX && /^[a-z0-9/-]+$/.test(source)) return id;
  // One '-' for each UTF-16 unit, so that the length stays what the eye expects.
  const cut = source
    .replace(/[^a-z0-9/-]/g, '-')
    .replaceAll('/', '_')
    .slice(0, LENGTH_MAX);
  // As UTF-8, all halves of a character look the same; as JSON, each is spelled out.
  const spelled = /\p{Surrogate}/u.test(source) ? JSON.stringify(source) : source;
  return `${cut}-${createHash('sha256').update(spelled).digest('hex').slice(0, 8)}`;
}
