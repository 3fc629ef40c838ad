/**
 * Where readings become rows: looks up or admits the series, and gathers what arrives in one turn of the event loop
 * into one batch of the log.
 */
import { type Batch, BATCH_ROWS_MAX, createBatch, pushRow, ROW } from '../models/batch.ts';
import type { DropReason } from '../models/drop.ts';
import { EventTrack } from '../models/events/event-track.ts';
import { symbolOf } from '../models/events/symbol.ts';
import type { Decoded, Reading } from '../sensors/decode.ts';
import { type Model, modelOf, type Registry, type Track } from '../models/registry.ts';
import type { Delivery, SampleLog } from '../models/ports.ts';
import { seriesId, sourceOf } from '../sensors/topic.ts';
import type { Room } from './room.ts';
import type { Telemetry } from './telemetry.ts';

/** Rows that may wait to be scored before new ones are refused. */
export const DEPTH_MAX = 500_000;
/** First size of a batch; it doubles while a turn keeps bringing rows. */
const ROWS_FIRST = 64;
/** Ids of known sources, so that a hash is made once a series and not once a sample. */
const SOURCES_MAX = 200_000;

/** A longer name is noise: ids are cut at 64 characters anyway. */
const SOURCE_LENGTH_MAX = 4096;

/** What became of a payload, as far as it is known when it comes in: late or repeated readings show later. */
export interface Receipt {
  accepted: number;
  drops: readonly DropReason[];
}

export interface Message {
  /** Id of the source it came through. */
  source: string;
  topic: string;
  arrival: number;
  /** Where the sender sends again until it is acknowledged. */
  delivery?: Delivery | undefined;
}

export class Intake {
  readonly #log: SampleLog;
  readonly #registry: Registry;
  readonly #telemetry: Telemetry;
  readonly #room: Room | undefined;
  readonly #ids = new Map<string, string>();
  #batch: Batch | undefined;
  /** Whose rows are in the batch, to the last of them. */
  #deliveries: Delivery[] = [];
  #flushed: PromiseWithResolvers<void> | undefined;
  #flushing: NodeJS.Immediate | undefined;

  /** @param room  who makes some where there is none; undefined: nobody does */
  constructor(log: SampleLog, registry: Registry, telemetry: Telemetry, room?: Room) {
    this.#log = log;
    this.#registry = registry;
    this.#telemetry = telemetry;
    this.#room = room;
  }

  /** Takes in what a payload held. */
  accept(message: Message, decoded: Decoded, model: Model): Receipt {
    const isEvents = model.detector instanceof EventTrack;
    const { readings, drops: found } = isEvents ? eventsOf(decoded) : decoded;
    const drops = [...found];
    if (!isEvents) this.#telemetry.numericStrings(decoded.numericStrings);
    const messageTime = Number.isNaN(decoded.time) ? message.arrival : decoded.time;
    let accepted = 0;
    for (const { path, value, onOff, time: ownTime } of readings) {
      const index = this.#trackOf(sourceOf(message.topic, path), model, message.arrival);
      if (typeof index === 'string') {
        drops.push(index);
        continue;
      }
      const time = Number.isNaN(ownTime) ? messageTime : ownTime;
      this.#push(index, time, message.arrival, value, onOff ? ROW.onOff : 0);
      accepted++;
    }
    if (accepted > 0 && message.delivery !== undefined) this.#deliveries.push(message.delivery);
    if (!isEvents) {
      for (const { path } of decoded.words ?? []) this.#pushText(sourceOf(message.topic, path), message.arrival);
    }
    for (const reason of drops) this.#telemetry.drop(reason);
    this.#telemetry.received(message.source, accepted);
    return { accepted, drops };
  }

