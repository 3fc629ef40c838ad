/** Mistakes put in on purpose: a bench that sees nothing where there is something proves nothing. */
import { measuredRow, type Row, type RowKind } from '../rows.ts';
import type { Aim } from './aim.ts';
import { hasBroker, NO_BROKER, skippedRows, withBroker } from './broker.ts';
import { campaign, type Outcome } from './campaign.ts';
import { violations } from './oracle.ts';
import type { Plant } from './order.ts';
import type { FaultOptions } from './section.ts';

export const name = 'planted';

const SEGMENT = String.raw`^log/.*\.twlog$`;
const POINTER = String.raw`^checkpoint/manifest\.json`;

/** Where each shows, if it is there. */
const AIMS: Readonly<Record<Plant, Aim>> = {
  early_ack: { phase: 'run', call: 'write', path: SEGMENT, when: 'before', nth: 20 },
  no_dedup: { phase: 'run', call: 'write', path: SEGMENT, when: 'after', nth: 20 },
  early_trim: { phase: 'run', call: 'rename', path: POINTER, when: 'before', nth: 4 },
  no_drain: { phase: 'run', call: 'write', path: SEGMENT, when: 'after', nth: 20 },
};
/** The two that samples tell of. */
const IN_SHORT: readonly Plant[] = ['early_ack', 'no_dedup'];
const TRIES = 3;
const CALM_MS = 1000;

const CAUGHT: RowKind = { unit: 'caught', better: 'higher', bar: 1 };
const rowId = (plant: Plant): string => `planted_${plant}_caught`;

export async function run({ size, progress }: FaultOptions): Promise<Row[]> {
  const plants = size === 'smoke' ? IN_SHORT : (Object.keys(AIMS) as Plant[]);
  const tries = size === 'smoke' ? 1 : TRIES;
  if (!hasBroker()) return skippedRows(Object.fromEntries(plants.map((plant) => [rowId(plant), CAUGHT])), NO_BROKER);
  return withBroker(async ({ url }) => {
    const rows: Row[] = [];
    for (const plant of plants) {
      progress(`planted: ${plant}`);
      const aims = Array.from({ length: tries }, () => AIMS[plant]);
      const outcome = await campaign({ broker: url, aims, calmMs: CALM_MS, plant });
      rows.push(measuredRow(rowId(plant), [isCaught(outcome) ? 1 : 0], CAUGHT));
    }
    return rows;
  });
}

/** Whoever does not start any more is noticed as well. */
function isCaught({ verdict, refused }: Outcome): boolean {
  return violations(verdict) + refused.length > 0;
}
