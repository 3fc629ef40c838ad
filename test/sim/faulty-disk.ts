/** A disk that fails when it is told to, and forgets in a power cut what was not synced. */
import type { Disk, DiskFile } from '../../models/ports.ts';

export class FaultyDisk implements Disk {
  /** Codes that calls fail with; `short`: bytes that the next write still takes. */
  failing: { open?: string; write?: string; sync?: string; rename?: string; remove?: string } = {};
  short: number | undefined;
  readonly #disk: Disk;
  /** Bytes of each file that were synced. */
  readonly #synced: Map<string, number>;
  #dead = false;

  constructor(disk: Disk, synced = new Map<string, number>()) {
    this.#disk = disk;
    this.#synced = synced;
  }

  /** For the next process; this one's does nothing any more. */
  inherit(): FaultyDisk {
    this.#dead = true;
    const heir = new FaultyDisk(this.#disk, this.#synced);
    heir.failing = { ...this.failing };
    return heir;
  }

  open(path: string, how: 'append' | 'create'): DiskFile {
    this.#fail('open');
    if (how === 'create') this.#synced.set(path, 0);
    return this.#wrap(path, this.#disk.open(path, how));
  }

  read(path: string): Uint8Array | undefined {
    return this.#disk.read(path);
  }

  list(path: string): string[] {
    return this.#disk.list(path);
  }

  makeFolder(path: string): void {
    this.#disk.makeFolder(path);
  }

  rename(from: string, to: string): void {
    this.#fail('rename');
    this.#disk.rename(from, to);
    this.#synced.set(to, this.#synced.get(from) ?? 0);
  }

  remove(path: string): void {
    this.#fail('remove');
    this.#disk.remove(path);
  }

  syncFolder(path: string): Promise<void> {
    return this.#disk.syncFolder(path);
  }

  /** Cuts every file to what was synced of it. */
  cutPower(): void {
    for (const [path, size] of this.#synced) {
      if (this.#disk.read(path) === undefined) continue;
      const file = this.#disk.open(path, 'append');
      if (file.size > size) file.truncate(size);
      file.close();
    }
  }

  #fail(call: keyof FaultyDisk['failing']): void {
    const code = this.#dead ? 'EDEAD' : this.failing[call];
    if (code !== undefined) throw Object.assign(new Error(`${code}: ${call}`), { code });
  }

  #wrap(path: string, file: DiskFile): DiskFile {
    const fail = (call: 'write' | 'sync') => this.#fail(call);
    const write = (bytes: Uint8Array): number => {
      if (this.short === undefined) fail('write');
      const part = bytes.subarray(0, this.short);
      this.short = undefined;
      return file.write(part);
    };
    const synced = (size: number) => void this.#synced.set(this.#nameOf(path), size);
    return {
      get size() {
        return file.size;
      },
      write,
      writeLater: (bytes) => Promise.resolve(write(bytes)),
      truncate: (size) => file.truncate(size),
      sync: async () => {
        fail('sync');
        const { size } = file;
        await file.sync();
        synced(size);
      },
      syncNow: () => {
        fail('sync');
        file.syncNow();
        synced(file.size);
      },
      close: () => file.close(),
    };
  }

  /** A file that has taken another's place goes by that name. */
  #nameOf(path: string): string {
    return path.endsWith('.new') && this.#disk.read(path) === undefined ? path.slice(0, -4) : path;
  }
}
