/** Mahalanobis distance of each row from a covariance that fades and always learns; see models/group/covariance.ts. */
import { Covariance } from '../../models/group/covariance.ts';
import { framesEnter, framesRead, framesSize } from '../../models/frames.ts';

const MEMORY_ROWS = 5000;
const Z_MAX = 8;

export function mahalanobis(columns: readonly Float64Array[]): Float64Array {
  const channels = columns.length;
  const covariance = new Covariance(channels);
  const memory = new Float64Array(framesSize(channels) + covariance.size);
  const at = framesSize(channels);
  const z = new Float64Array(channels);
  return columns[0].map((_, row) => {
    const x = Float64Array.from(columns, (column) => column[row]);
    framesRead(memory, 0, x, 0, channels, Z_MAX, z);
    const distance = covariance.distance(memory, at, z);
    covariance.enter(memory, at, z, MEMORY_ROWS);
    framesEnter(memory, 0, x, 0, channels, MEMORY_ROWS);
    return distance;
  });
}
