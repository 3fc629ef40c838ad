/** Asks a broker for topics, and says which of them it refuses. */
import type { IClientSubscribeOptions } from 'mqtt';
import type { Session } from './mqtt-connection.ts';
import { isShared } from './mqtt-filter.ts';
import { plain } from './reason.ts';

export interface Subscribed {
  /** In the order of the topics. */
  refused: string[];
  /** Where there was no answer to the single topics. */
  error: string | undefined;
}

const REFUSED = 0x80;

export async function subscribe(
  session: Pick<Session, 'client' | 'version'>,
  topics: readonly string[],
  qos: 0 | 1,
): Promise<Subscribed> {
  // What is shared with others cannot leave out our own: to ask for that costs the connection.
  const groups = [topics.filter((topic) => !isShared(topic)), topics.filter(isShared)].filter(({ length }) => length);
  const answers = await Promise.all(groups.map((group) => ask(session, group, qos)));
  const refused = new Set(answers.flatMap((answer) => answer.refused));
  return {
    refused: topics.filter((topic) => refused.has(topic)),
    error: answers.find(({ error }) => error !== undefined)?.error,
  };
}

function ask(
  { client, version }: Pick<Session, 'client' | 'version'>,
  topics: string[],
  qos: 0 | 1,
): Promise<Subscribed> {
  // 5 can ask for no retained messages and none of our own; 3.1.1 marks retained ones instead.
  const options: IClientSubscribeOptions = version === 5 ? { qos, rh: 2, nl: !isShared(topics[0]) } : { qos };
  return new Promise((resolve) => {
    client.subscribe(topics, options, (error, _granted, suback) => {
      const codes = suback?.granted.map(Number) ?? [];
      const refused = topics.filter((_, i) => codes[i] >= REFUSED);
      resolve({ refused, error: error !== null && refused.length === 0 ? plain(error.message) : undefined });
    });
  });
}
