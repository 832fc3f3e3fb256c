import { type Awareness, applyAwarenessUpdate, removeAwarenessStates } from "y-protocols/awareness";
import { messageYjsSyncStep2 } from "y-protocols/sync";
import { type Doc, encodeStateAsUpdate, type Transaction } from "yjs";
import { ReconnectingWebSocket, type Refusal } from "../net/reconnecting-web-socket";
import { CLOSE_CODES } from "../protocol";
import { Store } from "../state/store";
import * as frames from "./frames";
import { Outbox } from "./outbox";
import { ThrottledSender } from "./throttled-sender";
import { changedEntries } from "./unsent-changes";
import { splitUpdate } from "./update-chunks";

const PROBE_DELAY_MS = 300;
const KEEP_ALIVE_MS = 20_000;
const REPLY_TIMEOUT_MS = 10_000;
/** In bytes; small, so that even an unstable connection makes progress with each chunk. */
const CHUNK_BYTES = 64 * 1024;

export interface BoardLink {
  open: boolean;
  /** Whether the initial sync is complete; until then the board's content is unknown. */
  synced: boolean;
  /** Local changes that the server has not yet acknowledged. */
  unsent: number;
  /** The server cannot open the board at the moment; the provider keeps retrying. */
  unavailable: boolean;
  /** The board is full: the last changes exist only in this browser, and nothing more is sent. */
  full: boolean;
  /** The server has rewritten the board: this document is not the board's any more. */
  outdated: boolean;
  /** A change was refused because the tutor has locked the board; the document must be replaced. */
  locked: boolean;
}

/**
 * Syncs the board's Y.Doc over the y-websocket protocol. It replaces y-websocket's own provider
 * because it fetches a new ticket for each attempt, counts changes until the server acknowledges
 * them, and keeps to the server's limits on frame size and rate.
 */
export class BoardProvider {
  readonly link = new Store<BoardLink>({
    open: false,
    synced: false,
    unsent: 0,
    unavailable: false,
    full: false,
    outdated: false,
    locked: false,
  });
  #socket: ReconnectingWebSocket;
  #outbox = new Outbox();
  #sender: ThrottledSender;
  /** Whether the server's sync step 1 has arrived; updates are sent only after it. */
  #receivedStepOne = false;
  #awaitingReply = false;
  #probeTimer: ReturnType<typeof setTimeout> | undefined;
  #replyTimer: ReturnType<typeof setTimeout> | undefined;
  #keepAliveTimer: ReturnType<typeof setInterval> | undefined;

