/**
 * Recorded files as if they happened now: every file begins at the start, its rows follow at the distance they were
 * recorded at, divided by the speed.
 *
 *   recorded   12:00:00  12:00:02  12:00:03        speed 2
 *   played     now       now + 1 s now + 1.5 s
 *
 * The topic is the path below the folder without its suffix; a row is `{"ts": epoch ms, channel: value, …}`, a missing
 * value is left out. While paused, time stands still.
 */
import { readdir, stat } from 'node:fs/promises';
import { basename, join, relative, sep } from 'node:path';
import { CodedError } from '../models/errors.ts';
import type { Cancel, Clock } from '../models/ports.ts';
import { sentenceOf } from './reason.ts';
import { isRecording, openRecording, type RecordedRow } from './recording.ts';
import type { Source, SourceHandlers } from './source.ts';

export interface ReplayOptions {
  /** A file, or a folder of files. */
  path: string;
  /** How many times faster than it was recorded. */
  speed: number;
  /** Distance of rows that carry numbers instead of times. */
  periodMs: number;
}

/** Rows read ahead, and rows played in one turn. */
const ROWS_AHEAD = 1024;

export class ReplaySource implements Source {
  readonly #options: ReplayOptions;
  readonly #handlers: SourceHandlers;
  readonly #clock: Clock;
  #running = false;
  #paused = false;
  #playing = new Set<Player>();
  #failure: string | undefined;

  constructor(options: ReplayOptions, handlers: SourceHandlers, clock: Clock) {
    this.#options = options;
    this.#handlers = handlers;
    this.#clock = clock;
  }

