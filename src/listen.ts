/** Makes a server listen, with a message a person can act on where it cannot. */
import type { AddressInfo, Server } from 'node:net';
import { CodedError } from '../models/errors.ts';
import { formatAddress } from './config/address.ts';
import type { Address } from './config/config.ts';

/**
 * @param remedy  how to choose another address
 * @returns the address in use; its port is the real one where 0 was asked for
 * @throws CodedError PORT_IN_USE, LISTEN_FAILED
 */
export function listen(server: Server, address: Address, remedy: string): Promise<Address> {
  return new Promise((resolve, reject) => {
    const fail = (error: NodeJS.ErrnoException) => {
      const where = formatAddress(address);
      reject(
        error.code === 'EADDRINUSE'
          ? new CodedError('PORT_IN_USE', `${where} is in use by another program; choose another with ${remedy}`)
          : new CodedError('LISTEN_FAILED', `cannot listen on ${where}: ${error.message}`, { cause: error }),
      );
    };
    server.once('error', fail);
    server.listen(address.port, address.host, () => {
      server.off('error', fail);
      resolve({ host: address.host, port: (server.address() as AddressInfo).port });
    });
  });
}
