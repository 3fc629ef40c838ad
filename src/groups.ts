/**
 * Which series belong together: the fields of one topic, which are one machine, or what the configuration says by hand.
 *
 * Of a topic:
 *   watched    gauges that report about as often as the fastest of them, once they are known a little
 *   context    switches, set points, and gauges that report more rarely: they explain, and nobody waits for them
 *   left out   counters, which only ever rise; series of which too little is known
 *
 * A group is made when two series can be watched, and made anew, untrained, when more can be: it never shrinks. By hand,
 * all that are named are watched, come when they may, as soon as two of them are there and have a cadence. The context of
 * the pipeline is context of all its groups, after what they find by themselves.
 */
import { Detector } from '../models/detector.ts';
import { cadenceOf } from '../models/cadence.ts';
import { GroupDetector } from '../models/group/group-detector.ts';
import { KIND, kindOf } from '../models/kind.ts';
import { sampleCountOf } from '../models/order.ts';
import type { Model, Registry, Track } from '../models/registry.ts';
import { seriesId } from '../sensors/topic.ts';
import type { PipelineConfig } from './config/config.ts';

/** A track of a group, as it should be. */
export interface Grouping {
  source: string;
  id: string;
  /** Series ids. */
  watched: string[];
  context: string[];
}

/** A group as it is. */
interface Members {
  pipeline: string;
  source: string;
  /** Series ids. */
  members: readonly string[];
  /** How many of them are watched. */
  watched: number;
}

/** By then a counter has shown itself. */
const SAMPLES_KNOWN = 200;
const WATCHED_MIN = 2;
/** Of one much wider every row would cost more than it tells; the work grows with the cube. */
const WATCHED_MAX = 64;
const SLOWER_MAX = 3;

/** Groups of a pipeline that are not there yet, or have fewer members than they could. */
export function missingGroups(registry: Registry, pipeline: string, config: PipelineConfig): Grouping[] {
  if (config.group === 'off') return [];
  if (config.group === 'topic') return missingTopics(registry, pipeline, config.context.map(seriesId));
  const isThere = (id: string): boolean => {
    const track = registry.find(id);
    return track?.model.pipeline === pipeline && cadence(track) > 0;
  };
  return namedGroups(pipeline, config).filter(
    ({ id, watched }) => registry.find(id) === undefined && watched.filter(isThere).length >= WATCHED_MIN,
  );
}

/** Whether the configuration asks for a group of these members, the watched ones first. */
export function isWanted({ pipeline, source, members, watched }: Members, config: PipelineConfig): boolean {
  if (config.group === 'off') return false;
  if (config.group === 'topic') {
    const beside = config.context.map(seriesId);
    const own = members.length - beside.length;
    return TOPIC_GROUP.test(source) && own >= watched && members.slice(own).join() === beside.join();
  }
  return namedGroups(pipeline, config).some(
    (group) =>
      group.source === source &&
      group.watched.length === watched &&
      [...group.watched, ...group.context].join() === members.join(),
  );
}

/**
 * What a series of a pipeline must lie in one partition for, by its source: whose values it reads, or whose weights it
 * shares, is brought back to the same moment as itself. undefined: for nothing.
 */
export function homeIn(pipeline: string, { group, context, peers }: PipelineConfig): Model['home'] {
  // All of it hangs together: context explains every series, and families lie across groups.
  if (context.length > 0 || (peers !== null && group !== 'off')) return () => pipeline;
  if (group === 'off') return undefined;
  if (group === 'topic') return topicOf;
  const names = new Map<string, string>();
  for (const [name, members] of group) {
    for (const source of [...members, namedSource(pipeline, name)]) names.set(source, namedSource(pipeline, name));
  }
  return (source) => names.get(source);
}

/** No topic's group can be called as one by hand is. */
const TOPIC_GROUP = /\/\*$/;
const namedSource = (pipeline: string, name: string): string => `${pipeline}/${name}/**`;

function namedGroups(pipeline: string, { group, context }: PipelineConfig): Grouping[] {
  if (typeof group === 'string') return [];
  return [...group].map(([name, members]) => {
    const source = namedSource(pipeline, name);
    const watched = members.filter((member) => !context.includes(member)).map(seriesId);
    return { source, id: seriesId(source), watched: watched.toSorted(), context: context.map(seriesId) };
  });
}

function missingTopics(registry: Registry, pipeline: string, beside: readonly string[]): Grouping[] {
  const topics = new Map<string, Track[]>();
  for (const track of registry) {
    if (track.model.pipeline !== pipeline || !(track.model.detector instanceof Detector)) continue;
    const topic = topicOf(track.source);
    const tracks = topics.get(topic);
    if (tracks === undefined) topics.set(topic, [track]);
    else tracks.push(track);
  }
  return [...topics]
    .map(([topic, tracks]) => grouping(topic, tracks, beside))
    .filter(({ id, watched }) => watched.length >= WATCHED_MIN && isOutdated(registry, registry.find(id), watched));
}

/** Whether a group could watch more, or watches what has turned out to be a counter. */
function isOutdated(registry: Registry, group: Track | undefined, watched: readonly string[]): boolean {
  if (!(group?.model.detector instanceof GroupDetector)) return group === undefined;
  const now = group.members.slice(0, group.model.detector.options.channels);
  if (watched.length > now.length) return true;
  return now.some((id) => {
    const track = registry.find(id);
    return track !== undefined && isCounter(track);
  });
}

function grouping(topic: string, tracks: readonly Track[], beside: readonly string[]): Grouping {
  const known = tracks.filter(({ memory, at, model }) => {
    return sampleCountOf(memory, at + model.detector.layout.order) >= SAMPLES_KNOWN;
  });
  const cadences = known
    .filter(isGauge)
    .map(cadence)
    .filter((ms) => ms > 0);
  const slowest = SLOWER_MAX * Math.min(...cadences);
  const isWatched = (track: Track): boolean => isGauge(track) && cadence(track) > 0 && cadence(track) <= slowest;
  const watched = idsOf(known.filter(isWatched)).slice(0, WATCHED_MAX);
  const context = idsOf(known.filter((track) => !isWatched(track) && !isCounter(track))).slice(0, WATCHED_MAX);
  const source = `${topic}/*`;
  return { source, id: seriesId(source), watched, context: [...context, ...beside] };
}

function idsOf(tracks: readonly Track[]): string[] {
  return tracks.map(({ id }) => id).toSorted();
}

function topicOf(source: string): string {
  const end = source.lastIndexOf('/');
  return end < 0 ? source : source.slice(0, end);
}

function cadence({ memory, at, model }: Track): number {
  return cadenceOf(memory, at + model.detector.layout.cadence);
}

function kind({ memory, at, model }: Track): number {
  return model.detector instanceof Detector ? kindOf(memory, at + model.detector.layout.kind) : KIND.gauge;
}

function isCounter(track: Track): boolean {
  return kind(track) === KIND.counter;
}

/** That has moved: a set point is no gauge. */
function isGauge(track: Track): boolean {
  const { memory, at, model } = track;
  if (!(model.detector instanceof Detector) || kind(track) !== KIND.gauge) return false;
  const range = at + model.detector.layout.range;
  return memory[range] !== memory[range + 1];
}
