/** Which stretch of time a chart shows. */
import type { SeriesTrack } from '../series-track.ts';

export interface Span {
  from: number;
  to: number;
}

/** Slower than this, a window of minutes would be all but empty. */
const SLOW_CADENCE_MS = 20_000;
/** Samples a slow series should have in view. */
const SLOW_SAMPLES = 60;

/**
 * The window ends now, by the series' own clock. It is longer for a slow series, and shorter for one so fast that
 * its ring does not reach back all the way.
 */
export function spanOf(track: SeriesTrack, windowMs: number, now: number): Span {
  const to = now - track.lagMs;
  const cadence = track.info.peek().cadence_ms ?? 0;
  const length = cadence > SLOW_CADENCE_MS ? Math.max(windowMs, cadence * SLOW_SAMPLES) : windowMs;
  const oldest = track.ring.full ? track.ring.time(0) : -Infinity;
  return { from: Math.min(Math.max(to - length, oldest), to - 1000), to };
}
