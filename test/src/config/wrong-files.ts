/**
 * Files with mistakes. A ¦ stands in front of each place where one is expected, and is no part of the file; the codes
 * stand in the same order. Two marks in one place are two mistakes there.
 */
import type { ConfigCode } from '../../../src/config/rule.ts';

export interface WrongFile {
  what: string;
  text: string;
  codes: ConfigCode[];
  /** Part of the first message. */
  says?: string;
}

const source = 'sources: {plant: {type: mqtt, url: "mqtt://h", topics: [a]}}\n';
const pipeline = (keys: string): string => `${source}pipelines:\n  pumps:\n    inputs: [plant]\n    ${keys}\n`;
const mqtt = (keys: string): string => `mqtt:\n  url: mqtt://h\n  topics: [a]\n  ${keys}\n`;

const one = (room: string, type: string, keys: string): string =>
  `${room}:\n  a:\n    type: ${type}\n    ${keys.replaceAll('\n', '\n    ')}\n`;
const input = (type: string, keys: string): string => one('sources', type, keys);
const output = (type: string, keys: string): string => one('outputs', type, keys);
const mapping = (keys: string): string => input('http', `mapping:\n  ${keys.replaceAll('\n', '\n  ')}`);
const rule = (keys: string): string => mapping(`topics:\n  - match: a/+\n    ${keys.replaceAll('\n', '\n    ')}`);
const influxSource = 'url: http://h\ndatabase: d\nmeasurements: [m]';
const influxOutput = 'url: http://h\ndatabase: d';

const wrong = (what: string, text: string, codes: ConfigCode | ConfigCode[], says?: string): WrongFile => ({
  what,
  text,
  codes: [codes].flat(),
  ...(says === undefined ? {} : { says }),
});

