/**
 * Every happening worth knowing, declared once: a log line and a counter.
 *
 * Metric names carry base units and no series label: a plant has more series than a metrics store likes. Texts from
 * outside are escaped by the logger and never become a label.
 */
import { type Logger, pino } from 'pino';
import { Counter, Gauge, Histogram, Registry as Metrics } from 'prom-client';
import type { DropReason } from '../models/drop.ts';
import { DROP_REASONS } from '../models/drop.ts';
import { type Batch, ROW } from '../models/batch.ts';

/** Read when `/metrics` is asked for. */
export interface Levels {
  series(): Record<string, number>;
  seriesStateBytes(): number;
  seriesParked(): number;
  seriesRunaway(): number;
  alertsOpen(): Record<string, number>;
  logDepth(): number;
  checkpointAgeSeconds(): number;
}

export interface SpoolLevels {
  readonly bytes: number;
  readonly records: number;
  readonly degraded: boolean;
}

export interface TelemetryOptions {
  level: string;
  destination?: { write(line: string): void };
}

export class Telemetry {
  readonly log: Logger;
  readonly metrics = new Metrics();
  /** Readings dropped so far, by reason. */
  readonly dropped = new Map<DropReason, number>();
  samples = 0;

  readonly #samples: Counter<'source'>;
  readonly #dropped: Counter<'reason'>;
  readonly #irregular: Counter<'what'>;
  readonly #alerts: Counter<'severity' | 'reason'>;
  readonly #forgotten: Counter;
  readonly #accepted: Counter;
  readonly #parked: Counter;
  readonly #returned: Counter;
  readonly #parkedLost: Counter;
  readonly #step: Histogram;
  readonly #lag: Histogram;
  readonly #checkpoints: Counter<'result'>;
  readonly #written: Counter<'kind'>;
  /** Why what comes in is not on disk; null: it is. */
  notKept: string | null = null;
  readonly #missing: Counter;
  readonly #sessionsLost: Counter<'source'>;
  readonly #recovery: Gauge;
  readonly #degraded: Gauge;
  readonly #reload: Gauge;
  readonly #connected: Gauge<'source'>;
  readonly #clientsDropped: Counter<'reason'>;
  readonly #notifications: Counter<'output' | 'result'>;
  readonly #deadLetters: Counter<'output'>;
  readonly #spoolDamaged: Counter<'output'>;

