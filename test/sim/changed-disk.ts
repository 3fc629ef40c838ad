import type { Disk, DiskFile } from '../../models/ports.ts';

/** A disk that is another but for some of its calls. */
export function changed(disk: Disk, changes: Partial<Disk>): Disk {
  return {
    open: (path, how) => disk.open(path, how),
    read: (path) => disk.read(path),
    list: (path) => disk.list(path),
    makeFolder: (path) => disk.makeFolder(path),
    rename: (from, to) => disk.rename(from, to),
    remove: (path) => disk.remove(path),
    syncFolder: (path) => disk.syncFolder(path),
    ...changes,
  };
}

export function changedFiles(disk: Disk, changes: (file: DiskFile) => Partial<DiskFile>): Disk {
  return changed(disk, {
    open: (path, how) => {
      const file = disk.open(path, how);
      return {
        get size() {
          return file.size;
        },
        write: (bytes) => file.write(bytes),
        writeLater: (bytes) => file.writeLater(bytes),
        truncate: (size) => file.truncate(size),
        sync: () => file.sync(),
        syncNow: () => file.syncNow(),
        close: () => file.close(),
        ...changes(file),
      };
    },
  });
}
