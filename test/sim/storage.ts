/** Files in memory, with a power cut on demand. */
import type { Storage } from '../../models/ports.ts';

export class MemoryStorage implements Storage {
  readonly files = new Map<string, Uint8Array>();
  /** Writes that still succeed; the one after them is the power cut. */
  writesLeft = Infinity;
  /** Whether the power holds where something is removed. */
  removes = true;

  read(path: string): Promise<Uint8Array | undefined> {
    return Promise.resolve(this.files.get(path)?.slice());
  }

  write(path: string, bytes: Uint8Array): Promise<void> {
    if (this.writesLeft-- <= 0) return Promise.reject(new Error('power cut'));
    this.files.set(path, bytes.slice());
    return Promise.resolve();
  }

  list(path: string): Promise<string[]> {
    const below = [...this.files.keys()].filter((file) => file.startsWith(`${path}/`));
    return Promise.resolve([...new Set(below.map((file) => file.slice(path.length + 1).split('/')[0]))]);
  }

  remove(path: string): Promise<void> {
    if (!this.removes) return Promise.reject(new Error('power cut'));
    for (const file of this.files.keys()) {
      if (file === path || file.startsWith(`${path}/`)) this.files.delete(file);
    }
    return Promise.resolve();
  }
}
