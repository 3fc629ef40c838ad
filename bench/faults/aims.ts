/** Every place at which a daemon is ended on purpose, in turn. */
import { createRandom } from '../../models/random.ts';
import type { Aim } from './aim.ts';

const SEGMENT = String.raw`^log/.*\.twlog$`;
const SHARD = String.raw`^checkpoint/\d+/\d+\.twsn`;
const MANIFEST = String.raw`^checkpoint/\d+/manifest\.json`;
const POINTER = String.raw`^checkpoint/manifest\.json`;
const GENERATION = String.raw`^checkpoint/\d+$`;

type Place = Omit<Aim, 'nth'> & {
  /** The call that is taken is one of so many first. */
  among: number;
};

const around = (place: Omit<Place, 'when'>): Place[] => [
  { ...place, when: 'before' },
  { ...place, when: 'after' },
];

/** Each step of a checkpoint. */
const saving = (phase: 'run' | 'stop'): Place[] => [
  { phase, call: 'write', path: SHARD, when: 'torn', among: 40 },
  ...around({ phase, call: 'sync', path: SHARD, among: 40 }),
  ...around({ phase, call: 'rename', path: SHARD, among: 40 }),
  { phase, call: 'write', path: MANIFEST, when: 'torn', among: 1 },
  ...around({ phase, call: 'rename', path: MANIFEST, among: 1 }),
  { phase, call: 'write', path: POINTER, when: 'torn', among: 1 },
  ...around({ phase, call: 'rename', path: POINTER, among: 1 }),
  { phase, call: 'remove', path: GENERATION, when: 'torn', among: 1 },
  ...around({ phase, call: 'remove', path: GENERATION, among: 1 }),
];

const PLACES: readonly Place[] = [
  // Written, not acknowledged; the other way round; half of a record.
  { phase: 'run', call: 'write', path: SEGMENT, when: 'after', among: 60 },
  { phase: 'run', call: 'write', path: SEGMENT, when: 'before', among: 60 },
  { phase: 'run', call: 'write', path: SEGMENT, when: 'torn', among: 60 },
  { phase: 'start', call: 'truncate', path: SEGMENT, when: 'before', among: 1 },
  ...around({ phase: 'run', call: 'sync', path: SEGMENT, among: 4 }),
  ...around({ phase: 'run', call: 'create', path: SEGMENT, among: 2 }),
  { phase: 'run', call: 'write', path: SEGMENT, when: 'torn', among: 60 },
  { phase: 'start', call: 'truncate', path: SEGMENT, when: 'after', among: 1 },
  ...saving('run'),
  ...around({ phase: 'run', call: 'remove', path: SEGMENT, among: 2 }),
  // While state comes back.
  { phase: 'start', call: 'read', path: POINTER, when: 'after', among: 1 },
  { phase: 'start', call: 'read', path: SHARD, when: 'after', among: 40 },
  { phase: 'start', call: 'entry', path: 'log', when: 'before', among: 10 },
  { phase: 'start', call: 'entry', path: 'log', when: 'after', among: 50 },
  { phase: 'start', call: 'write', path: SEGMENT, when: 'torn', among: 3 },
  ...saving('stop'),
  { phase: 'stop', call: 'sync', path: SEGMENT, when: 'before', among: 1 },
];

/** So many kills: every second one at any moment, the others at each place in turn. */
export function aims(count: number, seed: number): (Aim | undefined)[] {
  const random = createRandom(seed);
  return Array.from({ length: count }, (_, i) => {
    if (i % 3 === 2) return undefined;
    return at(PLACES[(i - Math.floor((i + 1) / 3)) % PLACES.length], random);
  });
}

/** A few that show most, for when time is short. */
export function fewAims(): Aim[] {
  const chosen = [PLACES[0], PLACES[2], PLACES[12], PLACES[18], PLACES[22]];
  return chosen.map((place) => at(place, createRandom(1)));
}

function at({ among, ...aim }: Place, random: () => number): Aim {
  return { ...aim, nth: 1 + Math.floor(random() * among) };
}
