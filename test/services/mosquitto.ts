/** Mosquitto as a test wants it: nothing it was given is thrown away by a default limit of its own. */
import { execFileSync } from 'node:child_process';
import { pbkdf2Sync, randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort, Service } from './service.ts';

export interface MosquittoOptions {
  tls?: boolean;
  /** Default: whoever comes is let in. */
  password?: { user: string; password: string };
  /** Sessions and retained messages outlive the process. */
  persistence?: boolean;
}

export interface Mosquitto {
  url: string;
  port: number;
  /** With TLS: the authority to trust. */
  caFile?: string;
  /** Ends it for good. */
  stop(): Promise<void>;
  /** Ends it until `restart`. */
  halt(): Promise<void>;
  /** The same broker at the same port. */
  restart(): Promise<void>;
}

export async function startMosquitto(options: MosquittoOptions = {}): Promise<Mosquitto> {
  const { tls = false, password, persistence = false } = options;
  const port = await freePort();
  const service = new Service({ name: 'mosquitto', port, arguments: (at) => ['-c', join(at, 'mosquitto.conf')] });
  const { folder } = service;
  const lines = [
    `listener ${port} 127.0.0.1`,
    'max_queued_messages 0',
    'set_tcp_nodelay true',
    'log_dest stderr',
    // Started as root, it would become somebody who may not read its own folder.
    ...(process.getuid?.() === 0 ? ['user root'] : []),
  ];
  if (persistence) {
    lines.push('persistence true', `persistence_location ${folder}/`);
    lines.push('autosave_on_changes true', 'autosave_interval 1');
  }
  if (password === undefined) {
    lines.push('allow_anonymous true');
  } else {
    writeFileSync(join(folder, 'passwords'), passwordLine(password), { mode: 0o600 });
    lines.push('allow_anonymous false', `password_file ${join(folder, 'passwords')}`);
  }
  if (tls) {
    makeCertificates(folder);
    lines.push(`certfile ${join(folder, 'server.crt')}`, `keyfile ${join(folder, 'server.key')}`);
  }
  writeFileSync(join(folder, 'mosquitto.conf'), `${lines.join('\n')}\n`);
  await service.start();
  return {
    url: `${tls ? 'mqtts' : 'mqtt'}://127.0.0.1:${port}`,
    port,
    ...(tls ? { caFile: join(folder, 'ca.crt') } : {}),
    stop: () => service.stop(),
    halt: () => service.halt(),
    restart: () => service.restart(),
  };
}

const ITERATIONS = 101;

/** As mosquitto_passwd writes it: $7$, iterations, salt, PBKDF2 with SHA-512. */
function passwordLine({ user, password }: { user: string; password: string }): string {
  const salt = randomBytes(12);
  const hash = pbkdf2Sync(password, salt, ITERATIONS, 64, 'sha512');
  return `${user}:$7$${ITERATIONS}$${salt.toString('base64')}$${hash.toString('base64')}\n`;
}

/** An authority, and a server certificate by it for 127.0.0.1 and localhost: ca.crt, server.crt, server.key. */
export function makeCertificates(folder: string): void {
  const openssl = (...args: string[]): void => void execFileSync('openssl', args, { cwd: folder, stdio: 'pipe' });
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  openssl('req', '-x509', ...key, '-keyout', 'ca.key', '-out', 'ca.crt', '-subj', '/CN=test CA', '-days', '2');
  openssl('req', ...key, '-keyout', 'server.key', '-out', 'server.csr', '-subj', '/CN=localhost');
  writeFileSync(join(folder, 'names'), 'subjectAltName=IP:127.0.0.1,DNS:localhost\n');
  const by = ['-CA', 'ca.crt', '-CAkey', 'ca.key', '-CAcreateserial', '-extfile', 'names'];
  openssl('x509', '-req', '-in', 'server.csr', ...by, '-out', 'server.crt', '-days', '2');
}
