/** A track as snapshots keep it. */
import type { Track } from '../models/registry.ts';
import type { TrackState } from '../models/snapshot.ts';
import { groupOf } from './group-keeper.ts';

/** UTF-8, which models do not know. */
export const TEXT = {
  encode: (text: string) => Buffer.from(text),
  decode: (bytes: Uint8Array) => Buffer.from(bytes).toString(),
};

/** Its block stays where it lies. */
export function trackState(track: Track): Omit<TrackState, 'block'> & Pick<Track, 'memory' | 'at'> & { size: number } {
  const { pipeline, detector } = track.model;
  return { ...track, pipeline, shape: detector.shape, size: detector.size, ...groupOf(track) };
}
