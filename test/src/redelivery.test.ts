import { describe, expect, it } from 'vitest';
import { checksumOf, Redelivery, sessionOf } from '../../src/redelivery.ts';

const delivery = (packetId: number, text: string, session = 'main') => ({
  session: sessionOf(session),
  packetId,
  checksum: checksumOf('plant/a', Buffer.from(text)),
});

describe('messages that come again', () => {
  it('are known by session, packet id, topic and payload, all four', () => {
    const redelivery = new Redelivery();
    redelivery.note(delivery(7, '21.5'));
    expect(redelivery.has(delivery(7, '21.5'))).toBe(true);
    expect(redelivery.has(delivery(8, '21.5'))).toBe(false);
    expect(redelivery.has(delivery(7, '21.6'))).toBe(false);
    expect(redelivery.has(delivery(7, '21.5', 'other'))).toBe(false);
    expect(
      redelivery.has({ session: sessionOf('main'), packetId: 7, checksum: checksumOf('plant/b', Buffer.from('21.5')) }),
    ).toBe(false);
  });

  it('are those of the newest use of an id', () => {
    const redelivery = new Redelivery();
    redelivery.note(delivery(1, 'a'));
    redelivery.note(delivery(1, 'b'));
    expect(redelivery.has(delivery(1, 'a'))).toBe(false);
    expect(redelivery.has(delivery(1, 'b'))).toBe(true);
  });

  it('are forgotten with their session, and the oldest where there are very many', () => {
    const redelivery = new Redelivery();
    for (let id = 1; id <= 20_000; id++) redelivery.note(delivery(id, 'x'));
    expect(redelivery.has(delivery(1, 'x'))).toBe(false);
    expect(redelivery.has(delivery(20_000, 'x'))).toBe(true);
    redelivery.forget(sessionOf('main'));
    expect(redelivery.has(delivery(20_000, 'x'))).toBe(false);
    for (let i = 0; i < 300; i++) redelivery.note(delivery(1, 'x', `s${i}`));
    expect(redelivery.has(delivery(1, 'x', 's0'))).toBe(false);
    expect(redelivery.has(delivery(1, 'x', 's299'))).toBe(true);
  });

  it('are the same after a restart', () => {
    const redelivery = new Redelivery();
    for (const [id, text] of [
      [65_535, 'a'],
      [1, 'b'],
      [2, 'c'],
    ] as const)
      redelivery.note(delivery(id, text, 'größer'));
    const again = new Redelivery();
    again.restore(JSON.parse(JSON.stringify(redelivery)));
    expect(again.toJSON()).toEqual(redelivery.toJSON());
    expect(again.has(delivery(65_535, 'a', 'größer'))).toBe(true);
    expect(again.has(delivery(2, 'b', 'größer'))).toBe(false);
  });
});
