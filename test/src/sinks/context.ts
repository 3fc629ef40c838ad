/** A sink's view of the daemon that writes down what it is told. */
import type { AlertDocument } from '../../../models/alert-document.ts';
import { CodedError } from '../../../models/errors.ts';
import type { SeriesInfo, StatusMessage } from '../../../src/protocol.ts';
import type { SinkContext } from '../../../src/sinks/sink.ts';

export const STATUS: StatusMessage = {
  type: 'status',
  time: 1,
  sources: [],
  samples_per_second: 5,
  series: 2,
  learning: 0,
  alerts_open: 1,
  alerts_today: 1,
  budget_per_day: 1,
  dropped: {},
  uptime_seconds: 10,
  not_kept: null,
  demo: false,
};

export class RecordingContext implements SinkContext {
  readonly version = '9.9.9';
  readonly infos = new Map<string, SeriesInfo>();
  readonly states: { connected: boolean; detail: string }[] = [];
  readonly counts = { sent: 0, retried: 0, dropped: 0 };
  readonly details: string[] = [];
  readonly commands: { verb: string; body: unknown }[] = [];

  know(id: string, more: Partial<SeriesInfo> = {}): void {
    const info = { source: id, pipeline: 'main', kind: 'gauge', unit: '', state: 'normal', learning: 1 } as const;
    const model = { cell: 'lstm', cell_state_max: 1, gates_saturated: 0 };
    this.infos.set(id, { id, ...info, cadence_ms: 1000, samples: 10, ...model, ...more });
  }

  series(id: string): SeriesInfo | undefined {
    return this.infos.get(id);
  }

  status(): StatusMessage {
    return STATUS;
  }

  readonly open: AlertDocument[] = [];

  openAlerts(): readonly AlertDocument[] {
    return this.open;
  }

  command(verb: string, body: unknown): Promise<unknown> {
    if (verb !== 'ack') return Promise.reject(new CodedError('NO_SUCH_VERB', `no command ${verb}`));
    this.commands.push({ verb, body });
    return Promise.resolve({ acked: true });
  }

  onState(connected: boolean, detail: string): void {
    this.states.push({ connected, detail });
  }

  onResult(result: 'sent' | 'retried' | 'dropped', count: number, detail?: string): void {
    this.counts[result] += count;
    if (detail !== undefined) this.details.push(`${result}: ${detail}`);
  }

  get connected(): boolean {
    return this.states.at(-1)?.connected === true;
  }
}
