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
  SourceConfig,
} from './config.ts';

/** An mqtt source, with what only the whole configuration knows. */
export interface MqttSourceOptions extends MqttSourceConfig {
  /** First levels that our own mqtt outputs publish under, sorted: nothing below them is read, even under `#`. */
  ignoreBases: string[];
}

/** What brings samples in. */
export type SourceOptions = MqttSourceOptions | Exclude<SourceConfig, MqttSourceConfig | SimulatorSourceConfig>;

export type PlanPart =
  | { key: 'http'; kind: 'http'; options: HttpConfig }
  | { key: 'broker'; kind: 'broker'; options: BrokerConfig }
  | { key: `output:${string}`; kind: 'output'; id: string; options: OutputConfig }
  | { key: `pipeline:${string}`; kind: 'pipeline'; id: string; options: PipelineConfig }
  | { key: `source:${string}`; kind: 'source'; id: string; options: SourceOptions }
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
  const { http, broker, outputs, pipelines, sources } = config;
  const ignoreBases = basesOf(outputs);
  return {
    stateDir: config.stateDir,
    parts: [
      { key: 'http', kind: 'http', options: http },
      ...(broker ? [{ key: 'broker', kind: 'broker', options: broker } as const] : []),
      ...[...outputs].map(([id, options]) => ({ key: `output:${id}`, kind: 'output', id, options }) as const),
      ...[...pipelines].map(([id, options]) => ({ key: `pipeline:${id}`, kind: 'pipeline', id, options }) as const),
      ...[...sources].flatMap(([id, source]) => sourceParts(id, source, ignoreBases)),
      ...[...sources].flatMap(([id, source]) => simulatorParts(id, source)),
    ],
  };
}

function sourceParts(id: string, source: SourceConfig, ignoreBases: string[]): PlanPart[] {
  if (source.type === 'simulator') return [];
  const options = source.type === 'mqtt' ? { ...source, ignoreBases } : source;
  return [{ key: `source:${id}`, kind: 'source', id, options }];
}

function simulatorParts(id: string, source: SourceConfig): PlanPart[] {
  return source.type === 'simulator' ? [{ key: `simulator:${id}`, kind: 'simulator', id, options: source }] : [];
}

/** Sorted, so that the order of the outputs in the file changes no source. */
function basesOf(outputs: ReadonlyMap<string, OutputConfig>): string[] {
  const bases = [...outputs.values()].flatMap((output) => (output.type === 'mqtt' ? [output.base] : []));
  return [...new Set(bases)].sort();
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

const shape = ({ cell, hidden, kind, context, weights, peers }: PipelineConfig): unknown[] => [
  cell,
  hidden,
  kind,
  context,
  weights,
  // With whom it shares them.
  weights === 'shared' ? peers : null,
];

function sameShape(old: PlanPart, next: PlanPart): boolean {
  return old.kind === 'pipeline' && next.kind === 'pipeline' && keepsModels(old.options, next.options);
}

/** What decides the size and meaning of a detector's state. Everything else may change under a living model. */
export function keepsModels(old: PipelineConfig, next: PipelineConfig): boolean {
  return isDeepStrictEqual(shape(old), shape(next));
}