  /** Hands the open batch to the log now. */
  flush(): void {
    if (this.#flushing !== undefined) clearImmediate(this.#flushing);
    this.#flushing = undefined;
    const batch = this.#batch;
    const deliveries = this.#deliveries;
    this.#batch = undefined;
    if (batch !== undefined && batch.length > 0) {
      this.#deliveries = [];
      this.#log.append(deliveries.length > 0 ? { kind: 'batch', batch, deliveries } : { kind: 'batch', batch });
    }
    this.#flushed?.resolve();
    this.#flushed = undefined;
  }

  /** Resolves when all that was accepted is in the log, the same for all of a batch; undefined: it is. */
  flushed(): Promise<void> | undefined {
    if (this.#batch === undefined) return undefined;
    this.#flushed ??= Promise.withResolvers<void>();
    return this.#flushed.promise;
  }

  /** Text makes no series; but where one is known, it is heard. */
  #pushText(source: string, arrival: number): void {
    if (source.length > SOURCE_LENGTH_MAX || this.#log.depth >= DEPTH_MAX) return;
    const track = this.#registry.find(this.#idOf(source));
    if (track !== undefined) this.#push(track.index, arrival, arrival, Number.NaN, ROW.text);
  }

  /** Index of the track, or why there is none. */
  #trackOf(source: string, model: Model, arrival: number): number | DropReason {
    if (source.length > SOURCE_LENGTH_MAX) return 'bad_name';
    if (this.#log.depth >= DEPTH_MAX) return 'overflow';
    const id = this.#idOf(source);
    const track = this.#registry.find(id) ?? this.#admit(id, source, model, arrival);
    if (track === undefined) return 'too_many_series';
    // The name of a group: nobody may speak for it.
    return track.members.length > 0 ? 'bad_name' : track.index;
  }

  /** Before its first sample is in the log, the series is. */
  #admit(id: string, source: string, model: Model, arrival: number): Track | undefined {
    const parked = this.#room?.parked(id);
    const who = parked ?? { number: this.#registry.nextNumber, source, model };
    const { number } = who;
    const admit = (): Track | undefined => this.#registry.admit(id, who.source, modelOf(who.model, id), { number });
    let track = admit();
    if (track === undefined && this.#room !== undefined) {
      if (parked === undefined && !this.#room.hasComeOften(source)) return undefined;
      // Rows of whoever has to go come first.
      while (track === undefined && this.#room.make(arrival, () => this.flush())) track = admit();
    }
    if (track === undefined) return undefined;
    this.#room?.hasCome(source);
    const command = { verb: 'admit', number, source: who.source, pipeline: who.model.pipeline } as const;
    this.#log.append({ kind: 'command', time: arrival, command });
    return track;
  }

  #idOf(source: string): string {
    let id = this.#ids.get(source);
    if (id === undefined) {
      id = seriesId(source);
      if (this.#ids.size >= SOURCES_MAX) this.#ids.clear();
      this.#ids.set(source, id);
    }
    return id;
  }

  #push(index: number, time: number, arrival: number, value: number, flags: number): void {
    let batch = this.#batch ?? createBatch(ROWS_FIRST);
    if (batch.length === BATCH_ROWS_MAX) {
      this.flush();
      batch = createBatch(ROWS_FIRST);
    } else if (batch.length === batch.series.length) batch = grown(batch);
    this.#batch = batch;
    pushRow(batch, index, time, arrival, value, flags);
    this.#flushing ??= setImmediate(() => this.flush());
  }
}

function grown(batch: Batch): Batch {
  const larger = createBatch(Math.min(BATCH_ROWS_MAX, batch.series.length * 2));
  for (let row = 0; row < batch.length; row++) {
    pushRow(larger, batch.series[row], batch.time[row], batch.arrival[row], batch.value[row], batch.flags[row]);
  }
  return larger;
}

/** Where events are watched: every reading is a word as well, in the order of the payload, and no word is a drop. */
function eventsOf({ readings, words = [], drops }: Decoded): Pick<Decoded, 'readings' | 'drops'> {
  const events: Reading[] = [];
  let k = 0;
  for (let i = 0; i <= readings.length; i++) {
    for (; k < words.length && words[k].after === i; k++)
      events.push(eventOf(words[k].path, words[k].text, words[k].time));
    if (i === readings.length) break;
    const { path, value, onOff, time } = readings[i];
    events.push(eventOf(path, onOff ? (value === 1 ? 'on' : 'off') : String(value), time));
  }
  const taken = new Set(words.map(({ drop }) => drop));
  return { readings: events, drops: drops.filter((_, place) => !taken.has(place)) };
}

function eventOf(path: string, text: string, time: number): Reading {
  return { path, value: symbolOf(text), onOff: false, time };
}
