/**
 * Alerts, ordered as the list shows them, in a list that cannot grow for ever.
 *
 * Open ones first, then newest first. When the book is full the oldest cleared alert leaves; with only open ones,
 * the oldest of these.
 */
import type { AlertDocument } from '../../models/alert-document.ts';

export const ALERTS_MAX = 200;

export type AlertBook = readonly AlertDocument[];

/** The book with these documents in it. Of two documents on one alert, the one later in the event log holds. */
export function enter(book: AlertBook, documents: readonly AlertDocument[]): AlertBook {
  const byId = new Map(book.map((alert) => [alert.id, alert]));
  for (const document of documents) {
    const held = byId.get(document.id);
    if (!held || document.seq >= held.seq) byId.set(document.id, document);
  }
  return [...byId.values()].sort(openFirstThenNewest).slice(0, ALERTS_MAX);
}

function openFirstThenNewest(a: AlertDocument, b: AlertDocument): number {
  const open = Number(b.status === 'active') - Number(a.status === 'active');
  return open || Date.parse(b.started_at) - Date.parse(a.started_at) || b.seq - a.seq;
}

export function bySeries(book: AlertBook): ReadonlyMap<string, AlertBook> {
  return Map.groupBy(book, (alert) => alert.series);
}