  start(): void {
    if (this.#running) return;
    this.#running = true;
    void this.#open();
  }

  pause(): void {
    this.#paused = true;
    for (const player of this.#playing) player.pause();
  }

  resume(): void {
    this.#paused = false;
    for (const player of this.#playing) player.resume();
  }

  async stop(): Promise<void> {
    this.#running = false;
    const players = [...this.#playing];
    this.#playing.clear();
    await Promise.all(players.map((player) => player.stop()));
  }

  async #open(): Promise<void> {
    const { path, periodMs, speed } = this.#options;
    try {
      const files = await recordings(path);
      if (files.length === 0) throw new CodedError('RECORDING_EMPTY', `no recorded files in ${path}`);
      const players: Player[] = [];
      for (const { file, topic } of files) {
        const { channels, rows } = await openRecording(file, periodMs);
        players.push(
          new Player(rows, speed, this.#clock, {
            onRow: (ts, values) => {
              void this.#handlers.onMessage(topic, Buffer.from(jsonOf(ts, channels, values)), { retained: false });
            },
            onEnd: (player, error) => this.#ended(player, error),
          }),
        );
      }
      this.#playing = new Set(players);
      await Promise.all(players.map((player) => player.readAhead()));
      if (!this.#running) return;
      this.#handlers.onState(true, `playing ${files.length} ${files.length === 1 ? 'file' : 'files'}`);
      for (const player of players) player.start(this.#paused);
    } catch (error) {
      if (this.#running) this.#handlers.onState(false, messageOf(error));
    }
  }

  #ended(player: Player, error: unknown): void {
    if (!this.#playing.delete(player)) return;
    if (error !== undefined) this.#failure ??= messageOf(error);
    if (this.#playing.size > 0) return;
    if (this.#failure === undefined) this.#handlers.onState(true, 'finished');
    else this.#handlers.onState(false, this.#failure);
  }
}

interface PlayerHandlers {
  onRow(time: number, values: number[]): void;
  onEnd(player: Player, error: unknown): void;
}

/** One file. */
class Player {
  readonly #rows: AsyncIterator<RecordedRow>;
  readonly #speed: number;
  readonly #clock: Clock;
  readonly #handlers: PlayerHandlers;
  #ahead: RecordedRow[] = [];
  #next = 0;
  #reading = false;
  #exhausted = false;
  #error: unknown;
  /** Recorded time of the first row, and the time it is played at. */
  #recordedStart: number | undefined;
  #start = 0;
  #pausedAt = 0;
  #cancel: Cancel | undefined;
  #state: 'waiting' | 'playing' | 'paused' | 'over' = 'waiting';

  constructor(rows: AsyncIterable<RecordedRow>, speed: number, clock: Clock, handlers: PlayerHandlers) {
    this.#rows = rows[Symbol.asyncIterator]();
    this.#speed = speed;
    this.#clock = clock;
    this.#handlers = handlers;
  }

  start(paused: boolean): void {
    this.#start = this.#clock.now();
    this.#state = 'playing';
    if (paused) this.pause();
    else this.#play();
  }

  pause(): void {
    if (this.#state !== 'playing') return;
    this.#state = 'paused';
    this.#pausedAt = this.#clock.now();
    this.#cancel?.();
  }

  resume(): void {
    if (this.#state !== 'paused') return;
    this.#start += this.#clock.now() - this.#pausedAt;
    this.#state = 'playing';
    this.#play();
  }

  async stop(): Promise<void> {
    this.#state = 'over';
    this.#cancel?.();
    await this.#rows.return?.();
  }

  async readAhead(): Promise<void> {
    if (this.#reading || this.#exhausted) return;
    this.#reading = true;
    try {
      while (this.#ahead.length - this.#next < ROWS_AHEAD && this.#state !== 'over') {
        const { done, value } = await this.#rows.next();
        if (done === true) {
          this.#exhausted = true;
          break;
        }
        this.#ahead.push(value);
      }
    } catch (error) {
      this.#exhausted = true;
      this.#error = error;
    }
    this.#reading = false;
  }

  #play(): void {
    if (this.#state !== 'playing') return;
    this.#cancel?.();
    for (let played = 0; this.#next < this.#ahead.length; played++) {
      const row = this.#ahead[this.#next];
      this.#recordedStart ??= row.time;
      const due = this.#start + (row.time - this.#recordedStart) / this.#speed;
      const wait = due - this.#clock.now();
      if (wait > 0 || played === ROWS_AHEAD) {
        // Timers count in 32 bits.
        this.#cancel = this.#clock.after(Math.min(Math.max(0, wait), 2 ** 31 - 1), () => this.#play());
        break;
      }
      this.#next++;
      this.#handlers.onRow(Math.round(due), row.values);
      if (this.#state !== 'playing') break; // paused or stopped by who got the row
    }
    if (this.#ahead.length - this.#next < ROWS_AHEAD / 2) this.#refill();
  }

  #refill(): void {
    this.#ahead.splice(0, this.#next);
    this.#next = 0;
    if (this.#exhausted) {
      if (this.#ahead.length > 0 || this.#state === 'over') return;
      this.#state = 'over';
      this.#handlers.onEnd(this, this.#error);
    } else if (!this.#reading) {
      void this.readAhead().then(() => this.#play());
    }
  }
}

/** @throws where there is neither a file nor a folder */
async function recordings(path: string): Promise<{ file: string; topic: string }[]> {
  if (!(await stat(path)).isDirectory()) return [{ file: path, topic: withoutSuffix(basename(path)) }];
  const entries = await readdir(path, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile() && isRecording(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort()
    .map((file) => ({ file, topic: withoutSuffix(relative(path, file).split(sep).join('/')) }));
}

const withoutSuffix = (name: string): string => name.replace(/\.(csv|jsonl)(\.gz)?$/, '');

function jsonOf(ts: number, channels: readonly string[], values: readonly number[]): string {
  // Without a prototype, a channel may have any name.
  const row = Object.create(null) as Record<string, number>;
  row['ts'] = ts;
  for (let i = 0; i < channels.length; i++) {
    if (channels[i] !== 'ts' && !Number.isNaN(values[i])) row[channels[i]] = values[i];
  }
  return JSON.stringify(row);
}

function messageOf(error: unknown): string {
  if (error instanceof CodedError) return sentenceOf(error);
  return error instanceof Error ? error.message : String(error);
}
