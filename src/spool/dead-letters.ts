/**
 * What a server has refused for good, as JSON lines for a person to look at: `dead-letter.jsonl`, and the file before it.
 *
 * It is told as the server was told it, without where and as whom it was sent. What cannot be written is still counted.
 */
import type { Clock, Disk, DiskFile } from '../../models/ports.ts';
import { writeWhole } from '../ports/write-whole.ts';

export interface DeadLettersOptions {
  disk: Disk;
  /** Of the output's spool. */
  folder: string;
  output: string;
  clock: Clock;
  /** Of one file; there are two at most. */
  bytesMax?: number;
  onBuried: (count: number) => void;
  onWritten: (bytes: number) => void;
}

const NAME = 'dead-letter.jsonl';
const BYTES_MAX = 16 * 1024 * 1024;

export class DeadLetters {
  readonly #options: DeadLettersOptions;
  readonly #bytesMax: number;

  constructor(options: DeadLettersOptions) {
    this.#options = options;
    this.#bytesMax = options.bytesMax ?? BYTES_MAX;
  }

  /** @param count  how many were refused; of so many of `items` the server did not say which */
  bury(items: readonly unknown[], reason: string, count: number): void {
    const { clock, output, onBuried, onWritten } = this.#options;
    onBuried(count);
    const head = { time: new Date(clock.now()).toISOString(), output, reason };
    const all = linesOf(items.map((item) => ({ ...head, item })));
    const bytes = all.length === 0 || all.length > this.#bytesMax ? linesOf([{ ...head, count }]) : all;
    try {
      this.#append(bytes);
      onWritten(bytes.length);
    } catch {
      // A disk that fails is told of by the spool beside it.
    }
  }

  #append(bytes: Uint8Array): void {
    const { disk, folder } = this.#options;
    const path = `${folder}/${NAME}`;
    let file = disk.open(path, 'append');
    try {
      if (file.size > 0 && file.size + bytes.length > this.#bytesMax) {
        file.close();
        disk.rename(path, `${path}.1`);
        file = disk.open(path, 'append');
      }
      writeAll(file, bytes);
    } finally {
      file.close();
    }
  }
}

/** All of it or nothing. */
function writeAll(file: DiskFile, bytes: Uint8Array): void {
  const { size } = file;
  try {
    writeWhole(file, bytes);
  } catch (error) {
    file.truncate(size);
    throw error;
  }
}

function linesOf(letters: readonly object[]): Buffer {
  return Buffer.from(letters.map((letter) => `${JSON.stringify(letter)}\n`).join(''));
}
