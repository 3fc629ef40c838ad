/** Version of this package, as in package.json. */
import { readFileSync } from 'node:fs';

function readVersion(): string {
  // Two levels up from the sources, three from what is built of them.
  for (const path of ['../package.json', '../../package.json']) {
    try {
      return (JSON.parse(readFileSync(new URL(path, import.meta.url), 'utf8')) as { version: string }).version;
    } catch {
      continue;
    }
  }
  return 'unknown';
}

export const VERSION = readVersion();
