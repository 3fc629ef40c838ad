import { expect, it, onTestFinished } from 'vitest';
import { ordered } from '../../../bench/faults/outage.ts';
import { OutagePeer } from '../../../bench/faults/outage-peer.ts';
import { dayOf } from '../../../bench/faults/written.ts';

async function peerThatHeard(...bodies: string[]): Promise<OutagePeer> {
  const peer = new OutagePeer();
  onTestFinished(() => peer.go());
  await peer.come();
  for (const body of bodies) await fetch(`${peer.url}/write?db=d`, { method: 'POST', body });
  peer.finish();
  return peer;
}

const point = (series: string, time: number) => `anomaly,pipeline=main,series=${series} alert=0i,value=1 ${time}`;
const event = (series: string, time: number) => `anomaly_events,event=open,series=${series} id="x y" ${time}`;

it('knows what it was told and what of it came too late, whatever is told again', async () => {
  const peer = await peerThatHeard(
    [point('a', 1), point('b', 9), point('a', 3)].join('\n'),
    [point('a', 3), point('a', 2), point('a', 4)].join('\n'),
  );
  expect([...peer.series.get('a')!.times].toSorted((a, b) => a - b)).toEqual([1, 2, 3, 4]);
  expect([...peer.series.get('b')!.times]).toEqual([9]);
  expect(peer.outOfOrder).toBe(1);
});

it('takes the point of an alert for no sample, wherever a request ends', async () => {
  const peer = await peerThatHeard(
    point('a', 5),
    [event('a', 4), point('a', 1), event('a', 1), point('a', 2)].join('\n'),
  );
  expect([...peer.series.get('a')!.times]).toEqual([2]);
  expect(peer.outOfOrder).toBe(0);
});

it('hears nothing while it is away, and answers first', async () => {
  const peer = await peerThatHeard(point('a', 1));
  await peer.go();
  await expect(fetch(`${peer.url}/write`, { method: 'POST', body: point('a', 2) })).rejects.toThrow('fetch failed');
  await peer.come();
  await fetch(`${peer.url}/hook`, { method: 'POST', body: '{"id": "i", "event": "open"}' });
  expect(peer.alerts).toEqual(['open i']);
});

it('loses nothing in a short outage', async () => {
  const rows = await ordered({ series: 3, before: 10, away: 40 });
  const lost = rows.filter(({ id }) => /lost|order/.test(id));
  expect(lost.map(({ id, value }) => [id, value])).toEqual([
    ['outage_points_lost', 0],
    ['outage_out_of_order', 0],
    ['outage_alerts_lost', 0],
    ['outage_alerts_out_of_order', 0],
  ]);
});

it('adds up the bytes of a day', () => {
  const { interval, bytesADay } = dayOf({ logBytesARow: 10, rowsASecond: 50_000, bytesASeries: 100_000 });
  expect(interval).toBe(500);
  expect(bytesADay).toBeCloseTo(1000 * 86_400 * 10 + 172.8 * 1000 * 100_000, 0);
});
