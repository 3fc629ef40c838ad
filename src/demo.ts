/**
 * The demo: a simulated plant that speaks MQTT like any other, faults by a schedule, and a scoreboard.
 *
 *   plant ──▶ MQTT client ──▶ broker ──▶ the source everybody uses          live, once a second
 *         └─▶ history: the two hours before the start, straight into the log
 *
 * The detector knows nothing of the demo; the scoreboard hears of alerts as any client does.
 */
import { connectAsync, type MqttClient } from 'mqtt';
import type { AlertDocument } from '../models/alert-document.ts';
import { CodedError } from '../models/errors.ts';
import type { Cancel, Clock } from '../models/ports.ts';
import { UNITS } from '../sensors/simulator/channels.ts';
import { FAULT_KINDS, type FaultKind } from '../sensors/simulator/faults.ts';
import { Plant, type PlantMessage } from '../sensors/simulator/plant.ts';
import { Schedule } from '../sensors/simulator/schedule.ts';
import { seriesId } from '../sensors/topic.ts';
import type { Scoreboard as ScoreboardView } from './protocol.ts';
import { Scoreboard } from './scoreboard.ts';

const TICK_MS = 1000;
export const HISTORY_MS = 2 * 3600_000;

export interface DemoOptions {
  seed: number;
  /** Broker to publish to. */
  url: string;
  clock: Clock;
  onScoreboard: (scoreboard: ScoreboardView) => void;
}

export class Demo {
  readonly #options: DemoOptions;
  readonly #plant: Plant;
  readonly #schedule: Schedule;
  readonly #scoreboard: Scoreboard;
  readonly #sourceOf: ReadonlyMap<string, string>;
  #client: MqttClient | undefined;
  #cancel: Cancel | undefined;
  #next: number;
  #nextFault: ReturnType<Schedule['next']>;

  constructor(options: DemoOptions) {
    this.#options = options;
    const startedAtMs = options.clock.now();
    this.#plant = new Plant({ seed: options.seed });
    this.#schedule = new Schedule({ seed: options.seed, startedAtMs });
    this.#scoreboard = new Scoreboard({ seasonMs: this.#plant.seasonMs });
    this.#sourceOf = new Map(
      this.#plant.channels.flatMap(({ source }) => [
        [source, source],
        [seriesId(source), source],
      ]),
    );
    this.#next = Math.ceil(startedAtMs / TICK_MS) * TICK_MS;
    this.#nextFault = this.#schedule.next(startedAtMs);
  }

  /** What the plant said in (after, until], oldest first, as it would have been published. */
  *history(after: number, until: number): Generator<PlantMessage> {
    for (let time = (Math.floor(after / TICK_MS) + 1) * TICK_MS; time <= until; time += TICK_MS) {
      yield* this.#plant.messagesAt(time);
    }
  }

  /** Time of the first live second. */
  get liveFrom(): number {
    return this.#next;
  }

  async start(): Promise<void> {
    this.#client = await connectAsync(this.#options.url, {
      protocolVersion: 4,
      clientId: `tidewatch-simulator-${process.pid}`,
      reconnectPeriod: TICK_MS,
    });
    // Without a listener a lost connection would end the process; it comes back by itself.
    this.#client.on('error', () => {});
    this.#cancel = this.#options.clock.every(100, () => this.#advance());
  }

  async stop(): Promise<void> {
    this.#cancel?.();
    await this.#client?.endAsync(true);
  }

  scoreboard(): ScoreboardView {
    return this.#scoreboard.view();
  }

  /** Hears of a published alert. */
  alert(alert: AlertDocument): void {
    if (alert.event !== 'open' || !this.#sourceOf.has(alert.series)) return;
    if (this.#scoreboard.alertOpened({ series: alert.series, startedAtMs: Date.parse(alert.started_at) })) this.#tell();
  }

  /** @throws CodedError COMMAND_INVALID with what would have been right */
  inject(kind: string, series: string, durationMs: number): { id: number } {
    if (!(FAULT_KINDS as readonly string[]).includes(kind)) {
      throw new CodedError('COMMAND_INVALID', `kind: expected ${FAULT_KINDS.join(' | ')}, got ${JSON.stringify(kind)}`);
    }
    const source = this.#sourceOf.get(series);
    if (source === undefined) {
      throw new CodedError('COMMAND_INVALID', `series: expected one of the plant's, got ${JSON.stringify(series)}`);
    }
    try {
      return this.#inject(kind as FaultKind, source, this.#next, durationMs);
    } catch (error) {
      if (error instanceof RangeError) throw new CodedError('COMMAND_INVALID', error.message, { cause: error });
      throw error;
    }
  }

  #inject(kind: FaultKind, source: string, at: number, durationMs: number): { id: number } {
    const fault = this.#plant.inject(kind, source, at, durationMs);
    this.#scoreboard.injected(fault);
    this.#tell();
    return { id: fault.id };
  }

  #advance(): void {
    const now = this.#options.clock.now();
    // After a pause of the machine the missed seconds are gone, as they would be for a real plant.
    if (now - this.#next > 60_000) this.#next = Math.floor(now / TICK_MS) * TICK_MS;
    for (; this.#next <= now; this.#next += TICK_MS) {
      this.#injectScheduled(this.#next);
      for (const { topic, payload } of this.#plant.messagesAt(this.#next)) {
        this.#client?.publish(topic, payload, { qos: 0 });
      }
      if (this.#scoreboard.tick(this.#next)) this.#tell();
    }
  }

  #injectScheduled(time: number): void {
    if (time < this.#nextFault.at) return;
    const { kind, source, durationMs } = this.#nextFault;
    this.#nextFault = this.#schedule.next(time);
    const machine = source.slice(0, source.lastIndexOf('/') + 1);
    // Two faults on one machine at a time would make the score ambiguous; whoever pressed a button goes first.
    if (this.#plant.activeFaults(time).some((fault) => fault.source.startsWith(machine))) return;
    this.#inject(kind, source, time, durationMs);
  }

  #tell(): void {
    this.#options.onScoreboard(this.#scoreboard.view());
  }
}

/** Unit of a channel of the plant. */
export function plantUnit(source: string): string | undefined {
  return UNITS.get(source);
}
