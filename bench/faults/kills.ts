/**
 * SIGKILL of a real daemon behind a real broker: at any moment, and at every step of what it writes and reads.
 *
 * What was published is held against the log of all lives together, and what is left at the end against an engine that
 * read that log without ever falling.
 */
import { measuredRow, type Row, type RowKind } from '../rows.ts';
import { aims, fewAims } from './aims.ts';
import { hasBroker, NO_BROKER, skippedRows, withBroker } from './broker.ts';
import { campaign, type Outcome } from './campaign.ts';
import { quantileRows } from './figures.ts';
import type { BySize, FaultOptions } from './section.ts';

export const name = 'kills';

const KILLS: BySize<number> = { smoke: 6, default: 110, long: 520 };
const CALM_MS: BySize<number> = { smoke: 4000, default: 8000, long: 8000 };
const none = (unit: string): RowKind => ({ unit, better: 'lower', bar: 0 });
const SECONDS: RowKind = { unit: 's', better: 'lower' };

export async function run({ size, progress }: FaultOptions): Promise<Row[]> {
  const kinds = kindsOf(size);
  if (!hasBroker()) return skippedRows(kinds, NO_BROKER);
  const outcome = await withBroker(({ url }) =>
    campaign({
      broker: url,
      aims: size === 'smoke' ? fewAims() : aims(KILLS[size], 1),
      calmMs: CALM_MS[size],
      onKill: (kills) => progress(`kills: ${kills} of ${KILLS[size]}`),
    }),
  );
  const figures = figuresOf(outcome);
  return [
    ...Object.entries(kinds).map(([id, kind]) => measuredRow(id, [figures[id]], kind)),
    ...quantileRows('kills_ready', outcome.readySeconds, SECONDS),
    ...quantileRows('kills_recovery', outcome.recoverySeconds, SECONDS),
  ];
}

function kindsOf(size: FaultOptions['size']): Record<string, RowKind> {
  return {
    kills: { unit: 'SIGKILL', better: 'higher', bar: size === 'smoke' ? 6 : 100 * (size === 'long' ? 5 : 1) },
    kills_aimed: { unit: 'at a step', better: 'higher' },
    kills_steps: { unit: 'steps', better: 'higher' },
    kills_refused: none('starts'),
    kills_sent: { unit: 'samples', better: 'higher' },
    kills_lost: none('samples'),
    kills_doubled: none('samples'),
    kills_missing: none('entries'),
    kills_miscounted: none('series'),
    kills_tracks: { unit: 'tracks', better: 'higher' },
    kills_differing: none('tracks'),
    kills_alerts: { unit: 'events', better: 'higher' },
    // Without a bar until what was raised is kept for those it is for.
    kills_alerts_untold: { unit: 'events', better: 'lower' },
    kills_alerts_mistold: none('events'),
    kills_alerts_retold: { unit: 'events', better: 'lower' },
  };
}

function figuresOf({ verdict, kills, hit, refused }: Outcome): Record<string, number> {
  const steps = new Set(hit.map(({ phase, call, path, when }) => `${phase} ${call} ${path} ${when}`));
  return {
    kills,
    kills_aimed: hit.length,
    kills_steps: steps.size,
    kills_refused: refused.length,
    kills_sent: verdict.sent,
    kills_lost: verdict.lost,
    kills_doubled: verdict.doubled,
    kills_missing: verdict.missing,
    kills_miscounted: verdict.miscounted,
    kills_tracks: verdict.tracks,
    kills_differing: verdict.differing,
    kills_alerts: verdict.alerts,
    kills_alerts_untold: verdict.untold,
    kills_alerts_mistold: verdict.mistold,
    kills_alerts_retold: verdict.retold,
  };
}
