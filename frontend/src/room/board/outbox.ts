/**
 * Entries with local changes (elements, files, pages) that the server has not acknowledged. The
 * server processes frames in order, so its reply to a sync step 1 acknowledges every change sent before.
 */
export class Outbox {
  #waiting = new Map<string, number>();
  #probed = new Map<string, number>();

  add(entries: Iterable<string>, now: number): void {
    for (const id of entries) {
      if (!this.#waiting.has(id)) this.#waiting.set(id, now);
    }
  }

  /** Call when a probe is sent: its reply will acknowledge all changes added so far. */
  markProbed(): void {
    this.#probed = new Map([...this.#waiting, ...this.#probed]);
    this.#waiting = new Map();
  }

  acknowledge(): void {
    this.#probed = new Map();
  }

  /** Call when the connection is lost: the reply to the probe will never arrive. */
  resetProbed(): void {
    this.#waiting = new Map([...this.#waiting, ...this.#probed]);
    this.#probed = new Map();
  }

  get ids(): Set<string> {
    return new Set([...this.#waiting.keys(), ...this.#probed.keys()]);
  }

  get count(): number {
    return this.ids.size;
  }

  /** Age of the oldest change in ms; 0 without any. */
  age(now: number): number {
    let oldest = now;
    for (const times of [this.#waiting, this.#probed]) {
      for (const time of times.values()) oldest = Math.min(oldest, time);
    }
    return now - oldest;
  }
}
