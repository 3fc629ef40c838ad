/**
 * Opens a sink of the configuration with a spool for what it is to send, and gives every open sink what there is to tell.
 *
 *   spool/influx-db/   segments, `read`, `dead-letter.jsonl`      of the output `db`
 */
import type { AlertDocument } from '../models/alert-document.ts';
import type { Clock, Disk } from '../models/ports.ts';
import type { SampleColumns } from '../pipelines/thin.ts';
import type { OutputConfig } from './config/config.ts';
import type { Overview } from './overview.ts';
import { InfluxSink } from './sinks/influx.ts';
import { LogSink } from './sinks/log.ts';
import { MqttSink } from './sinks/mqtt.ts';
import type { Sink, SinkContext } from './sinks/sink.ts';
import { WebhookSink } from './sinks/webhook.ts';
import { DeadLetters } from './spool/dead-letters.ts';
import { Spool } from './spool/spool.ts';
import type { Telemetry } from './telemetry.ts';
import { VERSION } from './version.ts';

export interface OutputsOptions {
  clock: Clock;
  disk: Disk;
  /** Where reading of the log goes on when an output is opened, and where the log ends. */
  logRange: () => { position: number; end: number };
  telemetry: Telemetry;
  overview: Overview;
  brokerUrl: (url: string) => string;
  command: (verb: string, body: unknown) => Promise<unknown>;
  /** How long an output may go on sending when it is closed. */
  stopMsMax?: number;
}

const STOP_MS_MAX = 2000;
/** Alert events held in memory while the disk fails. */
const HELD_MAX = 1000;

/** An open sink; one of files has nothing to keep beside them. */
interface Open {
  sink: Sink;
  spool: Spool | undefined;
}

export class Outputs {
  readonly #options: OutputsOptions;
  readonly #open = new Map<string, Open>();
  #begun = false;

  constructor(options: OutputsOptions) {
    this.#options = options;
    options.telemetry.observeSpools(() =>
      [...this.#open].flatMap(([output, { spool }]) => (spool === undefined ? [] : [{ output, spool }])),
    );
  }

  open(id: string, options: OutputConfig): void {
    const kept = options.type === 'log' ? undefined : this.#keep(id, options);
    const sink = this.#make(options, { ...this.#context(id), ...kept });
    if (sink === undefined) return;
    this.#open.set(id, { sink, spool: kept?.spool });
    if (this.#begun) sink.start();
  }

  /** From now on what is open connects: what there is to tell is known. */
  begin(): void {
    this.#begun = true;
    for (const { sink } of this.#open.values()) sink.start();
  }

  /** What comes meanwhile is spooled, for whoever opens it again. */
  async close(id: string): Promise<void> {
    const open = this.#open.get(id);
    if (open === undefined) return;
    await open.sink.stop(this.#options.stopMsMax ?? STOP_MS_MAX);
    this.#open.delete(id);
    const lost = (await open.spool?.close()) ?? 0;
    if (lost > 0) this.#options.telemetry.notified(id, 'dropped', lost, 'stopped, and the disk cannot be written');
  }

  /** At the end of the day: all at once, for the time is short. */
  async closeAll(): Promise<void> {
    await Promise.all([...this.#open.keys()].map((id) => this.close(id)));
  }

  /** @param position  of the entry of the log that brought it */
  deliver(alert: AlertDocument, position: number): void {
    for (const { sink } of this.#open.values()) sink.deliver(alert, position);
  }

  /** @param position  of the last entry of the log that any of them came from */
  samples(all: readonly SampleColumns[], position: number): void {
    for (const { sink } of this.#open.values()) sink.samples(all, position);
  }

  /** Everything that was delivered survives a power cut from then on: a checkpoint may stand behind it. */
  async sync(): Promise<void> {
    await Promise.all([...this.#open.values()].map(async ({ spool }) => spool?.sync()));
  }

  #keep(id: string, options: Exclude<OutputConfig, { type: 'log' }>): Required<Pick<SinkContext, 'spool' | 'bury'>> {
    const { clock, disk, logRange, telemetry } = this.#options;
    // By its type as well: what was kept for a webhook is nothing for a database of the same name.
    const folder = `spool/${options.type}-${id}`;
    const onWritten = (bytes: number) => telemetry.written('spool', bytes);
    const spool = new Spool({
      disk,
      folder,
      clock,
      bytesMax: options.spoolBytes,
      heldRecordsMax: options.type === 'influx' ? options.queue : HELD_MAX,
      onDropped: (count, why) => telemetry.notified(id, 'dropped', count, why),
      onDamaged: (count, path) => telemetry.spoolDamaged(id, count, path),
      onTrouble: (error) => telemetry.spoolTrouble(id, error),
      onWritten,
    });
    spool.open();
    const { position, end } = logRange();
    spool.rebase(position, end);
    const onBuried = (count: number) => telemetry.buried(id, count);
    const letters = new DeadLetters({ disk, folder, output: id, clock, onBuried, onWritten });
    return { spool, bury: (items, reason, count) => letters.bury(items, reason, count) };
  }

  #make(options: OutputConfig, context: SinkContext): Sink | undefined {
    const { brokerUrl, clock } = this.#options;
    switch (options.type) {
      case 'mqtt':
        return new MqttSink({ ...options, clock, url: brokerUrl(options.url) }, context);
      case 'influx':
        return new InfluxSink({ ...options, clock }, context);
      case 'webhook':
        return new WebhookSink({ ...options, clock }, context);
      case 'log':
        // Without a file, the daemon's own log tells of alerts anyway.
        return options.path === null ? undefined : new LogSink({ ...options, path: options.path }, context);
    }
  }

  #context(id: string): SinkContext {
    const { command, overview, telemetry } = this.#options;
    return {
      version: VERSION,
      series: (series) => overview.find(series),
      status: () => overview.status(),
      openAlerts: () => overview.openAlerts(),
      command,
      onState: (connected, detail) => telemetry.sinkConnected(id, connected, detail),
      onResult: (result, count, detail) => telemetry.notified(id, result, count, detail),
    };
  }
}
