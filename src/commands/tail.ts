/** `tail [SERIES…]`: alerts of the running daemon as they happen, one line each, until it is interrupted. */
import { WebSocket } from 'ws';
import type { AlertDocument } from '../../models/alert-document.ts';
import { CodedError } from '../../models/errors.ts';
import type { CommandLine } from '../cli.ts';
import { formatAddress } from '../config/address.ts';
import { visible } from '../line-format.ts';
import { readToken } from '../token.ts';
import { type ServerMessage, type SubscribeMessage, SUBPROTOCOL } from '../protocol.ts';
import { readConfiguration } from './configuration.ts';

export async function tail(line: CommandLine): Promise<number> {
  const { config } = await readConfiguration(line);
  const { listen, tokenFile } = config.http;
  const url = `ws://${formatAddress(listen)}/api/v1/stream`;
  const token = tokenFile === null ? [] : [`token.${await readToken(tokenFile)}`];
  const socket = new WebSocket(url, [SUBPROTOCOL, ...token]);
  const series = line.positionals.length > 0 ? line.positionals : ['*'];
  const subscribe: SubscribeMessage = { type: 'subscribe', id: 1, series, what: ['alerts'] };
  return new Promise((resolve, reject) => {
    socket.on('open', () => socket.send(JSON.stringify(subscribe)));
    socket.on('message', (data) => {
      const message = JSON.parse((data as Buffer).toString('utf8')) as ServerMessage;
      // What is open already comes first, oldest first, as if it had just happened.
      const alerts = message.type === 'snapshot' ? message.alerts.filter(isActive).reverse() : [];
      if (message.type === 'alert') alerts.push(message.alert);
      for (const alert of alerts) {
        process.stdout.write(line.options.json === true ? `${JSON.stringify(alert)}\n` : oneLine(alert));
      }
    });
    socket.on('unexpected-response', (_, { statusCode }) => {
      const unauthorised = 'the daemon asks for another token, see --token-file';
      reject(new CodedError('REFUSED', statusCode === 401 ? unauthorised : `the daemon answered ${statusCode}`));
      socket.terminate();
    });
    socket.on('error', (cause) =>
      reject(new CodedError('DAEMON_AWAY', `nothing answers at ${url}; does the daemon run?`, { cause })),
    );
    socket.on('close', () => resolve(0));
    process.once('SIGINT', () => socket.close());
    process.once('SIGTERM', () => socket.close());
  });
}

function isActive({ status }: AlertDocument): boolean {
  return status === 'active';
}

function oneLine({ updated_at, event, severity, series, text }: AlertDocument): string {
  return `${updated_at} ${event.padEnd(6)} ${severity.padEnd(8)} ${series} ${visible(text).replaceAll('\n', ' ')}\n`;
}
