/**
 * Credentials and certificates from their files, read anew for every attempt so that renewed ones count.
 *
 * What a file holds is in no message.
 */
import { readSecretFile, readTls, type TlsTexts } from '../../sensors/mqtt-tls.ts';
import type { Peer } from '../../sensors/mqtt-reason.ts';
import type { AccessConfig } from '../config/config.ts';

export interface Access {
  username: string | undefined;
  password: string | undefined;
  tls: TlsTexts;
}

/** @throws CodedError TLS_FILE, SECRET_UNREADABLE */
export async function readAccess(config: AccessConfig): Promise<Access> {
  const { username, password, passwordFile } = config;
  return {
    username: username ?? undefined,
    password: passwordFile === null ? (password ?? undefined) : await readSecretFile('password_file', passwordFile),
    tls: await readTls(config),
  };
}

const PORTS = new Map([
  ['mqtt:', 1883],
  ['mqtts:', 8883],
  ['ws:', 80],
  ['http:', 80],
  ['wss:', 443],
  ['https:', 443],
]);

export function peerOf(url: string, role: Peer['role']): Peer {
  const { protocol, hostname, port } = new URL(url);
  return { role, host: hostname.replace(/^\[|\]$/g, ''), port: Number(port) || (PORTS.get(protocol) ?? 0) };
}
