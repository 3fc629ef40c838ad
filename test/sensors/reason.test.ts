import { describe, expect, it } from 'vitest';
import { CodedError } from '../../models/errors.ts';
import type { Peer } from '../../sensors/peer.ts';
import { plain, reasonOf } from '../../sensors/reason.ts';

const BROKER: Peer = { role: 'broker', host: '127.0.0.1', port: 1883 };

const coded = (code: string, message = 'something technical'): Error => Object.assign(new Error(message), { code });

describe('why a connection failed', () => {
  it.each([
    ['ECONNREFUSED', 'connection refused by 127.0.0.1:1883'],
    ['ECONNRESET', 'connection closed by 127.0.0.1:1883'],
    ['EPIPE', 'connection closed by 127.0.0.1:1883'],
    ['ENOTFOUND', 'host name not found: 127.0.0.1'],
    ['EAI_AGAIN', 'host name cannot be looked up at the moment: 127.0.0.1'],
    ['ETIMEDOUT', 'no answer from 127.0.0.1:1883'],
    ['EHOSTUNREACH', 'no route to 127.0.0.1:1883'],
    ['ENETUNREACH', 'no network to 127.0.0.1:1883'],
    [
      'SELF_SIGNED_CERT_IN_CHAIN',
      "the broker's certificate is not trusted: self-signed certificate in chain (set ca_file)",
    ],
    ['DEPTH_ZERO_SELF_SIGNED_CERT', "the broker's certificate is not trusted: self-signed certificate (set ca_file)"],
    ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', "the broker's certificate is not trusted: unknown authority (set ca_file)"],
    ['CERT_HAS_EXPIRED', "the broker's certificate is not trusted: it has expired"],
    ['CERT_NOT_YET_VALID', "the broker's certificate is not trusted: it is not valid yet (is the clock right?)"],
    ['ERR_TLS_CERT_ALTNAME_INVALID', 'certificate is for another host name than 127.0.0.1'],
    ['ERR_SSL_WRONG_VERSION_NUMBER', '127.0.0.1:1883 does not speak TLS'],
    [
      'ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED',
      'the broker wants a certificate from us, or another one (set cert_file and key_file)',
    ],
    ['ERR_SSL_TLSV1_ALERT_UNKNOWN_CA', 'the broker does not trust our certificate (see cert_file)'],
    ['E_NEVER_SEEN', 'something technical'],
  ])('says of %s: %s', (code, sentence) => {
    expect(reasonOf(coded(code), BROKER)).toBe(sentence);
  });

  it.each([
    ['connack timeout', 'no answer within 10 s'],
    ['Keepalive timeout', 'the broker has not answered for a while'],
    ['a\nb\u001b[31mc', 'a b [31mc'],
  ])('says of the message %j: %s', (message, sentence) => {
    expect(reasonOf(new Error(message), BROKER)).toBe(sentence);
  });

  it('takes the last of several addresses that were tried, and writes IPv6 with brackets', () => {
    const error = new AggregateError([coded('ENETUNREACH'), coded('ECONNREFUSED')]);
    expect(reasonOf(error, { ...BROKER, host: '::1' })).toBe('connection refused by [::1]:1883');
  });

  it('says nothing of what says nothing', () => {
    expect(reasonOf(undefined, BROKER)).toBeUndefined();
    expect(reasonOf(new Error(''), BROKER)).toBeUndefined();
  });

  it('says what is wrong with a file, without the code', () => {
    const error = new CodedError('TLS_FILE', 'cannot read ca_file a', { cause: coded('EACCES') });
    expect(reasonOf(error, BROKER)).toBe('cannot read ca_file a: permission denied');
    expect(reasonOf(new CodedError('X', 'plain'), BROKER)).toBe('plain');
  });

  it('keeps the text of somebody else to one short line', () => {
    expect(plain(`a\r\nb\u2028c${'d'.repeat(500)}`)).toMatch(/^a b cd{195}$/);
  });
});
