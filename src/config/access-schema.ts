/** What parts that connect to another server have in common: its URL and what it takes to get in. */
import * as z from 'zod';
import type { AccessConfig } from './config.ts';
import { nonEmpty, oneOf, text } from './leaves.ts';
import { say } from './rule.ts';
import { isUrl } from './url.ts';

function url(...schemes: string[]) {
  const expected = `${oneOf(schemes.map((scheme) => `${scheme}//`))} and a host`;
  return text(
    () => ({ code: 'CONFIG_URL', expected }),
    (value) => (isUrl(value, schemes) ? value : undefined),
  );
}

export const mqttUrl = url('mqtt:', 'mqtts:', 'ws:', 'wss:');
export const webSocketUrl = url('ws:', 'wss:');
export const httpUrl = url('http:', 'https:');

/** Where other parameters of the same address are made by the program. */
export const bareHttpUrl = text(
  () => ({ code: 'CONFIG_URL', expected: 'http:// or https:// and a host, without ? and #' }),
  (value) => (isUrl(value, ['http:', 'https:']) && !/[?#]/.test(value) ? value : undefined),
);

export const caFile = nonEmpty('file name')
  .optional()
  .describe('PEM file with the authorities to trust instead of the public ones.');

export const tokenFile = nonEmpty('file name')
  .optional()
  .describe('File with a token, sent as "Authorization: Bearer".');

export const accessKeys = {
  username: nonEmpty('user name as text').optional().describe('User name at the server.'),
  password: nonEmpty('"${NAME}" of an environment variable')
    .optional()
    .describe('"${NAME}" of an environment variable.'),
  password_file: nonEmpty('file name').optional().describe('File with the password.'),
  ca_file: caFile,
  cert_file: nonEmpty('file name').optional().describe('PEM file with our certificate; together with key_file.'),
  key_file: nonEmpty('file name').optional().describe('PEM file with the key of cert_file.'),
};

type AccessKeys = z.output<z.ZodObject<typeof accessKeys>>;

export const access = (keys: AccessKeys): AccessConfig => ({
  username: keys.username ?? null,
  password: keys.password ?? null,
  passwordFile: keys.password_file ?? null,
  caFile: keys.ca_file ?? null,
  certFile: keys.cert_file ?? null,
  keyFile: keys.key_file ?? null,
});

const VERSIONS = new Map<unknown, 4 | 5>([
  ['3.1.1', 4],
  [5, 5],
]);

/** Keys of whoever speaks MQTT. */
export const clientKeys = {
  protocol: z
    .preprocess(
      (value) => (value === '5' ? 5 : value),
      z.literal(['3.1.1', 5], { error: say({ code: 'CONFIG_VALUE', expected: '3.1.1 or 5', known: ['3.1.1'] }) }),
    )
    .transform((version) => VERSIONS.get(version) ?? null)
    .optional()
    .describe('Version of MQTT. Default: 5, and 3.1.1 where the broker refuses it.'),
  client_id: nonEmpty('client id as text')
    .optional()
    .describe('MQTT client id; one broker must not see it twice. Default: made once and kept.'),
};
