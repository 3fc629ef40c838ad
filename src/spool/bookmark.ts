/**
 * How far a spool has been sent: a checksum and JSON in the file `read`, replaced as a whole.
 *
 * One that is lost or damaged costs that things are sent again, and nothing else.
 */
import { crc32 } from 'node:zlib';
import type { Disk } from '../../models/ports.ts';

export interface Bookmark {
  /** Everything before this place has been sent. */
  segment: number;
  offset: number;
  /** Segments before this one are of another log: their marks say nothing. */
  marksFrom: number;
  /** Marks of what was sent, by lane. */
  marks: [position: number, ordinal: number][];
}

const NAME = 'read';

/** undefined where there is none; 'damaged' where it cannot be trusted. */
export function readBookmark(disk: Disk, folder: string): Bookmark | 'damaged' | undefined {
  try {
    const bytes = disk.read(`${folder}/${NAME}`);
    if (bytes === undefined) return undefined;
    const text = Buffer.from(bytes).toString();
    const json = text.slice(9);
    return text.slice(0, 9) === `${checksum(json)} ` ? (JSON.parse(json) as Bookmark) : 'damaged';
  } catch {
    return 'damaged';
  }
}

export async function writeBookmark(disk: Disk, folder: string, bookmark: Bookmark): Promise<number> {
  const json = JSON.stringify(bookmark);
  const bytes = Buffer.from(`${checksum(json)} ${json}`);
  const beside = `${folder}/${NAME}.new`;
  const file = disk.open(beside, 'create');
  try {
    if (file.write(bytes) !== bytes.length) throw new Error('short write');
    await file.sync();
  } finally {
    file.close();
  }
  disk.rename(beside, `${folder}/${NAME}`);
  await disk.syncFolder(folder);
  return bytes.length;
}

function checksum(text: string): string {
  return crc32(text).toString(16).padStart(8, '0');
}
