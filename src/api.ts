/** What the HTTP API shows and does, answered from the engine and the demo. */
import { CodedError } from '../models/errors.ts';
import { parseDuration } from './config/units.ts';
import type { Demo } from './demo.ts';
import type { Engine } from './engine.ts';
import type { Api, Ingested } from './routes.ts';
import type { Overview } from './overview.ts';
import type { Recent } from './recent.ts';
import type { Telemetry } from './telemetry.ts';
import { VERSION } from './version.ts';

export interface ApiOptions {
  engine: Engine;
  overview: Overview;
  recent: Recent;
  telemetry: Telemetry;
  demo: () => Demo | undefined;
  /** Takes in what is pushed; undefined where no source does. */
  ingest: (topic: string, payload: Uint8Array) => Promise<Ingested | undefined>;
}

export const ALERTS_SHOWN_MAX = 200;
const FAULT_MS_DEFAULT = 30_000;

export function createApi({ engine, overview, recent, telemetry, demo, ingest }: ApiOptions): Api {
  const { alertLog } = engine;
  return {
    version: VERSION,
    series: () => overview.series(),
    oneSeries: (id) => {
      const info = overview.find(id);
      return info === undefined ? undefined : { ...info, recent: recent.of(id) ?? null };
    },
    alerts: (status) =>
      alertLog.recent(ALERTS_SHOWN_MAX).filter((alert) => status === undefined || alert.status === status),
    events: (after) => ({ seq: alertLog.seq, oldest_seq: alertLog.oldestSeq(), events: alertLog.after(after) }),
    scoreboard: () => demo()?.scoreboard(),
    command: (verb, body) => obey(verb, new Fields(body), engine, demo()),
    ingest,
    ready: () => overview.ready(),
    metrics: () => telemetry.metrics.metrics(),
  };
}

async function obey(verb: string, fields: Fields, engine: Engine, demo: Demo | undefined): Promise<object> {
  switch (verb) {
    case 'ack':
      if (engine.acknowledge(fields.text('alert'))) return { ok: true };
      throw new CodedError('COMMAND_INVALID', 'alert: no such alert is open');
    case 'accept':
      if (engine.accept(fields.text('alert'))) return { ok: true };
      throw new CodedError('COMMAND_INVALID', 'alert: no such alert is open');
    case 'checkpoint':
      await engine.checkpoint();
      return { ok: true };
    case 'inject': {
      if (demo === undefined) throw new CodedError('COMMAND_REFUSED', 'the demo does not run');
      const duration = fields.duration('for', FAULT_MS_DEFAULT);
      return { ok: true, fault: demo.inject(fields.text('kind'), fields.text('series'), duration).id };
    }
    default:
      throw new CodedError(
        'COMMAND_UNKNOWN',
        `expected ack, accept, checkpoint or inject, got ${JSON.stringify(verb)}`,
      );
  }
}

/** The fields of a command's body, which is somebody else's JSON. */
class Fields {
  readonly #fields: ReadonlyMap<string, unknown>;

  constructor(body: unknown) {
    this.#fields = new Map(typeof body === 'object' && body !== null ? Object.entries(body) : []);
  }

  text(key: string): string {
    const value = this.#fields.get(key);
    if (typeof value === 'string') return value;
    throw new CodedError('COMMAND_INVALID', `${key}: expected a text, got ${JSON.stringify(value) ?? 'nothing'}`);
  }

  duration(key: string, otherwise: number): number {
    if (!this.#fields.has(key)) return otherwise;
    const text = this.text(key);
    const duration = parseDuration(text);
    if (duration !== undefined) return duration;
    throw new CodedError('COMMAND_INVALID', `${key}: expected a duration such as 30s, got ${JSON.stringify(text)}`);
  }
}
