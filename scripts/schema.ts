/** Writes docs/pipelines.schema.json, by which editors complete and check pipelines.yaml. */
import { writeFileSync } from 'node:fs';
import { jsonSchemaText } from '../src/config/json-schema.ts';

writeFileSync(new URL('../docs/pipelines.schema.json', import.meta.url), jsonSchemaText());
