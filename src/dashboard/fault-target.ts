/** Which series a fault goes to when nobody chose, or when the choice makes no sense for its kind. */
import type { FaultKind } from '../protocol.ts';
import { machineOf } from './groups.ts';
import type { SeriesTrack } from './series-track.ts';

/** Slower than this, one has to wait too long for something to be seen. */
const LIVELY_CADENCE_MS = 5_000;

/** A lively gauge that has learned shows most kinds of fault best. */
export function defaultTarget(tracks: readonly SeriesTrack[]): SeriesTrack | null {
  const gauges = tracks.filter((track) => track.info.peek().kind === 'gauge');
  const lively = gauges.filter((track) => (track.info.peek().cadence_ms ?? Infinity) <= LIVELY_CADENCE_MS);
  return lively.find((track) => track.info.peek().learning >= 1) ?? lively[0] ?? gauges[0] ?? tracks[0] ?? null;
}

/** Only a counter can be reset: the one of the chosen series' machine, rather than a refusal. */
export function targetFor(kind: FaultKind, chosen: SeriesTrack, tracks: readonly SeriesTrack[]): SeriesTrack {
  if (kind !== 'counter_reset' || chosen.info.peek().kind === 'counter') return chosen;
  const counters = tracks.filter((track) => track.info.peek().kind === 'counter');
  const machine = machineOf(chosen.info.peek().source);
  const near = counters.find((track) => machineOf(track.info.peek().source) === machine);
  return near ?? counters[0] ?? chosen;
}
