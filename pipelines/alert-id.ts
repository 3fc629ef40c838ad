/**
 * The id of an alert, from what it is about and nothing else, so that a replay, a restart or another machine gives the
 * same alert the same id: the first 20 characters of base32 (RFC 4648, lower case) of
 *
 *   sha256(series id, time of the opening sample, its number in the series, detector, model epoch)
 */
import { createHash } from 'node:crypto';

const ALPHABET = 'abcdefghijklmnopqrstuvwxyz234567';
const LENGTH = 20;

export function alertId(
  series: string,
  openedAt: number,
  openedSample: number,
  detector: string,
  epoch: number,
): string {
  // A separator that no id contains keeps two different lists from reading the same.
  const digest = createHash('sha256').update([series, openedAt, openedSample, detector, epoch].join('\n')).digest();
  let id = '';
  let bits = 0;
  let held = 0;
  for (const byte of digest) {
    held = (held << 8) | byte;
    bits += 8;
    while (bits >= 5 && id.length < LENGTH) {
      id += ALPHABET[(held >>> (bits - 5)) & 31];
      bits -= 5;
    }
    held &= (1 << bits) - 1;
  }
  return id;
}
