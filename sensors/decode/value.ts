/** A payload that is one bare value: a decimal number, or true, false, on or off in any case, white space around it. */
import { DECIMAL, type Decoded, nothing, onOffOf, takeNumber, takeOnOff, takeWord, textOf } from './decoded.ts';

/** Longer than any number worth sending. */
const LENGTH_MAX = 64;

export function decodeValue(payload: Uint8Array): Decoded {
  const decoded = nothing();
  const text = textOf(payload, decoded)?.trim();
  if (text === '') decoded.drops.push('empty');
  else if (text !== undefined && !takeBare(text, decoded)) {
    takeWord(decoded, '', text, Number.NaN, 'not_a_number');
  }
  return decoded;
}

/** False, with nothing counted, when the trimmed text is no bare value. */
export function takeBare(text: string, decoded: Decoded): boolean {
  if (text.length > LENGTH_MAX) return false;
  const on = onOffOf(text);
  if (DECIMAL.test(text)) takeNumber(decoded, '', Number(text), Number.NaN);
  else if (on !== undefined) takeOnOff(decoded, '', on, Number.NaN);
  else return false;
  return true;
}
