/** A spool over a folder of its own, that can end and begin again in every way. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SystemDisk } from '../../../src/ports/disk.ts';
import { LANE } from '../../../src/spool/marks.ts';
import { Spool, type SpoolOptions } from '../../../src/spool/spool.ts';
import { SimulatedClock } from '../../sim/clock.ts';
import { FaultyDisk } from '../../sim/faulty-disk.ts';

export const FOLDER = 'spool/a';

export class SpoolWorld {
  readonly root = mkdtempSync(join(tmpdir(), 'tidewatch-spool-'));
  readonly folder = join(this.root, FOLDER);
  disk = new FaultyDisk(new SystemDisk(this.root));
  clock = new SimulatedClock();
  readonly dropped: [number, string][] = [];
  readonly troubles: (string | undefined)[] = [];
  damaged = 0;
  readonly #more: Partial<SpoolOptions>;
  spool: Spool;

  constructor(more: Partial<SpoolOptions> = {}) {
    this.#more = more;
    this.spool = this.#open();
  }

  /** As after a SIGKILL: nothing is said, nothing is closed. */
  crash(): void {
    this.spool = this.#open();
  }

  async restart(): Promise<void> {
    await this.spool.close();
    this.spool = this.#open();
  }

  push(position: number | undefined, ...texts: string[]): boolean {
    return this.spool.push(
      position,
      texts.map((text) => Buffer.from(text)),
      LANE.alerts,
    );
  }

  take(max = Infinity): string[] {
    return this.spool.take(max).map((bytes) => bytes.toString());
  }

  remove(): void {
    rmSync(this.root, { recursive: true });
  }

  #open(): Spool {
    this.disk = this.disk.inherit();
    this.clock = new SimulatedClock();
    const spool = new Spool({
      disk: this.disk,
      folder: FOLDER,
      clock: this.clock,
      bytesMax: 1024 * 1024,
      onDropped: (count, why) => void this.dropped.push([count, why]),
      onDamaged: (count) => void (this.damaged += count),
      onTrouble: (error) => void this.troubles.push(error === undefined ? undefined : (error as { code: string }).code),
      onWritten: () => {},
      ...this.#more,
    });
    spool.open();
    return spool;
  }
}
