/** `inject KIND SERIES [--for 30s]`: asks the running demo for a fault. */
import { CodedError } from '../../models/errors.ts';
import { type CommandLine, usage } from '../cli.ts';
import { formatAddress } from '../config/address.ts';
import { readToken } from '../token.ts';
import { readConfiguration } from './configuration.ts';

export async function inject(line: CommandLine): Promise<number> {
  const [kind, series, ...rest] = line.positionals;
  if (kind === undefined || series === undefined || rest.length > 0) {
    throw usage('inject: expected KIND SERIES, as in: inject stuck line1/pump/pressure');
  }
  const { config } = await readConfiguration(line);
  const { listen, tokenFile } = config.http;
  const token = tokenFile === null ? undefined : await readToken(tokenFile);
  const url = `http://${formatAddress(listen)}/api/v1/cmd/inject`;
  const response = await fetch(url, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    },
    body: JSON.stringify({ kind, series, for: line.options.for ?? '30s' }),
  }).catch((error: unknown) => {
    throw new CodedError('DAEMON_AWAY', `nothing answers at ${url}; does the daemon run?`, { cause: error });
  });
  const answer = (await response.json()) as { detail?: string };
  if (!response.ok) throw new CodedError('INJECT_REFUSED', answer.detail ?? response.statusText);
  process.stdout.write(
    line.options.json === true ? `${JSON.stringify(answer)}\n` : `injected ${kind} into ${series}\n`,
  );
  return 0;
}
