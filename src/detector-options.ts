/** What a pipeline of the configuration asks of its detectors. */
import { DEFAULTS, Detector, type DetectorOptions } from '../models/detector.ts';
import { EVENT_TRACK_DEFAULTS, EventTrack, type EventTrackOptions } from '../models/events/event-track.ts';
import { GROUP_DEFAULTS, type GroupOptions } from '../models/group/group-detector.ts';
import type { Rules } from '../models/rules.ts';
import type { TrackDetector } from '../models/track-detector.ts';
import type { PipelineConfig } from './config/config.ts';

/** What steps the series of a pipeline. */
export function createDetector(config: PipelineConfig): TrackDetector {
  return config.kind === 'events' ? new EventTrack(eventOptions(config)) : new Detector(detectorOptions(config));
}

export function detectorOptions(config: PipelineConfig): DetectorOptions {
  const { cell, hidden, seasonMs: season, alertBudgetPerDay: budgetPerDay } = config;
  const shared = config.weights === 'shared';
  return { ...DEFAULTS, cell, hidden, season, budgetPerDay, rules: rulesOf(config), shared };
}

/** Of a series of events. */
export function eventOptions({
  hidden,
  seasonMs: season,
  alertBudgetPerDay: budgetPerDay,
}: PipelineConfig): EventTrackOptions {
  return { ...EVENT_TRACK_DEFAULTS, hidden, season, budgetPerDay };
}

/** Of a group of the pipeline. */
export function groupOptions(config: PipelineConfig, channels: number, context: number): GroupOptions {
  const { cell, seasonMs: season, holdMs: hold, alertBudgetPerDay: budgetPerDay } = config;
  return { ...GROUP_DEFAULTS, channels, context, cell, season, hold, budgetPerDay, rules: rulesOf(config) };
}

function rulesOf({ direction, minDeviation, limits }: PipelineConfig): Rules {
  return {
    direction,
    minDeviation: minDeviation.amount,
    minDeviationShare: minDeviation.percent / 100,
    limits: { min: limits.min ?? -Infinity, max: limits.max ?? Infinity, rate: limits.rate ?? Infinity },
  };
}
