/** Log lines for a terminal: time, level, message, fields. Control characters are shown, never obeyed. */
import type { Writable } from 'node:stream';

const LEVELS = new Map([
  [20, 'debug'],
  [30, 'info '],
  [40, 'WARN '],
  [50, 'ERROR'],
  [60, 'FATAL'],
]);
const OWN_KEYS = new Set(['level', 'time', 'msg', 'err']);

export function lineFormat(out: Writable): { write(line: string): void } {
  return {
    write: (line) => {
      const record = JSON.parse(line) as { level: number; time: string; msg?: string; err?: { message?: string } };
      const fields = Object.entries(record)
        .filter(([key]) => !OWN_KEYS.has(key))
        .map(([key, value]) => ` ${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`);
      const cause = record.err?.message === undefined ? '' : `: ${record.err.message}`;
      const text = `${record.msg ?? ''}${cause}${fields.join('')}`;
      out.write(
        `${record.time.slice(11, 19)} ${LEVELS.get(record.level) ?? record.level} ${visible(text).replaceAll('\n', '\n  ')}\n`,
      );
    },
  };
}

// Everything that a terminal obeys, but for the line feed.
// oxlint-disable-next-line no-control-regex
const CONTROL = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/g;

/** A topic may hold an escape sequence that repaints the terminal. Lines after the first are indented, so that it cannot forge one. */
export function visible(text: string): string {
  return text.replace(CONTROL, (c) => `\\x${c.charCodeAt(0).toString(16).padStart(2, '0')}`);
}
