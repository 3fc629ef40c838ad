/** A disk between a process and the simulated one: a process that dies, and one that is only read. */
import type { Disk, DiskFile } from '../../models/ports.ts';
import { Killed, type SimDisk } from '../../test/sim/disk.ts';

/**
 * The disk of a process that may be killed: what it does after that has no effect, and no error tells it.
 * Files that it removes are kept aside, to compare with.
 */
export class MortalDisk implements Disk {
  isDead = false;
  /** Told before each call. */
  before: () => void = () => {};
  readonly removed: Map<string, Uint8Array>;
  readonly #disk: SimDisk;

  constructor(disk: SimDisk, removed = new Map<string, Uint8Array>()) {
    this.#disk = disk;
    this.removed = removed;
  }

  open(path: string, how: 'append' | 'create'): DiskFile {
    const file = this.#now(() => this.#disk.open(path, how), undefined);
    return {
      get size() {
        return file?.size ?? 0;
      },
      write: (bytes) => this.#now(() => file!.write(bytes), bytes.length),
      writeLater: (bytes) => this.#later(() => file!.writeLater(bytes), bytes.length),
      truncate: (size) => this.#now(() => file!.truncate(size), undefined),
      sync: () => this.#later(() => file!.sync(), undefined),
      syncNow: () => this.#now(() => file!.syncNow(), undefined),
      close: () => this.#now(() => file!.close(), undefined),
    };
  }

  read(path: string): Uint8Array | undefined {
    return this.#now(() => this.#disk.read(path), undefined);
  }

  list(path: string): string[] {
    return this.#now(() => this.#disk.list(path), []);
  }

  makeFolder(path: string): void {
    this.#now(() => this.#disk.makeFolder(path), undefined);
  }

  rename(from: string, to: string): void {
    this.#now(() => this.#disk.rename(from, to), undefined);
  }

  remove(path: string): void {
    const bytes = path.startsWith('log/') ? this.#disk.files().get(path) : undefined;
    if (bytes !== undefined && !this.isDead) this.removed.set(path, bytes);
    this.#now(() => this.#disk.remove(path), undefined);
  }

  syncFolder(path: string): Promise<void> {
    return this.#later(() => this.#disk.syncFolder(path), undefined);
  }

  #now<T, D>(call: () => T, dead: D): T | D {
    if (this.isDead) return dead;
    this.before();
    try {
      return call();
    } catch (error) {
      return this.#died(error, dead);
    }
  }

  async #later<T, D>(call: () => Promise<T>, dead: D): Promise<T | D> {
    if (this.isDead) return dead;
    this.before();
    try {
      return await call();
    } catch (error) {
      return this.#died(error, dead);
    }
  }

  #died<D>(error: unknown, dead: D): D {
    if (!(error instanceof Killed)) throw error;
    this.isDead = true;
    return dead;
  }
}

function never(): never {
  throw new Error('a frozen disk takes no bytes');
}

/** Files to be read, and to be written to by nobody. */
export function frozenDisk(files: ReadonlyMap<string, Uint8Array>): Disk {
  return {
    read: (path) => files.get(path),
    list: (path) => {
      const below = [...files.keys()].filter((file) => file.startsWith(`${path}/`));
      return [...new Set(below.map((file) => file.slice(path.length + 1).split('/')[0]))].sort();
    },
    open: never,
    makeFolder: never,
    rename: never,
    remove: never,
    syncFolder: never,
  };
}
