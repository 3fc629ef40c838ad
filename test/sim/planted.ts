/** Faults planted in what a checkpoint stands on: a harness that finds none of them finds nothing. */
import type { Disk, Storage } from '../../models/ports.ts';
import { FileCheckpointStore } from '../../src/checkpoint.ts';
import { FileStorage } from '../../src/ports/storage.ts';
import { changed, changedFiles } from './changed-disk.ts';
import type { MakeStore } from './checkpoint-faults.ts';

const over =
  (change: (disk: Disk) => Disk): MakeStore =>
  (disk) =>
    new FileCheckpointStore(new FileStorage(change(disk)));

export const withoutSync = over((disk) => changedFiles(disk, () => ({ sync: () => Promise.resolve() })));

export const withoutFolderSync = over((disk) => changed(disk, { syncFolder: () => Promise.resolve() }));

/** Takes a write for done, however little of it was. */
export const withoutLookingAtShortWrites = over((disk) =>
  changedFiles(disk, (file) => ({ writeLater: async (bytes) => Math.max(await file.writeLater(bytes), bytes.length) })),
);

/** Writes into the file itself, with all that there is to sync. */
class InPlaceStorage extends FileStorage implements Storage {
  readonly #disk: Disk;

  constructor(disk: Disk) {
    super(disk);
    this.#disk = disk;
  }

  override async write(path: string, bytes: Uint8Array): Promise<void> {
    const folder = path.slice(0, path.lastIndexOf('/'));
    this.#disk.makeFolder(folder);
    const file = this.#disk.open(path, 'create');
    for (let from = 0; from < bytes.length;) from += await file.writeLater(bytes.subarray(from));
    await file.sync();
    file.close();
    for (const above of [folder, 'checkpoint', '.']) await this.#disk.syncFolder(above);
  }
}

export const inPlace: MakeStore = (disk) => new FileCheckpointStore(new InPlaceStorage(disk));
