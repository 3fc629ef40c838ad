/** The files of an encrypted connection and of a password, read at each connect so that renewed ones count. */
import { readFile } from 'node:fs/promises';
import { createSecureContext } from 'node:tls';
import { CodedError } from '../models/errors.ts';
import type { TlsFiles } from './source.ts';

export interface TlsTexts {
  ca?: string;
  cert?: string;
  key?: string;
}

/** @throws CodedError TLS_FILE */
export async function readTls({ caFile, certFile, keyFile }: TlsFiles): Promise<TlsTexts> {
  const texts: TlsTexts = {};
  if (caFile !== null) texts.ca = await readNamed('ca_file', caFile);
  if (certFile !== null) texts.cert = await readNamed('cert_file', certFile);
  if (keyFile !== null) texts.key = await readNamed('key_file', keyFile);
  if (texts.ca?.includes('-----BEGIN') === false) throw unusable('ca_file', caFile);
  try {
    createSecureContext(texts);
  } catch (error) {
    if (texts.cert === undefined && texts.key === undefined) throw unusable('ca_file', caFile, error);
    throw unusable('cert_file and key_file', `${certFile ?? 'none'} and ${keyFile ?? 'none'}`, error);
  }
  return texts;
}

/** The file without white space around it. @throws CodedError SECRET_UNREADABLE; what it holds is in no message */
export async function readSecretFile(key: 'password_file' | 'token_file', path: string): Promise<string> {
  return (await readNamed(key, path, 'SECRET_UNREADABLE')).trim();
}

async function readNamed(key: string, path: string, code = 'TLS_FILE'): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    throw new CodedError(code, `cannot read ${key} ${path}`, { cause: error });
  }
}

function unusable(key: string, path: string | null, cause?: unknown): CodedError {
  return new CodedError('TLS_FILE', `${key} ${path ?? ''} cannot be used`, { cause });
}
