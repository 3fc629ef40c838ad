/** Pipelines as the log and checkpoints keep them: plain JSON, read by later versions as well. */
import type { PipelineConfig } from './config.ts';

type Kept = Omit<PipelineConfig, 'group'> & { group: 'off' | 'topic' | [string, readonly string[]][] };

/** What a pipeline of a version that did not know a key was. */
const BEFORE: Partial<Kept> = { weights: 'per_series', group: 'off', context: [] };

export function keepPipeline({ group, ...config }: PipelineConfig): unknown {
  return { ...config, group: typeof group === 'string' ? group : [...group] } satisfies Kept;
}

export function keptPipeline(kept: unknown): PipelineConfig {
  const { group, ...config } = { ...BEFORE, ...(kept as Kept) };
  return { ...config, group: typeof group === 'string' ? group : new Map(group) };
}
