import { describe, expect, it } from 'vitest';
import { type Aim, Trigger } from '../../../bench/faults/aim.ts';

const AIM: Aim = { phase: 'run', call: 'write', path: '^log/', when: 'before', nth: 2 };

/** What happens, in order; the end of the process is one of these things, and nothing follows it. */
function story(aim: Aim): { trigger: Trigger; told: string[]; write: (path: string) => void } {
  const told: string[] = [];
  const trigger = new Trigger(aim, () => {
    told.push('end');
    throw new Error('ended');
  });
  const write = (path: string): void => {
    try {
      trigger.around(
        'write',
        path,
        () => told.push(path),
        () => told.push(`half of ${path}`),
      );
    } catch {} // it ended
  };
  return { trigger, told, write };
}

describe('an aim', () => {
  it('is the n-th call of its kind on its path in its phase', () => {
    const { trigger, told, write } = story(AIM);
    write('log/a');
    trigger.phase = 'run';
    write('log/b');
    write('checkpoint/c');
    trigger.around('sync', 'log/b', () => told.push('synced'));
    write('log/d');
    expect(told).toEqual(['log/a', 'log/b', 'checkpoint/c', 'synced', 'end']);
  });

  it.each([
    ['before', ['end']],
    ['torn', ['half of log/a', 'end']],
    ['after', ['log/a', 'end']],
  ] as const)('ends the process %s it', (when, expected) => {
    const { trigger, told, write } = story({ ...AIM, when, nth: 1 });
    trigger.phase = 'run';
    write('log/a');
    expect(told).toEqual(expected);
  });
});
