import { describe, expect, it } from 'vitest';
import { createBatch, pushRow, ROW } from '../../models/batch.ts';
import { dropCode } from '../../models/drop.ts';
import { Telemetry } from '../../src/telemetry.ts';
import { NOON } from '../sim/tracks.ts';
import { Lines } from '../sim/watch.ts';

function observed(): { telemetry: Telemetry; lines: Lines } {
  const lines = new Lines();
  const telemetry = new Telemetry({ level: 'debug', destination: lines });
  telemetry.observe({
    series: () => ({ normal: 2, alert: 1 }),
    seriesStateBytes: () => 4096,
    seriesParked: () => 4,
    seriesRunaway: () => 2,
    alertsOpen: () => ({ critical: 1 }),
    logDepth: () => 7,
    checkpointAgeSeconds: () => 1.5,
  });
  telemetry.observeClients(() => 3);
  return { telemetry, lines };
}

describe('telemetry', () => {
  it('gives every metric a name that begins with tidewatch_ and says its unit, and none a label of a series', async () => {
    const { telemetry } = observed();
    telemetry.received('mqtt', 2);
    telemetry.sourceConnected('mqtt', true, 'MQTT 5');
    telemetry.alertOpened('warning', 'stuck');
    telemetry.checkpointSaved(100, 5);
    telemetry.clientDropped('slow');
    const text = await telemetry.metrics.metrics();
    const names = [...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)];
    expect(names.length).toBeGreaterThanOrEqual(16);
    for (const [, name, type] of names) {
      expect(name).toMatch(/^tidewatch_[a-z_]+$/);
      expect(name.endsWith('_total')).toBe(type === 'counter');
      if (type === 'histogram') expect(name).toMatch(/_seconds$/);
    }
    for (const line of text.split('\n').filter((l) => l !== '' && !l.startsWith('#')))
      expect(line).toMatch(/^tidewatch_/);
    expect(text).not.toMatch(/[{,](series|topic|id)=/);
  });

  it('reads levels off the engine when somebody asks', async () => {
    const { telemetry } = observed();
    const text = await telemetry.metrics.metrics();
    for (const line of [
      'tidewatch_series{state="normal"} 2',
      'tidewatch_series{state="alert"} 1',
      'tidewatch_alerts_open{severity="critical"} 1',
      'tidewatch_series_state_bytes 4096',
      'tidewatch_log_depth 7',
      'tidewatch_checkpoint_age_seconds 1.5',
      'tidewatch_ws_clients 3',
      'tidewatch_config_reload_success 1',
    ]) {
      expect(text).toContain(`${line}\n`);
    }
  });

  it('counts drops by reason', async () => {
    const { telemetry } = observed();
    telemetry.drop('late');
    telemetry.drop('late', 4);
    telemetry.drop('overflow');
    expect(Object.fromEntries(telemetry.dropped)).toEqual({ late: 5, overflow: 1 });
    expect(await telemetry.metrics.metrics()).toContain('tidewatch_samples_dropped_total{reason="late"} 5\n');
  });

  it('counts what a batch came to', async () => {
    const { telemetry } = observed();
    const batch = createBatch(4);
    pushRow(batch, 0, NOON, NOON + 2000, 1, 0);
    pushRow(batch, 0, NOON, NOON, 2, ROW.sameTime);
    pushRow(batch, 0, NOON, NOON, 2, 0);
    pushRow(batch, 0, NOON, NOON, Number.NaN, ROW.overdue);
    batch.drop[2] = dropCode('duplicate');
    telemetry.stepped([batch], 0.003, (series) => `series-${series}`);
    const text = await telemetry.metrics.metrics();
    expect(text).toContain('tidewatch_samples_dropped_total{reason="duplicate"} 1\n');
    expect(text).toContain('tidewatch_samples_irregular_total{what="same_time"} 1\n');
    expect(text).toContain('tidewatch_ingest_lag_seconds_count 2\n');
    expect(text).toContain('tidewatch_ingest_lag_seconds_sum 2\n');
    expect(text).toContain('tidewatch_step_duration_seconds_sum 0.001\n');
  });

  it('counts and names a series whose model began anew', async () => {
    const { telemetry, lines } = observed();
    const batch = createBatch(2);
    pushRow(batch, 4, NOON, NOON, 1, 0);
    pushRow(batch, 5, NOON, NOON, 1, ROW.forgotten);
    telemetry.stepped([batch], 0.001, (series) => `series-${series}`);
    expect(await telemetry.metrics.metrics()).toContain('tidewatch_models_forgotten_total 1\n');
    expect(lines.all).toMatchObject([{ level: 50, series: 'series-5' }]);
  });

  it('logs a source that comes and goes, and a checkpoint that failed', async () => {
    const { telemetry, lines } = observed();
    telemetry.sourceConnected('mqtt', true, 'MQTT 5');
    telemetry.sourceConnected('mqtt', false, 'connection closed');
    telemetry.checkpointFailed(new Error('disk full'));
    telemetry.reloaded(false);
    expect(lines.all.map(({ level, source, detail }) => [level, source, detail])).toEqual([
      [30, 'mqtt', 'MQTT 5'],
      [40, 'mqtt', 'connection closed'],
      [50, undefined, undefined],
    ]);
    expect(lines.all[2]).toMatchObject({ err: { message: 'disk full' } });
    const text = await telemetry.metrics.metrics();
    expect(text).toContain('tidewatch_mqtt_connected{source="mqtt"} 0\n');
    expect(text).toContain('tidewatch_config_reload_success 0\n');
  });
});
