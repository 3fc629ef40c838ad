/** How long a daemon with many series needs to come back after SIGKILL, and how fast it reads its log again. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../../test/services/service.ts';
import { mean, measuredRow, type Row, type RowKind } from '../rows.ts';
import { skippedRows } from './broker.ts';
import { quantileRows } from './figures.ts';
import { pushRounds, sourcesOf } from './http-feed.ts';
import type { Order } from './order.ts';
import type { BySize, FaultOptions } from './section.ts';
import type { Sent } from './sent.ts';
import { VictimProcess } from './victim-process.ts';

export const name = 'recovery';

interface Plan {
  series: number;
  /** In the checkpoint, and in the log behind it. */
  before: number;
  behind: number;
  restarts: number;
}

const PLANS: BySize<Plan> = {
  smoke: { series: 200, before: 20, behind: 20, restarts: 2 },
  default: { series: 1000, before: 100, behind: 100, restarts: 6 },
  long: { series: 1000, before: 100, behind: 400, restarts: 12 },
};
const SECONDS = { unit: 's', better: 'lower' } as const;
const SEGMENT_BYTES = 16 * 1024 * 1024;

export async function run({ size, progress }: FaultOptions): Promise<Row[]> {
  const folder = mkdtempSync(join(tmpdir(), 'tidewatch-recovery-'));
  try {
    return await measure(PLANS[size], folder, progress);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function measure(plan: Plan, folder: string, progress: (text: string) => void): Promise<Row[]> {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const order = orderOf(folder, port);
  const start = async (): Promise<VictimProcess> => {
    const victim = new VictimProcess(order, url, join(folder, 'cache'));
    await victim.ready();
    return victim;
  };
  const sent: Sent = { sources: sourcesOf(plan.series), rounds: [], acknowledged: [] };
  const fill = async (victim: VictimProcess, rounds: number, isSaved: boolean): Promise<void> => {
    progress(`recovery: ${rounds} rounds of ${plan.series} series`);
    try {
      if (!(await pushRounds(url, sent, rounds))) throw new Error(`rows were refused:\n${victim.said}`);
      if (isSaved) await victim.checkpoint();
    } finally {
      await victim.kill();
    }
  };
  await fill(await start(), plan.before, true);
  const unburdened = await start();
  await fill(unburdened, plan.behind, false);
  const ready: number[] = [];
  const recovery: number[] = [];
  const cpu: number[] = [];
  for (let i = 1; i <= plan.restarts; i++) {
    progress(`recovery: restart ${i} of ${plan.restarts}`);
    const victim = await start();
    await victim.kill();
    ready.push(victim.readySeconds);
    recovery.push(victim.recoverySeconds);
    if (!Number.isNaN(victim.cpuSeconds)) cpu.push(victim.cpuSeconds);
  }
  const rows = plan.series * plan.behind;
  return [
    measuredRow('recovery_series', [plan.series], { unit: 'series', better: 'higher' }),
    measuredRow('recovery_rows', [rows], { unit: 'rows behind', better: 'higher' }),
    ...quantileRows('recovery_ready', ready, SECONDS),
    ...quantileRows('recovery_time', recovery, SECONDS),
    ...processorRows(plan, cpu, unburdened.cpuSeconds),
  ];
}

/** What else the machine does does not count here. */
function processorRows({ series, behind }: Plan, cpu: readonly number[], load: number): Row[] {
  const speed: RowKind = { unit: 'rows/s', better: 'higher' };
  if (cpu.length === 0 || Number.isNaN(load)) {
    const kinds = { recovery_cpu: SECONDS, recovery_cpu_load: SECONDS, recovery_speed: speed };
    return skippedRows(kinds, 'the system does not tell');
  }
  // A short run may seem to take no time.
  const reading = Math.max(0.01, mean(cpu) - load);
  return [
    measuredRow('recovery_cpu', cpu, SECONDS),
    measuredRow('recovery_cpu_load', [load], SECONDS),
    measuredRow('recovery_speed', [(series * behind) / reading], speed),
  ];
}

function orderOf(folder: string, port: number): Order {
  return {
    stateDir: join(folder, 'state'),
    archive: join(folder, 'archive/log'),
    config: `version: 1
demo: false
http: {listen: "127.0.0.1:${port}"}
sources: {push: {type: http}}
pipelines: {main: {inputs: [push], group: off}}
`,
    segmentBytes: SEGMENT_BYTES,
    checkpointMs: null,
  };
}
