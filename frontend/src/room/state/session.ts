import { createRequest, type Request } from "../../shared/api";
import { newId } from "../../shared/id";
import { apiRoot, type Config } from "../config";
import { type Joined, join } from "../net/join";
import { ReconnectingWebSocket, type Refusal } from "../net/reconnecting-web-socket";
import { type ClientMessage, parseServerMessage, type ServerMessage } from "../protocol";
import { EMPTY, type RoomState, reduce } from "./room-state";
import { Store } from "./store";

const PING_EVERY = 15_000;
const SILENCE = 35_000;
const CHAT_RETRY_AFTER = 5000;
/** What the server could not store for the moment; the same may be asked again. */
const PASSING = ["service_unavailable", "storage_full"];

export interface SessionState extends RoomState {
  link: "connecting" | "open" | "lost";
  refused: Refusal | null;
  /** Chat of ours that the server has not yet said back. */
  unsentChat: readonly { id: string; text: string }[];
  /** The last complaint of the server about something we asked. */
  problem: Problem | null;
}

export interface Problem {
  code: string;
  detail: string;
}

export type Listener = (message: ServerMessage) => void;

/** One person's stay in the room: tickets, the events socket and what is known through it. */
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
      ...EMPTY,
      link: "connecting",
      refused: null,
      unsentChat: [],
      problem: null,
    });
    this.request = createRequest(config.csrfToken);
    this.api = apiRoot(config);
    this.#socket = new ReconnectingWebSocket({
      address: () => this.address("events_url"),
      opened: () => {
        this.#lastMessageAt = Date.now();
      },
      received: (data) => this.#received(data),
      lost: () => this.store.patch({ link: "lost" }),
      refused: (refused) => this.store.patch({ link: "lost", refused }),
    });
  }

  start(): void {
    this.#socket.start();
    this.#timer = setInterval(() => this.#beat(), PING_EVERY);
    addEventListener("pagehide", this.#leave);
  }

  stop(): void {
    clearInterval(this.#timer);
    clearTimeout(this.#retryTimer);
    removeEventListener("pagehide", this.#leave);
    this.#socket.stop();
  }

  /** Where a socket is, with a ticket of its own: each ticket opens one connection attempt. */
  async address(key: "events_url" | "board_url"): Promise<string> {
    const joined: Joined = await join(this.request, this.config, this.name);
    this.iceServers = joined.ice_servers;
    return `${joined[key]}?ticket=${encodeURIComponent(joined.ticket)}`;
  }

  send(message: ClientMessage): boolean {
    return this.#socket.send(JSON.stringify(message));
  }

  sendChat(text: string): void {
    const entry = { id: newId(), text: storable(text) };
    this.store.patch({ unsentChat: [...this.store.get().unsentChat, entry] });
    this.send({ type: "chat.send", ...entry });
  }

  onMessage(listener: Listener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Whoever connects last has the call. */
  takeCall(): void {
    this.#socket.renew();
  }

  dismissProblem(): void {
    this.store.patch({ problem: null });
  }

  // Closing at once shows the others that we left, rather than when the server notices.
  readonly #leave = (): void => this.#socket.stop();

  #beat(): void {
    if (!this.#socket.isOpen) return;
    if (Date.now() - this.#lastMessageAt > SILENCE) this.#socket.renew();
    else this.send({ type: "ping" });
  }

  #received(data: string | ArrayBuffer): void {
    this.#lastMessageAt = Date.now();
    const message = typeof data === "string" ? parseServerMessage(data) : null;
    if (!message) return;
    const state = this.store.get();
    const next: SessionState = { ...state, ...reduce(state, message, Date.now()) };
    if (message.type === "welcome") next.link = "open";
    if (message.type === "error") next.problem = this.#problem(message);
    if (message.type === "ice") this.iceServers = message.ice_servers;
    if (message.type === "welcome" && message.you.state === "in") {
      this.iceServers = message.ice_servers;
    }
    const said = new Set(next.chat.map((entry) => entry.id));
    next.unsentChat = state.unsentChat.filter((entry) => !said.has(entry.id));
    this.store.set(next);
    if (message.type === "welcome" && message.you.state === "in") this.#resendChat();
    for (const listener of [...this.#listeners]) listener(message);
  }

  /** Chat that could not be stored stays where it is, and is sent again after a while. */
  #problem({ code, detail, ref }: Extract<ServerMessage, { type: "error" }>): Problem | null {
    if (ref === "chat.send" && PASSING.includes(code)) {
      clearTimeout(this.#retryTimer);
      this.#retryTimer = setTimeout(() => this.#resendChat(), CHAT_RETRY_AFTER);
    }
    return { code, detail };
  }

  /** The id makes a message that did arrive before the connection was lost no second one. */
  #resendChat(): void {
    for (const entry of this.store.get().unsentChat) this.send({ type: "chat.send", ...entry });
  }
}

/** The server takes no null characters and no half surrogate pairs, which are no text. */
function storable(text: string): string {
  return text.replaceAll("\0", "").replace(/\p{Surrogate}/gu, "\ufffd");
}
