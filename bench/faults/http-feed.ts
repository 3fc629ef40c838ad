/** Pushes rounds to a victim over HTTP, one after the other, and notes which were acknowledged. */
import { nextTime, type Sent, valueAt } from './sent.ts';

/** A payload has no more fields. */
const FIELDS = 100;

/** Series of a feed, `push/0/s0` and so on. */
export function sourcesOf(series: number): string[] {
  return Array.from({ length: series }, (_, i) => `${topicOf(i)}/s${i}`);
}

/** @returns whether all of it was acknowledged; it ends with the first that is not */
export async function pushRounds(url: string, sent: Sent, rounds: number): Promise<boolean> {
  for (let i = 0; i < rounds; i++) {
    const ts = nextTime(sent);
    const round = sent.rounds.push(ts) - 1;
    const answers = await Promise.all(payloadsOf(sent, round, ts).map(([topic, body]) => push(url, topic, body)));
    sent.acknowledged[round] = answers.every(Boolean);
    if (!sent.acknowledged[round]) return false;
  }
  return true;
}

const topicOf = (series: number): string => `push/${Math.floor(series / FIELDS)}`;

function payloadsOf({ sources }: Sent, round: number, ts: number): [string, string][] {
  const bodies = new Map<string, Record<string, number>>();
  for (let i = 0; i < sources.length; i++) {
    const body = bodies.get(topicOf(i)) ?? { ts };
    bodies.set(topicOf(i), body);
    body[`s${i}`] = valueAt(i, round);
  }
  return [...bodies].map(([topic, body]) => [topic, JSON.stringify(body)]);
}

async function push(url: string, topic: string, body: string): Promise<boolean> {
  try {
    const response = await fetch(`${url}/api/v1/ingest?topic=${topic}`, { method: 'POST', body });
    return response.status === 202;
  } catch {
    return false; // it fell
  }
}
