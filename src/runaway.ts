/**
 * Looks after cells whose memory runs away: beyond 50 a cell tells one input from another no longer, and a cell without
 * a forget gate on an endless stream gets there.
 */
import type { Registry, Track } from '../models/registry.ts';
import type { Telemetry } from './telemetry.ts';

const LARGEST_MAX = 50;

export class Runaway {
  readonly #told = new Set<string>();

  /** How many series have run away. */
  count(registry: Registry): number {
    let count = 0;
    for (const track of registry) if (hasRunAway(track)) count++;
    return count;
  }

  /** Says so, once for each time a series crosses the line. */
  look(registry: Registry, telemetry: Telemetry): void {
    for (const track of registry) {
      if (!hasRunAway(track)) this.#told.delete(track.id);
      else if (!this.#told.has(track.id)) {
        this.#told.add(track.id);
        telemetry.ranAway(track.id, track.model.detector.watch(track.memory, track.at)?.largest ?? Number.NaN);
      }
    }
    for (const id of this.#told) if (registry.find(id) === undefined) this.#told.delete(id);
  }
}

function hasRunAway({ memory, at, model }: Track): boolean {
  return (model.detector.watch(memory, at)?.largest ?? 0) > LARGEST_MAX;
}
