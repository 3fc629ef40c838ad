/**
 * What is written to the disk in a day: a thousand series at one sample a second, two decimals, each message by itself at
 * any moment of the second, as a broker brings them at QoS 1.
 *
 *   interval  rows whose reading takes 10 s at a restart, that is when a checkpoint is due
 *   a day     rows · bytes of log  +  checkpoints · series · bytes of a series
 *
 * Figures are measured on some minutes of that; a series in a checkpoint on some that have lived for a day, because one
 * that is young has little to keep. Time is that of the processor, for others may use the machine as well.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { createRandom, gaussian } from '../../models/random.ts';
import { SystemDisk } from '../../src/ports/disk.ts';
import { PIPELINE, Watch } from '../../test/sim/watch.ts';
import { measuredRow, type Row } from '../rows.ts';
import { metricOf } from './metrics.ts';
import type { FaultOptions } from './section.ts';

const SECOND = 1000;
const DAY_SECONDS = 86_400;
const REPLAY_SECONDS = 10;
const BAR_GB = 5;
const SERIES = 1000;
const SESSION = 'tidewatch-0123456789abcdef-mqtt';
const PACKET_IDS = 65_535;
const CONFIG = { ...PIPELINE, hidden: 16, seasonMs: DAY_SECONDS * SECOND };

interface Size {
  seconds: number;
  /** Of the series that live for long, how many and for how long. */
  old: number;
  oldSeconds: number;
}

export interface Written {
  logBytesARow: number;
  rowsASecond: number;
  bytesASeries: number;
}

export const name = 'written';

export async function run({ size: which }: Pick<FaultOptions, 'size'>): Promise<Row[]> {
  const [long, smoke] = [which === 'long', which === 'smoke'];
  const size = smoke
    ? { seconds: 20, old: 2, oldSeconds: 600 }
    : { seconds: long ? 600 : 300, old: 3, oldSeconds: DAY_SECONDS };
  const busy = await measureLog(size, true);
  const { logBytesARow: plain } = await measureLog({ ...size, seconds: Math.ceil(size.seconds / 5) }, false);
  const bytesASeries = await measureOld(size);
  const { interval, bytesADay } = dayOf({ ...busy, bytesASeries });
  const lower = { better: 'lower' } as const;
  return [
    measuredRow('log_bytes_a_row', [busy.logBytesARow], { unit: 'bytes', ...lower }),
    measuredRow('log_bytes_a_row_qos_0', [plain], { unit: 'bytes', ...lower }),
    measuredRow('checkpoint_bytes_a_series', [bytesASeries], { unit: 'bytes', ...lower }),
    measuredRow('replay_rows_a_second', [busy.rowsASecond], { unit: 'rows/s', better: 'higher' }),
    measuredRow('checkpoint_every_seconds', [interval], { unit: 's', better: 'higher' }),
    measuredRow('state_gb_a_day', [bytesADay / 1e9], { unit: 'GB', ...lower, bar: BAR_GB }),
  ];
}

/** Of a thousand series. @returns seconds between two checkpoints, and bytes a day */
export function dayOf({ logBytesARow, rowsASecond, bytesASeries }: Written): { interval: number; bytesADay: number } {
  const interval = (REPLAY_SECONDS * rowsASecond) / SERIES;
  const log = SERIES * DAY_SECONDS * logBytesARow;
  return { interval, bytesADay: log + (DAY_SECONDS / interval) * SERIES * bytesASeries };
}

/** @param again  whether messages come with what they can be known by when they come again */
async function measureLog({ seconds }: Size, again: boolean): Promise<Omit<Written, 'bytesASeries'>> {
  return withFolder(async (folder) => {
    const watch = new Watch({ disk: new SystemDisk(folder), config: CONFIG });
    await watch.start();
    const plant = new Jittered(SERIES, again);
    const bytes = (): Promise<number> => metricOf(watch.telemetry, 'state_written_bytes_total', 'kind="log"');
    // The first brings the series as well, once for all days.
    await plant.second(watch);
    const [rowsAtFirst, bytesAtFirst] = [plant.rows, await bytes()];
    for (let i = 1; i < seconds; i++) await plant.second(watch);
    const logBytesARow = ((await bytes()) - bytesAtFirst) / (plant.rows - rowsAtFirst);
    const next = new Watch({ disk: new SystemDisk(folder), config: CONFIG, now: watch.clock.now() });
    const before = process.cpuUsage();
    await next.engine.restore();
    const { user, system } = process.cpuUsage(before);
    for (const one of [watch, next]) await one.log.close();
    return { logBytesARow, rowsASecond: (plant.rows * 1e6) / (user + system) };
  });
}

/** Bytes of a series in a checkpoint. */
async function measureOld({ old, oldSeconds }: Size): Promise<number> {
  return withFolder(async (folder) => {
    const watch = new Watch({ disk: new SystemDisk(folder), config: CONFIG });
    await watch.start();
    const plant = new Jittered(old, false);
    for (let i = 0; i < oldSeconds; i++) await plant.second(watch);
    await watch.engine.checkpoint();
    const bytes = await metricOf(watch.telemetry, 'state_written_bytes_total', 'kind="checkpoint"');
    await watch.log.close();
    return bytes / old;
  });
}

async function withFolder<T>(action: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'tidewatch-written-'));
  try {
    return await action(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Series whose messages come at any millisecond of a second, in another order each time. */
class Jittered {
  rows = 0;
  readonly #series: number;
  readonly #again: boolean;
  readonly #random = createRandom(5);
  #seconds = 0;

  constructor(series: number, again: boolean) {
    this.#series = series;
    this.#again = again;
  }

  async second({ engine, clock }: Watch): Promise<void> {
    const due = new Map<number, number[]>();
    for (let k = 0; k < this.#series; k++) {
      const ms = Math.floor(this.#random() * SECOND);
      const at = due.get(ms);
      if (at === undefined) due.set(ms, [k]);
      else at.push(k);
    }
    let last = 0;
    for (const [ms, ks] of [...due].sort(([a], [b]) => a - b)) {
      clock.advance(ms - last);
      last = ms;
      for (const k of ks) {
        const facts = this.#again ? { session: SESSION, packetId: 1 + (this.rows % PACKET_IDS) } : {};
        const payload = Buffer.from(this.#valueOf(k).toFixed(2));
        engine.receive('mqtt', `plant/line${k % 10}/s${k}`, payload, clock.now(), { retained: false, ...facts });
        this.rows++;
      }
      await nextTurn();
    }
    clock.advance(SECOND - last);
    await engine.settled();
    this.#seconds++;
  }

  #valueOf(k: number): number {
    const day = Math.sin((2 * Math.PI * this.#seconds) / DAY_SECONDS);
    return 50 + (k % 13) + 10 * day + 2 * Math.sin(this.#seconds / (7 + (k % 5))) + gaussian(this.#random);
  }
}
