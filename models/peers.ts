/**
 * Families of series that do the same work: `hall/+/pump/#` makes one of hall/1/pump/flow, hall/2/pump/flow, …
 *
 *   + one level that tells siblings apart      # the rest, which has to be the same
 */

/** What the siblings of a source have in common; undefined where it does not fit the pattern. */
export function familyOf(pattern: string, source: string): string | undefined {
  const wanted = pattern.split('/');
  const levels = source.split('/');
  const rest = wanted.at(-1) === '#' ? wanted.length - 1 : undefined;
  if (rest === undefined ? levels.length !== wanted.length : levels.length <= rest) return undefined;
  for (let i = 0; i < (rest ?? wanted.length); i++) {
    if (wanted[i] === '+') levels[i] = '+';
    else if (wanted[i] !== levels[i]) return undefined;
  }
  return levels.join('/');
}

/** Whether a text is a pattern: + and # stand for whole levels, # is last, and something tells siblings apart. */
export function isPeerPattern(text: string): boolean {
  const levels = text.split('/');
  const isWhole = levels.every((level, i) => {
    if (level === '#') return i === levels.length - 1;
    return level === '+' || (level !== '' && !/[+#]/.test(level));
  });
  return isWhole && levels.includes('+');
}
