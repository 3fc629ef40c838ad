/** Why a connection failed or ended, as sentences for people: what is wrong, and where possible what to change. */
import { CodedError } from '../models/errors.ts';
import { addressOf, type Peer } from './peer.ts';

type Sentence = (peer: Peer) => string;

const untrusted =
  (why: string, remedy = ' (set ca_file)'): Sentence =>
  ({ role }) =>
    `the ${role}'s certificate is not trusted: ${why}${remedy}`;
const wantsCertificate: Sentence = ({ role }) =>
  `the ${role} wants a certificate from us, or another one (set cert_file and key_file)`;
const speaksNoTls: Sentence = (peer) => `${addressOf(peer)} does not speak TLS`;

/** By the codes of Node and OpenSSL. */
const BY_CODE = new Map<string, Sentence>([
  ['ECONNREFUSED', (peer) => `connection refused by ${addressOf(peer)}`],
  ['ECONNRESET', (peer) => `connection closed by ${addressOf(peer)}`],
  ['EPIPE', (peer) => `connection closed by ${addressOf(peer)}`],
  ['ERR_STREAM_DESTROYED', (peer) => `connection closed by ${addressOf(peer)}`],
  ['ERR_STREAM_PREMATURE_CLOSE', (peer) => `connection closed by ${addressOf(peer)}`],
  ['ENOTFOUND', ({ host }) => `host name not found: ${host}`],
  ['EAI_AGAIN', ({ host }) => `host name cannot be looked up at the moment: ${host}`],
  ['ETIMEDOUT', (peer) => `no answer from ${addressOf(peer)}`],
  ['EHOSTUNREACH', (peer) => `no route to ${addressOf(peer)}`],
  ['EHOSTDOWN', (peer) => `no route to ${addressOf(peer)}`],
  ['ENETUNREACH', (peer) => `no network to ${addressOf(peer)}`],
  ['ENETDOWN', (peer) => `no network to ${addressOf(peer)}`],
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
