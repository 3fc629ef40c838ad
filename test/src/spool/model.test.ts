/** The spool against an array: whatever is done to it in whatever order, it gives what the array gives. */
import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { HEAD_BYTES } from '../../../src/spool/record.ts';
import { SpoolWorld } from './world.ts';

interface Model {
  /** Positions and texts of everything that was pushed and is not acked, in order. */
  waiting: string[];
  /** How many of them are under way. */
  taken: number;
  /** Acked, oldest first; after a crash some of the last may come again. */
  acked: string[];
  /** Things up to which a power cut takes nothing. */
  position: number;
  /** What was pushed at each position: a replay brings the same. */
  log: string[][];
  /** Position up to which everything is synced. */
  checkpoint: number;
}

type Step = fc.AsyncCommand<Model, SpoolWorld>;

const step = (name: string, run: (model: Model, world: SpoolWorld) => void | Promise<void>): Step => ({
  check: () => true,
  run: async (model, world) => run(model, world),
  toString: () => name,
});

const push = (count: number): Step =>
  step(`push ${count}`, (model, world) => {
    const position = ++model.position;
    const texts = Array.from({ length: count }, (_, i) => `${position}.${i}`);
    model.log[position] = texts;
    if (count > 0) expect(world.push(position, ...texts)).toBe(true);
    model.waiting.push(...texts);
  });

const take = (max: number): Step =>
  step(`take ${max}`, (model, world) => {
    const expected = model.waiting.slice(model.taken, model.taken + max);
    expect(world.take(max)).toEqual(expected);
    model.taken += expected.length;
  });

const ack = (max: number): Step =>
  step(`ack ${max}`, (model, world) => {
    const count = Math.min(max, model.taken);
    world.spool.ack(count);
    model.acked.push(...model.waiting.splice(0, count));
    model.taken -= count;
  });

const putBack = step('put back', (model, world) => {
  world.spool.putBack();
  model.taken = 0;
});

const wait = step('a second', async (_model, world) => {
  world.clock.advance(1000);
  await world.spool.sync();
});

const sync = step('checkpoint', async (model, world) => {
  await world.spool.sync();
  if (!world.spool.degraded) model.checkpoint = model.position;
});

const failing = (call: 'write' | 'sync' | 'rename' | undefined): Step =>
  step(`failing ${call}`, (_model, world) => {
    world.disk.failing = call === undefined ? {} : { [call]: 'EIO' };
  });

/**
 * Some of what was acked last may come again, and everything else is there. Of a push that a power cut took a part of,
 * the other part comes twice.
 */
function reconcile(model: Model, world: SpoolWorld): void {
  const all = world.take();
  world.spool.putBack();
  const once = [...new Set(all)];
  const again = once.length - model.waiting.length;
  expect(again).toBeGreaterThanOrEqual(0);
  expect(once).toEqual([...model.acked.splice(model.acked.length - again, again), ...model.waiting]);
  model.waiting = all;
  model.taken = 0;
}

/** What the daemon does at its start: everything since the checkpoint is pushed again. */
function replay(model: Model, world: SpoolWorld): void {
  world.spool.rebase(model.checkpoint, model.position);
  for (let position = model.checkpoint + 1; position <= model.position; position++) {
    if (model.log[position].length > 0) world.push(position, ...model.log[position]);
  }
}

const crash = step('crash', (model, world) => {
  world.disk.failing = {};
  world.crash();
  replay(model, world);
  reconcile(model, world);
});

const powerCut = step('power cut', (model, world) => {
  world.disk.failing = {};
  world.disk.cutPower();
  world.crash();
  replay(model, world);
  reconcile(model, world);
});

const restart = step('restart', async (model, world) => {
  world.disk.failing = {};
  await world.restart();
  model.checkpoint = model.position;
  replay(model, world);
  expect(world.spool.records).toBe(model.waiting.length);
  reconcile(model, world);
});

it('gives everything that was pushed, in order and once, through crashes, power cuts and failing disks', async () => {
  const steps = [
    fc.integer({ min: 0, max: 5 }).map(push),
    fc.integer({ min: 1, max: 7 }).map(take),
    fc.integer({ min: 1, max: 7 }).map(ack),
    fc.constantFrom(putBack, wait, sync),
    fc.constantFrom(crash, powerCut, restart),
    fc.constantFrom('write' as const, 'sync' as const, 'rename' as const, undefined, undefined).map(failing),
  ];
  await fc.assert(
    fc.asyncProperty(fc.commands(steps, { maxCommands: 60 }), async (commands) => {
      const world = new SpoolWorld({ segmentBytes: 3 * (HEAD_BYTES + 4) });
      try {
        const model: Model = { waiting: [], taken: 0, acked: [], position: 0, log: [], checkpoint: 0 };
        await fc.asyncModelRun(() => ({ model, real: world }), commands);
        expect(world.damaged).toBe(0);
        expect(world.dropped).toEqual([]);
      } finally {
        await world.spool.close();
        world.remove();
      }
    }),
    { numRuns: 150 },
  );
});
