/**
 * A folder has one daemon. The system holds the lock and lets go of it however the process ends, so none is ever left
 * behind: it is that of an SQLite file nobody writes to.
 */
import { closeSync, mkdirSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { CodedError } from '../../models/errors.ts';

const NAME = 'lock';

/** @returns lets go of it. @throws CodedError STATE_LOCKED */
export function lockFolder(path: string): () => void {
  mkdirSync(path, { recursive: true, mode: 0o700 });
  closeSync(openSync(join(path, NAME), 'a', 0o600));
  const database = new DatabaseSync(join(path, NAME));
  try {
    database.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE');
  } catch (error) {
    database.close();
    throw new CodedError(
      'STATE_LOCKED',
      `${path}: another tidewatch works with this state; stop it, or give this one a folder of its own with --state-dir`,
      { cause: error },
    );
  }
  return () => database.close();
}
