import { createRequest, type Request } from "../../shared/api";
import { newId } from "../../shared/id";
import { apiBaseUrl, type Config } from "../config";
import { type JoinResponse, join } from "../net/join";
import { ReconnectingWebSocket, type Refusal } from "../net/reconnecting-web-socket";
import {
  type ChatMessage,
  type ClientMessage,
  parseServerMessage,
  type ServerMessage,
} from "../protocol";
import { type Problem, problemOf } from "./problems";
import { INITIAL_STATE, type RoomState, reduce } from "./room-state";
import { Store } from "./store";

const PING_INTERVAL_MS = 15_000;
const SILENCE_TIMEOUT_MS = 35_000;
const CHAT_RETRY_DELAY_MS = 5000;
/** Error codes that pass, after which the message is sent again. */
const TEMPORARY_ERRORS = ["service_unavailable", "storage_full", "throttled"];

export interface SessionState extends RoomState {
  link: "connecting" | "open" | "lost";
  refused: Refusal | null;
  /** Whether the server has ever answered, so that only the socket can be what is blocked. */
  hasTicket: boolean;
  /** Our chat messages that the server has not yet echoed. */
  unsentChat: readonly { id: string; text: string }[];
  /** The last error that the server reported for one of our messages. */
  problem: Problem | null;
}

export type Listener = (message: ServerMessage) => void;

/** One person's session in the room: tickets, the events socket and the state received through it. */
export class RoomSession {
  readonly store: Store<SessionState>;
  readonly request: Request;
  readonly api: string;
  iceServers: RTCIceServer[] = [];
  #socket: ReconnectingWebSocket;
  #listeners = new Set<Listener>();
  #timer: ReturnType<typeof setInterval> | undefined;
  #retryTimer: ReturnType<typeof setTimeout> | undefined;
  #lastMessageAt = 0;

  constructor(
    readonly config: Config,
    private readonly name: string,
  ) {
    this.store = new Store<SessionState>({
      ...INITIAL_STATE,
      link: "connecting",
      refused: null,
      hasTicket: false,
      unsentChat: [],
      problem: null,
    });
    this.request = createRequest(config.csrfToken);
    this.api = apiBaseUrl(config);
    this.#socket = new ReconnectingWebSocket({
      getAddress: () => this.socketAddress("events_url"),
      onOpen: () => {
        this.#lastMessageAt = Date.now();
      },
      onMessage: (data) => this.#handleMessage(data),
      onLost: () => this.store.patch({ link: "lost" }),
      onRefused: (refused) => this.store.patch({ link: "lost", refused }),
    });
  }

  start(): void {
    this.#socket.start();
    this.#timer = setInterval(() => this.#sendPing(), PING_INTERVAL_MS);
    addEventListener("pagehide", this.#leave);
  }

  stop(): void {
    clearInterval(this.#timer);
    clearTimeout(this.#retryTimer);
    removeEventListener("pagehide", this.#leave);
    this.#socket.stop();
  }

  /** Joins the room and returns a socket URL; each ticket is valid for one connection attempt. */
  async socketAddress(key: "events_url" | "board_url"): Promise<string> {
    const joined: JoinResponse = await join(this.request, this.config, this.name);
    this.iceServers = joined.ice_servers;
    this.store.patch({ hasTicket: true });
    return `${joined[key]}?ticket=${encodeURIComponent(joined.ticket)}`;
  }

  send(message: ClientMessage): boolean {
    return this.#socket.send(JSON.stringify(message));
  }

  sendChat(text: string): void {
    const entry = { id: newId(), text: sanitiseText(text) };
    this.store.patch({ unsentChat: [...this.store.get().unsentChat, entry] });
    this.send({ type: "chat.send", ...entry });
  }

  /** Loads the chat over HTTP, for a network that blocks the socket. */
  async loadChat(): Promise<void> {
    const response = await this.request(`${this.api}chat/`);
    const { results } = (await response.json()) as { results: ChatMessage[] };
    if (!this.store.get().you) this.store.patch({ chat: results });
  }

  onMessage(listener: Listener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Moves the call to this tab: the newest connection of a person is the one in the call. */
  takeCall(): void {
    this.#socket.reconnect();
  }

  dismissProblem(): void {
    this.store.patch({ problem: null });
  }

  // Closing explicitly shows the others at once that we left, without waiting for a timeout.
  readonly #leave = (): void => this.#socket.stop();

  #sendPing(): void {
    if (!this.#socket.isOpen) return;
    if (Date.now() - this.#lastMessageAt > SILENCE_TIMEOUT_MS) this.#socket.reconnect();
    else this.send({ type: "ping" });
  }

  #handleMessage(data: string | ArrayBuffer): void {
    this.#lastMessageAt = Date.now();
    const message = typeof data === "string" ? parseServerMessage(data) : null;
    if (!message) return;
    const state = this.store.get();
    const next: SessionState = { ...state, ...reduce(state, message, Date.now()) };
    if (message.type === "welcome") {
      next.link = "open";
      next.problem = null;
    }
    if (message.type === "error") next.problem = this.#toProblem(message);
    if (message.type === "ice") this.iceServers = message.ice_servers;
    if (message.type === "welcome" && message.you.state === "in") {
      this.iceServers = message.ice_servers;
    }
    const echoed = new Set(next.chat.map((entry) => entry.id));
    next.unsentChat = state.unsentChat.filter((entry) => !echoed.has(entry.id));
    const isAllSent = state.unsentChat.length > 0 && next.unsentChat.length === 0;
    if (isAllSent && TEMPORARY_ERRORS.includes(next.problem?.code ?? "")) next.problem = null;
    this.store.set(next);
    if (message.type === "welcome" && message.you.state === "in") this.#resendChat();
    for (const listener of [...this.#listeners]) listener(message);
  }

  /** Converts an error message, and schedules a resend of chat that could not be stored. */
  #toProblem(message: Extract<ServerMessage, { type: "error" }>): Problem | null {
    const { code, ref } = message;
    if (ref === "chat.send" && TEMPORARY_ERRORS.includes(code)) {
      clearTimeout(this.#retryTimer);
      this.#retryTimer = setTimeout(() => this.#resendChat(), CHAT_RETRY_DELAY_MS);
    }
    return problemOf(message, this.store.get().problem);
  }

  /** The server deduplicates by id, so a message that had already arrived is not repeated. */
  #resendChat(): void {
    for (const entry of this.store.get().unsentChat) this.send({ type: "chat.send", ...entry });
  }
}

/** Replaces what the server rejects as invalid text: null characters and lone surrogates. */
function sanitiseText(text: string): string {
  return text.replaceAll("\0", "").replace(/\p{Surrogate}/gu, "\ufffd");
}