export const wrongFiles: WrongFile[] = [
  // The file as a whole
  wrong('an empty file', '¦', 'CONFIG_EMPTY'),
  wrong('a file of comments', '¦# nothing\n', 'CONFIG_EMPTY'),
  wrong('a list at the top', '¦- demo\n', 'CONFIG_TYPE', 'expected a map of keys and values, got a list'),
  wrong('a word at the top', '\n¦demo\n', 'CONFIG_TYPE', 'got "demo"'),
  wrong('null at the top', '¦~\n', 'CONFIG_TYPE', 'got nothing'),
  wrong('two documents', 'demo: true\n¦---\ndemo: false\n', 'CONFIG_DOCUMENTS'),
  wrong('a file over 1 MiB', `¦# ${'x'.repeat(1_048_576)}`, 'CONFIG_SIZE'),

  // YAML
  wrong('a tab as indentation', 'http:\n¦\tlisten: 127.0.0.1:1\n', 'CONFIG_TAB', 'a tab indents this line'),
  wrong('an open bracket', 'demo: true\nmqtt: {url: x¦', 'CONFIG_SYNTAX'),
  wrong('an open quote', 'state_dir: "x\n¦', 'CONFIG_SYNTAX', 'quote'),
  wrong('two colons on a line', 'demo: ¦a: b\n', 'CONFIG_SYNTAX', 'needs quotes'),
  wrong('an unknown escape', 'state_dir: "C:¦\\data"\n', 'CONFIG_SYNTAX', 'single quotes'),
  wrong('a key twice', 'demo: true\n¦demo: false\n', 'CONFIG_DUPLICATE', 'key "demo" stands here twice'),
  wrong('an id twice', 'outputs:\n  a: {type: log}\n  ¦a: {type: log}\n', 'CONFIG_DUPLICATE'),
  wrong('an alias without anchor', 'state_dir: ¦*x\n', 'CONFIG_ALIAS', 'alias *x has no whole anchor'),
  wrong('an alias of itself', '¦x: &x\n  y: ¦*x\n', ['CONFIG_UNKNOWN_KEY', 'CONFIG_ALIAS']),
  wrong('a tag', 'demo: !!bool ¦true\n', 'CONFIG_TAG'),
  wrong('a list as key', '? ¦[a]\n: 1\n', 'CONFIG_KEY'),
  wrong('the key __proto__', '¦__proto__: {demo: true}\n', 'CONFIG_KEY', '"__proto__" cannot be a key'),
  wrong('the id constructor', 'outputs:\n  ¦constructor: {type: log}\n', 'CONFIG_KEY'),
  wrong('deep nesting', `¦a: ${'['.repeat(32)}¦[]${']'.repeat(32)}`, ['CONFIG_UNKNOWN_KEY', 'CONFIG_DEPTH']),

  wrong('nesting without end', `a: ${'['.repeat(62)}¦${'['.repeat(1000)}`, 'CONFIG_DEPTH'),
  wrong('101 aliases', `a: &a x\nb: [${'*a,'.repeat(100)}¦*a]`, 'CONFIG_ALIAS', 'more than 100 aliases'),

  // Keys
  wrong(
    'a misspelt key',
    'mqtt:\n  url: mqtt://h\n  topics: [a]\n  ¦usrname: bob\n',
    'CONFIG_UNKNOWN_KEY',
    'unknown key "usrname", did you mean "username"?',
  ),
  wrong('a key in camel case', '¦stateDir: x\n', 'CONFIG_UNKNOWN_KEY', 'did you mean "state_dir"?'),
  wrong('a key unlike any other', '¦colour: blue\n', 'CONFIG_UNKNOWN_KEY', 'unknown key "colour"'),
  wrong(
    'a misspelt and so missing key',
    'sources:\n  ¦plant:\n    type: mqtt\n    url: mqtt://h\n    ¦topcs: [a]\n',
    ['CONFIG_MISSING', 'CONFIG_UNKNOWN_KEY'],
    'missing key "topics"',
  ),
  wrong(
    'a source without type',
    'sources:\n  ¦plant: {url: "mqtt://h"}\n',
    'CONFIG_MISSING',
    'expected mqtt, websocket, http, replay, influx or simulator',
  ),
  wrong('a pipeline without inputs', 'pipelines:\n  ¦pumps: {hidden: 8}\n', 'CONFIG_MISSING'),
  wrong('an empty mqtt', '¦¦mqtt: {}\n', ['CONFIG_MISSING', 'CONFIG_MISSING']),

  // Values
  wrong('version 2', 'version: ¦2\n', 'CONFIG_VALUE'),
  wrong('yes for true', 'demo: ¦yes\n', 'CONFIG_VALUE', 'expected true or false, got "yes"'),
  wrong('a number as directory', 'state_dir: ¦7\n', 'CONFIG_VALUE', 'got 7'),
  wrong('an empty directory', 'state_dir: ¦""\n', 'CONFIG_VALUE'),
  wrong('a key with nothing behind it', '¦state_dir:\n', 'CONFIG_TYPE', 'got nothing'),
  wrong('half a thread', 'threads: ¦0.5\n', 'CONFIG_VALUE', 'expected auto or 1'),
  wrong('no series at all', 'max_series: ¦0\n', 'CONFIG_RANGE', 'expected auto or an integer 1..10000000, got 0'),
  wrong('half a series', 'max_series: ¦1.5\n', 'CONFIG_RANGE'),
  wrong('many series', 'max_series: ¦many\n', 'CONFIG_RANGE', 'expected auto'),
  wrong(
    'sources as a list',
    'sources:\n  ¦- type: mqtt\n',
    'CONFIG_TYPE',
    'expected a map from ids to parts, got a list',
  ),
  wrong(
    'a source that is a word',
    'sources:\n  plant: ¦mqtt\n',
    'CONFIG_TYPE',
    'expected a map with a type, got "mqtt"',
  ),
  wrong('an id in capitals', 'outputs:\n  ¦Log: {type: log}\n', 'CONFIG_ID'),
  wrong('an id of 65 characters', `outputs:\n  ¦${'a'.repeat(65)}: {type: log}\n`, 'CONFIG_ID'),
  wrong('a wrong id and what stands behind it', 'outputs:\n  ¦Log: {type: ¦lgo}\n', ['CONFIG_ID', 'CONFIG_VALUE']),
  wrong('hidden 64k', pipeline('hidden: ¦64k'), 'CONFIG_RANGE', 'expected integer 1..512, got "64k"'),
  wrong('hidden 0', pipeline('hidden: ¦0'), 'CONFIG_RANGE'),
  wrong('hidden 513', pipeline('hidden: ¦513'), 'CONFIG_RANGE'),
  wrong('hidden 1.5', pipeline('hidden: ¦1.5'), 'CONFIG_RANGE', 'got 1.5'),
  wrong('a list for a number', pipeline('hidden: ¦[16]'), 'CONFIG_TYPE', 'expected integer 1..512, got a list'),
  wrong('a negative seed', pipeline('seed: ¦-1'), 'CONFIG_RANGE'),
  wrong('a duration without unit', pipeline('season: ¦300'), 'CONFIG_RANGE', 'such as 30s, 5m or 24h'),
  wrong('a duration with a wrong unit', pipeline('season: ¦5min'), 'CONFIG_RANGE', 'got "5min"'),
  wrong('a season of a second', pipeline('season: ¦1s'), 'CONFIG_RANGE', 'duration 1m..400d'),
  wrong(
    'a time zone that is none',
    pipeline('timezone: ¦Europe/Berln'),
    'CONFIG_VALUE',
    'did you mean "Europe/Berlin"?',
  ),
  wrong('a budget without unit', pipeline('alert_budget: ¦1'), 'CONFIG_VALUE', 'N/day'),
  wrong('a budget of no alerts', pipeline('alert_budget: ¦0/day'), 'CONFIG_VALUE'),
  wrong('a misspelt direction', pipeline('direction: ¦upp'), 'CONFIG_VALUE', 'did you mean "up"?'),
  wrong('a direction that is a number', pipeline('direction: ¦1'), 'CONFIG_VALUE', 'expected both, up or down, got 1'),
  wrong(
    'a negative deviation',
    pipeline('min_deviation: ¦-1'),
    'CONFIG_RANGE',
    'expected a number from 0 in the unit of the series, or a percentage of the expected value such as 5%, got -1',
  ),
  wrong('a deviation in words', pipeline('min_deviation: ¦five'), 'CONFIG_RANGE', 'such as 5%, got "five"'),
  wrong('a percentage with a space', pipeline('min_deviation: ¦5 %'), 'CONFIG_RANGE', 'got "5 %"'),
  wrong('a negative percentage', pipeline('min_deviation: ¦-5%'), 'CONFIG_RANGE'),
  wrong('an infinite deviation', pipeline('min_deviation: ¦.inf'), 'CONFIG_RANGE'),
  wrong('a deviation with nothing behind it', pipeline('¦min_deviation:'), 'CONFIG_TYPE'),
  wrong('a list as deviation', pipeline('min_deviation: ¦[5]'), 'CONFIG_TYPE', 'got a list'),
  wrong('limits as a list', pipeline('limits: ¦[0, 100]'), 'CONFIG_TYPE', 'expected a map of keys and values'),
  wrong('limits as a number', pipeline('limits: ¦100'), 'CONFIG_TYPE', 'got 100'),
  wrong('a limit nobody knows', pipeline('limits: {¦maximum: 3}'), 'CONFIG_UNKNOWN_KEY', 'unknown key "maximum"'),
  wrong('a misspelt limit', pipeline('limits: {¦rat: 3}'), 'CONFIG_UNKNOWN_KEY', 'did you mean "rate"?'),
  wrong('a limit in words', pipeline('limits: {min: ¦low}'), 'CONFIG_RANGE', 'expected a number, the least possible'),
  wrong('a limit that is not a number', pipeline('limits: {max: ¦.nan}'), 'CONFIG_RANGE', 'got NaN'),
  wrong('a limit with nothing behind it', pipeline('limits:\n      ¦max:'), 'CONFIG_TYPE', 'got nothing'),
  wrong('a rate of nothing', pipeline('limits: {rate: ¦0}'), 'CONFIG_RANGE', 'expected a number above 0'),
  wrong('a negative rate', pipeline('limits: {rate: ¦-2}'), 'CONFIG_RANGE', 'got -2'),
  wrong(
    'limits the wrong way round',
    pipeline('limits: {min: 100, max: ¦0}'),
    'CONFIG_CONFLICT',
    'expected a max above min, which is 100, got 0',
  ),
  wrong('limits with nothing between them', pipeline('limits: {max: ¦"5", min: 5}'), 'CONFIG_CONFLICT'),
  wrong('two limits that are none', pipeline('limits: {min: ¦low, max: ¦high}'), ['CONFIG_RANGE', 'CONFIG_RANGE']),
  wrong('a misspelt group', pipeline('group: ¦topc'), 'CONFIG_VALUE', 'did you mean "topic"?'),
  wrong(
    'a group without name',
    pipeline('group: ¦[a/x, a/y]'),
    'CONFIG_TYPE',
    'expected off, topic, or a map from names to lists of sources, got a list',
  ),
  wrong('groups of which there is none', pipeline('¦group: {}'), 'CONFIG_RANGE', 'at least one group'),
  wrong('a group in capitals', pipeline('group: {¦Pump: [a/x, a/y]}'), 'CONFIG_ID'),
  wrong('a group that is a word', pipeline('group: {pump: ¦a/x}'), 'CONFIG_TYPE', 'a list of 2 to 64 sources'),
  wrong('a group of one', pipeline('group: {pump: ¦[a/x]}'), 'CONFIG_RANGE', 'a list of 2 to 64 sources'),
  wrong(
    'a group of 65',
    pipeline(`group: {pump: ¦[${Array.from({ length: 65 }, (_, i) => `a/x${i}`).join()}]}`),
    'CONFIG_RANGE',
  ),
  wrong(
    'a pattern in a group',
    pipeline('group:\n      pump: [a/x, ¦a/+/y]'),
    'CONFIG_TOPIC',
    'one source, topic/field without wildcards, such as line1/pump/flow, got "a/+/y"',
  ),
  wrong('a number in a group', pipeline('group: {pump: [a/x, ¦7]}'), 'CONFIG_TOPIC', 'got 7'),
  wrong('a source twice in a group', pipeline('group: {pump: [a/x, a/y, ¦a/x]}'), 'CONFIG_DUPLICATE', 'twice'),
  wrong(
    'a source in two groups',
    pipeline('group: {pump: [a/x, a/y], tank: [a/z, ¦a/y]}'),
    'CONFIG_DUPLICATE',
    '"a/y" is in the group "pump" already',
  ),
  wrong(
    'a group with one to watch',
    pipeline('context: [a/y]\n    group: {¦pump: [a/x, a/y]}'),
    'CONFIG_CONFLICT',
    'a group needs two sources that are not context',
  ),
  wrong('a context without list', pipeline('context: ¦a/x'), 'CONFIG_TYPE', 'a list of 1 to 16 sources'),
  wrong('no context', pipeline('context: ¦[]'), 'CONFIG_RANGE', 'got an empty list'),
  wrong(
    'a context of 17',
    pipeline(`context: ¦[${Array.from({ length: 17 }, (_, i) => `a/x${i}`).join()}]`),
    'CONFIG_RANGE',
  ),
  wrong('a pattern as context', pipeline('context: [¦a/#]'), 'CONFIG_TOPIC'),
  wrong('an empty source as context', pipeline('context: [¦""]'), 'CONFIG_TOPIC'),
  wrong('a source twice in the context', pipeline('context: [a/x, ¦a/x]'), 'CONFIG_DUPLICATE', 'stands here twice'),
  wrong('a misspelt kind', pipeline('kind: ¦value'), 'CONFIG_VALUE', 'did you mean "values"?'),
  wrong(
    'a group of events',
    pipeline('kind: events\n    ¦group: topic'),
    'CONFIG_CONFLICT',
    'group has no effect on events',
  ),
  wrong('groups of events by hand', pipeline('kind: events\n    ¦group: {p: [a/x, a/y]}'), 'CONFIG_CONFLICT'),
  wrong('context of events', pipeline('kind: events\n    ¦context: [a/x]'), 'CONFIG_CONFLICT', 'context has no effect'),
  wrong('another cell for events', pipeline('kind: events\n    ¦cell: gru'), 'CONFIG_CONFLICT', 'cell has no effect'),
  wrong('a side of events', pipeline('kind: events\n    ¦direction: up'), 'CONFIG_CONFLICT'),
  wrong('a size of events', pipeline('kind: events\n    ¦min_deviation: 5%'), 'CONFIG_CONFLICT'),
  wrong('siblings of events', pipeline('kind: events\n    ¦peers: a/+/#'), 'CONFIG_CONFLICT'),
  wrong(
    'shared weights of events',
    pipeline('kind: events\n    ¦weights: shared'),
    'CONFIG_CONFLICT',
    'weights has no effect on events',
  ),
  wrong('weights of nobody', pipeline('weights: ¦share'), 'CONFIG_VALUE', 'did you mean "shared"?'),
  wrong('limits of events', pipeline('kind: events\n    ¦limits: {max: 1}'), 'CONFIG_CONFLICT'),

  // Not yet
  wrong(
    'a source type of a later version',
    'sources:\n  a: {type: ¦kafka, url: "kafka://h"}\n',
    'CONFIG_NOT_AVAILABLE',
    '"kafka" is not available in this version',
  ),
  wrong('a misspelt source type', 'sources:\n  a: {type: ¦mqqt}\n', 'CONFIG_VALUE', 'did you mean "mqtt"?'),
  wrong('an output type of a later version', 'outputs:\n  a: {type: ¦alertmanager}\n', 'CONFIG_NOT_AVAILABLE'),
  wrong(
    'a pipeline key of a later version',
    pipeline('¦memory: 1h'),
    'CONFIG_NOT_AVAILABLE',
    '"memory" is not available',
  ),
  wrong('a cell nobody knows', pipeline('cell: ¦grue'), 'CONFIG_VALUE', 'did you mean "gru"'),
  wrong('four threads', 'threads: ¦4\n', 'CONFIG_NOT_AVAILABLE'),
  wrong('include', '¦include: other.yaml\n', 'CONFIG_NOT_AVAILABLE'),

  // Addresses, URLs and topics
  wrong('an address without port', 'http: {listen: ¦127.0.0.1}\n', 'CONFIG_LISTEN'),
  wrong('a port over 65535', 'http: {listen: ¦127.0.0.1:65536}\n', 'CONFIG_LISTEN'),
  wrong('every address and no token', 'http:\n  listen: ¦0.0.0.0:8420\n', 'CONFIG_LISTEN', 'needs http.token_file'),
  wrong('a broker for everybody', 'broker:\n  listen: ¦0.0.0.0:18830\n', 'CONFIG_LISTEN', 'on this machine only'),
  wrong('a url of another protocol', 'mqtt:\n  url: ¦http://h\n  topics: [a]\n', 'CONFIG_URL'),
  wrong('a url without host', 'mqtt:\n  url: ¦mqtt://\n  topics: [a]\n', 'CONFIG_URL'),
  wrong('no topics', 'mqtt:\n  url: mqtt://h\n  topics: ¦[]\n', 'CONFIG_RANGE', 'got an empty list'),
  wrong(
    'a topic without list',
    'mqtt:\n  url: mqtt://h\n  topics: ¦plant/+\n',
    'CONFIG_TYPE',
    'a list of topic filters',
  ),
  wrong('a # before the end', 'mqtt:\n  url: mqtt://h\n  topics: [a, ¦"#/b"]\n', 'CONFIG_TOPIC'),
  wrong('a + inside a level', 'mqtt:\n  url: mqtt://h\n  topics:\n    - a/+\n    - ¦a/b+\n', 'CONFIG_TOPIC'),
  wrong('an empty topic', 'mqtt:\n  url: mqtt://h\n  topics: [¦""]\n', 'CONFIG_TOPIC'),
  wrong('qos 2', mqtt('qos: ¦2'), 'CONFIG_RANGE', 'expected 0 or 1'),

  // Secrets and the environment
  wrong('a literal password', mqtt('password: ¦hunter2'), 'CONFIG_SECRET'),
  wrong('a password of digits', mqtt('password: ¦1234'), 'CONFIG_SECRET'),
  wrong('a password with a default', mqtt('password: ¦"${PASSWORD:-hunter2}"'), 'CONFIG_SECRET'),
  wrong('two passwords', mqtt('password: ${SET}\n  ¦password_file: p'), 'CONFIG_CONFLICT'),
  wrong(
    'userinfo in a url',
    'mqtt:\n  url: ¦mqtt://bob:hunter2@h\n  topics: [a]\n',
    'CONFIG_SECRET',
    'use username and password',
  ),
  wrong(
    'userinfo in a url that is none',
    'mqtt:\n  url: ¦mqt://bob:hunter2@h\n  topics: [a]\n',
    'CONFIG_URL',
    'got "mqt://***@h"',
  ),
  wrong('userinfo from the environment', 'mqtt:\n  url: ¦mqtt://${SET}@h\n  topics: [a]\n', 'CONFIG_SECRET'),
  wrong(
    'a variable that is not set',
    'state_dir: ¦${UNSET}/x\n',
    'CONFIG_ENV',
    'environment variable UNSET is not set',
  ),
  wrong('a variable without name', 'state_dir: ¦"${}"\n', 'CONFIG_ENV'),
  wrong('a variable with a wrong value', pipeline('hidden: ¦${SET}'), 'CONFIG_RANGE', 'got the value of ${SET}'),

  wrong('a password that is a list', mqtt('password: ¦[¦hunter2]'), ['CONFIG_TYPE', 'CONFIG_SECRET']),
  wrong('a literal password of an output', output('mqtt', 'url: mqtt://h\npassword: ¦hunter2'), 'CONFIG_SECRET'),
  wrong('a literal password for a database', input('influx', `${influxSource}\npassword: ¦hunter2`), 'CONFIG_SECRET'),
  wrong('userinfo in the url of a webhook', output('webhook', 'url: ¦https://bob:hunter2@h/x'), 'CONFIG_SECRET'),
  wrong('userinfo in the url of a WebSocket', input('websocket', 'url: ¦ws://hunter2@h'), 'CONFIG_SECRET'),
  wrong(
    'userinfo in the url of a database',
    output('influx', 'url: ¦http://bob:hunter2@h:8086\ndatabase: d'),
    'CONFIG_SECRET',
  ),
  wrong('userinfo in the url of a simulator', input('simulator', 'url: ¦mqtt://bob:hunter2@h'), 'CONFIG_SECRET'),
  wrong('a token instead of its file', input('websocket', 'url: ws://h\n¦token: ¦hunter2'), [
    'CONFIG_UNKNOWN_KEY',
    'CONFIG_SECRET',
  ]),

  // Encryption
  wrong(
    'a certificate without key',
    mqtt('¦cert_file: c').replace('mqtt://', 'mqtts://'),
    'CONFIG_MISSING',
    'cert_file and key_file go together',
  ),
  wrong(
    'a key without certificate',
    output('influx', `${influxOutput}\n¦key_file: k`).replace('http:', 'https:'),
    'CONFIG_MISSING',
  ),
  wrong('authorities for an open connection', mqtt('¦ca_file: c'), 'CONFIG_CONFLICT', 'ca_file has no effect'),
  wrong('authorities for an open WebSocket', input('websocket', 'url: ws://h\n¦ca_file: c'), 'CONFIG_CONFLICT'),
  wrong('authorities for an open database', input('influx', `${influxSource}\n¦ca_file: c`), 'CONFIG_CONFLICT'),
  wrong('no check of certificates', output('mqtt', 'url: mqtts://h\n¦insecure: true'), 'CONFIG_UNKNOWN_KEY'),
  wrong('no check of the listener', 'http:\n  listen: ¦0.0.0.0:1\n  ¦insecure: true\n', [
    'CONFIG_LISTEN',
    'CONFIG_UNKNOWN_KEY',
  ]),

  // Sources
  wrong('version 4 of MQTT', mqtt('protocol: ¦4'), 'CONFIG_VALUE', 'expected 3.1.1 or 5, got 4'),
  wrong('version 3.1 of MQTT', mqtt('protocol: ¦3.1'), 'CONFIG_VALUE'),
  wrong(
    'a WebSocket without url',
    'sources:\n  ¦a: {type: websocket}\n',
    'CONFIG_MISSING',
    'ws:// or wss:// and a host',
  ),
  wrong('a WebSocket at a web page', input('websocket', 'url: ¦https://h'), 'CONFIG_URL', 'expected ws:// or wss://'),
  wrong('a topic with wildcards', input('websocket', 'url: ws://h\ntopic: ¦a/+'), 'CONFIG_TOPIC'),
  wrong('an empty hello', input('websocket', 'url: ws://h\nhello: ¦""'), 'CONFIG_VALUE'),
  wrong('a url to push to', input('http', '¦url: http://h'), 'CONFIG_UNKNOWN_KEY'),
  wrong(
    'two sources to push to',
    'sources:\n  a: {type: http}\n  ¦b: {type: http}\n',
    'CONFIG_CONFLICT',
    'at most one',
  ),
  wrong('a recording without path', 'sources:\n  ¦a: {type: replay, speed: 2}\n', 'CONFIG_MISSING'),
  wrong('a recording at no speed', input('replay', 'path: p\nspeed: ¦0'), 'CONFIG_RANGE', 'number 0.1..10000, got 0'),
  wrong('a recording too fast', input('replay', 'path: p\nspeed: ¦1e5'), 'CONFIG_RANGE'),
  wrong('a recording at the speed of a word', input('replay', 'path: p\nspeed: ¦fast'), 'CONFIG_RANGE', 'got "fast"'),
  wrong('a recording with a bare period', input('replay', 'path: p\nperiod: ¦1'), 'CONFIG_RANGE'),
  wrong(
    'a database at a broker',
    input('influx', 'url: ¦mqtt://h\ndatabase: d\nmeasurements: [m]'),
    'CONFIG_URL',
    'http:// or https://',
  ),
  wrong(
    'a database with a query in its url',
    input('influx', 'url: ¦http://h?u=bob&p=hunter2\ndatabase: d\nmeasurements: [m]'),
    'CONFIG_URL',
    'without ? and #',
  ),
  wrong('no database', 'sources:\n  ¦a: {type: influx, url: "http://h", measurements: [m]}\n', 'CONFIG_MISSING'),
  wrong('no measurements', input('influx', 'url: http://h\ndatabase: d\nmeasurements: ¦[]'), 'CONFIG_RANGE'),
  wrong('a question every millisecond', input('influx', `${influxSource}\nevery: ¦1ms`), 'CONFIG_RANGE', '1s..24h'),
  wrong('no look back', input('influx', `${influxSource}\nlookback: ¦0`), 'CONFIG_RANGE'),
  wrong(
    'a key of another type of source',
    input('replay', 'path: p\n¦topics: [a]'),
    'CONFIG_UNKNOWN_KEY',
    'unknown key "topics"',
  ),

  // Mapping
  wrong('a misspelt format', mapping('format: ¦jsn'), 'CONFIG_VALUE', 'did you mean "json"?'),
  wrong('a list as mapping', input('http', 'mapping: ¦[a]'), 'CONFIG_TYPE'),
  wrong('a rule without topics', mapping('topics:\n  - ¦fields: ["$.a"]'), 'CONFIG_MISSING'),
  wrong('no rules', mapping('topics: ¦[]'), 'CONFIG_RANGE'),
  wrong('a name inside a level', mapping('topics:\n  - match: ¦plant/a{site}'), 'CONFIG_TOPIC', '{name}'),
  wrong('a # before the end of a rule', mapping('topics:\n  - match: ¦"#/a"'), 'CONFIG_TOPIC'),
  wrong('a time without path', rule('¦time: {unit: ms}'), 'CONFIG_MISSING'),
  wrong('a time that is a word', rule('time: ¦$.ts'), 'CONFIG_TYPE'),
  wrong('a time in minutes', rule('time: {path: $.ts, unit: ¦m}'), 'CONFIG_VALUE', 'expected s, ms, us, ns or iso'),
  wrong('a path without $', rule('time: {path: ¦ts}'), 'CONFIG_VALUE', 'JSON path'),
  wrong('a list of paths of which one is none', rule('fields: [$.a, ¦b]'), 'CONFIG_VALUE', 'got "b"'),
  wrong('a map of paths of which one is none', rule('fields:\n  a: $.a\n  b: ¦b'), 'CONFIG_VALUE', 'got "b"'),
  wrong('a field that is a number', rule('fields: {a: ¦7}'), 'CONFIG_VALUE', 'got 7'),
  wrong('fields that are a word', rule('fields: ¦temp'), 'CONFIG_TYPE', 'a list of JSON paths, or a map'),
  wrong('no fields', rule('fields: ¦[]'), 'CONFIG_RANGE', 'got an empty list'),
  wrong('an empty field to leave out', rule('ignore: [¦""]'), 'CONFIG_VALUE'),
  wrong('a misspelt key of a rule', rule('¦ignor: [a]'), 'CONFIG_UNKNOWN_KEY', 'did you mean "ignore"?'),

  // Outputs
  wrong('an output without type', 'outputs:\n  ¦a: {}\n', 'CONFIG_MISSING', 'expected mqtt, influx, webhook or log'),
  wrong('a base with a wildcard', output('mqtt', 'url: mqtt://h\nbase: ¦"#"'), 'CONFIG_TOPIC'),
  wrong('a base with an empty level', output('mqtt', 'url: mqtt://h\nbase: ¦tidewatch/'), 'CONFIG_TOPIC'),
  wrong('topics to publish', output('mqtt', 'url: mqtt://h\n¦topics: [a]'), 'CONFIG_UNKNOWN_KEY'),
  wrong('samples of another kind', output('influx', `${influxOutput}\nsamples: ¦some`), 'CONFIG_VALUE'),
  wrong('a batch of nothing', output('influx', `${influxOutput}\nbatch: ¦0`), 'CONFIG_RANGE'),
  wrong(
    'a queue below a batch',
    output('influx', `${influxOutput}\nqueue: ¦100`),
    'CONFIG_RANGE',
    'at least as many as batch, got 100',
  ),
  wrong('a spool without unit', output('influx', `${influxOutput}\nspool: ¦100000000`), 'CONFIG_RANGE'),
  wrong('hardly any spool', output('webhook', 'url: http://h\nspool: ¦1KiB'), 'CONFIG_RANGE', 'size 1MiB..4GiB'),
  wrong('a flush without unit', output('influx', `${influxOutput}\nflush: ¦1`), 'CONFIG_RANGE'),
  wrong('a webhook to a broker', output('webhook', 'url: ¦mqtt://h'), 'CONFIG_URL', 'http:// or https://'),
  wrong('no events', output('webhook', 'url: http://h\nevents: ¦[]'), 'CONFIG_RANGE'),
  wrong(
    'a misspelt event',
    output('webhook', 'url: http://h\nevents: [open, ¦closed]'),
    'CONFIG_VALUE',
    'did you mean "close"?',
  ),
  wrong('an answer awaited for an hour', output('webhook', 'url: http://h\ntimeout: ¦1h'), 'CONFIG_RANGE'),
  wrong('a log without name', output('log', 'path: ¦""'), 'CONFIG_VALUE'),

  // One place and another
  wrong(
    'one client id twice at one broker',
    'mqtt: {url: "mqtt://h", topics: [a], client_id: me}\noutputs:\n  o: {type: mqtt, url: "mqtt://h", client_id: ¦me}\n',
    'CONFIG_DUPLICATE',
    '"me" is the client id of another part',
  ),
  wrong(
    'a pushed input where nothing takes it',
    `${source}pipelines:\n  pumps:\n    inputs: [plant, ¦http]\n`,
    'CONFIG_REFERENCE',
  ),
  wrong(
    'the implied push beside one in the file',
    'demo: true\nsources: {push: {type: http}}\npipelines: {p: {inputs: [push, ¦http]}}\n',
    'CONFIG_REFERENCE',
  ),
  wrong('mqtt together with sources', '¦mqtt: {url: "mqtt://h", topics: [a]}\nsources: {}\n', 'CONFIG_CONFLICT'),
  wrong(
    'an input that is no source',
    `${source}pipelines:\n  pumps:\n    inputs: [¦plnt]\n`,
    'CONFIG_REFERENCE',
    'did you mean "plant"?',
  ),
  wrong('an input where there is no source', 'pipelines:\n  pumps:\n    inputs: [¦plant]\n', 'CONFIG_REFERENCE'),
  wrong('an input named toString', `${source}pipelines: {p: {inputs: [¦toString]}}\n`, 'CONFIG_REFERENCE'),
  wrong('an input twice', `${source}pipelines:\n  pumps:\n    inputs: [plant, ¦plant]\n`, 'CONFIG_DUPLICATE'),
  wrong(
    'a simulator as input',
    'broker:\nsources: {s: {type: simulator}}\npipelines: {p: {inputs: [¦s]}}\n',
    'CONFIG_REFERENCE',
    'only publishes',
  ),
  wrong('a simulator without broker', 'sources:\n  ¦s: {type: simulator}\n', 'CONFIG_MISSING', 'needs a broker'),

  // All at once, in order
  wrong(
    'mistakes everywhere',
    'demo: ¦maybe\n¦colour: 1\nhttp:\n  max_clients: ¦-1\npipelines:\n  p:\n    inputs: [¦x]\n    hidden: ¦0\n    season: ¦0s\n',
    ['CONFIG_VALUE', 'CONFIG_UNKNOWN_KEY', 'CONFIG_RANGE', 'CONFIG_REFERENCE', 'CONFIG_RANGE', 'CONFIG_RANGE'],
  ),
];
