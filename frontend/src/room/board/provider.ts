import { type Awareness, applyAwarenessUpdate, removeAwarenessStates } from "y-protocols/awareness";
import { messageYjsSyncStep2 } from "y-protocols/sync";
import { type Doc, encodeStateAsUpdate, type Transaction } from "yjs";
import { ReconnectingWebSocket, type Refusal } from "../net/reconnecting-web-socket";
import { CLOSE } from "../protocol";
import { Store } from "../state/store";
import * as frames from "./frames";
import { Outbox } from "./outbox";
import { ThrottledSender } from "./throttled-sender";
import { splitUpdate } from "./update-chunks";

const PROBE_AFTER = 300;
const KEEP_ALIVE = 20_000;
const PATIENCE = 10_000;
/** Small, so that a thin line that breaks again and again gets one chunk further each time. */
const CHUNK = 64 * 1024;

export interface BoardLink {
  open: boolean;
  /** The first state of the board has come; before that it is not known what is on it. */
  synced: boolean;
  unsent: number;
  /** The server has the board and cannot open it just now; it is asked again by and by. */
  unavailable: boolean;
  /** The board took no more; what was drawn last is here alone, and nothing more is sent. */
  full: boolean;
}

/**
 * The board's document over the y-websocket protocol. Not y-websocket's own provider, because a new
 * ticket is fetched for each attempt, changes are counted until the server has them, and no frame
 * is larger or sooner than the server takes it.
 */
export class BoardProvider {
  readonly link = new Store<BoardLink>({
    open: false,
    synced: false,
    unsent: 0,
    unavailable: false,
    full: false,
  });
  #socket: ReconnectingWebSocket;
  #outbox = new Outbox();
  #sender: ThrottledSender;
  /** The server has said what it has; before that nothing of ours would fit onto it. */
  #greeted = false;
  #probing = false;
  #probeTimer: ReturnType<typeof setTimeout> | undefined;
  #patience: ReturnType<typeof setTimeout> | undefined;
  #alive: ReturnType<typeof setInterval> | undefined;

  constructor(
    private readonly doc: Doc,
    private readonly awareness: Awareness,
    address: () => Promise<string>,
    refused: (why: Refusal) => void,
  ) {
    this.#socket = new ReconnectingWebSocket({
      address,
      opened: () => this.#opened(),
      received: (data) => this.#received(data),
      lost: (code) => {
        this.#lost();
        if (code === CLOSE.unavailable) this.link.patch({ unavailable: true });
      },
      refused: (why) => {
        this.#lost();
        if (why === CLOSE.tooLarge) this.link.patch({ full: true });
        else refused(why);
      },
    });
    this.#sender = new ThrottledSender(
      (frame) => this.#sent(frame),
      () => this.#socket.backlog,
    );
  }

  start(): void {
    this.doc.on("update", this.#changed);
    this.awareness.on("update", this.#moved);
    this.#alive = setInterval(() => this.#probe(), KEEP_ALIVE);
    addEventListener("pagehide", this.#leave);
    this.#socket.start();
  }

  stop(): void {
    clearInterval(this.#alive);
    removeEventListener("pagehide", this.#leave);
    this.#leave();
    this.doc.off("update", this.#changed);
    this.awareness.off("update", this.#moved);
    this.#lost();
  }

  readonly #leave = (): void => {
    removeAwarenessStates(this.awareness, [this.doc.clientID], "leave");
    this.#socket.stop();
  };

  /** How long the oldest unsent change has waited, in ms. */
  waiting(): number {
    return this.#outbox.age(Date.now());
  }

  readonly #changed = (
    bytes: Uint8Array,
    origin: unknown,
    _doc: Doc,
    { changed }: Transaction,
  ): void => {
    if (origin === this) return;
    const ids = [...changed.values()].flatMap((keys) => [...keys].map(String));
    this.#outbox.add(ids, Date.now());
    if (this.#greeted) this.#put(bytes);
    this.#report();
    this.#probeSoon();
  };

  readonly #moved = (
    { added, updated, removed }: Record<"added" | "updated" | "removed", number[]>,
    origin: unknown,
  ): void => {
    if (origin === this) return;
    const own = [...added, ...updated, ...removed].filter((id) => id === this.doc.clientID);
    if (own.length) this.#socket.send(frames.awarenessOf(this.awareness, own));
  };

  #opened(): void {
    this.#forget();
    this.#ask();
    // Twice: the server said one step more for us when the old connection went.
    for (let step = 0; step < 2; step += 1) {
      this.awareness.setLocalState(this.awareness.getLocalState());
    }
    this.link.patch({ open: true });
  }

  #lost(): void {
    this.#forget();
    const others = [...this.awareness.getStates().keys()].filter((id) => id !== this.doc.clientID);
    removeAwarenessStates(this.awareness, others, this);
    this.link.patch({ open: false });
    this.#report();
  }

  /** What was under way on the old connection. */
  #forget(): void {
    clearTimeout(this.#probeTimer);
    this.#probeTimer = undefined;
    clearTimeout(this.#patience);
    this.#greeted = this.#probing = false;
    this.#sender.clear();
    this.#outbox.lost();
  }

  #received(data: string | ArrayBuffer): void {
    if (typeof data === "string") return;
    const decoder = frames.decoding.createDecoder(new Uint8Array(data));
    const kind = frames.decoding.readVarUint(decoder);
    if (kind === frames.SYNC) this.#synced(decoder);
    else if (kind === frames.AWARENESS) {
      applyAwarenessUpdate(this.awareness, frames.decoding.readVarUint8Array(decoder), this);
    } else if (kind === frames.QUERY_AWARENESS) {
      this.#socket.send(frames.awarenessOf(this.awareness, [this.doc.clientID]));
    }
    this.#watch();
  }

  #synced(decoder: frames.decoding.Decoder): void {
    const { kind, vector } = frames.readSync(decoder, this.doc, this);
    if (vector) {
      this.#greeted = true;
      this.#put(encodeStateAsUpdate(this.doc, vector));
    }
    if (kind !== messageYjsSyncStep2) return;
    this.#outbox.acknowledge();
    this.#probing = false;
    this.link.patch({ synced: true, unavailable: false });
    this.#report();
    if (this.#outbox.count) this.#probeSoon();
  }

  #put(update: Uint8Array): void {
    this.#sender.push(splitUpdate(update, CHUNK).map(frames.update));
  }

  #sent(frame: frames.Frame): void {
    this.#socket.send(frame);
    this.#watch();
    if (this.#sender.idle && this.#outbox.count) this.#probeSoon();
  }

  #probeSoon(): void {
    if (this.#probing || !this.#socket.isOpen) return;
    this.#probeTimer ??= setTimeout(() => {
      this.#probeTimer = undefined;
      this.#probe();
    }, PROBE_AFTER);
  }

  /** Asks in order to hear that all of ours has arrived. */
  #probe(): void {
    if (!this.#probing && this.#greeted && this.#sender.idle && this.#ask()) this.#outbox.mark();
  }

  #ask(): boolean {
    if (!this.#socket.send(frames.stepOne(this.doc))) return false;
    this.#probing = true;
    this.#watch();
    return true;
  }

  /** As long as something is under way, silence means that the connection is dead. */
  #watch(): void {
    clearTimeout(this.#patience);
    if (!this.#probing && this.#sender.idle) return;
    this.#patience = setTimeout(() => this.#socket.renew(), PATIENCE);
  }

  #report(): void {
    this.link.patch({ unsent: this.#outbox.count });
  }
}
