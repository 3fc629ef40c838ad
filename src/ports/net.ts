import { connect as connectTcp } from 'node:net';
import type { Duplex } from 'node:stream';
import { connect as connectTls } from 'node:tls';
import type { Net } from '../../models/ports.ts';

export const systemNet: Net<Duplex> = {
  connect: ({ host, port, secure }) =>
    secure ? connectTls({ host, port, servername: host }) : connectTcp({ host, port }),
};
