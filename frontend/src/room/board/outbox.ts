/**
 * Local updates until the server is known to have them. The server answers frames in order, so its
 * answer to a sync step 1 sent after an update says that the update arrived.
 */
export class Outbox {
  #waiting: { update: Uint8Array; since: number }[] = [];
  #marked = 0;

  add(update: Uint8Array, now: number): void {
    this.#waiting.push({ update, since: now });
  }

  /** Called as a probe goes out: whatever was sent before it is covered by its answer. */
  mark(): void {
    this.#marked = this.#waiting.length;
  }

  acknowledge(): void {
    this.#waiting.splice(0, this.#marked);
    this.#marked = 0;
  }

  /** The connection went: an answer to that probe will never come. */
  lost(): void {
    this.#marked = 0;
  }

  get count(): number {
    return this.#waiting.length;
  }

  get updates(): readonly Uint8Array[] {
    return this.#waiting.map((entry) => entry.update);
  }

  /** Age of the oldest in ms; 0 where nothing waits. */
  age(now: number): number {
    return this.#waiting[0] ? now - this.#waiting[0].since : 0;
  }
}
