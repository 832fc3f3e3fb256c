import type { Frame } from "./frames";

/**
 * Bytes a second, and at once after a rest: a quarter of what the server lets through
 * (docs/protocol.md), for what it passes on must also fit the others' lines.
 */
export const RATE = 1024 * 1024;
export const BURST = 2 * 1024 * 1024;
/** A smaller frame counts as so many bytes, since frames are limited too. */
const LEAST = 4 * 1024;
/** As much may wait in the browser's own queue. */
const BACKLOG = 256 * 1024;
const AGAIN = 50;

/** Sends frames in their order and no faster than the server and the line take them. */
export class Pacer {
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
