/**
 * The charts of one card while it is in view: made when it scrolls in, destroyed when it leaves, so that hundreds of
 * series cost no more canvas than a screenful.
 *
 * A tick draws only when something would look different: new samples, other alerts, or time moved on by a pixel.
 */
import type { AlertDocument } from '../../../models/alert-document.ts';
import type { Desk } from '../desk.ts';
import type { SeriesTrack } from '../series-track.ts';
import { columnsOf, type ChartColumns } from './columns.ts';
import { spanOf } from './span.ts';
import { SurpriseStrip } from './surprise-strip.ts';
import { ValueChart } from './value-chart.ts';

export interface LiveChartOptions {
  height: number;
  strip?: { host: HTMLElement; height: number };
  /** The sample under the pointer, null when there is none. */
  onSample?: (sample: Reading | null) => void;
}

export interface Reading {
  time: number;
  value: number | null;
  expectation: number | null;
  lower: number | null;
  upper: number | null;
  surprise: number | null;
}

/** Pauses beyond this many cadences break the line. */
const GAP_CADENCES = 5;
const GAP_MS_MIN = 5_000;
const NO_ALERTS: readonly AlertDocument[] = [];

/** Returns how to take it down. */
export function liveChart(host: HTMLElement, track: SeriesTrack, desk: Desk, options: LiveChartOptions): () => void {
  let leave: (() => void) | null = null;
  const unwatch = desk.inView.watch(host, (visible) => {
    if (visible) leave ??= enterView(host, track, desk, options);
    else {
      leave?.();
      leave = null;
    }
  });
  return () => {
    unwatch();
    leave?.();
  };
}

function enterView(host: HTMLElement, track: SeriesTrack, desk: Desk, options: LiveChartOptions): () => void {
  const onOff = track.info.peek().kind === 'on_off';
  const { onSample, strip } = options;
  let columns: ChartColumns | null = null;
  const chart = new ValueChart(host, {
    height: options.height,
    onOff,
    ...(onSample
      ? { onPoint: (i: number | null) => onSample(columns && i !== null ? readingAt(columns, i) : null) }
      : {}),
  });
  const surprise = strip ? new SurpriseStrip(strip.host, strip.height) : null;
  let drawn = '';

  const paint = () => {
    const { store, windowMs } = desk;
    const span = spanOf(track, windowMs.peek(), store.now);
    const alerts = store.alertsBySeries.peek().get(track.id) ?? NO_ALERTS;
    const msPerPixel = (span.to - span.from) / Math.max(1, host.clientWidth);
    const lastSeq = alerts.reduce((max, alert) => Math.max(max, alert.seq), 0);
    const pixel = Math.floor(span.to / msPerPixel);
    const looks = [track.version, lastSeq, alerts.length, pixel, windowMs.peek(), desk.scheme].join();
    if (looks === drawn) return;
    drawn = looks;
    const gapMs = Math.max(GAP_MS_MIN, (track.info.peek().cadence_ms ?? Infinity) * GAP_CADENCES);
    columns = columnsOf(track.ring, { ...span, gapMs, holds: onOff });
    chart.draw(columns, span, alerts);
    surprise?.draw(columns, span);
  };

  paint();
  const stop = desk.loop.add(paint);
  return () => {
    stop();
    chart.destroy();
    surprise?.destroy();
    onSample?.(null);
  };
}

function readingAt(columns: ChartColumns, i: number): Reading | null {
  if (i >= columns.t.length) return null;
  return {
    time: columns.t[i],
    value: columns.y[i],
    expectation: columns.e[i],
    lower: columns.lo[i],
    upper: columns.hi[i],
    surprise: columns.z[i],
  };
}
