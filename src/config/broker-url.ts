/** The URL of an MQTT broker, and how to show text that may hold a secret. */

const SCHEMES = new Set(['mqtt:', 'mqtts:', 'ws:', 'wss:']);

/** @returns the URL as written, or undefined where it is none that an MQTT client can open */
export function parseBrokerUrl(text: string): string | undefined {
  if (!/^[a-z]+:\/\/[^\s]+$/.test(text) || !URL.canParse(text)) return undefined;
  const url = new URL(text);
  return SCHEMES.has(url.protocol) && url.hostname !== '' && url.port !== '0' ? text : undefined;
}

/** Name and password before the host: `mqtt://name:password@host`. Sees them in text that is not quite a URL too. */
export const hasUserinfo = (text: string): boolean => /(\/\/|:).*@/s.test(text);

/** The text without userinfo and without the values of a query, both of which may be secret. */
export function maskUrl(text: string): string {
  const [, scheme] = /^([a-z+]*:\/\/)?/i.exec(text) ?? [];
  const bare = hasUserinfo(text) ? `${scheme ?? ''}***@${text.slice(text.lastIndexOf('@') + 1)}` : text;
  return bare.includes('//') ? bare.replace(/[?#].*$/s, (tail) => `${tail[0]}***`) : bare;
}
