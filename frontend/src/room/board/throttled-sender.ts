import type { Frame } from "./frames";

/**
 * Bytes per second, and the burst after a pause: a quarter of the server's own limit
 * (docs/protocol.md), since what it broadcasts must also fit the others' connections.
 */
export const RATE = 1024 * 1024;
export const BURST = 2 * 1024 * 1024;
/** A smaller frame counts as this many bytes, since the server limits frames too. */
const LEAST = 4 * 1024;
/** Bytes that may wait in the browser's own queue. */
const BACKLOG = 256 * 1024;
const AGAIN = 50;

/** Sends frames in order, no faster than the server and the connection take them. */
export class ThrottledSender {
  #queue: Frame[] = [];
  #left = BURST;
  #at = Date.now();
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly send: (frame: Frame) => void,
    /** Bytes that were sent and have not left the browser. */
    private readonly backlog: () => number,
  ) {}

  get idle(): boolean {
    return this.#queue.length === 0;
  }

  push(frames: readonly Frame[]): void {
    this.#queue.push(...frames);
    if (this.#timer === undefined) this.#drain();
  }

  clear(): void {
    this.#queue = [];
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  readonly #drain = (): void => {
    this.#timer = undefined;
    const now = Date.now();
    this.#left = Math.min(BURST, this.#left + ((now - this.#at) * RATE) / 1000);
    this.#at = now;
    while (this.#left > 0 && this.backlog() < BACKLOG) {
      const frame = this.#queue.shift();
      if (!frame) return;
      this.#left -= Math.max(frame.byteLength, LEAST);
      this.send(frame);
    }
    if (!this.idle) this.#timer = setTimeout(this.#drain, AGAIN);
  };
}
