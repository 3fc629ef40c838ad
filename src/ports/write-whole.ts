import type { DiskFile } from '../../models/ports.ts';

/** @throws what the disk throws; what was written until then stays, at the end of the file */
export function writeWhole(file: DiskFile, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length;) {
    const written = file.write(bytes.subarray(at));
    if (written === 0) throw new Error('the disk takes no more bytes');
    at += written;
  }
}
