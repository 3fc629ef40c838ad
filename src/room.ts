/**
 * Makes room in a table of series that is full: parks the one longest idle, by its own measure.
 *
 *   idle = time since it was heard and could be / max(cadence, 1 s)    from 10 on; without a cadence, from a minute on
 *
 * So a flood of new names pushes out nobody who is alive. Who is new has to come a few times before somebody goes for it;
 * who was parked has not. Members of groups, groups and context stay, for others read them; so does who shares weights,
 * and who has an alert that says more than that it is silent.
 *
 * It is decided once, while samples come, and stands in the log.
 */
import { isFiring, REASON, reasonOf } from '../models/alert.ts';
import { cadenceOf } from '../models/cadence.ts';
import { ContextTrack } from '../models/context-track.ts';
import { lastHeardOf } from '../models/order.ts';
import type { Command, SampleLog } from '../models/ports.ts';
import type { Model, Registry, Track } from '../models/registry.ts';
import type { Parked, Parking } from './parking.ts';

const IDLE_MIN = 10;
const CADENCE_MS_MIN = 1000;
/** Of a series without one: a minute of silence is idle enough. */
const CADENCE_MS_UNKNOWN = 6000;
const COMES_MIN = 3;
const NEWCOMERS_MAX = 10_000;
/** Before somebody is looked for again where nobody was idle. */
const LOOK_AGAIN_MS = 1000;
/** Each is a file that is written while everybody waits. */
const PARKS_PER_SECOND_MAX = 50;
/** Rows that are read before somebody is parked, while everybody waits. */
const DEPTH_MAX = 4096;
/** On disk; a GiB of the default detector. */
const PARKED_MAX = 10_000;
/** Fewer samples have taught a series little: it is forgotten first. */
const SAMPLES_YOUNG = 200;

export class Room {
  readonly #log: SampleLog;
  readonly #registry: Registry;
  readonly #parking: Parking;
  readonly #modelOf: (pipeline: string) => Model | undefined;
  readonly #parkedMax: number;
  /** How often sources came that there was no room for, the oldest first. */
  readonly #newcomers = new Map<string, number>();
  #foundNoneAt = -Infinity;
  #second = { from: -Infinity, parks: 0 };

  /** @param modelOf  what a pipeline brings to its series */
  constructor(
    log: SampleLog,
    registry: Registry,
    parking: Parking,
    modelOf: (pipeline: string) => Model | undefined,
    parkedMax = PARKED_MAX,
  ) {
    this.#log = log;
    this.#registry = registry;
    this.#parking = parking;
    this.#modelOf = modelOf;
    this.#parkedMax = parkedMax;
  }

  /** Sources that wait for room. */
  get waiting(): number {
    return this.#newcomers.size;
  }

  /** Who a series was before it was parked. */
  parked(id: string): { number: number; source: string; model: Model } | undefined {
    const parked = this.#parking.find(id);
    const model = parked && this.#modelOf(parked.pipeline);
    return model && { number: parked.number, source: parked.source, model };
  }

  /** Whether a source that is new has come often enough for somebody to go; from now on once more. */
  hasComeOften(source: string): boolean {
    const times = this.#newcomers.get(source) ?? 0;
    if (times >= COMES_MIN) return true;
    this.#newcomers.delete(source);
    this.#newcomers.set(source, times + 1);
    if (this.#newcomers.size > NEWCOMERS_MAX) this.#newcomers.delete(this.#newcomers.keys().next().value!);
    return false;
  }

  hasCome(source: string): void {
    this.#newcomers.delete(source);
  }

  /**
   * Parks somebody, in the log as well. False where nobody is idle, or now is not the time.
   * @param flush  hands to the log what was taken in
   */
  make(now: number, flush: () => void): boolean {
    if (Math.abs(now - this.#foundNoneAt) < LOOK_AGAIN_MS || !this.#isInTime(now)) return false;
    flush();
    if (this.#log.depth > DEPTH_MAX) return false;
    // What is written must be the whole of it.
    this.#log.readNow();
    const idlest = idlestOf(this.#registry, now);
    const file = idlest && this.#parking.keep(idlest);
    if (file === undefined) {
      this.#foundNoneAt = now;
      return false;
    }
    this.#second.parks++;
    this.#say(now, { verb: 'park', series: idlest!.id, file });
    if (this.#parking.size > this.#parkedMax) this.#say(now, { verb: 'forget', series: leastOf(this.#parking) });
    return true;
  }

  #say(time: number, command: Command): void {
    this.#log.append({ kind: 'command', time, command });
    this.#log.readNow();
  }

  #isInTime(now: number): boolean {
    if (Math.abs(now - this.#second.from) >= 1000) this.#second = { from: now, parks: 0 };
    return this.#second.parks < PARKS_PER_SECOND_MAX;
  }
}

/** The series that may be parked and is idle the longest. */
function idlestOf(registry: Registry, now: number): Track | undefined {
  let idlest: Track | undefined;
  let most = IDLE_MIN;
  for (const track of registry) {
    const idle = idleOf(track, now);
    if (idle < most || (idle === most && idlest !== undefined) || !mayBeParked(track)) continue;
    idlest = track;
    most = idle;
  }
  return idlest;
}

/** In cadences of its own; of a time in which it could not be heard, nothing is known. */
function idleOf({ memory, at, model }: Track, now: number): number {
  const { layout } = model.detector;
  const silent = now - Math.max(lastHeardOf(memory, at + layout.order), model.listeningSince);
  const cadence = cadenceOf(memory, at + layout.cadence);
  return silent / (cadence > 0 ? Math.max(cadence, CADENCE_MS_MIN) : CADENCE_MS_UNKNOWN);
}

function mayBeParked({ number, member, members, pool, memory, at, model }: Track): boolean {
  if (number < 0 || member !== undefined || members.length > 0 || pool !== undefined) return false;
  if (model.detector instanceof ContextTrack) return false;
  const alert = at + model.detector.layout.alert;
  return !isFiring(memory, alert) || reasonOf(memory, alert) === REASON.silence;
}

/** The one whose loss is the least: of those that know little, or else of all, the one parked longest ago. */
function leastOf(parking: Parking): string {
  let least: Parked | undefined;
  for (const parked of parking) {
    if (least === undefined) least = parked;
    else if (isYoung(parked) !== isYoung(least)) least = isYoung(parked) ? parked : least;
    else if (parked.position < least.position) least = parked;
  }
  return least?.id ?? '';
}

function isYoung({ samples }: Parked): boolean {
  return samples < SAMPLES_YOUNG;
}
