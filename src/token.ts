/** The access token of the server, from its file. */
import { readFile } from 'node:fs/promises';
import { CodedError } from '../models/errors.ts';

/** 22 characters of 64 kinds are 132 bits. */
const TOKEN = /^[A-Za-z0-9._-]{22,512}$/;

/** @throws CodedError SECRET_UNREADABLE, SECRET_UNFIT; what the file holds is in no message */
export async function readToken(path: string): Promise<string> {
  let token: string;
  try {
    token = (await readFile(path, 'utf8')).trim();
  } catch (error) {
    throw new CodedError('SECRET_UNREADABLE', `cannot read ${path}`, { cause: error });
  }
  // It travels as a WebSocket subprotocol, which allows no other characters; and a short one can be tried out.
  if (TOKEN.test(token)) return token;
  throw new CodedError('SECRET_UNFIT', `${path}: expected a token of at least 22 letters, digits, "-", "." or "_"`);
}
