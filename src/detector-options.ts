/** What a pipeline of the configuration asks of its detectors. */
import { DEFAULTS, type DetectorOptions } from '../models/detector.ts';
import type { PipelineConfig } from './config/config.ts';

export function detectorOptions({ cell, hidden, seasonMs, alertBudgetPerDay }: PipelineConfig): DetectorOptions {
  return { ...DEFAULTS, cell, hidden, season: seasonMs, budgetPerDay: alertBudgetPerDay };
}
