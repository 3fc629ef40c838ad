import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readAccess, readSecretFile, readTls } from '../../sensors/secret-files.ts';
import { makeCertificates } from '../services/mosquitto.ts';

let folder: string;
const path = (name: string): string => join(folder, name);
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'tidewatch-secret-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

describe('files with secrets', () => {
  it('gives what they hold without the white space around it, anew each time', async () => {
    writeFileSync(path('a'), ' one two \r\n');
    expect(await readSecretFile('token_file', path('a'))).toBe('one two');
    writeFileSync(path('a'), 'three');
    expect(await readSecretFile('token_file', path('a'))).toBe('three');
  });

  it.each(['', ' \n\t\r\n'])('takes no empty one: %j', async (text) => {
    writeFileSync(path('empty'), text);
    await expect(readSecretFile('password_file', path('empty'))).rejects.toThrow(
      `password_file ${path('empty')} is empty`,
    );
  });

  it('names one that cannot be read', async () => {
    await expect(readSecretFile('password_file', path('none'))).rejects.toThrow(
      `cannot read password_file ${path('none')}`,
    );
    await expect(readTls({ caFile: path('none') })).rejects.toThrow(`cannot read ca_file ${path('none')}`);
  });

  it('takes a certificate for nothing else, and tells nothing of what a file holds', async () => {
    makeCertificates(folder);
    writeFileSync(path('other'), 'hush');
    const { ca } = await readTls({ caFile: path('ca.crt') });
    expect(ca).toContain('-----BEGIN CERTIFICATE-----');
    for (const wrong of [{ caFile: path('other') }, { certFile: path('ca.crt'), keyFile: path('other') }]) {
      const error = await readTls(wrong).then(
        () => undefined,
        (error: unknown) => error,
      );
      expect(String(error)).toContain(`${path('other')} cannot be used`);
      expect(String(error)).not.toContain('hush');
    }
  });

  it('needs none', async () => {
    expect(await readAccess({})).toEqual({ username: undefined, password: undefined, tls: {} });
    expect(await readAccess({ username: 'ada', password: 'p', passwordFile: path('none') })).toEqual({
      username: 'ada',
      password: 'p',
      tls: {},
    });
  });
});
