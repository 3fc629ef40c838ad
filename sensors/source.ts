/**
 * What every source is to the rest: it brings payloads with their topic, and says how it is doing. What a payload means
 * is none of its business, so every transport speaks every format.
 */
export interface SourceHandlers {
  /** @returns resolves when the message may be acknowledged; undefined: at once */
  onMessage(topic: string, payload: Uint8Array, facts: MessageFacts): Promise<void> | undefined;
  /** What the peer had sent and not yet got acknowledged, it will not send again. */
  onSessionLost?(): void;
  /** `detail` is for people: what it is connected with, or why it is not. */
  onState(connected: boolean, detail: string): void;
}

export interface MessageFacts {
  /** The broker's last known value, of unknown age. */
  retained: boolean;
  /** Of a message that is sent again until it is acknowledged: its id in the session. */
  packetId?: number | undefined;
  /** Whose session that is, where a source has several. */
  session?: string;
  /** It was sent before. */
  again?: boolean | undefined;
}

export interface Source {
  /** Begins to connect, and goes on trying until it is stopped; never throws for trouble in the world. */
  start(): void;
  /** Stops reading for a moment, so that what is behind can catch up; the peer waits. */
  pause(): void;
  resume(): void;
  stop(): Promise<void>;
}

/** Files for an encrypted connection, as PEM. A peer that does not match is always refused. */
export interface TlsFiles {
  /** Authorities to trust instead of the public ones. */
  caFile: string | null;
  certFile: string | null;
  keyFile: string | null;
}
