import {
  closeSync,
  constants,
  fdatasync,
  fdatasyncSync,
  fstatSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  write,
  writeSync,
} from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Disk, DiskFile } from '../../models/ports.ts';

const datasync = promisify(fdatasync);
const writeAsync = promisify(write);

const { O_APPEND, O_CREAT, O_TRUNC, O_WRONLY } = constants;
// A file that is begun anew as well: after a truncation writing goes on at its end, not where it was.
const APPEND = O_WRONLY | O_CREAT | O_APPEND;

/** The machine's disk below a folder. What it makes only its owner may read. */
export class SystemDisk implements Disk {
  readonly #root: string;

  constructor(root: string) {
    this.#root = root;
  }

  open(path: string, how: 'append' | 'create'): DiskFile {
    return new SystemFile(openSync(join(this.#root, path), how === 'append' ? APPEND : APPEND | O_TRUNC, 0o600));
  }

  read(path: string): Uint8Array | undefined {
    return present(() => readFileSync(join(this.#root, path)));
  }

  list(path: string): string[] {
    return present(() => readdirSync(join(this.#root, path)).toSorted()) ?? [];
  }

  makeFolder(path: string): void {
    mkdirSync(join(this.#root, path), { recursive: true, mode: 0o700 });
  }

  rename(from: string, to: string): void {
    renameSync(join(this.#root, from), join(this.#root, to));
  }

  remove(path: string): void {
    rmSync(join(this.#root, path), { recursive: true, force: true });
  }

  async syncFolder(path: string): Promise<void> {
    const folder = await open(join(this.#root, path), 'r');
    try {
      await folder.sync();
    } finally {
      await folder.close();
    }
  }
}

class SystemFile implements DiskFile {
  size: number;
  readonly #descriptor: number;

  constructor(descriptor: number) {
    this.#descriptor = descriptor;
    this.size = fstatSync(descriptor).size;
  }

  write(bytes: Uint8Array): number {
    const written = writeSync(this.#descriptor, bytes);
    this.size += written;
    return written;
  }

  async writeLater(bytes: Uint8Array): Promise<number> {
    const { bytesWritten } = await writeAsync(this.#descriptor, bytes);
    this.size += bytesWritten;
    return bytesWritten;
  }

  truncate(size: number): void {
    ftruncateSync(this.#descriptor, size);
    this.size = size;
  }

  sync(): Promise<void> {
    return datasync(this.#descriptor);
  }

  syncNow(): void {
    fdatasyncSync(this.#descriptor);
  }

  close(): void {
    closeSync(this.#descriptor);
  }
}

function present<T>(action: () => T): T | undefined {
  try {
    return action();
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}
