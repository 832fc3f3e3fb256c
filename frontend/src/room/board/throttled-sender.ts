import type { Frame } from "./frames";

/**
 * Bytes per second, and the burst after a pause: a quarter of the server's own limit
 * (docs/protocol.md), since what it broadcasts must also fit the others' connections.
 */
export const BYTES_PER_SECOND = 1024 * 1024;
export const BURST_BYTES = 2 * 1024 * 1024;
/** Minimum cost of a frame in bytes, since the server also limits the number of frames. */
const MIN_FRAME_BYTES = 4 * 1024;
/** Maximum bytes in the browser's send buffer before sending pauses. */
const MAX_BACKLOG_BYTES = 256 * 1024;
const RETRY_DELAY_MS = 50;

/** Sends frames in order, limited by a token bucket and by the connection's backlog. */
export class ThrottledSender {
  #queue: Frame[] = [];
  #tokens = BURST_BYTES;
  #refilledAt = Date.now();
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly send: (frame: Frame) => void,
    /** Bytes that are queued in the browser's send buffer. */
    private readonly backlog: () => number,
  ) {}

  get isIdle(): boolean {
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
    this.#tokens = Math.min(
      BURST_BYTES,
      this.#tokens + ((now - this.#refilledAt) * BYTES_PER_SECOND) / 1000,
    );
    this.#refilledAt = now;
    while (this.#tokens > 0 && this.backlog() < MAX_BACKLOG_BYTES) {
      const frame = this.#queue.shift();
      if (!frame) return;
      this.#tokens -= Math.max(frame.byteLength, MIN_FRAME_BYTES);
      this.send(frame);
    }
    if (!this.isIdle) this.#timer = setTimeout(this.#drain, RETRY_DELAY_MS);
  };
}
