import { expect, test } from 'vitest';
import { createRandom } from '../../models/random.ts';
import { HOUR, machine, MINUTE, SECOND, START } from './series.ts';
import { inOrder, ticks, Watch } from './watch.ts';

const BATTERY = 6 * HOUR;

test.each([1, 2, 3])(
  'each series is silent by its own clock: after 18 hours the one, after 3 seconds the other, seed %i',
  (seed) => {
    const watch = new Watch(2);
    const random = createRandom(seed);
    const battery = Array.from({ length: 40 }, (_, i) => ({
      id: 'battery',
      time: START + i * BATTERY + Math.floor(random() * MINUTE),
      value: 3.6 - 0.001 * Math.floor(i / 8) + 0.01 * Math.round(random()),
    }));
    const end = battery.at(-1)!.time;
    watch.play(inOrder(battery, ticks(START, end, 10 * MINUTE)));

    // The pump is not there until shortly before, so that the test need not play 18 hours of seconds.
    const from = end + 2.9 * BATTERY;
    const pump = machine('pump', seed, { from, duration: 20 * MINUTE });
    const pumpEnd = pump.at(-1)!.time;
    watch.play(ticks(end, from, 10 * MINUTE));
    // A tick each second, half a second after the samples, as the clock of the daemon gives it.
    watch.play(inOrder(pump, ticks(from + SECOND / 2, pumpEnd, SECOND)));
    expect(watch.told.filter(({ reason }) => reason === 'silence')).toEqual([]);

    const after = watch.play(ticks(pumpEnd + SECOND / 2, end + 3.2 * BATTERY, SECOND));
    expect(after.map(({ series, reason }) => [series, reason])).toEqual([
      ['pump', 'silence'],
      ['battery', 'silence'],
    ]);
    const [ofPump, ofBattery] = after;
    expect((ofPump.time - pumpEnd) / SECOND).toBeGreaterThanOrEqual(2);
    expect((ofPump.time - pumpEnd) / SECOND).toBeLessThanOrEqual(4);
    expect((ofBattery.time - end) / BATTERY).toBeGreaterThan(2.9);
    expect((ofBattery.time - end) / BATTERY).toBeLessThan(3.1);
  },
);
