/** What a broker says with a number, and what it does wrong, as sentences for people. */
import type { FrameViolation } from './frame-guard.ts';
import type { Version } from './mqtt-version.ts';
import { addressOf, type Peer } from './peer.ts';

/** Codes of CONNACK: below 128 those of 3.1.1, above those of 5; and of DISCONNECT, which only 5 sends. */
const BY_BROKER = new Map<number, string>([
  [2, 'client id refused'],
  [3, 'the broker is not available'],
  [0x80, 'the broker refuses without a reason'],
  [0x81, 'the broker calls our packet malformed'],
  [0x82, 'the broker calls our packet a protocol error'],
  [0x83, 'the broker refuses for a reason of its own'],
  [0x85, 'client id refused'],
  [0x87, 'not authorised'],
  [0x88, 'the broker is not available'],
  [0x89, 'the broker is busy'],
  [0x8a, 'the broker has banned this client'],
  [0x8b, 'the broker is shutting down'],
  [0x8c, 'the broker wants another way to log in'],
  [0x8d, 'the broker has not heard of us for too long'],
  [0x8e, 'another client uses the same client id'],
  [0x95, 'the broker calls our packet too large'],
  [0x96, 'the broker says we send too much'],
  [0x97, 'the quota of the broker is used up'],
  [0x98, 'closed by an administrator of the broker'],
  [0x9c, 'the broker asks to use another server'],
  [0x9d, 'the broker has moved'],
  [0x9f, 'the broker says we connect too often'],
]);
const LOGIN_CODES = new Set([4, 5, 0x86, 0x87]);

/**
 * The code of a CONNACK.
 *
 * @param named  whether a user name was given
 */
export function refusalOf(code: number, named: boolean): string {
  // Many brokers answer "not authorised" to a wrong password, and to none.
  if (LOGIN_CODES.has(code))
    return named ? 'wrong user name or password' : 'the broker wants a user name and a password';
  return BY_BROKER.get(code) ?? `the broker refuses with code ${code}`;
}

/** The code of a DISCONNECT. */
export function farewellOf(code: number): string {
  return BY_BROKER.get(code) ?? 'closed by the broker';
}

/** Answer of a broker that does not know the version it was asked in: of 3.1.1, and of 5. */
export const isVersionRefusal = (code: number): boolean => code === 1 || code === 0x84;

export function versionRefused(protocol: Version | null): string {
  if (protocol === null) return 'the broker speaks neither MQTT 5 nor 3.1.1';
  return `the broker does not speak MQTT ${protocol === 5 ? '5' : '3.1.1'} (see protocol)`;
}

export const notAuthorised = (topics: readonly string[]): string => `not authorised for ${topics.join(', ')}`;

export function violationReason(violation: FrameViolation, peer: Peer, packetBytesMax: number): string {
  if (violation === 'packet_too_large') {
    return `the broker sent a packet of more than ${sizeOf(packetBytesMax)} (narrow the topics)`;
  }
  return `${addressOf(peer)} does not speak MQTT as it should: ${violation.replaceAll('_', ' ')}`;
}

function sizeOf(bytes: number): string {
  const kib = Math.round(bytes / 1024);
  return kib % 1024 === 0 ? `${kib / 1024} MiB` : `${kib} KiB`;
}
