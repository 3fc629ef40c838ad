/**
 * How far a spool has been sent: a checksum and JSON in a file that is replaced as a whole.
 *
 *   read   forced to the disk, now and then: what lies before it may be deleted
 *   sent   with everything that is sent, and left to the system: a process that is killed loses none of it
 *
 * One that is lost or damaged costs that things are sent again, and nothing else.
 */
import { crc32 } from 'node:zlib';
import type { Disk } from '../../models/ports.ts';
import { writeWhole } from '../ports/write-whole.ts';

export interface Bookmark {
  /** Everything before this place has been sent. */
  segment: number;
  offset: number;
  /** Segments before this one are of another log: their marks say nothing. */
  marksFrom: number;
  /** Marks of what was sent, by lane. */
  marks: [position: number, ordinal: number][];
}

const READ = 'read';
const SENT = 'sent';

/** The further of the two; undefined where there is none. `damaged`: names of those that cannot be trusted. */
export function readBookmark(disk: Disk, folder: string): { bookmark: Bookmark | undefined; damaged: string[] } {
  const damaged: string[] = [];
  const found = [READ, SENT].map((name) => {
    try {
      return parsed(disk.read(`${folder}/${name}`));
    } catch {
      // Of `sent` a power cut may leave anything.
      if (name === READ) damaged.push(`${folder}/${name}`);
      return undefined;
    }
  });
  const [read, sent] = found;
  return { bookmark: read === undefined || (sent !== undefined && isFurther(sent, read)) ? sent : read, damaged };
}

export async function writeBookmark(disk: Disk, folder: string, bookmark: Bookmark): Promise<number> {
  const bytes = bytesOf(bookmark);
  const beside = `${folder}/${READ}.new`;
  const file = disk.open(beside, 'create');
  try {
    writeWhole(file, bytes);
    await file.sync();
  } finally {
    file.close();
  }
  disk.rename(beside, `${folder}/${READ}`);
  await disk.syncFolder(folder);
  return bytes.length;
}

/** The same in a moment, for as long as the system lives. */
export function noteBookmark(disk: Disk, folder: string, bookmark: Bookmark): number {
  const bytes = bytesOf(bookmark);
  const beside = `${folder}/${SENT}.new`;
  const file = disk.open(beside, 'create');
  try {
    writeWhole(file, bytes);
  } finally {
    file.close();
  }
  disk.rename(beside, `${folder}/${SENT}`);
  return bytes.length;
}

function isFurther(a: Bookmark, b: Bookmark): boolean {
  return a.segment > b.segment || (a.segment === b.segment && a.offset > b.offset);
}

function bytesOf(bookmark: Bookmark): Buffer {
  const json = JSON.stringify(bookmark);
  return Buffer.from(`${checksum(json)} ${json}`);
}

function parsed(bytes: Uint8Array | undefined): Bookmark | undefined {
  if (bytes === undefined) return undefined;
  const text = Buffer.from(bytes).toString();
  const json = text.slice(9);
  if (text.slice(0, 9) !== `${checksum(json)} `) throw new Error('not as it was written');
  return JSON.parse(json) as Bookmark;
}

function checksum(text: string): string {
  return crc32(text).toString(16).padStart(8, '0');
}
