/**
 * Passwords, tokens and certificates from their files, read anew for every try so that renewed ones count.
 *
 * What a file holds is in no message.
 */
import { readFile } from 'node:fs/promises';
import { createSecureContext } from 'node:tls';
import { CodedError } from '../models/errors.ts';
import type { TlsFiles } from './source.ts';

export interface AccessOptions extends Partial<TlsFiles> {
  username?: string | null;
  password?: string | null;
  /** `password` goes before it. */
  passwordFile?: string | null;
}

/** What it takes to get in. */
export interface Access {
  username: string | undefined;
  password: string | undefined;
  tls: TlsTexts;
}

/** PEM. */
export interface TlsTexts {
  ca?: string;
  cert?: string;
  key?: string;
}

/** @throws CodedError TLS_FILE, SECRET_UNREADABLE, SECRET_EMPTY */
export async function readAccess(options: AccessOptions): Promise<Access> {
  const { username, password, passwordFile = null } = options;
  return {
    username: username ?? undefined,
    password: password ?? (passwordFile === null ? undefined : await readSecretFile('password_file', passwordFile)),
    tls: await readTls(options),
  };
}

/** @throws CodedError TLS_FILE */
export async function readTls(files: Partial<TlsFiles>): Promise<TlsTexts> {
  const { caFile = null, certFile = null, keyFile = null } = files;
  const texts: TlsTexts = {};
  if (caFile === null && certFile === null && keyFile === null) return texts;
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

/** The file without white space around it. @throws CodedError SECRET_UNREADABLE, SECRET_EMPTY */
export async function readSecretFile(key: 'password_file' | 'token_file', path: string): Promise<string> {
  const secret = (await readNamed(key, path, 'SECRET_UNREADABLE')).trim();
  // Sent all the same, it would be refused as a wrong one, and nobody would look at the file.
  if (secret === '') throw new CodedError('SECRET_EMPTY', `${key} ${path} is empty`);
  return secret;
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