  constructor({ level, destination }: TelemetryOptions) {
    const options = { level, base: null, timestamp: () => `,"time":"${new Date().toISOString()}"` };
    this.log = destination === undefined ? pino(options, pino.destination(2)) : pino(options, destination);
    const counter = <L extends string>(name: string, help: string, labelNames: L[] = []) =>
      new Counter<L>({ name: `tidewatch_${name}`, help, labelNames, registers: [this.metrics] });
    const histogram = (name: string, help: string, buckets: number[]) =>
      new Histogram({ name: `tidewatch_${name}`, help, buckets, registers: [this.metrics] });
    this.#samples = counter('samples_total', 'Readings that came in, by source', ['source']);
    this.#dropped = counter('samples_dropped_total', 'Readings that did not become a sample', ['reason']);
    this.#irregular = counter('samples_irregular_total', 'Samples accepted although something was odd', ['what']);
    this.#alerts = counter('alerts_total', 'Alerts opened', ['severity', 'reason']);
    this.#forgotten = counter('models_forgotten_total', 'Models that could not be computed with and began anew');
    this.#accepted = counter('regimes_accepted_total', 'Lasting changes that became the new normal by themselves');
    this.#parked = counter('series_parked_total', 'Series that made room for another');
    this.#returned = counter('series_returned_total', 'Parked series that came back as they were');
    this.#parkedLost = counter('series_parked_lost_total', 'Parked series whose file was missing or damaged');
    this.#step = histogram(
      'step_duration_seconds',
      'Time to score one sample and learn from it, mean of a batch',
      [5e-6, 1e-5, 2e-5, 5e-5, 1e-4, 1e-3],
    );
    this.#lag = histogram('ingest_lag_seconds', 'Arrival of a sample after its own time', [0.01, 0.1, 1, 10, 60, 600]);
    this.#checkpoints = counter('checkpoints_total', 'Checkpoints written', ['result']);
    this.#written = counter('state_written_bytes_total', 'Bytes written to the state folder', ['kind']);
    this.#missing = counter('log_missing_entries_total', 'Entries of the log that could not be read again');
    this.#sessionsLost = counter('mqtt_sessions_lost_total', 'Sessions that a broker had forgotten', ['source']);
    const gauge = (name: string, help: string) =>
      new Gauge({ name: `tidewatch_${name}`, help, registers: [this.metrics] });
    this.#recovery = gauge('recovery_seconds', 'Time the last start needed to come back as it was');
    this.#degraded = gauge('durability_degraded', '1 while what comes in is not kept, because the disk takes nothing');
    this.#notifications = counter('notifications_total', 'What was to be sent through a sink', ['output', 'result']);
    this.#deadLetters = counter('dead_letters_total', 'What a server refused for good', ['output']);
    this.#spoolDamaged = counter('spool_damaged_total', 'What could not be read in a spool', ['output']);
    this.#clientsDropped = counter('ws_dropped_total', 'Clients closed by the server', ['reason']);
    this.#reload = new Gauge({
      name: 'tidewatch_config_reload_success',
      help: '1 when the configuration read last is in force, 0 when it was refused',
      registers: [this.metrics],
    });
    this.#connected = new Gauge({
      name: 'tidewatch_mqtt_connected',
      help: '1 while the source is connected',
      labelNames: ['source'],
      registers: [this.metrics],
    });
    this.#reload.set(1);
  }

  /** Adds what is read off the engine when somebody asks. */
  observe(levels: Levels): void {
    this.#level('series_state_bytes', 'Memory of all detectors', () => levels.seriesStateBytes());
    this.#level('series_parked', 'Series that lie on disk', () => levels.seriesParked());
    this.#level('series_runaway', 'Series whose cell state went beyond 50', () => levels.seriesRunaway());
    this.#level('log_depth', 'Rows taken in and not yet scored', () => levels.logDepth());
    this.#level('checkpoint_age_seconds', 'Time since the last checkpoint', () => levels.checkpointAgeSeconds());
    this.#levels('series', 'Series by state', 'state', () => levels.series());
    this.#levels('alerts_open', 'Alerts that are firing', 'severity', () => levels.alertsOpen());
  }

  observeClients(count: () => number): void {
    this.#level('ws_clients', 'Connected dashboards', count);
  }

  observeSpools(spools: () => { output: string; spool: SpoolLevels }[]): void {
    const levels = (name: string, help: string, read: (spool: SpoolLevels) => number) =>
      this.#levels(name, help, 'output', () =>
        Object.fromEntries(spools().map(({ output, spool }) => [output, read(spool)])),
      );
    levels('spool_bytes', 'Bytes of what waits to be sent', ({ bytes }) => bytes);
    levels('spool_records', 'Things that wait to be sent', ({ records }) => records);
    levels('spool_degraded', '1 while things wait in memory, for the disk cannot be written', ({ degraded }) =>
      degraded ? 1 : 0,
    );
  }

  #level(name: string, help: string, read: () => number): void {
    const gauge: Gauge = new Gauge({
      name: `tidewatch_${name}`,
      help,
      registers: [this.metrics],
      collect: () => gauge.set(read()),
    });
  }

  #levels(name: string, help: string, label: string, read: () => Record<string, number>): void {
    const gauge: Gauge = new Gauge({
      name: `tidewatch_${name}`,
      help,
      labelNames: [label],
      registers: [this.metrics],
      collect: () => {
        gauge.reset();
        for (const [value, n] of Object.entries(read())) gauge.set({ [label]: value }, n);
      },
    });
  }

  received(source: string, count: number): void {
    this.samples += count;
    this.#samples.inc({ source }, count);
  }

  drop(reason: DropReason, count = 1): void {
    this.dropped.set(reason, (this.dropped.get(reason) ?? 0) + count);
    this.#dropped.inc({ reason }, count);
  }

  numericStrings(count: number): void {
    if (count > 0) this.#irregular.inc({ what: 'numeric_string' }, count);
  }

  /** Counts what an entry of the log came to. @param seconds time it took; @param nameOf id of a track by its index */
  stepped(batches: readonly Batch[], seconds: number, nameOf: (track: number) => string | undefined): void {
    let kept = 0;
    for (const batch of batches) {
      for (let row = 0; row < batch.length; row++) kept += this.#countRow(batch, row, nameOf);
    }
    if (kept > 0) this.#step.observe(seconds / kept);
  }

  /** 1 for a row that was scored, 0 for one that was dropped. */
  #countRow(batch: Batch, row: number, nameOf: (track: number) => string | undefined): number {
    const drop = batch.drop[row];
    if (drop !== 0) {
      this.drop(DROP_REASONS[drop] as DropReason);
      return 0;
    }
    const flags = batch.flags[row];
    if ((flags & ROW.sameTime) !== 0) this.#irregular.inc({ what: 'same_time' });
    if ((flags & ROW.forgotten) !== 0) this.#forgot(nameOf(batch.series[row]));
    if ((flags & ROW.accepted) !== 0) this.#accept(nameOf(batch.series[row]));
    if ((flags & (ROW.recorded | ROW.overdue | ROW.text)) === 0) {
      this.#lag.observe(Math.max(0, (batch.arrival[row] - batch.time[row]) / 1000));
    }
    return 1;
  }

  #accept(series: string | undefined): void {
    this.#accepted.inc();
    this.log.info({ series }, 'what was odd here has lasted for so long that it is the new normal');
  }

  #forgot(series: string | undefined): void {
    this.#forgotten.inc();
    this.log.error({ series }, 'what this series had learned was not a number any more; it begins anew');
  }

  ranAway(series: string, largest: number): void {
    this.log.warn({ series, largest }, 'the cell state of this series has run away; choose a cell that forgets');
  }

  alertOpened(severity: string, reason: string): void {
    this.#alerts.inc({ severity, reason });
  }

  sourceConnected(source: string, connected: boolean, detail: string): void {
    this.#connected.set({ source }, connected ? 1 : 0);
    if (connected) this.log.info({ source, detail }, 'source connected');
    else this.log.warn({ source, detail }, 'source not connected');
  }

  sinkConnected(sink: string, connected: boolean, detail: string): void {
    if (connected) this.log.info({ sink, detail }, 'sink connected');
    else this.log.warn({ sink, detail }, 'sink not connected');
  }

  /** Things that were to be sent through a sink: sent, tried again, given up. */
  notified(sink: string, result: 'sent' | 'retried' | 'dropped', count: number, detail?: string): void {
    this.#notifications.inc({ output: sink, result }, count);
    if (result === 'dropped') this.log.warn({ sink, count, detail }, 'sink dropped');
  }

  /** Things that a server refused for good. */
  buried(output: string, count: number): void {
    this.#deadLetters.inc({ output }, count);
  }

  spoolDamaged(output: string, count: number, path: string): void {
    this.#spoolDamaged.inc({ output }, count);
    this.log.error({ sink: output, count, path }, 'a spool is damaged; what could not be read is not sent');
  }

  /** undefined: the disk works again. */
  spoolTrouble(output: string, error: unknown): void {
    if (error === undefined) this.log.info({ sink: output }, 'the spool is on disk again');
    else
      this.log.error({ sink: output, err: error }, 'the spool cannot be written; what is to be sent waits in memory');
  }

  checkpointSaved(bytes: number, milliseconds: number): void {
    this.#checkpoints.inc({ result: 'saved' });
    this.written('checkpoint', bytes);
    this.log.debug({ bytes, milliseconds }, 'checkpoint saved');
  }

  /** What a start found in the log. */
  recovered({ entries, missing, milliseconds }: { entries: number; missing: number; milliseconds: number }): void {
    this.#recovery.set(milliseconds / 1000);
    this.#missing.inc(missing);
    if (entries > 0) this.log.info({ entries, milliseconds }, 'the log was read again');
    if (missing > 0) this.log.error({ missing }, 'entries of the log are missing, and with them their samples');
  }

  /** @param error  why what comes in is not kept; undefined: it is again */
  durable(error: unknown): void {
    this.notKept = error === undefined ? null : error instanceof Error ? error.message : 'the disk fails';
    this.#degraded.set(error === undefined ? 0 : 1);
    if (error === undefined) this.log.info('what comes in is kept again');
    else this.log.error({ err: error }, 'what comes in is not kept; detection goes on');
  }

  parked(): void {
    this.#parked.inc();
  }

  returned(): void {
    this.#returned.inc();
  }

  parkedLost(series: string, file: string): void {
    this.#parkedLost.inc();
    this.log.error({ series, file }, 'what this series knew when it was parked is lost; it starts untrained');
  }

  parkingFailed(error: unknown): void {
    this.log.error({ err: error }, 'a series cannot be parked; new ones are refused');
  }

  written(kind: 'log' | 'checkpoint' | 'spool' | 'parked', bytes: number): void {
    this.#written.inc({ kind }, bytes);
  }

  /** A broker has forgotten what it had not delivered. */
  sessionLost(source: string): void {
    this.#sessionsLost.inc({ source });
    this.log.warn({ source }, 'the broker has forgotten our session, and what it had not delivered');
  }

  checkpointFailed(error: unknown): void {
    this.#checkpoints.inc({ result: 'failed' });
    this.log.error({ err: error }, 'checkpoint failed');
  }

  reloaded(success: boolean): void {
    this.#reload.set(success ? 1 : 0);
  }

  clientDropped(reason: string): void {
    this.#clientsDropped.inc({ reason });
  }
}
