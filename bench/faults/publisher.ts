/** Publishes to a broker at a steady rate, QoS 1, and hears what alerts a daemon tells it. */
import { setTimeout as pause } from 'node:timers/promises';
import { connectAsync, type MqttClient } from 'mqtt';
import type { AlertDocument } from '../../models/alert-document.ts';
import { nextTime, type Sent, valueAt } from './sent.ts';

/** Messages that may wait for their acknowledgement. */
const WAITING_MAX = 1000;
const LAST_ALERTS_MS = 300;

export interface PublisherOptions {
  url: string;
  /** First level of its topics. */
  plant: string;
  topics: number;
  roundMs: number;
  /** Topic of alert events. */
  events: string;
}

export class Publisher {
  readonly sent: Sent;
  readonly told: AlertDocument[] = [];
  readonly #options: PublisherOptions;
  readonly #client: MqttClient;
  readonly #topics: string[];
  #isRunning = true;
  #waiting = 0;
  #done: Promise<void> = Promise.resolve();

  private constructor(options: PublisherOptions, client: MqttClient) {
    this.#options = options;
    this.#client = client;
    this.#topics = Array.from({ length: options.topics }, (_, i) => `${options.plant}/${i}`);
    this.sent = { sources: this.#topics.map((topic) => `${topic}/v`), rounds: [], acknowledged: [] };
    client.on('message', (topic, payload) => {
      if (topic === options.events) this.told.push(JSON.parse(payload.toString()) as AlertDocument);
    });
  }

  static async open(options: PublisherOptions): Promise<Publisher> {
    const client = await connectAsync(options.url, { protocolVersion: 5 });
    await client.subscribeAsync(options.events, { qos: 1 });
    return new Publisher(options, client);
  }

  start(): void {
    this.#done = this.#run();
  }

  /** Resolves when all that was published is acknowledged. */
  async stop(): Promise<void> {
    this.#isRunning = false;
    await this.#done;
    while (this.#waiting > 0) await pause(10);
  }

  async close(): Promise<void> {
    await pause(LAST_ALERTS_MS);
    await this.#client.endAsync();
  }

  async #run(): Promise<void> {
    let due = performance.now();
    while (this.#isRunning) {
      if (this.#waiting < WAITING_MAX) this.#round();
      due += this.#options.roundMs;
      // Who was held up does not hurry after.
      due = Math.max(due, performance.now());
      await pause(Math.max(0, due - performance.now()));
    }
  }

  #round(): void {
    const ts = nextTime(this.sent);
    const round = this.sent.rounds.push(ts) - 1;
    let left = this.#topics.length;
    this.#waiting += left;
    for (const [i, topic] of this.#topics.entries()) {
      this.#client.publish(topic, JSON.stringify({ v: valueAt(i, round), ts }), { qos: 1 }, (error) => {
        this.#waiting--;
        if (!(error instanceof Error)) left--;
        this.sent.acknowledged[round] = left === 0;
      });
    }
  }
}
