import { describe, expect, it } from 'vitest';
import { Guard } from '../../src/guard.ts';

const facts = (host?: string, origin?: string, token?: string) => ({ host, origin, token });

describe('the guard on the loopback', () => {
  const guard = new Guard(true, undefined);

  it.each([
    'localhost',
    'localhost:8420',
    'LOCALHOST:8420',
    '127.0.0.1:8420',
    '127.0.0.1',
    '127.1.2.3:80',
    '[::1]:8420',
    '[::1]',
  ])('knows itself as %s', (host) => {
    expect(guard.isOwnPage(facts(host))).toBe(true);
  });

  it.each([
    'evil.example:8420',
    '127.0.0.1.nip.io:8420',
    'localhost.evil.example',
    'evil.localhost',
    '192.168.1.10:8420',
    '0.0.0.0:8420',
    '127.0.0.1.1',
    '[::2]:8420',
    'localhost:8420@evil.example',
    'localhost/',
    'localhost:8420:8420',
    '',
    undefined,
  ])('does not answer to %s, which may resolve to this machine', (host) => {
    expect(guard.isOwnPage(facts(host))).toBe(false);
  });

  it.each([
    ['http://localhost:8420', true],
    ['https://localhost:8420', true],
    [undefined, true],
    ['http://localhost:9999', false],
    ['http://localhost', false],
    ['http://evil.example', false],
    ['http://localhost:8420.evil.example', false],
    ['null', false],
    ['', false],
  ])('for the page %s: %s', (origin, allowed) => {
    expect(guard.isOwnPage(facts('localhost:8420', origin))).toBe(allowed);
  });

  it('asks for no token', () => {
    expect(guard.mayUse(facts('localhost'))).toBe(true);
  });
});

describe('the guard beyond the loopback', () => {
  const guard = new Guard(false, 's3cret');

  it('answers to any name, but only to the page of that name', () => {
    expect(guard.isOwnPage(facts('tidewatch.plant:8420'))).toBe(true);
    expect(guard.isOwnPage(facts('tidewatch.plant:8420', 'http://tidewatch.plant:8420'))).toBe(true);
    expect(guard.isOwnPage(facts('tidewatch.plant:8420', 'http://evil.example'))).toBe(false);
    expect(guard.isOwnPage(facts(undefined))).toBe(false);
  });

  it.each([
    ['s3cret', true],
    ['s3cre', false],
    ['s3cret ', false],
    ['S3CRET', false],
    ['', false],
    [undefined, false],
  ])('for the token %s: %s', (token, allowed) => {
    expect(guard.mayUse(facts('h', undefined, token))).toBe(allowed);
  });
});
