/**
 * Who may talk to the server.
 *
 * The page is served on the loopback to anybody on this machine, but a browser is a door for every page it shows: so a
 * request must name this host (a foreign name that resolves to the loopback would otherwise get in), and one that a page
 * made must come from our own page. Beyond the loopback a token is needed for the API and the metrics, not for the
 * page's own files and for whether the process lives.
 */
import { timingSafeEqual, createHash } from 'node:crypto';
import { isLoopback, parseAddress } from './config/address.ts';

export interface RequestFacts {
  host: string | undefined;
  origin: string | undefined;
  /** From `Authorization: Bearer …` or the subprotocol `token.…`. */
  token: string | undefined;
}

export class Guard {
  readonly #loopback: boolean;
  /** undefined: none is asked for, which the configuration allows on the loopback alone. */
  token: string | undefined;

  constructor(loopback: boolean, token: string | undefined) {
    this.#loopback = loopback;
    this.token = token;
  }

  /** The host the client believes it talks to, and the page it talks for. */
  isOwnPage({ host, origin }: RequestFacts): boolean {
    if (host === undefined || (this.#loopback && !isLocalName(host))) return false;
    return origin === undefined || origin === `http://${host}` || origin === `https://${host}`;
  }

  mayUse({ token }: RequestFacts): boolean {
    if (this.token === undefined) return true;
    // Hashes are of one length, so that the comparison tells nothing, not even that.
    return token !== undefined && timingSafeEqual(digest(token), digest(this.token));
  }
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

function isLocalName(host: string): boolean {
  const name = host.replace(/:\d+$/, '');
  if (name.toLowerCase() === 'localhost') return true;
  const address = parseAddress(`${name}:0`);
  return address !== undefined && isLoopback(address);
}
