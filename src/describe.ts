/** A track as the outside sees it. */
import { ContextTrack } from '../models/context-track.ts';
import { Detector } from '../models/detector.ts';
import { EventTrack } from '../models/events/event-track.ts';
import { isEnum, KIND, kindOf } from '../models/kind.ts';
import { cadenceOf } from '../models/cadence.ts';
import { sampleCountOf } from '../models/order.ts';
import { learningOf } from '../models/progress.ts';
import type { Track } from '../models/registry.ts';
import type { SeriesInfo, SeriesKind } from './protocol.ts';

/** A series that never moved in this many samples is called constant. */
const CONSTANT_AFTER = 60;

export interface Condition {
  alerting: boolean;
  overdue: boolean;
  unit: string;
}

export function describe(track: Track, { alerting, overdue, unit }: Condition): SeriesInfo {
  const { memory, at, model, id, source } = track;
  const { layout } = model.detector;
  const learning = learningOf(track);
  const watch = model.detector.watch(memory, at);
  const cadence = cadenceOf(memory, at + layout.cadence);
  return {
    id,
    source,
    pipeline: model.pipeline,
    kind: kindName(track),
    unit,
    state: alerting ? 'alert' : overdue ? 'silent' : learning < 1 ? 'learning' : 'normal',
    learning,
    cadence_ms: cadence > 0 ? cadence : null,
    samples: sampleCountOf(memory, at + layout.order),
    cell: model.detector.options.cell,
    cell_state_max: watch?.largest ?? null,
    gates_saturated: watch?.saturated ?? null,
  };
}

function kindName({ memory, at, model }: Track): SeriesKind {
  if (model.detector instanceof EventTrack) return 'events';
  if (model.detector instanceof ContextTrack) return 'context';
  if (!(model.detector instanceof Detector)) return 'group';
  const { layout } = model.detector;
  const kind = kindOf(memory, at + layout.kind);
  if (kind === KIND.counter) return 'counter';
  if (kind === KIND.onOff) return 'on_off';
  const range = at + layout.range;
  const moved = memory[range] !== memory[range + 1];
  if (!moved && memory[range + 2] >= CONSTANT_AFTER) return 'constant';
  return isEnum(memory, at + layout.kind) ? 'enum' : 'gauge';
}
