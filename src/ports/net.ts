import { connect as connectTcp, isIP } from 'node:net';
import type { Duplex } from 'node:stream';
import { connect as connectTls } from 'node:tls';
import type { Net } from '../../models/ports.ts';

export const systemNet: Net<Duplex> = {
  connect: ({ host, port, secure, tls = {} }) => {
    if (!secure) return connectTcp({ host, port });
    // An address is no server name; the certificate is checked against it all the same.
    const socket = connectTls({ host, port, ...tls, ...(isIP(host) === 0 ? { servername: host } : {}) });
    // Nothing leaves before the certificate has been checked, least of all a password.
    socket.cork();
    socket.once('secureConnect', () => socket.uncork());
    return socket;
  },
};
