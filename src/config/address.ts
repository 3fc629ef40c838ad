/** Listen addresses: `127.0.0.1:8420`, `localhost:8420`, `[::1]:8420`. */
import { isIPv4, isIPv6 } from 'node:net';
import type { Address } from './config.ts';

/** @returns undefined for text that is no `HOST:PORT`; the port may be 0 */
export function parseAddress(text: string): Address | undefined {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([A-Za-z0-9.-]{1,253})):(\d{1,5})$/.exec(text);
  if (!match) return undefined;
  const [, ipv6, name, digits] = match;
  const port = Number(digits);
  if (port > 65_535 || (ipv6 !== undefined && !isIPv6(ipv6))) return undefined;
  // Only digits and dots, yet no IPv4 address: a slip such as 127.0.0.1.1, not a name to look up.
  if (name !== undefined && /^[\d.]+$/.test(name) && !isIPv4(name)) return undefined;
  return { host: ipv6 ?? name, port };
}

export function formatAddress({ host, port }: Address): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

/** Whether only this machine can reach the address. A name other than `localhost` may mean anything, so it does not. */
export function isLoopback({ host }: Address): boolean {
  return host.toLowerCase() === 'localhost' || (isIPv4(host) && host.startsWith('127.')) || host === '::1';
}
