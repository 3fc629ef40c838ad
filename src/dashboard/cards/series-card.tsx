/** One series: what it is, what it reads, how it is doing, and its last minutes. Pressing it makes it large. */
import { useComputed } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';

import { liveChart } from '../charts/live-chart.ts';
import type { Desk } from '../desk.ts';
import { formatValue } from '../format.ts';
import { nameOf } from '../groups.ts';
import type { SeriesTrack } from '../series-track.ts';
import { LargeChart } from './large-chart.tsx';
import { StateBadge } from './state-badge.tsx';

const CHART_HEIGHT = 132;

interface SeriesCardProps {
  track: SeriesTrack;
  desk: Desk;
}

/** The name of a group: what is drawn is how odd its channels are together. */
const TOGETHER = 'all together';

export function SeriesCard({ track, desk }: SeriesCardProps) {
  const card = useRef<HTMLElement>(null);
  const large = useComputed(() => desk.enlarged.value === track.id).value;
  const info = track.info.value;

  useEffect(() => {
    if (large) card.current?.scrollIntoView({ block: 'nearest' });
  }, [large]);

  return (
    <article
      ref={card}
      class={large ? 'card card-large' : 'card'}
      data-testid="chart"
      data-series={track.id}
      data-state={info.state}
      data-points={track.points}
    >
      <header class="card-head">
        <h4>
          <button
            type="button"
            class="card-toggle"
            aria-expanded={large}
            onClick={() => (desk.enlarged.value = large ? null : track.id)}
          >
            <span class="card-name given">{info.kind === 'group' ? TOGETHER : nameOf(info.source)}</span>
            {large && <span class="card-close">Close</span>}
          </button>
        </h4>
        <StateBadge track={track} second={desk.store.second} />
        <CurrentValue track={track} />
      </header>
      {large ? <LargeChart track={track} desk={desk} /> : <SmallChart track={track} desk={desk} />}
    </article>
  );
}

function CurrentValue({ track }: { track: SeriesTrack }) {
  const text = useComputed(() => {
    const value = track.latest.value;
    if (track.info.value.kind !== 'on_off' || value === null) return formatValue(value);
    return value === 0 ? 'off' : 'on';
  });
  return (
    <p class="card-value">
      {text}
      {track.info.value.unit !== '' && <small class="given">{track.info.value.unit}</small>}
    </p>
  );
}

function SmallChart({ track, desk }: SeriesCardProps) {
  const host = useRef<HTMLDivElement>(null);
  const { kind } = track.info.value;
  useEffect(
    () => (host.current ? liveChart(host.current, track, desk, { height: CHART_HEIGHT }) : undefined),
    [track, desk, kind],
  );
  return <div ref={host} class="plot" style={{ height: `${CHART_HEIGHT}px` }} aria-hidden="true" />;
}
