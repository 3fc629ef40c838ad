/**
 * What one place in the file demands of another: ids that must exist, keys that exclude each other, what an address
 * beyond this machine needs.
 *
 * Reads the plain values beside the schema, not after it, so that these mistakes are reported together with the
 * schema's; hence it passes over whatever has the wrong type.
 */
import { isLoopback, parseAddress } from './address.ts';
import { quote, show, type Path, type Problem } from './errors.ts';
import { DEMO_SOURCE, HTTP_SOURCE, MQTT_SOURCE } from './expand.ts';
import { ID_PATTERN } from './leaves.ts';
import { nearest } from './nearest.ts';
import { locate, type Place } from './place.ts';
import { hasUserinfo, isPlainUrl } from './url.ts';

export function relations(file: unknown, root: Place): Problem[] {
  if (!isMap(file)) return [];
  return [
    ...ids(file, root),
    ...shortForm(file, root),
    ...connections(file, root),
    ...clientIds(file, root),
    ...simulators(file, root),
    ...pushSources(file, root),
    ...limits(file, root),
    ...eventKeys(file, root),
    ...groups(file, root),
    ...contexts(file, root),
    ...listenAddress(file, root),
    ...references(file, root),
  ];
}

type PlainMap = Record<string, unknown>;

const isMap = (value: unknown): value is PlainMap =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const entries = (value: unknown): [string, unknown][] => (isMap(value) ? Object.entries(value) : []);

const isOn = (value: unknown): boolean => value === true || value === 'true';

const AN_ID = 'an id of 1 to 64 characters a-z, 0-9, _ or -';

function* ids(file: PlainMap, root: Place): Iterable<Problem> {
  for (const room of ['sources', 'pipelines', 'outputs']) {
    for (const [id] of entries(file[room])) {
      if (ID_PATTERN.test(id)) continue;
      yield keyProblem(root, [room, id], { code: 'CONFIG_ID', expected: AN_ID, got: quote(id) });
    }
  }
}

function* shortForm(file: PlainMap, root: Place): Iterable<Problem> {
  if (!('mqtt' in file && 'sources' in file)) return;
  const message = 'mqtt is the short form of sources; a file has one of the two';
  yield keyProblem(root, ['mqtt'], { code: 'CONFIG_CONFLICT', expected: 'mqtt or sources', got: 'both', message });
}

/** Parts of the file with their paths: the short form, sources and outputs. */
function parts(file: PlainMap): [Path, PlainMap][] {
  const named = ['sources', 'outputs'].flatMap((room) =>
    entries(file[room]).map(([id, part]): [Path, unknown] => [[room, id], part]),
  );
  return [[['mqtt'], file['mqtt']] satisfies [Path, unknown], ...named].filter((entry): entry is [Path, PlainMap] =>
    isMap(entry[1]),
  );
}

/** Everything that speaks to another server. */
function* connections(file: PlainMap, root: Place): Iterable<Problem> {
  for (const [path, part] of parts(file)) {
    yield* access(part, path, root);
    yield* url(part, path, root);
  }
}

function* access(part: PlainMap, path: Path, root: Place): Iterable<Problem> {
  if ('password' in part && 'password_file' in part) {
    const message = 'password and password_file exclude each other';
    const rest = { code: 'CONFIG_CONFLICT', expected: 'one of the two', got: 'both', message } as const;
    yield keyProblem(root, [...path, 'password_file'], rest);
  }
  for (const [key, other] of [
    ['cert_file', 'key_file'],
    ['key_file', 'cert_file'],
  ]) {
    if (!(key in part) || other in part) continue;
    const message = `${key} and ${other} go together`;
    yield keyProblem(root, [...path, key], { code: 'CONFIG_MISSING', expected: 'both', got: `${key} alone`, message });
  }
}

function* url(part: PlainMap, path: Path, root: Place): Iterable<Problem> {
  if (typeof part['url'] !== 'string') return;
  if (hasUserinfo(part['url'])) {
    const message = 'name and password do not belong in a url; use username and password_file, or token_file';
    const { place } = locate(root, [...path, 'url']);
    const got = 'a url with name or password';
    yield { path: [...path, 'url'], at: place.at, code: 'CONFIG_SECRET', expected: 'a url without', got, message };
  }
  // Whoever names certificates believes the connection encrypted.
  const key = ['ca_file', 'cert_file', 'key_file'].find((name) => name in part);
  if (key === undefined || !isPlainUrl(part['url'])) return;
  const message = `${key} has no effect: the url is not an encrypted one, such as mqtts://, wss:// or https://`;
  yield keyProblem(root, [...path, key], { code: 'CONFIG_CONFLICT', expected: 'an encrypted url', got: key, message });
}

