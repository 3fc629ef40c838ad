/** A track as snapshots keep it. */
import { crc32 } from 'node:zlib';
import type { Track } from '../models/registry.ts';
import type { TrackState } from '../models/snapshot.ts';
import { groupOf } from './group-keeper.ts';

/** UTF-8 and a fast checksum, which models do not know. */
export const TEXT = {
  encode: (text: string) => Buffer.from(text),
  decode: (bytes: Uint8Array) => Buffer.from(bytes).toString(),
  crc32: (bytes: Uint8Array) => crc32(bytes),
};

/** Its block stays where it lies. */
export function trackState(track: Track): Omit<TrackState, 'block'> & Pick<Track, 'memory' | 'at'> & { size: number } {
  const { pipeline, detector } = track.model;
  return { ...track, pipeline, shape: detector.shape, size: detector.size, ...groupOf(track) };
}
