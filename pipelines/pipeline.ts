/**
 * The one straight way: entries of the log in, scored batches out.
 *
 *   order ▸ align ▸ pace ▸ detect ──▶ raise (alerts)
 *                                 └─▶ thin (screens)
 *
 * One shared stream for all series.
 */
import { type Observable, share } from 'rxjs';
import type { Batch } from '../models/batch.ts';
import type { Registry } from '../models/registry.ts';
import { align } from './align.ts';
import { detect, type LocalOffset } from './detect.ts';
import { order } from './order.ts';
import { pace } from './pace.ts';

export function pipeline(entries: Observable<Batch>, registry: Registry, localOffset: LocalOffset): Observable<Batch> {
  return entries.pipe(order(registry), align(registry), pace(registry), detect(registry, localOffset), share());
}
