/** A progress bar for people: drawn on a terminal alone, so that logs and pipes stay clean. */
import type { WriteStream } from 'node:tty';

const WIDTH = 30;
const REDRAW_MS = 100;

export function progressBar(
  total: number,
  out: WriteStream,
): { update(done: number, what: string): void; end(): void } {
  if (!out.isTTY) return { update: () => {}, end: () => {} };
  let drawnAt = 0;
  return {
    update: (done, what) => {
      const now = performance.now();
      if (now - drawnAt < REDRAW_MS) return;
      drawnAt = now;
      const share = total === 0 ? 1 : Math.min(1, done / total);
      const full = Math.round(share * WIDTH);
      out.write(
        `\r[${'#'.repeat(full)}${'.'.repeat(WIDTH - full)}] ${Math.round(share * 100)} % ${what.slice(-40)}\u001b[K`,
      );
    },
    end: () => out.write('\r\u001b[K'),
  };
}
