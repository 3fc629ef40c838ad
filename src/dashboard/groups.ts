/** Series under their machine: the source path without its last segment. */
import type { SeriesTrack } from './series-track.ts';

export interface MachineGroup {
  machine: string;
  tracks: SeriesTrack[];
}

const inReadingOrder = new Intl.Collator('en', { numeric: true }).compare;

/** The last segment of a source path; the whole of it when it has no parts. */
export function nameOf(source: string): string {
  return source.slice(source.lastIndexOf('/') + 1) || source;
}

export function machineOf(source: string): string {
  return source.slice(0, Math.max(0, source.lastIndexOf('/')));
}

export function groupByMachine(tracks: readonly SeriesTrack[], filter = ''): MachineGroup[] {
  const wanted = filter.trim().toLowerCase();
  const shown = tracks
    .filter((track) => sourceOf(track).toLowerCase().includes(wanted))
    .sort((a, b) => inReadingOrder(sourceOf(a), sourceOf(b)));
  const groups = Map.groupBy(shown, (track) => machineOf(sourceOf(track)));
  return [...groups].map(([machine, tracks]) => ({ machine, tracks }));
}

function sourceOf(track: SeriesTrack): string {
  return track.info.peek().source;
}
