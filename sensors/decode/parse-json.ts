/** From bytes to JSON, without trust. */
import { type Decoded, textOf } from './decoded.ts';

/** Undefined, and counted, when the payload is no JSON. */
export function parseJson(payload: Uint8Array, decoded: Decoded): unknown {
  const text = textOf(payload, decoded);
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    // Infinity, NaN, hex, half a message, or another format altogether.
    decoded.drops.push(text.trim() === '' ? 'empty' : 'malformed');
    return undefined;
  }
}

export function isObject(json: unknown): json is object {
  return typeof json === 'object' && json !== null && !Array.isArray(json);
}
