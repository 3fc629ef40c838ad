/** The other end of a connection, as sentences name it. */
export interface Peer {
  role: 'broker' | 'server' | 'database';
  /** Without the brackets of IPv6. */
  host: string;
  port: number;
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

export function addressOf({ host, port }: Peer): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}
