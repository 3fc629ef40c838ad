/**
 * Names in a header that JSON.parse cannot be asked about. Of two members with one name it keeps the last and says
 * nothing, so that two readers may see two different files. And V8 may read a name with an escape in it as a name that
 * it met before (github.com/nodejs/node/issues/63785, Node 24), so there are none: no tensor has needed one yet.
 */
import { shown } from './shown.ts';

// An opening or closing brace, or a text, with the colon behind it where it is a name.
const TOKEN = /[{}]|("[^"\\]*(?:\\.[^"\\]*)*")\s*(:?)/gs;

export function isPlainName(name: string): boolean {
  return !JSON.stringify(name).includes('\\');
}

/** What is wrong with the names of an object and of the objects in it, undefined where nothing is. */
export function wrongNames(json: string): string | undefined {
  const names = [new Set<string>(), new Set<string>()];
  let depth = -1;
  for (const [token, text, colon] of json.matchAll(TOKEN)) {
    if (token === '{') {
      depth++;
      names[depth]?.clear();
    } else if (token === '}') depth--;
    else if (colon === ':' && depth < names.length) {
      const name = text.slice(1, -1);
      if (name.includes('\\')) return `expected names without escapes, got ${shown(name)}`;
      if (names[depth].has(name)) return `expected every name once, got ${shown(name)} twice`;
      names[depth].add(name);
    }
  }
  return undefined;
}
