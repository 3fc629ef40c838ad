/**
 * The faults that can be put into the plant, and which of them make sense where.
 *
 *   spike          two samples far off                 silence        the field is no longer sent
 *   shift          the level steps                     correlation    follows the load of another day
 *   drift          the level creeps away               time           plays the wrong half of the day
 *   noise          the noise grows sixfold             counter_reset  the counter starts again from zero   (quiet)
 *   stuck          the last value is repeated          planned_stop   the machine idles by plan            (quiet)
 */
import { TICK_MS } from './channels.ts';
import type { ChannelInfo, ChannelKind } from './channels.ts';

export const FAULT_KINDS = [
  'spike',
  'shift',
  'drift',
  'noise',
  'stuck',
  'silence',
  'correlation',
  'time',
  'counter_reset',
  'planned_stop',
] as const;
export type FaultKind = (typeof FAULT_KINDS)[number];

/** Kinds that are no trouble at all: whoever alerts on them has been fooled. */
export const QUIET_KINDS: ReadonlySet<FaultKind> = new Set(['counter_reset', 'planned_stop']);

/** Ground truth. Samples with startedAtMs ≤ time < endedAtMs are affected. */
export interface Fault {
  readonly id: number;
  readonly kind: FaultKind;
  readonly source: string;
  readonly startedAtMs: number;
  readonly endedAtMs: number;
}

const ON_GAUGE: readonly FaultKind[] = ['spike', 'shift', 'drift', 'noise', 'stuck', 'silence', 'correlation', 'time'];

// What a rare reporter cannot show: by its next report a spike is over, noise is one sample, and it follows no load.
const ON_RARE_GAUGE: readonly FaultKind[] = ['shift', 'drift', 'stuck', 'silence'];

const ON: Record<ChannelKind, readonly FaultKind[]> = {
  gauge: ON_GAUGE,
  counter: ['stuck', 'silence', 'counter_reset'],
  constant: ['spike', 'shift', 'drift', 'silence'],
  on_off: ['stuck', 'silence'],
};

/** Whether the kind can happen to the channel and leaves a trace there. */
export function suits(kind: FaultKind, channel: ChannelInfo): boolean {
  // It befalls the whole machine; the channel only says which.
  if (kind === 'planned_stop') return true;
  const isRare = channel.kind === 'gauge' && channel.cadenceMs !== TICK_MS;
  return (isRare ? ON_RARE_GAUGE : ON[channel.kind]).includes(kind);
}
