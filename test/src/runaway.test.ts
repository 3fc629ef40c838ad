import { expect, test } from 'vitest';
import { Detector, DEFAULTS } from '../../models/detector.ts';
import { Registry } from '../../models/registry.ts';
import { Runaway } from '../../src/runaway.ts';
import { Telemetry } from '../../src/telemetry.ts';

test('a series whose cell state went beyond 50 is counted, and named once each time it gets there', () => {
  const lines: { series: string; largest: number }[] = [];
  const telemetry = new Telemetry({
    level: 'warn',
    destination: { write: (line) => lines.push(JSON.parse(line) as (typeof lines)[0]) },
  });
  const detector = new Detector({ ...DEFAULTS, cell: 'lstm97', hidden: 2, lags: 0 });
  const registry = new Registry();
  const model = { pipeline: 'p', listeningSince: -Infinity, detector, seed: 1 };
  const [calm, wild] = ['calm', 'wild'].map((id) => registry.admit(id, id, model)!);
  const state = wild.at + detector.layout.fast;
  const last = state + detector.fast.cell.stateSize - 1;
  const runaway = new Runaway();
  const look = () => {
    runaway.look(registry, telemetry);
    return [runaway.count(registry), lines.length];
  };
  expect(look()).toEqual([0, 0]);
  wild.memory[last] = -51;
  expect(look()).toEqual([1, 1]);
  expect(look()).toEqual([1, 1]);
  expect(lines[0]).toMatchObject({ series: 'wild', largest: 51 });
  wild.memory[last] = 3;
  expect(look()).toEqual([0, 1]);
  wild.memory[last] = 80;
  expect(look()).toEqual([1, 2]);
  registry.remove(calm);
  registry.remove(wild);
  expect(look()).toEqual([0, 2]);
});