/** A broker drops the first of two clients of one name, and then the second, without end. */
function* clientIds(file: PlainMap, root: Place): Iterable<Problem> {
  const seen = new Set<string>();
  for (const [path, { url: broker, client_id: id }] of parts(file)) {
    if (typeof broker !== 'string' || typeof id !== 'string') continue;
    const client = `${broker} ${id}`;
    const { place } = locate(root, [...path, 'client_id']);
    const got = show(place, [...path, 'client_id']);
    const message = `${got} is the client id of another part at the same broker`;
    const rest = { code: 'CONFIG_DUPLICATE', expected: 'each client id once', got, message } as const;
    if (seen.has(client)) yield { path: [...path, 'client_id'], at: place.at, ...rest };
    seen.add(client);
  }
}

function* simulators(file: PlainMap, root: Place): Iterable<Problem> {
  if (isOn(file['demo']) || 'broker' in file) return;
  for (const [id, source] of entries(file['sources'])) {
    if (!isMap(source) || source['type'] !== 'simulator' || 'url' in source) continue;
    const expected = 'a url, or the embedded broker (a top-level "broker:")';
    const message = `a simulator needs a broker to publish to: expected ${expected}`;
    yield keyProblem(root, ['sources', id], { code: 'CONFIG_MISSING', expected, got: 'neither', message });
  }
}

/** What is pushed carries a topic and not the name of a source, so there is one source to take it. */
function* pushSources(file: PlainMap, root: Place): Iterable<Problem> {
  for (const id of idsOf(file['sources'], 'http').slice(1)) {
    const message = 'a second source of type http; there is at most one';
    yield keyProblem(root, ['sources', id], { code: 'CONFIG_CONFLICT', expected: 'one', got: 'two', message });
  }
}

const idsOf = (room: unknown, type: string): string[] =>
  entries(room).flatMap(([id, part]) => (isMap(part) && part['type'] === type ? [id] : []));

/** Limits that leave nothing between them would make an alert of every sample. */
function* limits(file: PlainMap, root: Place): Iterable<Problem> {
  for (const [id, pipeline] of entries(file['pipelines'])) {
    const given = isMap(pipeline) ? pipeline['limits'] : undefined;
    if (!isMap(given) || !('min' in given && 'max' in given)) continue;
    if (!(numberOf(given['min']) >= numberOf(given['max']))) continue;
    const path = ['pipelines', id, 'limits'];
    const [min, max] = ['min', 'max'].map((key) => locate(root, [...path, key]).place);
    const got = show(max, [...path, 'max']);
    const message = `expected a max above min, which is ${show(min, [...path, 'min'])}, got ${got}`;
    yield { path: [...path, 'max'], at: max.at, code: 'CONFIG_CONFLICT', expected: 'a max above min', got, message };
  }
}

/** Keys of a pipeline that say nothing of events, with what they are by default. */
const NOT_OF_EVENTS = new Map<string, readonly unknown[]>([
  ['cell', ['lstm']],
  ['group', ['off']],
  ['context', []],
  ['peers', []],
  ['weights', ['per_series']],
  ['direction', ['both']],
  ['min_deviation', [0, '0', '0%']],
]);

/** Whoever asks for a group of events, or for limits, believes them watched. What `check` prints may stand. */
function* eventKeys(file: PlainMap, root: Place): Iterable<Problem> {
  for (const [id, pipeline] of entries(file['pipelines'])) {
    if (!isMap(pipeline) || pipeline['kind'] !== 'events') continue;
    const keys = [...NOT_OF_EVENTS].filter(([key, none]) => key in pipeline && !none.includes(pipeline[key]));
    if (entries(pipeline['limits']).length > 0) keys.push(['limits', []]);
    for (const [key] of keys) {
      const message = `${key} has no effect on events`;
      const rest = { code: 'CONFIG_CONFLICT', expected: 'kind: values', got: key, message } as const;
      yield keyProblem(root, ['pipelines', id, key], rest);
    }
  }
}

/** Names, a source in one place alone, and something to watch beside what explains it. */
function* groups(file: PlainMap, root: Place): Iterable<Problem> {
  for (const [id, pipeline] of entries(file['pipelines'])) {
    if (!isMap(pipeline) || !isMap(pipeline['group'])) continue;
    const at: Path = ['pipelines', id, 'group'];
    const named = entries(pipeline['group']);
    if (named.length === 0) {
      const message = 'expected at least one group';
      yield keyProblem(root, at, { code: 'CONFIG_RANGE', expected: 'at least one group', got: 'none', message });
    }
    const context = new Set(listOf(pipeline['context']));
    const groupOf = new Map<unknown, string>();
    for (const [name, members] of named) {
      const path = [...at, name];
      if (!ID_PATTERN.test(name)) {
        yield keyProblem(root, path, { code: 'CONFIG_ID', expected: AN_ID, got: quote(name) });
      }
      const sources = listOf(members);
      yield* eachOnce(sources, path, root, groupOf, name);
      if (sources.length < 2 || sources.filter((source) => !context.has(source)).length >= 2) continue;
      const message = 'a group needs two sources that are not context';
      yield keyProblem(root, path, {
        code: 'CONFIG_CONFLICT',
        expected: 'two sources to watch',
        got: 'fewer',
        message,
      });
    }
  }
}

