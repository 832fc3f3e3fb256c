import { ApiError } from "../../shared/api";
import { CLOSE, isFinal } from "../protocol";
import { backoff } from "./backoff";

const TURNED_AWAY: readonly number[] = [CLOSE.unavailable, CLOSE.flood];

/** Why a socket will not be tried again: a close code, or what `join` answered. */
export type Refusal = number | ApiError;

export interface SocketHandlers {
  /** A complete address with a fresh ticket; called before every attempt. */
  address(): Promise<string>;
  opened(): void;
  received(data: string | ArrayBuffer): void;
  /** Lost for now; it is tried again by itself. */
  lost(code: number): void;
  refused(why: Refusal): void;
}

function isRefusal(error: unknown): error is ApiError {
  if (!(error instanceof ApiError)) return false;
  return error.status >= 400 && error.status < 500 && error.status !== 429 && error.status !== 408;
}

/** A WebSocket that comes back by itself, with a new ticket each time. */
export class ReconnectingWebSocket {
  #socket: WebSocket | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #attempt = 0;
  /** A message has arrived on the present connection. */
  #hasReceived = false;
  /** Raised by every new attempt and by stop, so that an answer to an older one is not used. */
  #turn = 0;
  #stopped = true;

  constructor(private readonly handlers: SocketHandlers) {}

  get isOpen(): boolean {
    return this.#socket?.readyState === WebSocket.OPEN;
  }

  /** Bytes that were sent and have not left the browser. */
  get backlog(): number {
    return this.#socket?.bufferedAmount ?? 0;
  }

  start(): void {
    if (!this.#stopped) return;
    this.#stopped = false;
    addEventListener("online", this.#now);
    addEventListener("offline", this.#drop);
    this.#now();
  }

  stop(): void {
    this.#stopped = true;
    removeEventListener("online", this.#now);
    removeEventListener("offline", this.#drop);
    clearTimeout(this.#timer);
    this.#release();
  }

  /** False where nothing was sent. */
  send(data: string | Uint8Array<ArrayBuffer>): boolean {
    if (!this.isOpen) return false;
    this.#socket?.send(data);
    return true;
  }

  /** For a connection that is silent: the browser may take minutes to notice by itself. */
  renew(): void {
    if (this.#stopped) return;
    this.#drop();
    this.#now();
  }

  readonly #now = (): void => {
    clearTimeout(this.#timer);
    if (this.#stopped || this.#socket) return;
    void this.#connect();
  };

  readonly #drop = (): void => {
    if (!this.#socket) return;
    this.#release();
    this.#lose(0);
  };

  #release(): void {
    this.#turn += 1;
    const socket = this.#socket;
    this.#socket = null;
    socket?.close();
  }

  async #connect(): Promise<void> {
    this.#turn += 1;
    const turn = this.#turn;
    let address: string;
    try {
      address = await this.handlers.address();
    } catch (error) {
      if (turn === this.#turn && !this.#stopped) this.#failed(error);
      return;
    }
    if (turn === this.#turn && !this.#stopped) this.#open(address, turn);
  }

  #open(address: string, turn: number): void {
    const socket = new WebSocket(address);
    socket.binaryType = "arraybuffer";
    this.#socket = socket;
    socket.onopen = () => {
      if (turn !== this.#turn) return;
      this.handlers.opened();
    };
    socket.onmessage = (event: MessageEvent<string | ArrayBuffer>) => {
      if (turn !== this.#turn) return;
      this.#hasReceived = true;
      this.handlers.received(event.data);
    };
    socket.onclose = (event) => {
      if (turn !== this.#turn) return;
      this.#socket = null;
      if (isFinal(event.code)) this.#refuse(event.code);
      else this.#lose(event.code);
    };
  }

  #failed(error: unknown): void {
    if (isRefusal(error)) this.#refuse(error);
    else this.#lose(0, error instanceof ApiError ? error.retryAfter : null);
  }

  #refuse(why: Refusal): void {
    this.stop();
    this.handlers.refused(why);
  }

  #lose(code: number, retryAfter: number | null = null): void {
    // Whoever opens a connection only to turn us away is asked less and less often.
    if (this.#hasReceived && !TURNED_AWAY.includes(code)) this.#attempt = 0;
    this.#hasReceived = false;
    const wait = retryAfter === null ? backoff(this.#attempt) : retryAfter * 1000;
    this.#attempt += 1;
    clearTimeout(this.#timer);
    // A slow reader is only asked to start afresh, so it need not wait.
    this.#timer = setTimeout(this.#now, code === CLOSE.slow ? 0 : wait);
    this.handlers.lost(code);
  }
}
