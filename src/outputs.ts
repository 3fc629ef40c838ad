/** Opens a sink of the configuration, and gives every open sink what there is to tell. */
import type { AlertDocument } from '../models/alert-document.ts';
import type { AlertSink, Clock } from '../models/ports.ts';
import type { SampleColumns } from '../pipelines/thin.ts';
import type { OutputConfig } from './config/config.ts';
import type { Overview } from './overview.ts';
import { InfluxSink } from './sinks/influx.ts';
import { LogSink } from './sinks/log.ts';
import { MqttSink } from './sinks/mqtt.ts';
import type { Sink, SinkContext } from './sinks/sink.ts';
import { WebhookSink } from './sinks/webhook.ts';
import type { Telemetry } from './telemetry.ts';
import { VERSION } from './version.ts';

export interface OutputsOptions {
  clock: Clock;
  telemetry: Telemetry;
  overview: Overview;
  brokerUrl: (url: string) => string;
  command: (verb: string, body: unknown) => Promise<unknown>;
}

const STOP_MS_MAX = 2000;

export class Outputs implements AlertSink {
  readonly #options: OutputsOptions;
  readonly #sinks = new Map<string, Sink>();

  constructor(options: OutputsOptions) {
    this.#options = options;
  }

  open(id: string, options: OutputConfig): void {
    const sink = this.#make(options, this.#context(id));
    if (sink === undefined) return;
    this.#sinks.set(id, sink);
    sink.start();
  }

  async close(id: string): Promise<void> {
    const sink = this.#sinks.get(id);
    this.#sinks.delete(id);
    await sink?.stop(STOP_MS_MAX);
  }

  /** At the end of the day: all at once, for the time is short. */
  async closeAll(): Promise<void> {
    await Promise.all([...this.#sinks.keys()].map((id) => this.close(id)));
  }

  deliver(alert: AlertDocument): void {
    for (const sink of this.#sinks.values()) sink.deliver(alert);
  }

  samples(all: readonly SampleColumns[]): void {
    for (const sink of this.#sinks.values()) sink.samples(all);
  }

  #make(options: OutputConfig, context: SinkContext): Sink | undefined {
    switch (options.type) {
      case 'mqtt':
        return new MqttSink({ ...options, url: this.#options.brokerUrl(options.url) }, context);
      case 'influx':
        return new InfluxSink(options, context);
      case 'webhook':
        return new WebhookSink(options, context);
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
