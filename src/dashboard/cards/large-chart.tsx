/** A series shown large: readings under the pointer, the surprise of each sample, and where it comes from. */
import { useSignal, type Signal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';

import { liveChart, type Reading } from '../charts/live-chart.ts';
import type { Desk } from '../desk.ts';
import { formatCount, formatDelay, formatTime, formatValue } from '../format.ts';
import type { SeriesTrack } from '../series-track.ts';

const HEIGHT = 280;
const STRIP_HEIGHT = 96;

export function LargeChart({ track, desk }: { track: SeriesTrack; desk: Desk }) {
  const host = useRef<HTMLDivElement>(null);
  const strip = useRef<HTMLDivElement>(null);
  const reading = useSignal<Reading | null>(null);
  const { kind } = track.info.value;

  useEffect(() => {
    if (!host.current || !strip.current) return undefined;
    return liveChart(host.current, track, desk, {
      height: HEIGHT,
      strip: { host: strip.current, height: STRIP_HEIGHT },
      onSample: (sample) => (reading.value = sample),
    });
  }, [track, desk, kind]);

  return (
    <>
      <Readout reading={reading} desk={desk} />
      <div ref={host} class="plot" style={{ height: `${HEIGHT}px` }} aria-hidden="true" />
      <p class="strip-title">Surprise, −log₁₀ p: 3 is one sample in a thousand</p>
      <div ref={strip} class="plot" style={{ height: `${STRIP_HEIGHT}px` }} aria-hidden="true" />
      <Facts track={track} />
    </>
  );
}

function Readout({ reading, desk }: { reading: Signal<Reading | null>; desk: Desk }) {
  const at = reading.value;
  if (!at) return <p class="readout muted">Point at the chart to read a sample</p>;
  return (
    <p class="readout">
      <span>{formatTime(at.time, desk.store.now)}</span>
      <span>
        value <b>{formatValue(at.value)}</b>
      </span>
      <span>expected {formatValue(at.expectation)}</span>
      <span>
        band {formatValue(at.lower)} to {formatValue(at.upper)}
      </span>
      <span>surprise {at.surprise === null ? '–' : at.surprise.toFixed(1)}</span>
    </p>
  );
}

function Facts({ track }: { track: SeriesTrack }) {
  const { source, id, pipeline, kind, cadence_ms, samples, cell } = track.info.value;
  return (
    <dl class="card-facts">
      <Fact name="Source" text={source} />
      <Fact name="Series" text={id} />
      <Fact name="Pipeline" text={pipeline} />
      <Fact name="Kind" text={kind === 'on_off' ? 'on/off' : kind} />
      <Fact name="A sample every" text={formatDelay(cadence_ms)} />
      <Fact name="Cell" text={cell} />
      <Fact name="Samples" text={formatCount(samples)} />
    </dl>
  );
}

function Fact({ name, text }: { name: string; text: string }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd class="given">{text}</dd>
    </div>
  );
}