function* contexts(file: PlainMap, root: Place): Iterable<Problem> {
  for (const [id, pipeline] of entries(file['pipelines'])) {
    const sources = isMap(pipeline) ? listOf(pipeline['context']) : [];
    yield* eachOnce(sources, ['pipelines', id, 'context'], root, new Map(), 'context');
  }
}

/** @param seen  where each source stood first */
function* eachOnce(
  sources: readonly unknown[],
  list: Path,
  root: Place,
  seen: Map<unknown, string>,
  here: string,
): Iterable<Problem> {
  for (const [index, source] of sources.entries()) {
    if (typeof source !== 'string' || source === '') continue;
    const before = seen.get(source);
    seen.set(source, before ?? here);
    if (before === undefined) continue;
    const path = [...list, index];
    const { place } = locate(root, path);
    const got = show(place, path);
    const message = before === here ? `${got} stands here twice` : `${got} is in the group ${quote(before)} already`;
    yield { path, at: place.at, code: 'CONFIG_DUPLICATE', expected: 'each source once', got, message };
  }
}

const listOf = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);

/** NaN for what is no number, which is for the schema to say. */
function numberOf(value: unknown): number {
  if (typeof value === 'number') return value;
  return typeof value === 'string' && value !== '' ? Number(value) : Number.NaN;
}

function* listenAddress(file: PlainMap, root: Place): Iterable<Problem> {
  const http = file['http'];
  if (!isMap(http) || typeof http['listen'] !== 'string' || 'token_file' in http) return;
  const address = parseAddress(http['listen']);
  if (!address || isLoopback(address)) return;
  const path = ['http', 'listen'];
  const { place } = locate(root, path);
  const message = 'an address beyond this machine needs http.token_file';
  const expected = 'a loopback address, or http.token_file';
  yield { path, at: place.at, code: 'CONFIG_LISTEN', expected, got: show(place, path), message };
}

function* references(file: PlainMap, root: Place): Iterable<Problem> {
  const sources = new Map(entries(file['sources']).map(([id, source]) => [id, isMap(source) ? source['type'] : null]));
  if (isOn(file['demo']) && !sources.has(DEMO_SOURCE)) sources.set(DEMO_SOURCE, 'mqtt');
  if ('mqtt' in file) sources.set(MQTT_SOURCE, 'mqtt');
  const impliesPush = isOn(file['demo']) || 'mqtt' in file;
  if (impliesPush && !sources.has(HTTP_SOURCE) && idsOf(file['sources'], 'http').length === 0) {
    sources.set(HTTP_SOURCE, 'http');
  }
  const { place: sourcesPlace } = locate(root, ['sources']);
  // Where the sources could not be read, nobody knows which ids there are.
  if (sourcesPlace.refused || (file['sources'] && !isMap(file['sources']))) return;
  for (const [id, pipeline] of entries(file['pipelines'])) {
    const inputs: unknown[] = isMap(pipeline) && Array.isArray(pipeline['inputs']) ? pipeline['inputs'] : [];
    for (const [index, input] of inputs.entries()) {
      if (typeof input !== 'string' || input === '') continue;
      const path = ['pipelines', id, 'inputs', index];
      const { place } = locate(root, path);
      const fault = place.refused ? null : reference(input, inputs.indexOf(input) < index, sources, show(place, path));
      if (fault) yield { path, at: place.at, ...fault };
    }
  }
}

/** What is wrong with one input of a pipeline, or null. */
function reference(input: string, again: boolean, sources: Map<string, unknown>, got: string): Fault | null {
  if (again)
    return { code: 'CONFIG_DUPLICATE', expected: 'each source once', got, message: `${got} stands here twice` };
  if (sources.get(input) === 'simulator') {
    const message = `${got} only publishes; name the mqtt source that reads its topics`;
    return { code: 'CONFIG_REFERENCE', expected: 'a source to read', got, message };
  }
  if (sources.has(input)) return null;
  const readable = [...sources.keys()].filter((id) => sources.get(id) !== 'simulator');
  const expected = readable.length > 0 ? `a source id (${someOf(readable)})` : 'a source id, and there is no source';
  return { code: 'CONFIG_REFERENCE', expected, got, suggestion: nearest(input, readable) };
}

type Fault = Omit<Problem, 'path' | 'at'>;

const someOf = (ids: string[]): string => (ids.length > 5 ? `${ids.slice(0, 5).join(', ')}, …` : ids.join(', '));

function keyProblem(root: Place, path: Path, rest: Fault): Problem {
  return { path, at: locate(root, path).place.keyAt, ...rest };
}
