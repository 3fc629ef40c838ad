/**
 * The detector of one series of events: a symbol in; how unlikely it was, how odd things are, and whether an event
 * starts, out.
 *
 *   symbol ▸ class ▸ forecast of the next ▸ surprise, rank        score,
 *                  ▸ count in the session ▸ count score           then learn
 *
 *   surprise  −log10 p of this event, from the events before it
 *   counts    −log10 p of its symbol having come so often, or not oftener when the session ends
 *   level     the highest of both in the session; the end of a session is an event as well
 *
 * Where there are no sessions, the sequence has no end, symbols are not counted, and the level falls slowly (e-fold in
 * 32 events). An event opens where the level rises to the threshold. Alarms are the same after 2000 events, before which
 * everything is rare.
 *
 * `step` and `end` cost the same for the millionth event as for the first and allocate nothing. One object serves every
 * series of its shape; the numbers of a series are the block at memory[at..at+size].
 */
import type { Cell, StateWatch } from '../cells/cell.ts';
import { Lstm } from '../cells/lstm.ts';
import { createRandom } from '../random.ts';
import { isSound } from '../sound.ts';
import { admit, classOf, END, FIRST, symbolsKnown, UNSEEN } from './alphabet.ts';
import { countEvent, endCounts } from './counts.ts';
import { eventLayoutOf, type EventLayout } from './layout.ts';
import { CLASSES_MAX, LEARNER, NextEvent, type NextReading } from './next-event.ts';
import type { WindowTraining } from './window-learner.ts';

export interface EventOptions {
  /** Outputs of the head: symbols that are told apart, the unseen and the end. */
  classes: number;
  /** Units of the cell. */
  hidden: number;
  /** Whether the series comes in sessions, or has no end. */
  sessions: boolean;
  training: WindowTraining;
}

export const EVENT_DEFAULTS: EventOptions = {
  classes: 64,
  hidden: 16,
  sessions: true,
  training: {
    window: 32,
    optimizer: { name: 'rmsprop', rate: 2e-3, alpha: 0.99, epsilon: 1e-4 },
    clipNorm: 1,
  },
};

/** Level that opens an event: one in a thousand. */
export const EVENT_THRESHOLD = 3;

/** Nothing that had to be learned fires after fewer events than this. */
const ALARM_EVENTS_MIN = 2000;
const LEVEL_EVENTS = 32;
const LEVEL_FALL = Math.exp(-1 / LEVEL_EVENTS);
const SOUND_EVERY = 64; // events

/** What was found of one event. Reused: one per detector kind, not per series. */
export interface EventReading extends NextReading {
  counts: number;
  level: number;
  /** The level has just come to the threshold. */
  opens: boolean;
  /** The same, where enough is known. */
  alarm: boolean;
  /** The block could not be computed with, and was made anew. */
  forgotten: boolean;
}

export function createEventReading(): EventReading {
  return { surprise: 0, rank: 0, counts: 0, level: 0, opens: false, alarm: false, forgotten: false };
}

export class EventDetector {
  readonly options: EventOptions;
  readonly layout: EventLayout;
  readonly next: NextEvent;
  /** Numbers in a block. */
  readonly size: number;
  /** Blocks of the same shape mean the same, number for number. */
  readonly shape: string;

  /**
   * @param makeCell  another cell than the LSTM: for comparisons
   * @throws RangeError unless 3 ≤ classes ≤ 256
   */
  constructor(
    options: EventOptions = EVENT_DEFAULTS,
    makeCell: (inputs: number, hidden: number) => Cell = (inputs, hidden) => new Lstm(inputs, hidden),
  ) {
    const { classes, hidden, sessions, training } = options;
    if (!(Number.isSafeInteger(classes) && classes > FIRST && classes <= CLASSES_MAX)) {
      throw new RangeError(`events: expected ${FIRST + 1} to ${CLASSES_MAX} classes, got ${classes}`);
    }
    const cell = makeCell(classes, hidden);
    this.options = options;
    this.next = new NextEvent(cell, classes, training);
    this.layout = eventLayoutOf(classes, this.next.size);
    this.size = this.layout.size;
    this.shape = ['events', cell.name, classes, hidden, sessions, training.window, training.optimizer.name].join(' ');
  }

  /** Makes the block at memory[at..] that of a series nothing is known of. */
  initialise(memory: Float64Array, at: number, seed: number): void {
    memory.fill(0, at, at + this.size);
    this.next.initialise(memory, at + this.layout.next, createRandom(seed));
  }

  /** Scores an event, then learns from it. @param symbol  see symbol.ts */
  step(memory: Float64Array, at: number, symbol: number, reading: EventReading): void {
    const L = this.layout;
    const { classes, sessions } = this.options;
    this.#begin(memory, at, reading);
    const alphabet = at + L.alphabet;
    const known = FIRST + symbolsKnown(memory, alphabet);
    const k = classOf(memory, alphabet, symbol);
    this.next.step(memory, at + L.next, k, reading);
    reading.counts = sessions ? countEvent(memory, at + L.counts, classes, known, k) : 0;
    if (k === UNSEEN) admit(memory, alphabet, classes, symbol);
    memory[at + L.since] += 1;
    this.#judge(memory, at, reading);
  }

  /** Ends the session, which is an event as well. Nothing happens where none has begun, or where there are none. */
  end(memory: Float64Array, at: number, reading: EventReading): void {
    const L = this.layout;
    const { classes, sessions } = this.options;
    if (!sessions || memory[at + L.since] === 0) return;
    this.#begin(memory, at, reading);
    const known = FIRST + symbolsKnown(memory, at + L.alphabet);
    this.next.step(memory, at + L.next, END, reading);
    reading.counts = endCounts(memory, at + L.counts, classes, known);
    this.next.finish(memory, at + L.next);
    this.#judge(memory, at, reading);
    memory[at + L.since] = 0;
    memory[at + L.level] = 0;
  }

  /** How far the memory of the cell has gone; undefined for a cell without one. */
  watch(memory: Float64Array, at: number): StateWatch | undefined {
    const { learner } = this.next;
    const { state, row } = learner.newest(memory, at + this.layout.next + LEARNER);
    return learner.cell.watch?.(memory, state, row);
  }

  /** What cannot be computed with is made anew before it is used. */
  #begin(memory: Float64Array, at: number, reading: EventReading): void {
    const events = memory[at + this.layout.events];
    const sound = events % SOUND_EVERY !== 0 || isSound(memory, at, this.size);
    reading.forgotten = !sound;
    if (!sound) this.initialise(memory, at, Number.isFinite(events) ? events : 0);
  }

  #judge(memory: Float64Array, at: number, reading: EventReading): void {
    const L = this.layout;
    if (!Number.isFinite(reading.surprise + reading.counts + memory[at + L.level])) {
      this.initialise(memory, at, memory[at + L.events]);
      reading.surprise = 0;
      reading.counts = 0;
      reading.forgotten = true;
    }
    const before = memory[at + L.level] * (this.options.sessions ? 1 : LEVEL_FALL);
    const level = Math.max(before, reading.surprise, reading.counts);
    reading.level = level;
    reading.opens = level >= EVENT_THRESHOLD && before < EVENT_THRESHOLD;
    reading.alarm = reading.opens && memory[at + L.events] >= ALARM_EVENTS_MIN;
    memory[at + L.level] = level;
    memory[at + L.events] += 1;
  }
}
