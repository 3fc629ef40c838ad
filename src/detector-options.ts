/** What a pipeline of the configuration asks of its detectors. */
import { ContextTrack } from '../models/context-track.ts';
import { DEFAULTS, Detector, type DetectorOptions } from '../models/detector.ts';
import { EVENT_TRACK_DEFAULTS, EventTrack, type EventTrackOptions } from '../models/events/event-track.ts';
import { GROUP_DEFAULTS, type GroupOptions } from '../models/group/group-detector.ts';
import { hash32 } from '../models/hash.ts';
import type { Model } from '../models/registry.ts';
import type { Rules } from '../models/rules.ts';
import type { TrackDetector } from '../models/track-detector.ts';
import { seriesId } from '../sensors/topic.ts';
import type { PipelineConfig } from './config/config.ts';

/** What steps the series of a pipeline. */
export function createDetector(config: PipelineConfig): TrackDetector {
  return config.kind === 'events' ? new EventTrack(eventOptions(config)) : new Detector(detectorOptions(config));
}

export function detectorOptions(config: PipelineConfig): DetectorOptions {
  const { cell, hidden, seasonMs: season, alertBudgetPerDay: budgetPerDay, context } = config;
  const beside = context.length === 0 ? {} : { beside: hash32(context.join('\n')).toString(16) };
  return {
    ...DEFAULTS,
    cell,
    hidden,
    context: context.length,
    ...beside,
    season,
    budgetPerDay,
    rules: rulesOf(config),
    shared: config.weights === 'shared',
  };
}

/** What the other series of a pipeline have beside them; undefined where there is nothing. */
export function contextOf(pipeline: string, config: PipelineConfig): Model['context'] {
  if (config.context.length === 0) return undefined;
  const { cell, seasonMs: season, alertBudgetPerDay: budgetPerDay, seed } = config;
  const detector = new ContextTrack({ cell, season, budgetPerDay });
  const model = { pipeline, listeningSince: Infinity, detector, seed };
  return { ids: config.context.map(seriesId), model };
}

/** Of a series of events. */
export function eventOptions({
  hidden,
  seasonMs: season,
  alertBudgetPerDay: budgetPerDay,
}: PipelineConfig): EventTrackOptions {
  return { ...EVENT_TRACK_DEFAULTS, hidden, season, budgetPerDay };
}

/** Of a group of the pipeline. Whoever says what belongs together waits for the slowest of it. */
export function groupOptions(config: PipelineConfig, channels: number, context: number): GroupOptions {
  const { cell, seasonMs: season, holdMs: hold, alertBudgetPerDay: budgetPerDay } = config;
  const slowest = config.group === 'topic' ? GROUP_DEFAULTS.slowest : Infinity;
  return { ...GROUP_DEFAULTS, channels, context, cell, season, hold, budgetPerDay, slowest, rules: rulesOf(config) };
}

function rulesOf({ direction, minDeviation, limits }: PipelineConfig): Rules {
  return {
    direction,
    minDeviation: minDeviation.amount,
    minDeviationShare: minDeviation.percent / 100,
    limits: { min: limits.min ?? -Infinity, max: limits.max ?? Infinity, rate: limits.rate ?? Infinity },
  };
}
