/** A disk at one of whose calls the process ends: before it, in the middle of it or right after it. */
import { mkdirSync, renameSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { Disk, DiskFile } from '../../models/ports.ts';

type Call = 'create' | 'read' | 'write' | 'sync' | 'syncFolder' | 'truncate' | 'rename' | 'remove';

export interface Aim {
  /** Calls are counted from the start of the process, from when it is ready, or from when it is told to stop. */
  phase: Phase;
  /** `entry`: an entry of the log is read again, with the log as its path. */
  call: Call | 'entry';
  /** Regular expression; of a rename the new path counts. */
  path: string;
  when: 'before' | 'torn' | 'after';
  nth: number;
}

export type Phase = 'start' | 'run' | 'stop';

const SEGMENT = /^log\/.*\.twlog$/;

/** Counts calls and ends the process at the one aimed at. */
export class Trigger {
  phase: Phase = 'start';
  readonly #aim: Aim | undefined;
  readonly #path: RegExp;
  readonly #end: () => void;
  #count = 0;

  constructor(aim: Aim | undefined, end: () => void) {
    this.#aim = aim;
    this.#path = new RegExp(aim?.path ?? '');
    this.#end = end;
  }

  /** The moment at which the process shall end in this call; undefined: it shall not. */
  next(call: Aim['call'], path: string): Aim['when'] | undefined {
    const aim = this.#aim;
    if (aim === undefined || aim.phase !== this.phase || aim.call !== call || !this.#path.test(path)) return undefined;
    return ++this.#count === aim.nth ? aim.when : undefined;
  }

  end(): void {
    this.#end();
  }

  /** @param tear  does half of it, where half can be done */
  around<T>(call: Aim['call'], path: string, action: () => T, tear?: () => void): T {
    const when = this.next(call, path);
    if (when === 'torn') tear?.();
    if (when === 'before' || when === 'torn') this.end();
    const result = action();
    if (when === 'after') this.end();
    return result;
  }

  async aroundLater<T>(call: Aim['call'], path: string, action: () => Promise<T>, tear?: () => void): Promise<T> {
    const when = this.next(call, path);
    if (when === 'torn') tear?.();
    if (when === 'before' || when === 'torn') this.end();
    const result = await action();
    if (when === 'after') this.end();
    return result;
  }
}

export class AimedDisk implements Disk {
  readonly #disk: Disk;
  readonly #root: string;
  readonly #archive: string;
  readonly #trigger: Trigger;

  /** @param root  folder of the disk, as the system knows it; @param archive  where segments of the log go */
  constructor(disk: Disk, root: string, archive: string, trigger: Trigger) {
    this.#disk = disk;
    this.#root = root;
    this.#archive = archive;
    this.#trigger = trigger;
    mkdirSync(archive, { recursive: true });
  }

  open(path: string, how: 'append' | 'create'): DiskFile {
    const open = () => this.#disk.open(path, how);
    return new AimedFile(how === 'create' ? this.#trigger.around('create', path, open) : open(), path, this.#trigger);
  }

  read(path: string): Uint8Array | undefined {
    return this.#trigger.around('read', path, () => this.#disk.read(path));
  }

  list(path: string): string[] {
    return this.#disk.list(path);
  }

  makeFolder(path: string): void {
    this.#disk.makeFolder(path);
  }

  rename(from: string, to: string): void {
    this.#trigger.around('rename', to, () => this.#disk.rename(from, to));
  }

  /** Of a folder, half is that one file of it is gone. */
  remove(path: string): void {
    const remove = () => {
      if (SEGMENT.test(path)) renameSync(join(this.#root, path), join(this.#archive, basename(path)));
      else this.#disk.remove(path);
    };
    this.#trigger.around('remove', path, remove, () => {
      for (const name of this.#disk.list(path).slice(0, 1)) this.#disk.remove(`${path}/${name}`);
    });
  }

  syncFolder(path: string): Promise<void> {
    return this.#trigger.aroundLater('syncFolder', path, () => this.#disk.syncFolder(path));
  }
}

class AimedFile implements DiskFile {
  readonly #file: DiskFile;
  readonly #path: string;
  readonly #trigger: Trigger;

  constructor(file: DiskFile, path: string, trigger: Trigger) {
    this.#file = file;
    this.#path = path;
    this.#trigger = trigger;
  }

  get size(): number {
    return this.#file.size;
  }

  write(bytes: Uint8Array): number {
    return this.#trigger.around(
      'write',
      this.#path,
      () => this.#file.write(bytes),
      () => this.#half(bytes),
    );
  }

  writeLater(bytes: Uint8Array): Promise<number> {
    return this.#trigger.aroundLater(
      'write',
      this.#path,
      () => this.#file.writeLater(bytes),
      () => this.#half(bytes),
    );
  }

  truncate(size: number): void {
    this.#trigger.around('truncate', this.#path, () => this.#file.truncate(size));
  }

  sync(): Promise<void> {
    return this.#trigger.aroundLater('sync', this.#path, () => this.#file.sync());
  }

  syncNow(): void {
    this.#trigger.around('sync', this.#path, () => this.#file.syncNow());
  }

  close(): void {
    this.#file.close();
  }

  #half(bytes: Uint8Array): void {
    this.#file.write(bytes.subarray(0, Math.ceil(bytes.length / 2)));
  }
}
