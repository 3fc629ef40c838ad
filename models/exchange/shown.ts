/** What a file said, short enough for a message, whatever it was. */
const SHOWN_MAX = 60;

export function shown(value: unknown): string {
  if (typeof value === 'string')
    return JSON.stringify(value.length > SHOWN_MAX ? `${value.slice(0, SHOWN_MAX)}…` : value);
  if (Array.isArray(value)) return value.every(Number.isFinite) ? shownShape(value as number[]) : 'a list';
  return typeof value === 'object' && value !== null ? 'an object' : String(value);
}

export function shownShape(shape: readonly number[]): string {
  const text = shape.slice(0, 8).join(', ');
  return `[${text}${shape.length > 8 ? ', …' : ''}]`;
}

export function shownNames(names: readonly string[]): string {
  if (names.length === 0) return 'none';
  const text = names.slice(0, 4).map(shown).join(', ');
  return names.length > 4 ? `${text}, … (${names.length} in all)` : text;
}
