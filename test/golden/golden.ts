/** Numbers of an independent implementation, kept beside this file; see `source` in each. */
import { readFileSync } from 'node:fs';

export function readGolden(name: string): unknown {
  return JSON.parse(readFileSync(new URL(`${name}.json`, import.meta.url), 'utf8'));
}
