import type { Clock } from '../../models/ports.ts';

/** The machine's clock. Its timers do not keep the process alive: what the daemon waits for, it holds open itself. */
export const systemClock: Clock = {
  now: () => Date.now(),
  every: (intervalMs, action) => {
    const timer = setInterval(action, intervalMs).unref();
    return () => clearInterval(timer);
  },
  after: (delayMs, action) => {
    const timer = setTimeout(action, delayMs).unref();
    return () => clearTimeout(timer);
  },
};
