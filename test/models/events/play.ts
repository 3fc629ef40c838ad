/** Sessions of a small made-up service, and an event detector that goes through them. */
import { createEventReading, type EventDetector, type EventReading } from '../../../models/events/event-detector.ts';
import { symbolOf } from '../../../models/events/symbol.ts';
import { createRandom, type Random } from '../../../models/random.ts';

/** open, two to four of read or write each with its ack, close. */
export function usualSession(random: Random): string[] {
  const requests = Array.from({ length: 2 + Math.floor(3 * random()) }, () => (random() < 0.5 ? 'read' : 'write'));
  return ['open', ...requests.flatMap((request) => [request, 'ack']), 'close'];
}

export function usualSessions(n: number, seed: number): string[][] {
  const random = createRandom(seed);
  return Array.from({ length: n }, () => usualSession(random));
}

export interface Track {
  detector: EventDetector;
  memory: Float64Array;
  at: number;
}

export function newTrack(detector: EventDetector, seed = 1): Track {
  const memory = new Float64Array(detector.size);
  detector.initialise(memory, 0, seed);
  return { detector, memory, at: 0 };
}

/** What was found of every event of a session, its end last. */
export function playSession({ detector, memory, at }: Track, session: readonly string[]): EventReading[] {
  const readings = session.map((name) => {
    const reading = createEventReading();
    detector.step(memory, at, symbolOf(name), reading);
    return reading;
  });
  const last = createEventReading();
  detector.end(memory, at, last);
  return [...readings, last];
}

/** The level that each session came to. */
export function levelsOf(track: Track, sessions: readonly (readonly string[])[]): number[] {
  return sessions.map((session) => playSession(track, session).at(-1)!.level);
}
