/**
 * What should run, as data, and how to get there from what runs now.
 *
 *   configuration ──▶ plan ──▶ difference(old, next) ──▶ steps ──▶ apply
 *
 * A start is the difference from nothing, so a reload takes the same path and cannot forget a part.
 * Pure functions; a plan holds plain data only. Its options may hold a password: do not log them.
 */
import { isDeepStrictEqual } from 'node:util';
import type {
  BrokerConfig,
  Config,
  HttpConfig,
  MqttSourceConfig,
  OutputConfig,
  PipelineConfig,
  SimulatorSourceConfig,
} from './config.ts';

export type PlanPart =
  | { key: 'http'; kind: 'http'; options: HttpConfig }
  | { key: 'broker'; kind: 'broker'; options: BrokerConfig }
  | { key: `output:${string}`; kind: 'output'; id: string; options: OutputConfig }
  | { key: `pipeline:${string}`; kind: 'pipeline'; id: string; options: PipelineConfig }
  | { key: `source:${string}`; kind: 'source'; id: string; options: MqttSourceConfig }
  | { key: `simulator:${string}`; kind: 'simulator'; id: string; options: SimulatorSourceConfig };

export interface Plan {
  /** Fixed for the life of a process: a difference does not speak of it. */
  stateDir: string;
  /** In start order: who listens before who speaks. */
  parts: PlanPart[];
}

export interface Step {
  action: 'stop' | 'start' | 'change';
  /** The part as it will be; of `stop`, as it was. */
  part: PlanPart;
  /** Of a changed pipeline: whether what its models learned still fits. Else false. */
  keepsModels: boolean;
}

/** @param config  effective, that is expanded */
export function plan(config: Config): Plan {
  const sources = [...config.sources];
  return {
    stateDir: config.stateDir,
    parts: [
      { key: 'http', kind: 'http', options: config.http },
      ...(config.broker ? [{ key: 'broker', kind: 'broker', options: config.broker } as const] : []),
      ...[...config.outputs].map(([id, options]) => ({ key: `output:${id}`, kind: 'output', id, options }) as const),
      ...[...config.pipelines].map(
        ([id, options]) => ({ key: `pipeline:${id}`, kind: 'pipeline', id, options }) as const,
      ),
      ...sources.flatMap(([id, options]) =>
        options.type === 'mqtt' ? [{ key: `source:${id}`, kind: 'source', id, options } as const] : [],
      ),
      ...sources.flatMap(([id, options]) =>
        options.type === 'simulator' ? [{ key: `simulator:${id}`, kind: 'simulator', id, options } as const] : [],
      ),
    ],
  };
}

/** @returns first the stops, last started first; then starts and changes in start order. Equal plans: no steps. */
export function difference(old: Plan | null, next: Plan): Step[] {
  const before = new Map((old?.parts ?? []).map((part) => [part.key, part]));
  const after = new Set<string>(next.parts.map((part) => part.key));
  const stops = [...before.values()].reverse().filter((part) => !after.has(part.key));
  return [
    ...stops.map((part): Step => ({ action: 'stop', part, keepsModels: false })),
    ...next.parts.flatMap((part) => stepTo(part, before.get(part.key))),
  ];
}

function stepTo(part: PlanPart, old: PlanPart | undefined): Step[] {
  if (old === undefined) return [{ action: 'start', part, keepsModels: false }];
  if (isDeepStrictEqual(old.options, part.options)) return [];
  return [{ action: 'change', part, keepsModels: sameShape(old, part) }];
}

const shape = ({ cell, hidden, kind }: PipelineConfig): unknown[] => [cell, hidden, kind];

/** What decides the size and meaning of a detector's state. Everything else may change under a living model. */
function sameShape(old: PlanPart, next: PlanPart): boolean {
  if (old.kind !== 'pipeline' || next.kind !== 'pipeline') return false;
  return isDeepStrictEqual(shape(old.options), shape(next.options));
}
