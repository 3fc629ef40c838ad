import { describe, expect, it } from 'vitest';
import { addressOf, peerOf } from '../../sensors/peer.ts';

describe('the other end of a connection', () => {
  it.each([
    ['mqtt://a', 'a:1883'],
    ['mqtts://a', 'a:8883'],
    ['ws://a/mqtt', 'a:80'],
    ['wss://a/mqtt', 'a:443'],
    ['http://a:8086', 'a:8086'],
    ['mqtt://[::1]:1884', '[::1]:1884'],
  ])('of %s is %s', (url, address) => {
    expect(addressOf(peerOf(url, 'broker'))).toBe(address);
  });
});
