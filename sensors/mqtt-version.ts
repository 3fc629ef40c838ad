/** Which version of MQTT to ask for: 5, and 3.1.1 where that is refused. */
export type Version = 4 | 5;

export const nameOf = (version: Version): string => (version === 5 ? 'MQTT 5' : 'MQTT 3.1.1');

export class VersionChoice {
  readonly #wanted: Version | null;
  /** Versions the broker refused since it last accepted one. */
  readonly #refused = new Set<Version>();
  #current: Version;
  #known = false;

  /** @param wanted  null: whichever is accepted */
  constructor(wanted: Version | null) {
    this.#wanted = wanted;
    this.#current = wanted ?? 5;
  }

  get current(): Version {
    return this.#current;
  }

  accepted(): void {
    this.#known = true;
    this.#refused.clear();
  }

  /** @returns whether there is another one to ask for at once */
  refused(): boolean {
    if (this.#wanted !== null) return false;
    this.#refused.add(this.#current);
    this.#current = this.#current === 5 ? 4 : 5;
    if (!this.#refused.has(this.#current)) return true;
    this.#refused.clear();
    this.#current = 5;
    return false;
  }

  /** Some brokers hang up on a version they do not know. @returns as `refused` does */
  hungUp(): boolean {
    return !this.#known && this.refused();
  }
}