  constructor(
    private readonly doc: Doc,
    private readonly awareness: Awareness,
    getAddress: () => Promise<string>,
    onRefused: (reason: Refusal) => void,
  ) {
    this.#socket = new ReconnectingWebSocket({
      getAddress,
      onOpen: () => this.#onOpen(),
      onMessage: (data) => this.#onMessage(data),
      onLost: (code) => {
        this.#onDisconnect();
        if (code === CLOSE_CODES.unavailable) this.link.patch({ unavailable: true });
      },
      onRefused: (reason) => {
        this.#onDisconnect();
        if (reason === CLOSE_CODES.tooLarge) this.link.patch({ full: true });
        else if (reason === CLOSE_CODES.outdated) this.link.patch({ outdated: true });
        else if (reason === CLOSE_CODES.locked) this.link.patch({ locked: true });
        else onRefused(reason);
      },
    });
    this.#sender = new ThrottledSender(
      (frame) => this.#sendFrame(frame),
      () => this.#socket.backlog,
    );
  }

  start(): void {
    this.doc.on("update", this.#onDocUpdate);
    this.awareness.on("update", this.#onAwarenessUpdate);
    this.#keepAliveTimer = setInterval(() => this.#sendProbe(), KEEP_ALIVE_MS);
    addEventListener("pagehide", this.#leave);
    this.#socket.start();
  }

  stop(): void {
    clearInterval(this.#keepAliveTimer);
    removeEventListener("pagehide", this.#leave);
    this.#leave();
    this.doc.off("update", this.#onDocUpdate);
    this.awareness.off("update", this.#onAwarenessUpdate);
    this.#onDisconnect();
  }

  readonly #leave = (): void => {
    removeAwarenessStates(this.awareness, [this.doc.clientID], "leave");
    this.#socket.stop();
  };

  /** The entries of the document with changes that the server has not acknowledged. */
  get unsentEntries(): ReadonlySet<string> {
    return this.#outbox.ids;
  }

  /** Age of the oldest unacknowledged change, in ms. */
  oldestUnsentAge(): number {
    return this.#outbox.age(Date.now());
  }

  readonly #onDocUpdate = (
    bytes: Uint8Array,
    origin: unknown,
    _doc: Doc,
    { changed }: Transaction,
  ): void => {
    if (origin === this) return;
    this.#outbox.add(changedEntries(this.doc, changed), Date.now());
    if (this.#receivedStepOne) this.#sendUpdate(bytes);
    this.#publishUnsent();
    this.#scheduleProbe();
  };

  readonly #onAwarenessUpdate = (
    { added, updated, removed }: Record<"added" | "updated" | "removed", number[]>,
    origin: unknown,
  ): void => {
    if (origin === this) return;
    const own = [...added, ...updated, ...removed].filter((id) => id === this.doc.clientID);
    if (own.length) this.#socket.send(frames.awarenessUpdate(this.awareness, own));
  };

  #onOpen(): void {
    this.#resetConnection();
    this.#sendStepOne();
    // Twice: on disconnect the server removed our state with a clock one higher than ours.
    for (let count = 0; count < 2; count += 1) {
      this.awareness.setLocalState(this.awareness.getLocalState());
    }
    this.link.patch({ open: true });
  }

  #onDisconnect(): void {
    this.#resetConnection();
    const others = [...this.awareness.getStates().keys()].filter((id) => id !== this.doc.clientID);
    removeAwarenessStates(this.awareness, others, this);
    this.link.patch({ open: false });
    this.#publishUnsent();
  }

  /** Resets the state that belongs to one connection. */
  #resetConnection(): void {
    clearTimeout(this.#probeTimer);
    this.#probeTimer = undefined;
    clearTimeout(this.#replyTimer);
    this.#receivedStepOne = this.#awaitingReply = false;
    this.#sender.clear();
    this.#outbox.resetProbed();
  }

  #onMessage(data: string | ArrayBuffer): void {
    if (typeof data === "string") return;
    const decoder = frames.decoding.createDecoder(new Uint8Array(data));
    const kind = frames.decoding.readVarUint(decoder);
    if (kind === frames.SYNC) this.#onSync(decoder);
    else if (kind === frames.AWARENESS) {
      applyAwarenessUpdate(this.awareness, frames.decoding.readVarUint8Array(decoder), this);
    } else if (kind === frames.QUERY_AWARENESS) {
      this.#socket.send(frames.awarenessUpdate(this.awareness, [this.doc.clientID]));
    }
    this.#updateReplyTimer();
  }

  #onSync(decoder: frames.decoding.Decoder): void {
    const { kind, vector } = frames.readSync(decoder, this.doc, this);
    if (vector) {
      this.#receivedStepOne = true;
      this.#sendUpdate(encodeStateAsUpdate(this.doc, vector));
    }
    if (kind !== messageYjsSyncStep2) return;
    this.#outbox.acknowledge();
    this.#awaitingReply = false;
    this.link.patch({ synced: true, unavailable: false });
    this.#publishUnsent();
    if (this.#outbox.count) this.#scheduleProbe();
  }

  #sendUpdate(update: Uint8Array): void {
    this.#sender.push(splitUpdate(update, CHUNK_BYTES).map(frames.syncUpdate));
  }

  #sendFrame(frame: frames.Frame): void {
    this.#socket.send(frame);
    this.#updateReplyTimer();
    if (this.#sender.isIdle && this.#outbox.count) this.#scheduleProbe();
  }

  #scheduleProbe(): void {
    if (this.#awaitingReply || !this.#socket.isOpen) return;
    this.#probeTimer ??= setTimeout(() => {
      this.#probeTimer = undefined;
      this.#sendProbe();
    }, PROBE_DELAY_MS);
  }

  /** Sends sync step 1, whose reply acknowledges every change sent before it. */
  #sendProbe(): void {
    if (!this.#awaitingReply && this.#receivedStepOne && this.#sender.isIdle && this.#sendStepOne())
      this.#outbox.markProbed();
  }

  #sendStepOne(): boolean {
    if (!this.#socket.send(frames.syncStepOne(this.doc))) return false;
    this.#awaitingReply = true;
    this.#updateReplyTimer();
    return true;
  }

  /** Reconnects when nothing arrives for REPLY_TIMEOUT_MS while a reply is expected. */
  #updateReplyTimer(): void {
    clearTimeout(this.#replyTimer);
    if (!this.#awaitingReply && this.#sender.isIdle) return;
    this.#replyTimer = setTimeout(() => this.#socket.reconnect(), REPLY_TIMEOUT_MS);
  }

  #publishUnsent(): void {
    this.link.patch({ unsent: this.#outbox.count });
  }
}
