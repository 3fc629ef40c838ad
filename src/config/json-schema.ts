/** The file's schema as JSON Schema 2020-12, for editors that complete and check while one types. */
import * as z from 'zod';
import { fileSchema } from './schema.ts';

export function jsonSchema(): Record<string, unknown> {
  const schema = z.toJSONSchema(fileSchema, { target: 'draft-2020-12', io: 'input' });
  return { ...schema, title: 'Tidewatch pipelines.yaml' };
}

/** As the file in docs holds it: two spaces, and short lists of words on one line, which is how the formatter has it. */
export function jsonSchemaText(): string {
  const text = JSON.stringify(jsonSchema(), null, 2);
  const joined = text.replaceAll(/^( *)(.*)\[\n([^[\]{}]*?)\n *\](,?)$/gm, (spread, indent, key, words, comma) => {
    const line = `${indent}${key}[${String(words).trim().split(/\n */).join(' ')}]${comma}`;
    return line.length > LINE_MAX ? spread : line;
  });
  return `${joined}\n`;
}

const LINE_MAX = 120;
