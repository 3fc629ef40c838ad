import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { lineFormat } from '../../src/line-format.ts';
import { Telemetry } from '../../src/telemetry.ts';

function formatted(record: object): string {
  const out = new PassThrough();
  lineFormat(out).write(JSON.stringify({ level: 30, time: '2026-11-20T12:34:56.789Z', ...record }));
  return (out.read() as Buffer).toString();
}

describe('a log line on a terminal', () => {
  it('has time, level, message and fields', () => {
    expect(formatted({ msg: 'source connected', source: 'mqtt', n: 3, o: { a: 1 } })).toBe(
      '12:34:56 info  source connected source=mqtt n=3 o={"a":1}\n',
    );
  });

  it.each([
    [20, 'debug'],
    [40, 'WARN '],
    [50, 'ERROR'],
    [60, 'FATAL'],
  ])('of level %d says %s', (level, word) => {
    expect(formatted({ level, msg: 'x' })).toBe(`12:34:56 ${word} x\n`);
  });

  it('says what went wrong, without the stack', () => {
    expect(formatted({ msg: 'checkpoint failed', err: { message: 'disk full', stack: 'at…' } })).toBe(
      '12:34:56 info  checkpoint failed: disk full\n',
    );
  });

  it('shows control characters instead of obeying them', () => {
    const text = formatted({ msg: '\u001b[2Jgone\r\u0007\u009b31m\u007f', topic: 'a\u0000\tb' });
    expect(text).toContain('\\x1b[2Jgone\\x0d\\x07\\x9b31m\\x7f');
    expect(text).toContain('topic=a\\x00\\x09b');
    // oxlint-disable-next-line no-control-regex
    expect(text.trimEnd()).not.toMatch(/[\u0000-\u001f\u007f-\u009f]/);
  });

  it.each(['msg', 'topic'])('lets no line feed in %s begin a line that looks like one of ours', (key) => {
    const lines = formatted({ [key]: 'a\n12:34:57 FATAL all is lost' })
      .trimEnd()
      .split('\n');
    for (const line of lines.slice(1)) expect(line).toMatch(/^ /);
    expect(lines.join()).toContain('all is lost');
  });

  it('is what telemetry writes to it', () => {
    const out = new PassThrough();
    new Telemetry({ level: 'info', destination: lineFormat(out) }).log.warn({ source: 'a' }, 'gone');
    expect((out.read() as Buffer).toString()).toMatch(/^\d\d:\d\d:\d\d WARN {2}gone source=a\n$/);
  });
});
