/** Why a connection failed or ended, as sentences for people: what is wrong, and where possible what to change. */
import { CodedError } from '../models/errors.ts';
import type { FrameViolation } from './frame-guard.ts';

/** The other end, as sentences name it. */
export interface Peer {
  role: 'broker' | 'server' | 'database';
  host: string;
  port: number;
}

type Sentence = (peer: Peer) => string;

const at = ({ host, port }: Peer): string => (host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`);
const untrusted =
  (why: string, remedy = ' (set ca_file)'): Sentence =>
  ({ role }) =>
    `the ${role}'s certificate is not trusted: ${why}${remedy}`;
const wantsCertificate: Sentence = ({ role }) =>
  `the ${role} wants a certificate from us, or another one (set cert_file and key_file)`;
const speaksNoTls: Sentence = (peer) => `${at(peer)} does not speak TLS`;

/** By the codes of Node and OpenSSL. */
const BY_CODE = new Map<string, Sentence>([
  ['ECONNREFUSED', (peer) => `connection refused by ${at(peer)}`],
  ['ECONNRESET', (peer) => `connection closed by ${at(peer)}`],
  ['EPIPE', (peer) => `connection closed by ${at(peer)}`],
  ['ERR_STREAM_DESTROYED', (peer) => `connection closed by ${at(peer)}`],
  ['ERR_STREAM_PREMATURE_CLOSE', (peer) => `connection closed by ${at(peer)}`],
  ['ENOTFOUND', ({ host }) => `host name not found: ${host}`],
  ['EAI_AGAIN', ({ host }) => `host name cannot be looked up at the moment: ${host}`],
  ['ETIMEDOUT', (peer) => `no answer from ${at(peer)}`],
  ['EHOSTUNREACH', (peer) => `no route to ${at(peer)}`],
  ['EHOSTDOWN', (peer) => `no route to ${at(peer)}`],
  ['ENETUNREACH', (peer) => `no network to ${at(peer)}`],
  ['ENETDOWN', (peer) => `no network to ${at(peer)}`],
  ['EMFILE', () => 'this process has too many open files'],
  ['SELF_SIGNED_CERT_IN_CHAIN', untrusted('self-signed certificate in chain')],
  ['DEPTH_ZERO_SELF_SIGNED_CERT', untrusted('self-signed certificate')],
  ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', untrusted('unknown authority')],
  ['UNABLE_TO_GET_ISSUER_CERT', untrusted('unknown authority')],
  ['UNABLE_TO_GET_ISSUER_CERT_LOCALLY', untrusted('unknown authority')],
  ['CERT_UNTRUSTED', untrusted('unknown authority')],
  ['CERT_SIGNATURE_FAILURE', untrusted('signed by another authority of the same name')],
  ['CERT_HAS_EXPIRED', untrusted('it has expired', '')],
  ['CERT_NOT_YET_VALID', untrusted('it is not valid yet', ' (is the clock right?)')],
  ['CERT_REVOKED', untrusted('it was revoked', '')],
  ['INVALID_PURPOSE', untrusted('it is not for servers', '')],
  ['ERR_TLS_CERT_ALTNAME_INVALID', ({ host }) => `certificate is for another host name than ${host}`],
  ['ERR_SSL_WRONG_VERSION_NUMBER', speaksNoTls],
  ['ERR_SSL_PACKET_LENGTH_TOO_LONG', speaksNoTls],
  ['ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED', wantsCertificate],
  ['ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE', wantsCertificate],
  ['ERR_SSL_SSL/TLS_ALERT_HANDSHAKE_FAILURE', wantsCertificate],
  ['ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE', wantsCertificate],
  ['ERR_SSL_SSL/TLS_ALERT_BAD_CERTIFICATE', wantsCertificate],
  ['ERR_SSL_TLSV1_ALERT_UNKNOWN_CA', ({ role }) => `the ${role} does not trust our certificate (see cert_file)`],
  ['ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION', ({ role }) => `the ${role} speaks no version of TLS that is still safe`],
  ['ERR_SSL_UNSUPPORTED_PROTOCOL', ({ role }) => `the ${role} speaks no version of TLS that is still safe`],
]);

/** By the message, where the MQTT client gives no code. */
const BY_MESSAGE = new Map<string, Sentence>([
  ['connack timeout', () => 'no answer within 10 s'],
  ['Keepalive timeout', ({ role }) => `the ${role} has not answered for a while`],
]);

/** @returns undefined where the error says no more than that the connection is gone */
export function reasonOf(error: unknown, peer: Peer): string | undefined {
  if (error instanceof CodedError) return sentenceOf(error);
  // Several addresses were tried; the last one speaks for all.
  if (error instanceof AggregateError && error.errors.length > 0) return reasonOf(error.errors.at(-1), peer);
  if (!(error instanceof Error)) return undefined;
  const code: unknown = 'code' in error ? error.code : undefined;
  const sentence = (typeof code === 'string' ? BY_CODE.get(code) : undefined) ?? BY_MESSAGE.get(error.message);
  if (sentence !== undefined) return sentence(peer);
  return error.message === '' ? (typeof code === 'string' ? code : undefined) : plain(error.message);
}

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

export function versionRefused(protocol: 4 | 5 | null): string {
  if (protocol === null) return 'the broker speaks neither MQTT 5 nor 3.1.1';
  return `the broker does not speak MQTT ${protocol === 5 ? '5' : '3.1.1'} (see protocol)`;
}

export const notAuthorised = (topics: readonly string[]): string => `not authorised for ${topics.join(', ')}`;

export function violationReason(violation: FrameViolation, peer: Peer, packetBytesMax: number): string {
  if (violation === 'packet_too_large') {
    return `the broker sent a packet of more than ${Math.round(packetBytesMax / 1024)} KiB (narrow the topics)`;
  }
  return `${at(peer)} does not speak MQTT as it should: ${violation.replaceAll('_', ' ')}`;
}

/** The message without its code, and what the system says to a file that cannot be read. */
export function sentenceOf(error: CodedError): string {
  const { cause, code, message } = error;
  const suffix = `  (${code})`;
  const sentence = message.endsWith(suffix) ? message.slice(0, -suffix.length) : message;
  const system = cause instanceof Error && 'code' in cause ? SYSTEM.get(String(cause.code)) : undefined;
  return system === undefined ? sentence : `${sentence}: ${system}`;
}

const SYSTEM = new Map([
  ['ENOENT', 'no such file'],
  ['EACCES', 'permission denied'],
  ['EISDIR', 'it is a folder'],
]);

/** Text of somebody else in one short line. */
export function plain(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\u2028\u2029]+/gu, ' ').slice(0, 200);
}
