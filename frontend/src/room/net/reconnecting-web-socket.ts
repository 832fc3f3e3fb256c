import { ApiError } from "../../shared/api";
import { CLOSE_CODES, isFinal } from "../protocol";
import { backoff } from "./backoff";

/** Close codes after which the backoff keeps growing even if a message was received. */
const BACKOFF_CODES: readonly number[] = [CLOSE_CODES.unavailable, CLOSE_CODES.flood];

/** Why the socket does not reconnect: a final close code, or the error response of `join`. */
export type Refusal = number | ApiError;

export interface SocketHandlers {
  /** Returns the full URL with a fresh ticket; called before every attempt. */
  getAddress(): Promise<string>;
  onOpen(): void;
  onMessage(data: string | ArrayBuffer): void;
  /** The connection was lost and will be retried; `code` is the close code, 0 without one. */
  onLost(code: number): void;
  /** The connection was refused for good and is not retried. */
  onRefused(reason: Refusal): void;
}

function isPermanentError(error: unknown): error is ApiError {
  if (!(error instanceof ApiError)) return false;
  return error.status >= 400 && error.status < 500 && error.status !== 429 && error.status !== 408;
}

/** A WebSocket that reconnects with backoff, using a new ticket for each attempt. */
export class ReconnectingWebSocket {
  #socket: WebSocket | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #attempt = 0;
  /** Whether a message has arrived on the current connection. */
  #hasReceived = false;
  /** Incremented by every attempt and by stop, so that events of an older attempt are ignored. */
  #generation = 0;
  #stopped = true;

  constructor(private readonly handlers: SocketHandlers) {}

  get isOpen(): boolean {
    return this.#socket?.readyState === WebSocket.OPEN;
  }

  /** Bytes that are queued in the browser's send buffer. */
  get backlog(): number {
    return this.#socket?.bufferedAmount ?? 0;
  }

  start(): void {
    if (!this.#stopped) return;
    this.#stopped = false;
    addEventListener("online", this.#connectNow);
    addEventListener("offline", this.#disconnect);
    this.#connectNow();
  }

  stop(): void {
    this.#stopped = true;
    removeEventListener("online", this.#connectNow);
    removeEventListener("offline", this.#disconnect);
    clearTimeout(this.#timer);
    this.#closeSocket();
  }

  /** Returns false when the socket is not open. */
  send(data: string | Uint8Array<ArrayBuffer>): boolean {
    if (!this.isOpen) return false;
    this.#socket?.send(data);
    return true;
  }

  /** Reconnects at once; for a dead connection that the browser may take minutes to detect. */
  reconnect(): void {
    if (this.#stopped) return;
    this.#disconnect();
    this.#connectNow();
  }

  readonly #connectNow = (): void => {
    clearTimeout(this.#timer);
    if (this.#stopped || this.#socket) return;
    void this.#connect();
  };

  readonly #disconnect = (): void => {
    if (!this.#socket) return;
    this.#closeSocket();
    this.#scheduleReconnect(0);
  };

  #closeSocket(): void {
    this.#generation += 1;
    const socket = this.#socket;
    this.#socket = null;
    socket?.close();
  }

  async #connect(): Promise<void> {
    this.#generation += 1;
    const generation = this.#generation;
    let address: string;
    try {
      address = await this.handlers.getAddress();
    } catch (error) {
      if (generation === this.#generation && !this.#stopped) this.#handleAddressError(error);
      return;
    }
    if (generation === this.#generation && !this.#stopped) this.#open(address, generation);
  }

  #open(address: string, generation: number): void {
    const socket = new WebSocket(address);
    socket.binaryType = "arraybuffer";
    this.#socket = socket;
    socket.onopen = () => {
      if (generation !== this.#generation) return;
      this.handlers.onOpen();
    };
    socket.onmessage = (event: MessageEvent<string | ArrayBuffer>) => {
      if (generation !== this.#generation) return;
      this.#hasReceived = true;
      this.handlers.onMessage(event.data);
    };
    socket.onclose = (event) => {
      if (generation !== this.#generation) return;
      this.#socket = null;
      if (isFinal(event.code)) this.#giveUp(event.code);
      else this.#scheduleReconnect(event.code);
    };
  }

  #handleAddressError(error: unknown): void {
    if (isPermanentError(error)) this.#giveUp(error);
    else this.#scheduleReconnect(0, error instanceof ApiError ? error.retryAfter : null);
  }

  #giveUp(reason: Refusal): void {
    this.stop();
    this.handlers.onRefused(reason);
  }

  #scheduleReconnect(code: number, retryAfter: number | null = null): void {
    // A server that accepts connections only to close them must not reset the backoff.
    if (this.#hasReceived && !BACKOFF_CODES.includes(code)) this.#attempt = 0;
    this.#hasReceived = false;
    const delay = retryAfter === null ? backoff(this.#attempt) : retryAfter * 1000;
    this.#attempt += 1;
    clearTimeout(this.#timer);
    // CLOSE_CODES.slow only asks a slow reader to resync, so it reconnects without delay.
    this.#timer = setTimeout(this.#connectNow, code === CLOSE_CODES.slow ? 0 : delay);
    this.handlers.onLost(code);
  }
}
