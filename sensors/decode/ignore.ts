/**
 * Fields to leave out, by patterns over their paths: `*` is any text, '.' and '/' both part segments, and a leading
 * `*.` is also no segment at all.
 *
 *   *.linkquality   fits linkquality, kitchen/linkquality, a/b/linkquality
 *   update.*        fits update/progress, update/latest/size
 */
import type { Ignore } from './decoded.ts';

export function ignoring(patterns: readonly string[]): Ignore {
  if (patterns.length === 0) return null;
  const globs = patterns.flatMap((pattern) => {
    const glob = slashed(pattern.replace(/^\$\./, ''));
    return glob.startsWith('*/') ? [glob.split('*'), glob.slice(2).split('*')] : [glob.split('*')];
  });
  return (path) => {
    const text = slashed(path);
    return globs.some((pieces) => fits(text, pieces));
  };
}

function slashed(text: string): string {
  return text.replaceAll('.', '/');
}

/** Each piece at its first place after the one before: no way back, so no path from outside can make it slow. */
function fits(text: string, pieces: readonly string[]): boolean {
  const [first] = pieces;
  if (pieces.length === 1) return text === first;
  const last = pieces[pieces.length - 1];
  if (!text.startsWith(first)) return false;
  let at = first.length;
  for (const piece of pieces.slice(1, -1)) {
    const found = text.indexOf(piece, at);
    if (found < 0) return false;
    at = found + piece.length;
  }
  return text.length - last.length >= at && text.endsWith(last);
}
