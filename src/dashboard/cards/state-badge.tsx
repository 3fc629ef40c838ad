/** What a series is doing now, in a word and a sign. */
import type { Signal } from '@preact/signals';

import { formatDuration, formatPercent } from '../format.ts';
import type { SeriesTrack } from '../series-track.ts';

const SIGNS = { learning: '◔', normal: '●', alert: '▲', silent: '○' };

interface StateBadgeProps {
  track: SeriesTrack;
  second: Signal<number>;
}

export function StateBadge({ track, second }: StateBadgeProps) {
  const { state } = track.info.value;
  return (
    <span class={`badge badge-${state}`}>
      <span aria-hidden="true">{SIGNS[state]}</span>
      {wordsFor(track, second)}
    </span>
  );
}

function wordsFor(track: SeriesTrack, second: Signal<number>): string {
  const { state, learning } = track.info.value;
  if (state === 'learning') return `learning ${formatPercent(learning)}`;
  // Only a silent series reads the clock here: the others need no update each second.
  if (state === 'silent' && track.newest !== null) return `silent ${formatDuration(second.value - track.newest)}`;
  return state;
}
