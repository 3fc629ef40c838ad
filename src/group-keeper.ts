/**
 * Keeps the groups of the pipelines: asks for those that are missing, makes them when the log says so, and lets them go on
 * or end when the configuration changes. Which series belong together is said in src/groups.ts.
 */
import { GroupDetector } from '../models/group/group-detector.ts';
import type { Command } from '../models/ports.ts';
import type { Model, Registry, Track } from '../models/registry.ts';
import type { TrackState } from '../models/snapshot.ts';
import { seriesId } from '../sensors/topic.ts';
import type { PipelineConfig } from './config/config.ts';
import { groupOptions } from './detector-options.ts';
import { isWanted, missingGroups } from './groups.ts';
import type { Telemetry } from './telemetry.ts';

export class GroupKeeper {
  readonly #registry: Registry;
  readonly #telemetry: Telemetry;
  /** Models of the pipelines' series, by pipeline. */
  readonly #models: ReadonlyMap<string, Model>;
  readonly #configs = new Map<string, PipelineConfig>();
  /** Groups that were asked for: whoever could not be made one then, cannot be now. */
  readonly #asked = new Set<string>();

  constructor(registry: Registry, models: ReadonlyMap<string, Model>, telemetry: Telemetry) {
    this.#registry = registry;
    this.#models = models;
    this.#telemetry = telemetry;
  }

  /** Groups go on under a changed configuration, or end with it. True where one has ended. */
  configure(pipeline: string, config: PipelineConfig): boolean {
    this.#configs.set(pipeline, config);
    this.#asked.clear();
    let ended = false;
    for (const track of this.#registry) {
      const { detector } = track.model;
      if (track.model.pipeline !== pipeline || !(detector instanceof GroupDetector)) continue;
      const { channels, context } = detector.options;
      const next = new GroupDetector(groupOptions(config, channels, context));
      const { source, members } = track;
      if (!isWanted({ pipeline, source, members, watched: channels }, config) || next.shape !== detector.shape) {
        this.#registry.remove(track);
        ended = true;
      } else {
        next.series = detector.series;
        track.model.detector = next;
      }
    }
    return ended;
  }

  forget(pipeline: string): void {
    this.#configs.delete(pipeline);
  }

  /** Groups that are missing, each once. */
  *missing(): Generator<Command> {
    for (const [pipeline, config] of this.#configs) {
      for (const { source, watched, context } of missingGroups(this.#registry, pipeline, config)) {
        const asked = [pipeline, source, ...watched].join();
        if (this.#asked.has(asked)) continue;
        this.#asked.add(asked);
        const absent = watched.filter((id) => this.#registry.find(id) === undefined);
        if (absent.length > 0) {
          this.#telemetry.log.warn({ group: source, absent }, 'a group begins without members that have not come yet');
        }
        yield { verb: 'group', pipeline, source, watched, context };
      }
    }
  }

  /** A group of these series, untrained; in the place of one that had others. Undefined where it cannot be. */
  admit(
    pipeline: string,
    source: string,
    members: readonly string[],
    watched: number,
    place: { partition?: number; wasThere?: boolean } = {},
  ): Track | undefined {
    const model = this.#models.get(pipeline);
    const config = this.#configs.get(pipeline);
    if (model === undefined || config === undefined) return undefined;
    if (!isWanted({ pipeline, source, members, watched }, config)) return undefined;
    const id = seriesId(source);
    const known = this.#registry.find(id);
    // A series of that name, another pipeline's group, or the command of a tick that came before it was obeyed.
    if (known !== undefined && (known.model.pipeline !== pipeline || known.members.length === 0)) return undefined;
    if (known !== undefined && known.members.join() === members.join()) return known;
    const detector = new GroupDetector(groupOptions(config, watched, members.length - watched));
    const more = detector.size - (known?.model.detector.size ?? 0);
    if (place.wasThere !== true && !this.#registry.hasRoom(more)) {
      this.#telemetry.log.warn({ group: source }, 'there is no memory left for this group');
      return undefined;
    }
    if (known !== undefined) this.#registry.remove(known);
    detector.series = model.detector.series;
    const track = this.#registry.admit(id, source, { ...model, detector }, place);
    if (track !== undefined) this.#registry.join(track, members);
    return track;
  }

  /** A group as a checkpoint has it. */
  restore(state: TrackState & Required<Pick<TrackState, 'group'>>, partition: number): void {
    const { id, source, pipeline, shape, group, block } = state;
    const track = this.admit(pipeline, source, group.members, group.watched, { partition, wasThere: true });
    if (track?.model.detector.shape === shape && block.length === track.model.detector.size) {
      track.memory.set(block, track.at);
    } else {
      this.#telemetry.log.warn({ series: id }, 'the checkpoint of this group is of another shape; it starts untrained');
    }
  }
}

/** What a checkpoint has to know of a group beside its numbers. */
export function groupOf({ members, model }: Track): Pick<TrackState, 'group'> {
  if (!(model.detector instanceof GroupDetector)) return {};
  return { group: { watched: model.detector.options.channels, members } };
}
