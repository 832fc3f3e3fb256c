/**
 * What was changed here until the server is known to have it: strokes, pictures, pages, by their
 * ids. The server answers frames in order, so its answer to a sync step 1 that was sent after a
 * change says that the change arrived.
 */
export class Outbox {
  #waiting = new Map<string, number>();
  #asked = new Map<string, number>();

  add(ids: Iterable<string>, now: number): void {
    for (const id of ids) {
      if (!this.#waiting.has(id)) this.#waiting.set(id, now);
    }
  }

  /** Called as a probe goes out: whatever was sent before it is covered by its answer. */
  mark(): void {
    this.#asked = new Map([...this.#waiting, ...this.#asked]);
    this.#waiting = new Map();
  }

  acknowledge(): void {
    this.#asked = new Map();
  }

  /** The connection went: an answer to that probe will never come. */
  lost(): void {
    this.#waiting = new Map([...this.#waiting, ...this.#asked]);
    this.#asked = new Map();
  }

  get count(): number {
    return new Set([...this.#waiting.keys(), ...this.#asked.keys()]).size;
  }

  /** Age of the oldest change in ms; 0 where nothing waits. */
  age(now: number): number {
    let oldest = now;
    for (const times of [this.#waiting, this.#asked]) {
      for (const time of times.values()) oldest = Math.min(oldest, time);
    }
    return now - oldest;
  }
}
