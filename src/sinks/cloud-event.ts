/**
 * The attributes of an alert event as CloudEvents 1.0 names them: beside the document and never around it, so that
 * whoever does not care sees the document alone.
 */
import type { AlertDocument } from '../../models/alert-document.ts';

export interface CloudEventAttributes {
  specversion: '1.0';
  /** The same each time this event is sent, and of no other event. */
  id: string;
  source: string;
  type: string;
  subject: string;
  time: string;
}

export function cloudEvent(alert: AlertDocument): CloudEventAttributes {
  return {
    specversion: '1.0',
    id: printable(`${alert.id}-${alert.seq}`),
    source: `/tidewatch/${encodeURIComponent(alert.pipeline.toWellFormed())}`,
    type: printable(`tidewatch.alert.${alert.event}`),
    subject: printable(alert.series),
    time: printable(alert.updated_at),
  };
}

const SUBJECT_MAX = 256;

/** Everything a header cannot hold, and what the binding wants escaped, as UTF-8 in percent. */
function printable(text: string): string {
  return text
    .slice(0, SUBJECT_MAX)
    .toWellFormed()
    .replace(/[^!#$&-~]/gu, (character) => encodeURIComponent(character).replaceAll('"', '%22'));
}
