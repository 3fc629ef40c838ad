import { randomBytes } from 'node:crypto';
import type { Rng } from '../../models/ports.ts';

export const systemRng: Rng = { hex: (bytes) => randomBytes(bytes).toString('hex') };
