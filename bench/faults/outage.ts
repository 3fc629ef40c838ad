/**
 * The database and the hook are gone for an hour of virtual time, a hundred series at one sample a second: what is missing
 * afterwards, and what it costs meanwhile. Once against a server in this process, which sees in which order things come,
 * and once against a real InfluxDB that is ended by its process id and started again.
 *
 * Slow seconds are compared with those of a twin in the same process that keeps its database; memory is measured without.
 */
import { fork } from 'node:child_process';
import { median } from '../science/cost.ts';
import { measuredRow, type Row, type RowKind, skippedRow } from '../rows.ts';
import { type Influxd, startInfluxd } from '../../test/services/influxd.ts';
import { programOf } from '../../test/services/service.ts';
import type { OutageOrder, OutageQuestion, OutageResult } from './outage-messages.ts';
import { OutagePeer } from './outage-peer.ts';
import type { FaultOptions } from './section.ts';

export interface OutageSize {
  series: number;
  before: number;
  away: number;
}

const HOUR: OutageSize = { series: 100, before: 2400, away: 3600 };
const SMOKE: OutageSize = { series: 5, before: 120, away: 240 };

const NONE: RowKind = { unit: 'points', better: 'lower', bar: 0 };
const SECONDS: RowKind = { unit: 's', better: 'lower' };

export const name = 'outage';

export async function run({ size: which }: Pick<FaultOptions, 'size'>): Promise<Row[]> {
  const smoke = which === 'smoke';
  const size = smoke ? SMOKE : HOUR;
  const rows = [...(await ordered(size)), ...(await alone(size))];
  if (programOf('influxd') !== undefined) return rows;
  return [...rows, skippedRow('outage_influxd_points_lost', 'influxd is not installed', NONE)];
}

/** @param switched  makes the servers go and come back */
async function outage(order: OutageOrder, switched: (to: 'go' | 'come back') => Promise<void>): Promise<OutageResult> {
  const child = fork(new URL('outage-child.ts', import.meta.url), { execArgv: ['--expose-gc'] });
  try {
    return await new Promise<OutageResult>((resolve, reject) => {
      child.once('error', reject);
      child.once('exit', (code) => reject(new Error(`the daemon ended with ${code} before it was done`)));
      child.on('message', (question: OutageQuestion) => {
        if ('result' in question) resolve(question.result);
        else switched(question.ask).then(() => child.send('done'), reject);
      });
      child.send(order);
    });
  } finally {
    child.kill();
  }
}

/** Beside a twin, and sent to who sees in which order things come. */
export async function ordered(size: OutageSize): Promise<Row[]> {
  const [peer, sponge] = [new OutagePeer(), new OutagePeer()];
  await Promise.all([peer.come(), sponge.come()]);
  try {
    const order = { ...size, database: peer.url, hook: `${peer.url}/hook`, twin: sponge.url };
    const result = await outage(order, (to) => (to === 'go' ? peer.go() : peer.come()));
    peer.finish();
    const alerts = new Set(peer.alerts);
    const heard = [...alerts];
    const missing = result.alerts.filter((alert) => !alerts.has(alert)).length;
    const swapped = result.alerts.filter((alert) => alerts.has(alert)).filter((alert, i) => heard[i] !== alert).length;
    return [
      measuredRow('outage_points_lost', [lostOf(size, result, (id) => peer.series.get(id)?.times)], NONE),
      measuredRow('outage_out_of_order', [peer.outOfOrder], NONE),
      measuredRow('outage_points_waiting', [result.waiting], { unit: 'points', better: 'lower' }),
      measuredRow('outage_bytes_a_point', [result.waitingBytes / result.waiting], { unit: 'bytes', better: 'lower' }),
      measuredRow('outage_ingest_p99_ratio', [median(result.ingestRatios)], { unit: '', better: 'lower', bar: 1.2 }),
      measuredRow('outage_alerts', [result.alerts.length], { unit: 'events', better: 'higher', bar: 1 }),
      measuredRow('outage_alerts_lost', [missing], { ...NONE, unit: 'events' }),
      measuredRow('outage_alerts_out_of_order', [swapped], { ...NONE, unit: 'events' }),
    ];
  } finally {
    await Promise.all([peer.go(), sponge.go()]);
  }
}

/** Without a twin, and at a real database where there is one. */
async function alone(size: OutageSize): Promise<Row[]> {
  const database = programOf('influxd') === undefined ? undefined : await startInfluxd();
  const peer = new OutagePeer();
  await peer.come();
  try {
    const order = { ...size, database: database?.url ?? peer.url, hook: `${peer.url}/hook`, twin: null };
    const result = await outage(order, async (to) => {
      await (to === 'go' ? database?.halt() : database?.restart());
      await (to === 'go' ? peer.go() : peer.come());
    });
    const rows = [
      measuredRow('outage_rss_growth_mb', [result.rssGrowthMb], { unit: 'MB', better: 'lower', bar: 20 }),
      measuredRow('outage_reconnect_seconds', [result.reconnectSeconds], SECONDS),
      measuredRow('outage_drain_seconds', [result.drainSeconds], SECONDS),
    ];
    if (database === undefined) return rows;
    const times = await timesIn(database, size);
    return [...rows, measuredRow('outage_influxd_points_lost', [lostOf(size, result, (id) => times.get(id))], NONE)];
  } finally {
    await Promise.all([database?.stop(), peer.go()]);
  }
}

async function timesIn(database: Influxd, size: OutageSize): Promise<Map<string, Set<number>>> {
  const times = new Map<string, Set<number>>();
  for (const id of idsOf(size)) {
    const rows = await database.query<{ time: number }>(`SELECT value FROM anomaly WHERE "series" = '${id}'`, 'outage');
    times.set(id, new Set(rows.map(({ time }) => time)));
  }
  return times;
}

const idsOf = ({ series }: OutageSize): string[] => Array.from({ length: series }, (_, k) => `plant_s${k}`);

/** Samples of all series that are not there. */
function lostOf(
  size: OutageSize,
  { times }: OutageResult,
  thereOf: (id: string) => ReadonlySet<number> | undefined,
): number {
  return idsOf(size)
    .map((id) => thereOf(id) ?? new Set())
    .reduce((lost, there) => lost + times.filter((time) => !there.has(time)).length, 0);
}
