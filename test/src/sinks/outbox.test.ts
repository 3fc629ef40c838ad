import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { Outbox, type Outcome } from '../../../src/sinks/outbox.ts';
import { MemoryQueue } from '../../../src/spool/queue.ts';
import { SimulatedClock } from '../../sim/clock.ts';

async function turns(): Promise<void> {
  for (let i = 0; i < 20; i++) await nextTurn();
}

it('asks a server that was away with few items whether it is back, and sends the rest in full batches', async () => {
  const clock = new SimulatedClock();
  const sent: number[][] = [];
  let isThere = false;
  const outbox = new Outbox<number>(
    {
      queue: new MemoryQueue<number>(10_000, () => {}),
      batchMax: 1000,
      perSecond: Infinity,
      lingerMs: 0,
      retryMsFirst: 100,
      retryMsMax: 1000,
      clock,
      open: () => Promise.resolve({ kind: 'sent', detail: '' }),
      send: (items): Promise<Outcome> => {
        sent.push(items);
        return Promise.resolve({ kind: isThere ? 'sent' : 'failed', detail: '' });
      },
      bury: () => {},
      explain: String,
    },
    { onState: () => {}, onResult: () => {} },
  );
  outbox.start();
  const items = Array.from({ length: 2500 }, (_, i) => i);
  outbox.push(items, undefined);
  await turns();
  for (let i = 0; i < 3; i++) {
    clock.advance(5000);
    await turns();
  }
  expect(sent.map(({ length }) => length)).toEqual([1000, 100, 100, 100]);
  isThere = true;
  sent.length = 0;
  clock.advance(5000);
  await turns();
  expect(sent.map(({ length }) => length)).toEqual([100, 1000, 1000, 400]);
  expect(sent.flat()).toEqual(items);
  await outbox.stop(0);
});
