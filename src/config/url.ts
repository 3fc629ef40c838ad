/** URLs of other servers, and how to show text that may hold a secret. */

/** @returns whether the text is a URL with a host and one of the schemes, such as `mqtts:` */
export function isUrl(text: string, schemes: readonly string[]): boolean {
  if (!/^[a-z]+:\/\/[^\s]+$/.test(text) || !URL.canParse(text)) return false;
  const url = new URL(text);
  return schemes.includes(url.protocol) && url.hostname !== '' && url.port !== '0';
}

/** Schemes of connections that anybody on the way can read. */
const PLAIN = new Set(['mqtt:', 'ws:', 'http:']);

export const isPlainUrl = (text: string): boolean => URL.canParse(text) && PLAIN.has(new URL(text).protocol);

/** Name and password before the host: `mqtt://name:password@host`. Sees them in text that is not quite a URL too. */
export const hasUserinfo = (text: string): boolean => /(\/\/|:).*@/s.test(text);

/** The text without userinfo and without the values of a query, both of which may be secret. */
export function maskUrl(text: string): string {
  const [, scheme] = /^([a-z+]*:\/\/)?/i.exec(text) ?? [];
  const bare = hasUserinfo(text) ? `${scheme ?? ''}***@${text.slice(text.lastIndexOf('@') + 1)}` : text;
  return bare.includes('//') ? bare.replace(/[?#].*$/s, (tail) => `${tail[0]}***`) : bare;
}
