/** What a pipeline of the configuration asks of its detectors. */
import { DEFAULTS, type DetectorOptions } from '../models/detector.ts';
import { GROUP_DEFAULTS, type GroupOptions } from '../models/group/group-detector.ts';
import type { Rules } from '../models/rules.ts';
import type { PipelineConfig } from './config/config.ts';

export function detectorOptions(config: PipelineConfig): DetectorOptions {
  const { cell, hidden, seasonMs, alertBudgetPerDay } = config;
  return { ...DEFAULTS, cell, hidden, season: seasonMs, budgetPerDay: alertBudgetPerDay, rules: rulesOf(config) };
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
