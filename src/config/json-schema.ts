/** The file's schema as JSON Schema 2020-12, for editors that complete and check while one types. */
import * as z from 'zod';
import { fileSchema } from './schema.ts';

export function jsonSchema(): Record<string, unknown> {
  const schema = z.toJSONSchema(fileSchema, { target: 'draft-2020-12', io: 'input' });
  return { ...schema, title: 'Tidewatch pipelines.yaml' };
}
