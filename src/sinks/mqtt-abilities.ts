/** What a broker can do, as it says when it lets us in. */
import type { IConnackPacket } from 'mqtt';

export interface Abilities {
  readonly qos: 0 | 1;
  readonly retains: boolean;
  /** Messages that may be under way. */
  readonly window: number;
  readonly packetBytesMax: number;
}

const WINDOW_MAX = 20;

export function abilitiesOf({ properties }: IConnackPacket): Abilities {
  return {
    qos: properties?.maximumQoS === 0 ? 0 : 1,
    retains: properties?.retainAvailable !== false,
    window: Math.min(WINDOW_MAX, properties?.receiveMaximum ?? WINDOW_MAX),
    packetBytesMax: properties?.maximumPacketSize ?? Infinity,
  };
}
