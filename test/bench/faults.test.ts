/** A whole engine under every fault of its disk, at a few of the points that `npm run bench:faults` goes through. */
import { describe, expect, it } from 'vitest';
import { killEverywhere } from '../../bench/faults/calls.ts';
import { damageEverywhere, damageTwice } from '../../bench/faults/flips.ts';
import { failEverywhere, fill } from '../../bench/faults/full.ts';
import { PLANTED } from '../../bench/faults/planted-sim.ts';
import { cutAnywhere } from '../../bench/faults/power.ts';

const SOUND = { violations: 0, examples: [] };

describe('an engine on a disk', () => {
  it('ends as if nothing had happened wherever it is killed', async () => {
    const found = await killEverywhere({ stride: 31 });
    expect(found).toMatchObject(SOUND);
    expect(found.points).toBeGreaterThan(15);
  });

  it('ends so as well where the one that follows is killed too', async () => {
    expect(await killEverywhere({ first: 7, stride: 47, isTwice: true })).toMatchObject(SOUND);
  });

  it.each(['always', 'interval'] as const)(
    'keeps through a power cut what was promised, and comes back as after a beginning of its log, with fsync %s',
    async (fsync) => {
      const found = await cutAnywhere({ fsync, lives: 4, moments: 12, cuts: 8, seed: 5 });
      expect(found).toMatchObject(SOUND);
      expect(found.points).toBeGreaterThan(100);
    },
  );

  it('comes back bit for bit from damaged files, or says what is lost', async () => {
    const found = await damageEverywhere({ stride: 197, shardStride: 19_973 });
    expect(found).toMatchObject({ ...SOUND, wide: 0, crashes: 0 });
    expect(found.whole).toBeGreaterThan(200);
  });

  it('refuses where no copy of a series is whole, and loses that one where this is accepted', async () => {
    expect(await damageTwice()).toMatchObject({ ...SOUND, points: 4 });
  });

  it('goes on where the disk is full, says so, and is whole again soon after', async () => {
    expect(await fill([0])).toMatchObject(SOUND);
  });

  it.each(['EIO', 'ENOSPC', 'short'] as const)('loses nothing to one call that fails, by %s', async (fault) => {
    expect(await failEverywhere(fault, { stride: 71 })).toMatchObject(SOUND);
  });
});

describe('the harness', () => {
  it.each(Object.keys(PLANTED))('finds a planted fault: %s', async (name) => {
    expect((await PLANTED[name]()).violations).toBeGreaterThan(0);
  });
});
