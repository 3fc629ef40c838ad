import { beforeEach, describe, expect, it } from 'vitest';
import { REASON } from '../../models/alert.ts';
import { createBatch, pushRow } from '../../models/batch.ts';
import type { Command } from '../../models/ports.ts';
import type { Track } from '../../models/registry.ts';
import { MemoryLog } from '../../src/ports/memory-log.ts';
import { Room } from '../../src/room.ts';
import { State } from '../../src/state.ts';
import { Telemetry } from '../../src/telemetry.ts';
import { keepPipeline } from '../../src/config/kept.ts';
import { SimDisk } from '../sim/disk.ts';
import { NOON } from '../sim/tracks.ts';
import { PIPELINE } from '../sim/watch.ts';

const nothing = (): void => {};
let disk: SimDisk;
let log: MemoryLog;
let state: State;
let room: Room;
let said: Command[];

function begin(changes: Partial<typeof PIPELINE> = {}, parkedMax?: number): void {
  disk = new SimDisk();
  log = new MemoryLog();
  said = [];
  const telemetry = new Telemetry({ level: 'silent' });
  state = new State({ telemetry, publish: nothing, disk, position: () => log.position });
  log.read((entry) => {
    if (entry.kind !== 'command') return;
    said.push(entry.command);
    state.obey(entry.command, entry.time, false);
  });
  const config = keepPipeline({ ...PIPELINE, ...changes });
  state.obey({ verb: 'configure', pipeline: 'main', config, keepsModels: false }, NOON, false);
  room = new Room(log, state.registry, state.parking, (id) => state.modelOf(id), parkedMax);
}

/** A series that was heard `count` times, every so many ms, until NOON. */
function heard(source: string, everyMs: number, count = 20): Track {
  const { registry } = state;
  state.obey({ verb: 'admit', number: registry.nextNumber, source, pipeline: 'main' }, NOON, false);
  const track = registry.find(source.replaceAll('/', '_'))!;
  const batch = createBatch(count);
  for (let i = 0; i < count; i++) {
    const time = NOON - (count - 1 - i) * everyMs;
    pushRow(batch, track.index, time, time, i, 0);
    track.model.detector.order(track.memory, track.at, batch, i);
  }
  return track;
}

const park = (now: number) => room.make(now, nothing);
const parksAt = (now: number) => Array.from({ length: 60 }, () => park(now)).filter(Boolean).length;
const parked = () => said.flatMap((command) => (command.verb === 'park' ? [command.series] : []));

beforeEach(() => begin());

describe('room', () => {
  it('is made of the series that is idle the longest by its own cadence, and not before ten of them', () => {
    heard('slow', 60_000);
    heard('fast', 1000);
    heard('faster', 10);
    expect(park(NOON + 9_999)).toBe(false);
    expect(park(NOON + 11_000)).toBe(true);
    expect(park(NOON + 11_000)).toBe(true);
    expect(park(NOON + 11_000)).toBe(false);
    expect(park(NOON + 599_999)).toBe(false);
    expect(park(NOON + 601_000)).toBe(true);
    expect(parked()).toEqual(['fast', 'faster', 'slow']);
    expect([...state.parking].map(({ id }) => id)).toEqual(parked());
    expect(state.registry.size).toBe(0);
  });

  it('is made of one without a cadence after a minute', () => {
    heard('once', 1000, 1);
    expect(park(NOON + 59_999)).toBe(false);
    expect(park(NOON + 61_000)).toBe(true);
  });

  it('is looked for once a second where nobody was idle', () => {
    heard('a', 1000);
    expect(park(NOON + 9500)).toBe(false);
    expect(park(NOON + 10_400)).toBe(false);
    expect(park(NOON + 10_500)).toBe(true);
  });

  it('is made of fifty series a second at most', () => {
    for (let i = 0; i < 60; i++) heard(`s${i}`, 1000);
    expect(parksAt(NOON + 20_000)).toBe(50);
    expect(parksAt(NOON + 21_000)).toBe(10);
  });

  it('is not looked for while too much waits to be read', () => {
    heard('a', 1000);
    log.depth = 5000;
    expect(park(NOON + 20_000)).toBe(false);
    log.depth = 0;
    expect(park(NOON + 20_000)).toBe(true);
  });

  it('is not made of groups, their members, context, or who shares weights', () => {
    begin({ group: new Map([['g', ['a', 'b']]]) });
    const [a] = [heard('a', 1000), heard('b', 1000)];
    for (const command of state.groupsDue()) state.obey(command, NOON, false);
    expect(a.member?.group.members).toHaveLength(2);
    expect(park(NOON + 3600_000)).toBe(false);
    begin({ context: ['a'] });
    heard('a', 1000);
    expect(park(NOON + 3600_000)).toBe(false);
    begin({ weights: 'shared' });
    heard('a', 1000);
    expect(park(NOON + 3600_000)).toBe(false);
  });

  it('is made of one that alerts only where its silence is what the alert is about', () => {
    const { memory, at, model } = heard('a', 1000);
    const alert = at + model.detector.layout.alert;
    memory[alert] = 2;
    memory[alert + 5] = REASON.stuck;
    expect(park(NOON + 20_000)).toBe(false);
    memory[alert + 5] = REASON.silence;
    expect(park(NOON + 30_000)).toBe(true);
    expect(state.parking.find('a')?.alerting).toBe(true);
  });

  it('is for a newcomer once it has come three times, and few of them are remembered', () => {
    const comes = () => room.hasComeOften('new');
    expect([comes(), comes(), comes(), comes(), comes()]).toEqual([false, false, false, true, true]);
    room.hasCome('new');
    expect(comes()).toBe(false);
    for (let i = 0; i < 20_000; i++) room.hasComeOften(`x${i}`);
    expect(room.waiting).toBe(10_000);
    expect([comes(), comes(), comes(), comes()]).toEqual([false, false, false, true]);
  });

  it('forgets of too many parked series those that know little, then the oldest', () => {
    begin({}, 2);
    for (const [name, count] of [
      ['old', 300],
      ['young', 20],
      ['mid', 300],
      ['new', 300],
    ] as const) {
      heard(name, 1000, count);
      expect(park(NOON + 20_000)).toBe(true);
    }
    expect([...state.parking].map(({ id }) => id)).toEqual(['mid', 'new']);
    expect(said.flatMap((command) => (command.verb === 'forget' ? [command.series] : []))).toEqual(['young', 'old']);
    state.parking.sweep(Infinity);
    expect(disk.list('parked')).toHaveLength(2);
  });

  it('brings a series back bit for bit, under its number, whatever is there of it', () => {
    const track = heard('a', 1000);
    const block = track.memory.slice(track.at, track.at + track.model.detector.size);
    expect(park(NOON + 20_000)).toBe(true);
    heard('b', 1000);
    expect(room.parked('a')).toMatchObject({ number: 0, source: 'a' });
    state.obey({ verb: 'admit', number: 0, source: 'a', pipeline: 'main' }, NOON, false);
    const again = state.registry.find('a')!;
    expect(again.number).toBe(0);
    expect(again.memory.slice(again.at, again.at + block.length)).toEqual(block);
    expect(room.parked('a')).toBeUndefined();
  });
});
