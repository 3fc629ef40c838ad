/**
 * Trouble with a stable code, for logs, tests and people who search for it.
 *
 * Three kinds of error, three treatments: a mistake in the code throws at once; bad data from the world is a counted
 * value (see `drop.ts`) and never an exception; trouble in the world (a broker away, a full disk) is a `CodedError`.
 */
export class CodedError extends Error {
  readonly code: string;

  constructor(code: string, message: string, options?: { cause?: unknown }) {
    super(`${message}  (${code})`, options);
    this.name = 'CodedError';
    this.code = code;
  }
}
