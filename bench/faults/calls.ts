/**
 * A process that is killed at any call to its disk, before it, in the middle or after it, is followed by one that is
 * fed again what was not acknowledged, and ends as if nothing had happened.
 */
import type { AlertDocument } from '../../models/alert-document.ts';
import { SimDisk } from '../../test/sim/disk.ts';
import { type Findings, Ledger, rowsOf, type SectionOptions } from './findings.ts';
import type { Row } from '../rows.ts';
import { difference, FEED, Life, type Planted, START, type State, stateOf } from './life.ts';

interface Kill {
  /** 1: the first one of its process. */
  call: number;
  /** Of what the call writes. */
  part: number;
}

interface Lived {
  last: Life;
  disk: SimDisk;
  told: AlertDocument[];
}

/** One process after another, each killed as told, the last one never. */
async function lives(kills: readonly Kill[], planted?: Planted): Promise<Lived> {
  let disk = new SimDisk();
  let now = START;
  let deed = 0;
  const told: AlertDocument[] = [];
  for (let k = 0; ; k++) {
    if (k < kills.length) disk.failAt(kills[k].call, 'kill', kills[k].part);
    const life = new Life(disk, { now, ...(planted && { planted }) });
    try {
      await life.begin(deed);
    } catch (error) {
      if (!life.isDead) throw error;
    }
    if (!life.isDead) deed = await life.live(deed, FEED.length, k > 0);
    told.push(...life.told);
    if (!life.isDead) return { last: life, disk, told };
    disk = disk.kill();
    now = life.clock.now();
  }
}

interface Reference {
  state: State;
  told: Map<string, string>;
}

const keyOf = ({ id, event, updated_at }: AlertDocument): string => `${id} ${event} ${updated_at}`;

let reference: Promise<Reference> | undefined;

/** The life that nothing happens to. */
export function uninterrupted(): Promise<Reference> {
  reference ??= lives([]).then(({ last, told }) => ({
    state: stateOf(last.engine),
    told: new Map(told.map((alert) => [keyOf(alert), JSON.stringify(alert)])),
  }));
  return reference;
}

/** Alerts that were told by nobody, or not as they should be, or once more under another number. */
function wrongAlerts(told: readonly AlertDocument[], expected: ReadonlyMap<string, string>): string | undefined {
  const missing = [...expected.keys()].filter((key) => told.every((alert) => keyOf(alert) !== key));
  if (missing.length > 0) return `never told: ${missing[0]}`;
  const wrong = told.find((alert) => expected.get(keyOf(alert)) !== JSON.stringify(alert));
  return wrong && `told as it is not: ${keyOf(wrong)}, ${wrong.seq}`;
}

async function troubleAfter(kills: readonly Kill[], planted?: Planted): Promise<string | undefined> {
  const expected = await uninterrupted();
  try {
    const { last, disk, told } = await lives(kills, planted);
    const trouble = difference(stateOf(last.engine), expected.state) ?? wrongAlerts(told, expected.told);
    if (trouble !== undefined) return trouble;
    const next = new Life(disk.kill(), { now: last.clock.now(), ...(planted && { planted }) });
    await next.restore();
    const later = difference(stateOf(next.engine), expected.state);
    return later && `after one more start: ${later}`;
  } catch (error) {
    return error instanceof Error ? (error.stack ?? error.message) : String(error);
  }
}

/** Calls that do a part of what they were asked for. */
const PARTS = /^(write|writeLater|remove) /;

export interface KillOptions {
  /** Every so many calls. */
  stride?: number;
  first?: number;
  /** The next process is killed as well, soon. */
  isTwice?: boolean;
  planted?: Planted;
  /** Stops at the first violation. */
  untilFound?: boolean;
}

export async function killEverywhere({
  stride = 1,
  first = 1,
  isTwice = false,
  planted,
  untilFound = false,
}: KillOptions = {}): Promise<Findings> {
  const ledger = new Ledger();
  const { calls } = (await lives([], planted)).disk;
  for (let call = first; call <= calls.length; call += stride) {
    for (const part of PARTS.test(calls[call - 1]) ? [0, 0.5, 1] : [0]) {
      const kills = [{ call, part }];
      // Coming back takes some dozens of calls.
      if (isTwice) kills.push({ call: 1 + ((call * 7 + 2 * part) % 61), part });
      ledger.look(
        `killed at ${kills.map((kill) => kill.call).join(', ')} (${calls[call - 1]}), ${part} of it`,
        await troubleAfter(kills, planted),
      );
      if (untilFound && ledger.violations > 0) return ledger;
    }
  }
  return ledger;
}

export const name = 'calls';

export async function run({ size }: SectionOptions): Promise<Row[]> {
  const stride = size === 'smoke' ? 29 : 1;
  return [
    ...rowsOf('calls_kill', await killEverywhere({ stride })),
    ...rowsOf('calls_kill_twice', await killEverywhere({ stride, isTwice: true })),
  ];
}
