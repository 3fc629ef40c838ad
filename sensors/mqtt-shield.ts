/**
 * Keeps an MQTT client from what a broker can do to it inside of well-formed frames: a keep-alive of the server that is
 * no number would throw where nobody catches, and after an error of its parser the client would go on reading from the
 * middle of nowhere. To be used together with a guarded stream.
 */
import type { MqttClient } from 'mqtt';

export function shield(client: MqttClient): void {
  client.on('packetreceive', (packet) => {
    if (packet.cmd !== 'connack' || packet.properties === undefined) return;
    // Sent twice, it is a list.
    const keepAlive: unknown = packet.properties.serverKeepAlive;
    if (!Number.isInteger(keepAlive) || (keepAlive as number) < 0) delete packet.properties.serverKeepAlive;
  });
  client.on('error', () => client.stream.destroy());
}
