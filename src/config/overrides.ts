/**
 * What the command line says instead of the file.
 *
 * Put into the file's values before the schema sees them: so an address beyond this machine may come from the one and
 * its token file from the other, and a mistake is reported under the option's name.
 */
import { optionPlace, type Place } from './place.ts';

export interface Overrides {
  /** `--listen HOST:PORT` */
  listen?: string | undefined;
  /** `--token-file` */
  tokenFile?: string | undefined;
  /** `--state-dir` */
  stateDir?: string | undefined;
}

/** Changes both arguments in place. A file that is no map stays as it is; the schema says so. */
export function override(file: unknown, root: Place, { listen, tokenFile, stateDir }: Overrides): void {
  if (root.kind !== 'map') return;
  const top = file as Record<string, unknown>;
  put(top, root, 'state_dir', '--state-dir', stateDir);
  if (listen === undefined && tokenFile === undefined) return;
  top['http'] ??= Object.create(null);
  const place = root.children.get('http') ?? optionPlace('--listen', '');
  if (place.kind === 'scalar' && place.value !== null && place.value !== '') return;
  const http: Place = { ...place, kind: 'map' };
  root.children.set('http', http);
  put(top['http'] as Record<string, unknown>, http, 'listen', '--listen', listen);
  put(top['http'] as Record<string, unknown>, http, 'token_file', '--token-file', tokenFile);
}

function put(map: Record<string, unknown>, place: Place, key: string, option: string, value: string | undefined): void {
  if (value === undefined) return;
  map[key] = value;
  place.children.set(key, optionPlace(option, value));
}
