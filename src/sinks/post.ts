/**
 * One HTTP POST, on a connection of its own, with an authority of one's own choice where that is wanted.
 *
 * Follows no redirection: a token is for the place that was configured.
 */
import { type IncomingMessage, request as requestPlain, type RequestOptions } from 'node:http';
import { request as requestTls } from 'node:https';

export interface Answer {
  status: number;
  /** The header, as it came. */
  retryAfter: string | undefined;
  /** The beginning of what it says where it did not take it. */
  text: string;
}

export interface Post {
  url: string;
  headers: Record<string, string>;
  body: string;
  /** PEM; undefined: the public authorities. */
  ca: string | undefined;
  signal: AbortSignal;
}

const TEXT_MAX = 1000;

export function post({ url, headers, body, ca, signal }: Post): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const target = new URL(url);
    const bytes = Buffer.from(body);
    const options: RequestOptions = {
      method: 'POST',
      headers: { ...headers, 'content-length': bytes.length },
      agent: false,
      signal,
    };
    const answered = (response: IncomingMessage): void => {
      const status = response.statusCode ?? 0;
      const retryAfter = response.headers['retry-after'];
      if (status >= 200 && status < 300) {
        // It has been taken; what else there is to say does not matter.
        response.destroy();
        resolve({ status, retryAfter, text: '' });
        return;
      }
      readBeginning(response).then((text) => resolve({ status, retryAfter, text }), reject);
    };
    const request =
      target.protocol === 'https:'
        ? requestTls(target, { ...options, ...(ca === undefined ? {} : { ca }), rejectUnauthorized: true }, answered)
        : requestPlain(target, options, answered);
    request.on('error', reject);
    request.end(bytes);
  });
}

/** Reads no further than it has to, whatever the other end goes on sending. */
async function readBeginning(response: IncomingMessage): Promise<string> {
  let text = '';
  response.setEncoding('utf8');
  for await (const piece of response) {
    text += piece as string;
    if (text.length > TEXT_MAX) break; // ends the response, and the connection with it
  }
  return text.slice(0, TEXT_MAX);
}
