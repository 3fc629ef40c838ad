/** What the HTTP API answers, route by route. Errors are problem documents (RFC 9457). */
import { type Context, Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { CodedError } from '../models/errors.ts';
import type { Asset } from './assets.ts';
import type { Guard } from './guard.ts';
import { openApi } from './openapi.ts';
import type { Readiness } from './overview.ts';

/** What the API shows and does; the daemon answers. */
export interface Api {
  version: string;
  series(): unknown[];
  oneSeries(id: string): unknown;
  alerts(status: 'active' | 'cleared' | undefined): unknown[];
  events(after: number): unknown;
  scoreboard(): unknown;
  /** @throws CodedError COMMAND_UNKNOWN, COMMAND_INVALID, COMMAND_REFUSED */
  command(verb: string, body: unknown): Promise<unknown>;
  /** Takes in a payload; undefined where no source takes what is pushed. */
  /** Resolves when what was accepted is kept; undefined where no source takes it. */
  ingest(topic: string, payload: Uint8Array): Promise<Ingested | undefined>;
  ready(): Readiness;
  metrics(): Promise<string>;
}

export interface Ingested {
  accepted: number;
  /** By reason. */
  dropped: Record<string, number>;
}

export const PAYLOAD_BYTES_MAX = 256 * 1024;
const COMMAND_BYTES_MAX = 64 * 1024;
/** Where a request needs no token: the page's own files, and whether the process lives. */
const GUARDED = /^\/(api\/|metrics$)/;

const HEADERS: readonly (readonly [string, string])[] = [
  [
    'content-security-policy',
    "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self' ws: wss:; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
  ],
  ['x-content-type-options', 'nosniff'],
  ['referrer-policy', 'no-referrer'],
  ['cross-origin-resource-policy', 'same-origin'],
];

export function createRoutes(
  guard: Guard,
  api: Api,
  assets: ReadonlyMap<string, Asset>,
  onError: (error: Error) => void,
): Hono {
  const app = new Hono();
  app.use(async (c, next) => {
    const facts = { host: c.req.header('host'), origin: c.req.header('origin'), token: bearer(c) };
    for (const [name, value] of HEADERS) c.header(name, value);
    if (!guard.isOwnPage(facts)) {
      return problem(c, 403, 'forbidden', 'this server answers only under its own name and to its own page');
    }
    if (GUARDED.test(c.req.path) && !guard.mayUse(facts)) return problem(c, 401, 'unauthorized', 'a token is needed');
    await next();
    return undefined;
  });
  app.get('/healthz', (c) => c.json({ status: 'ok', version: api.version }));
  app.get('/readyz', (c) => {
    const state = api.ready();
    return c.json(state, state.ready ? 200 : 503);
  });
  app.get('/metrics', async (c) => c.body(await api.metrics(), 200, { 'content-type': 'text/plain; version=0.0.4' }));
  app.get('/openapi.json', (c) => c.json(openApi(api.version)));
  app.get('/api/v1/series', (c) => c.json(api.series()));
  app.get('/api/v1/series/:id', (c) => found(c, api.oneSeries(c.req.param('id')), 'no series has this id'));
  app.get('/api/v1/alerts', (c) => alerts(c, api));
  app.get('/api/v1/events', (c) => events(c, api));
  app.get('/api/v1/demo/scoreboard', (c) => found(c, api.scoreboard(), 'the demo does not run'));
  app.post('/api/v1/cmd/:verb', limited(COMMAND_BYTES_MAX), (c) => command(c, api));
  app.post('/api/v1/ingest', limited(PAYLOAD_BYTES_MAX), (c) => ingest(c, api));
  app.get('*', (c) => file(c, assets));
  app.notFound((c) => problem(c, 404, 'not-found', 'nothing is here'));
  app.onError((error, c) => {
    onError(error);
    return problem(c, 500, 'internal', 'something went wrong; the log says what');
  });
  return app;
}

function limited(maxSize: number) {
  return bodyLimit({ maxSize, onError: (c) => problem(c, 413, 'too-large', `expected at most ${maxSize} bytes`) });
}

function alerts(c: Context, api: Api): Response {
  const status = c.req.query('status');
  if (status !== undefined && status !== 'active' && status !== 'cleared') {
    return problem(c, 400, 'bad-query', `status: expected active or cleared, got ${JSON.stringify(status)}`);
  }
  return c.json(api.alerts(status));
}

function events(c: Context, api: Api): Response {
  const text = c.req.query('after') ?? '0';
  const after = Number(text);
  if (!Number.isSafeInteger(after) || after < 0) {
    return problem(c, 400, 'bad-query', `after: expected a number from 0, got ${JSON.stringify(text)}`);
  }
  return c.json(api.events(after) as object);
}

async function command(c: Context, api: Api): Promise<Response> {
  // A page elsewhere can send plain forms to us unasked, but not JSON.
  if (c.req.header('content-type')?.startsWith('application/json') !== true) {
    return problem(c, 415, 'unsupported-media-type', 'expected content-type application/json');
  }
  let body: unknown;
  try {
    body = await c.req.json();
  } catch {
    return problem(c, 400, 'malformed', 'the body is not JSON');
  }
  try {
    return c.json((await api.command(c.req.param('verb') ?? '', body)) as object, 202);
  } catch (error) {
    if (!(error instanceof CodedError)) throw error;
    return problem(c, error.code === 'COMMAND_UNKNOWN' ? 404 : 400, error.code.toLowerCase(), error.message);
  }
}

/** The body is the payload of the topic, in whatever format the source understands. */
async function ingest(c: Context, api: Api): Promise<Response> {
  const topic = c.req.query('topic') ?? '';
  if (topic === '') return problem(c, 400, 'bad-query', 'topic: expected ?topic=NAME, got nothing');
  const ingested = await api.ingest(topic, new Uint8Array(await c.req.arrayBuffer()));
  if (ingested === undefined) return problem(c, 404, 'not-found', 'no source of type http is configured');
  return c.json(ingested, 202);
}

function file(c: Context, assets: ReadonlyMap<string, Asset>): Response {
  const asset = assets.get(c.req.path);
  if (asset === undefined) return problem(c, 404, 'not-found', `nothing is at ${JSON.stringify(c.req.path)}`);
  const cacheControl = asset.immutable ? 'public, max-age=31536000, immutable' : 'no-cache';
  return c.body(asset.bytes, 200, { 'content-type': asset.type, 'cache-control': cacheControl });
}

function bearer(c: Context): string | undefined {
  return /^Bearer (.+)$/i.exec(c.req.header('authorization') ?? '')?.[1];
}

function found(c: Context, value: unknown, detail: string): Response {
  return value === undefined ? problem(c, 404, 'not-found', detail) : c.json(value as object);
}

function problem(c: Context, status: 400 | 401 | 403 | 404 | 413 | 415 | 500, title: string, detail: string): Response {
  return c.body(JSON.stringify({ type: 'about:blank', title, status, detail }), status, {
    'content-type': 'application/problem+json',
  });
}
