import { describe, expect, it } from 'vitest';
import {
  farewellOf,
  isVersionRefusal,
  notAuthorised,
  refusalOf,
  versionRefused,
  violationReason,
} from '../../sensors/mqtt-reason.ts';
import type { Peer } from '../../sensors/peer.ts';

const BROKER: Peer = { role: 'broker', host: '127.0.0.1', port: 1883 };

describe('what a broker says', () => {
  it.each([
    [2, 'client id refused'],
    [4, 'wrong user name or password'],
    [5, 'wrong user name or password'],
    [0x86, 'wrong user name or password'],
    [0x87, 'wrong user name or password'],
    [0x88, 'the broker is not available'],
    [0x8a, 'the broker has banned this client'],
    [99, 'the broker refuses with code 99'],
  ])('says of a refusal with code %d: %s', (code, sentence) => {
    expect(refusalOf(code, true)).toBe(sentence);
  });

  it('asks for a user name where none was given', () => {
    expect(refusalOf(0x87, false)).toBe('the broker wants a user name and a password');
  });

  it.each([
    [0x8e, 'another client uses the same client id'],
    [0x8b, 'the broker is shutting down'],
    [0x87, 'not authorised'],
    [0x00, 'closed by the broker'],
  ])('says of a goodbye with code %d: %s', (code, sentence) => {
    expect(farewellOf(code)).toBe(sentence);
  });

  it('knows a refused version, and names the ones that were tried', () => {
    expect([0, 1, 2, 0x84].map(isVersionRefusal)).toEqual([false, true, false, true]);
    expect(versionRefused(null)).toBe('the broker speaks neither MQTT 5 nor 3.1.1');
    expect(versionRefused(4)).toBe('the broker does not speak MQTT 3.1.1 (see protocol)');
  });

  it('names topics and violations', () => {
    expect(notAuthorised(['plant/#', 'a'])).toBe('not authorised for plant/#, a');
    expect(violationReason('packet_too_large', BROKER, 262_144)).toContain('more than 256 KiB (');
    expect(violationReason('packet_too_large', BROKER, 16 * 1024 * 1024)).toContain('more than 16 MiB (');
    expect(violationReason('packet_id_zero', BROKER, 1)).toBe(
      '127.0.0.1:1883 does not speak MQTT as it should: packet id zero',
    );
  });
});
