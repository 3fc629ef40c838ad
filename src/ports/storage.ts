/**
 * Files that are there whole or not at all: written beside, synced, renamed over, and the folder synced, so that a
 * power cut leaves either the old file or the new one. What a crash leaves beside, `*.tmp`, nobody reads.
 */
import { posix } from 'node:path';
import type { Disk, DiskFile, Storage } from '../../models/ports.ts';

export class FileStorage implements Storage {
  readonly #disk: Disk;
  /** Folders whose names are sure to outlast a power cut. That one is there already says nothing: it may be new. */
  readonly #kept = new Set<string>();

  constructor(disk: Disk) {
    this.#disk = disk;
  }

  async read(path: string): Promise<Uint8Array | undefined> {
    return this.#disk.read(path);
  }

  async write(path: string, bytes: Uint8Array): Promise<void> {
    const folder = posix.dirname(path);
    this.#disk.makeFolder(folder);
    await this.#keepName(folder);
    const beside = `${path}.tmp`;
    try {
      await this.#writeWhole(beside, bytes);
      this.#disk.rename(beside, path);
    } catch (error) {
      this.#tryToRemove(beside);
      throw error;
    }
    await this.#disk.syncFolder(folder);
  }

  async list(path: string): Promise<string[]> {
    return this.#disk.list(path);
  }

  async remove(path: string): Promise<void> {
    for (const folder of this.#kept) {
      if (folder === path || folder.startsWith(`${path}/`)) this.#kept.delete(folder);
    }
    this.#disk.remove(path);
  }

  /** Syncs every folder above. */
  async #keepName(folder: string): Promise<void> {
    if (folder === '.' || this.#kept.has(folder)) return;
    const above = posix.dirname(folder);
    await this.#keepName(above);
    await this.#disk.syncFolder(above);
    this.#kept.add(folder);
  }

  async #writeWhole(path: string, bytes: Uint8Array): Promise<void> {
    const file = this.#disk.open(path, 'create');
    try {
      await writeAll(file, bytes);
      await file.sync();
    } finally {
      file.close();
    }
  }

  /** Whatever hinders this, the error that led here tells more. */
  #tryToRemove(path: string): void {
    try {
      this.#disk.remove(path);
    } catch {}
  }
}

async function writeAll(file: DiskFile, bytes: Uint8Array): Promise<void> {
  for (let from = 0; from < bytes.length;) {
    const written = await file.writeLater(bytes.subarray(from));
    if (written === 0) throw new Error(`wrote none of ${bytes.length - from} bytes`);
    from += written;
  }
}
