/** What a pipeline of the configuration asks of its detectors. */
import { DEFAULTS, type DetectorOptions } from '../models/detector.ts';
import type { Rules } from '../models/rules.ts';
import type { PipelineConfig } from './config/config.ts';

export function detectorOptions(config: PipelineConfig): DetectorOptions {
  const { cell, hidden, seasonMs, alertBudgetPerDay } = config;
  return { ...DEFAULTS, cell, hidden, season: seasonMs, budgetPerDay: alertBudgetPerDay, rules: rulesOf(config) };
}

function rulesOf({ direction, minDeviation, limits }: PipelineConfig): Rules {
  return {
    direction,
    minDeviation: minDeviation.amount,
    minDeviationShare: minDeviation.percent / 100,
    limits: { min: limits.min ?? -Infinity, max: limits.max ?? Infinity, rate: limits.rate ?? Infinity },
  };
}
