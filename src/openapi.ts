/** The HTTP interface in the words of OpenAPI 3.1, served at `/openapi.json`. */
import { FAULT_KINDS } from '../sensors/simulator/faults.ts';

const PROBLEM = { default: { description: 'Problem (RFC 9457)' } };

export function openApi(version: string): object {
  return {
    openapi: '3.1.0',
    info: { title: 'Tidewatch', version, license: { name: 'Apache-2.0', identifier: 'Apache-2.0' } },
    paths: {
      '/healthz': { get: operation('The process is alive') },
      '/readyz': { get: operation('Every source is connected and the state restored; 503 where not') },
      '/metrics': { get: operation('Metrics in the Prometheus text format') },
      '/api/v1/series': { get: operation('All series') },
      '/api/v1/series/{id}': { get: operation('One series with its recent samples', [inPath('id')]) },
      '/api/v1/alerts': { get: operation('Alerts, newest first', [inQuery('status', ['active', 'cleared'])]) },
      '/api/v1/events': { get: operation('Alert events after a sequence number, oldest first', [inQuery('after')]) },
      '/api/v1/demo/scoreboard': { get: operation('What became of the faults put into the demo') },
      '/api/v1/ingest': {
        post: {
          ...operation('Takes in a payload of a topic', [inQuery('topic', undefined, 'string')]),
          requestBody: { required: true, content: { '*/*': {} } },
          responses: { 202: { description: 'What was accepted, and what was dropped by reason' }, ...PROBLEM },
        },
      },
      '/api/v1/cmd/inject': {
        post: command('Puts a fault into the demo', {
          kind: { type: 'string', enum: FAULT_KINDS },
          series: { type: 'string', description: 'Series id or source, as in line1/pump/pressure' },
          for: { type: 'string', description: 'How long, as in 30s' },
        }),
      },
      '/api/v1/cmd/ack': { post: command('Acknowledges an open alert', { alert: { type: 'string' } }) },
      '/api/v1/cmd/accept': {
        post: command('Takes what an open alert is about for the new normal', { alert: { type: 'string' } }),
      },
      '/api/v1/cmd/checkpoint': { post: command('Writes a checkpoint now', {}) },
    },
  };
}

function operation(summary: string, parameters: object[] = []): object {
  return {
    summary,
    parameters,
    responses: { 200: { description: 'OK' }, ...PROBLEM },
  };
}

function command(summary: string, properties: object): object {
  const content = { 'application/json': { schema: { type: 'object', properties } } };
  const responses = { 202: { description: 'Accepted' }, ...PROBLEM };
  return { summary, requestBody: { required: true, content }, responses };
}

function inPath(name: string): object {
  return { name, in: 'path', required: true, schema: { type: 'string' } };
}

function inQuery(name: string, values?: string[], type = 'integer'): object {
  return { name, in: 'query', schema: values === undefined ? { type } : { type: 'string', enum: values } };
}
