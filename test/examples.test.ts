/** Every example is one that a user can copy: it loads, it comes to something that runs, and the list knows it. */
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { format } from '../src/config/errors.ts';
import { expand } from '../src/config/expand.ts';
import { load } from '../src/config/load.ts';
import { plan } from '../src/config/plan.ts';

const folder = new URL('../examples/', import.meta.url);
const files = readdirSync(folder).filter((name) => name.endsWith('.yaml'));
const read = (name: string): string => readFileSync(new URL(name, folder), 'utf8');
const env = { MQTT_PASSWORD: 'x', INFLUX_PASSWORD: 'x' };

/** What loads from the text, planned; or its mistakes. */
function planned(file: string, text: string) {
  const result = load(text, { file, env });
  if (!result.ok) throw new Error(result.errors.map(format).join('\n'));
  return plan(expand(result.config));
}

describe('the examples', () => {
  it.each(files)('%s comes to sources, a pipeline for each of them, and nothing unread', (file) => {
    const { parts } = planned(file, read(file));
    const inputs = new Set(parts.flatMap((part) => (part.kind === 'pipeline' ? part.options.inputs : [])));
    const sources = parts.flatMap((part) => (part.kind === 'source' ? [part.id] : []));
    expect(inputs.size).toBeGreaterThan(0);
    // Where pipelines are written out, the implied push is there for whoever names it.
    expect(sources.filter((id) => id !== 'http' && !inputs.has(id))).toEqual([]);
  });

  it('are all on the list, and no others', () => {
    const listed = [...read('README.md').matchAll(/^\| \[([\w-]+\.yaml)\]\(\1\)/gm)].map(([, name]) => name);
    expect(listed.sort()).toEqual(files.sort());
  });

  it('are right with what is commented out in them as well', () => {
    const tls = read('mosquitto-tls.yaml').replaceAll(/^( *)# (cert_file|key_file)/gm, '$1$2');
    expect(JSON.stringify(planned('mosquitto-tls.yaml', tls))).toContain('client.key');
    const push = read('http-push.yaml').replaceAll(/^# (http:$| {2}listen:| {2}token_file:)/gm, '$1');
    expect(JSON.stringify(planned('http-push.yaml', push))).toContain('api.token');
  });

  it('name every type of source and output', () => {
    const types = new Set(
      files.flatMap((file) =>
        planned(file, read(file)).parts.flatMap((part) =>
          part.kind === 'source' || part.kind === 'output' ? [`${part.kind} ${part.options.type}`] : [],
        ),
      ),
    );
    expect([...types].sort()).toEqual([
      'output influx',
      'output log',
      'output mqtt',
      'output webhook',
      'source http',
      'source influx',
      'source mqtt',
      'source replay',
      'source websocket',
    ]);
  });
});
