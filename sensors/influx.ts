/**
 * Asks an InfluxDB 1.x again and again for the points that are newer than the last one it gave.
 *
 *   measurement cpu, tags core=1, host=a, fields user=2, idle=97
 *   →  topic cpu/1/a   payload {"time": epoch ms, "user": 2, "idle": 97}
 *
 * Tag values stand in the order of their keys. A point that is written later than one with a newer time of the same
 * measurement is not found: what is asked for is what comes after. Names are quoted, times are literals that were
 * checked, and nothing that came in a message is ever part of a query.
 */
import { request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { CodedError } from '../models/errors.ts';
import type { Cancel, Clock } from '../models/ports.ts';
import { Backoff } from './backoff.ts';
import { type Peer, peerOf } from './peer.ts';
import { plain, reasonOf } from './reason.ts';
import { type AccessOptions, readAccess } from './secret-files.ts';
import type { Source, SourceHandlers } from './source.ts';

export interface InfluxOptions extends AccessOptions {
  url: string;
  database: string;
  measurements: readonly string[];
  /** From the beginning of one question to that of the next. */
  everyMs: number;
  /** How far back the first question reaches. */
  lookbackMs: number;
  /** Rows of one answer. Default 10,000. */
  pageRows?: number;
}

const PAGE_ROWS = 10_000;
/** Rows handed on in one turn of the event loop. */
const TURN_ROWS = 500;
const ANSWER_MS_MAX = 10_000;
const ANSWER_BYTES_MAX = 64 * 1024 * 1024;
/** Nanoseconds, which a number could not hold. */
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z$/;

interface Table {
  columns: string[];
  values: unknown[][];
  partial?: boolean;
}

/** How far a measurement was read. */
interface Position {
  time: string;
  /** Points at this very time that were handed on. */
  seen: Set<string>;
}

export class InfluxSource implements Source {
  readonly #options: InfluxOptions;
  readonly #handlers: SourceHandlers;
  readonly #clock: Clock;
  readonly #url: URL;
  readonly #peer: Peer;
  readonly #pageRows: number;
  readonly #positions = new Map<string, Position>();
  readonly #backoff = new Backoff();
  #running = false;
  #state = '';
  #version = '';
  #cancel: Cancel | undefined;
  #asking: Promise<void> | undefined;
  #abort = new AbortController();
  /** While paused: resolves when the reader may go on. */
  #paused: Promise<void> | undefined;
  #goOn: (() => void) | undefined;

  constructor(options: InfluxOptions, handlers: SourceHandlers, clock: Clock) {
    this.#options = options;
    this.#handlers = handlers;
    this.#clock = clock;
    this.#url = new URL('query', options.url.endsWith('/') ? options.url : `${options.url}/`);
    this.#peer = peerOf(options.url, 'database');
    this.#pageRows = options.pageRows ?? PAGE_ROWS;
  }

  start(): void {
    if (this.#running) return;
    this.#running = true;
    this.#abort = new AbortController();
    this.#ask();
  }

  pause(): void {
    if (this.#paused !== undefined) return;
    this.#paused = new Promise((resolve) => (this.#goOn = resolve));
  }

  resume(): void {
    this.#goOn?.();
    this.#paused = undefined;
  }

  async stop(): Promise<void> {
    this.#running = false;
    this.#cancel?.();
    this.#abort.abort();
    this.resume();
    await this.#asking;
  }

  #ask(): void {
    const began = this.#clock.now();
    this.#asking = this.#askAll()
      .then(
        () => {
          this.#backoff.reset();
          this.#tell(true, this.#version === '' ? 'InfluxDB' : `InfluxDB ${this.#version}`);
          return Math.max(0, began + this.#options.everyMs - this.#clock.now());
        },
        (error: unknown) => {
          this.#tell(false, reasonOf(error, this.#peer) ?? 'no answer');
          return Math.max(this.#options.everyMs, this.#backoff.delayMs());
        },
      )
      .then((wait) => {
        if (this.#running) this.#cancel = this.#clock.after(wait, () => this.#ask());
      });
  }

  /** Every answer is news to the source, and only a change is to others. */
  #tell(connected: boolean, detail: string): void {
    const state = `${connected} ${detail}`;
    if (!this.#running || state === this.#state) return;
    this.#state = state;
    this.#handlers.onState(connected, detail);
  }

  async #askAll(): Promise<void> {
    for (const measurement of this.#options.measurements) {
      while (this.#running && (await this.#page(measurement)));
    }
  }

  /** @returns whether there may be more */
  async #page(measurement: string): Promise<boolean> {
    await this.#paused;
    let position = this.#positions.get(measurement);
    if (position === undefined) {
      const from = new Date(this.#clock.now() - this.#options.lookbackMs).toISOString();
      position = { time: from, seen: new Set() };
      this.#positions.set(measurement, position);
    }
    const name = quoted(measurement);
    // What was seen of the last instant comes again, and more of it may come.
    const limit = this.#pageRows + position.seen.size;
    const table = await this.#query(
      `SELECT * FROM ${name} WHERE time >= '${position.time}' AND time <= now() ORDER BY time ASC LIMIT ${limit}`,
    );
    if (table === undefined || table.values.length <= position.seen.size) return false;
    // Asked for last, so that no tag of these points is missing.
    const keys = await this.#query(`SHOW TAG KEYS FROM ${name}`);
    const fresh = await this.#handOn(measurement, new Set(keys?.values.map(([key]) => String(key))), table, position);
    return fresh > 0 && (table.values.length === limit || table.partial === true);
  }

  /** @returns how many points were new */
  async #handOn(measurement: string, tagKeys: Set<string>, table: Table, position: Position): Promise<number> {
    const { columns, values } = table;
    const indexes = columns.map((_, i) => i);
    const tags = indexes.filter((i) => tagKeys.has(columns[i])).sort((a, b) => (columns[a] < columns[b] ? -1 : 1));
    const fields = indexes.filter((i) => !tagKeys.has(columns[i]) && columns[i] !== 'time');
    const timeColumn = columns.indexOf('time');
    let fresh = 0;
    for (let i = 0; i < values.length; i++) {
      if (i > 0 && i % TURN_ROWS === 0) {
        await nextTurn();
        await this.#paused;
        if (!this.#running) break;
      }
      const row = values[i];
      const time = String(row[timeColumn]);
      if (!TIME.test(time)) throw new CodedError('INFLUX_ANSWER', 'the database answers with times nobody can read');
      const tagValues = tags.map((column) => row[column]);
      const key = JSON.stringify(tagValues);
      if (time !== position.time) {
        position.time = time;
        position.seen.clear();
      }
      if (position.seen.has(key)) continue;
      position.seen.add(key);
      fresh++;
      // A point without a tag leaves it out, so that its topic stays when another point brings a new tag.
      const topic = [measurement, ...tagValues.filter((value) => value !== null && value !== '')].join('/');
      void this.#handlers.onMessage(topic, payloadOf(time, columns, fields, row), { retained: false });
    }
    return fresh;
  }

  async #query(q: string): Promise<Table | undefined> {
    const { status, version, body } = await this.#get(q);
    this.#version = plain(version).slice(0, 20);
    if (status === 401) throw new CodedError('INFLUX_LOGIN', this.#loginReason());
    if (status === 403) throw new CodedError('INFLUX_LOGIN', `not authorised for database ${this.#options.database}`);
    let answer: { error?: unknown; results?: { error?: unknown; series?: Table[] }[] };
    try {
      answer = JSON.parse(body) as typeof answer;
    } catch (error) {
      throw new CodedError('INFLUX_ANSWER', `the server answers with HTTP status ${status}, not with rows`, {
        cause: error,
      });
    }
    const trouble = answer.error ?? answer.results?.[0]?.error;
    if (trouble !== undefined) {
      const said = typeof trouble === 'string' ? plain(trouble) : 'something unreadable';
      throw new CodedError('INFLUX_ANSWER', `the database says: ${said}`);
    }
    if (status !== 200 || !Array.isArray(answer.results)) {
      throw new CodedError('INFLUX_ANSWER', `the server answers with HTTP status ${status}, not with rows`);
    }
    return answer.results[0]?.series?.[0];
  }

  #loginReason(): string {
    return typeof this.#options.username === 'string'
      ? 'wrong user name or password'
      : 'the database wants a user name and a password';
  }

  /** By GET, through which a database changes nothing. */
  async #get(q: string): Promise<{ status: number; version: string; body: string }> {
    const { username, password = '', tls } = await readAccess(this.#options);
    const url = new URL(this.#url);
    url.search = new URLSearchParams({ db: this.#options.database, q }).toString();
    const signal = this.#abort.signal;
    return new Promise((resolve, reject) => {
      const request = (url.protocol === 'https:' ? requestHttps : requestHttp)(
        url,
        { ...tls, signal, ...(username === undefined ? {} : { auth: `${username}:${password}` }) },
        (response) => {
          const chunks: Buffer[] = [];
          let bytes = 0;
          response.on('data', (chunk: Buffer) => {
            chunks.push(chunk);
            bytes += chunk.length;
            if (bytes > ANSWER_BYTES_MAX) {
              request.destroy(new CodedError('INFLUX_ANSWER', 'the answer of the database is larger than 64 MiB'));
            }
          });
          response.on('error', reject);
          response.on('end', () => {
            clearTimeout(deadline);
            const version = String(response.headers['x-influxdb-version'] ?? '');
            resolve({ status: response.statusCode ?? 0, version, body: Buffer.concat(chunks).toString('utf8') });
          });
        },
      );
      const deadline = setTimeout(() => {
        request.destroy(new CodedError('INFLUX_ANSWER', `no answer within ${ANSWER_MS_MAX / 1000} s`));
      }, ANSWER_MS_MAX);
      request.on('error', (error) => {
        clearTimeout(deadline);
        reject(error);
      });
      request.end();
    });
  }
}

/** An InfluxQL identifier. */
function quoted(name: string): string {
  return `"${name.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')}"`;
}

function payloadOf(time: string, columns: readonly string[], fields: readonly number[], row: unknown[]): Uint8Array {
  // Without a prototype, a field may have any name.
  const payload = Object.create(null) as Record<string, unknown>;
  payload['time'] = Date.parse(time);
  for (const column of fields) if (row[column] !== null) payload[columns[column]] = row[column];
  return Buffer.from(JSON.stringify(payload));
}
