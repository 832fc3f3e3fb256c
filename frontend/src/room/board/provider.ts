import { type Awareness, applyAwarenessUpdate, removeAwarenessStates } from "y-protocols/awareness";
import { messageYjsSyncStep1, messageYjsSyncStep2 } from "y-protocols/sync";
import type { Doc } from "yjs";
import { LastingSocket, type Refusal } from "../net/socket";
import { BOARD_FRAME_LIMIT } from "../protocol";
import { Store } from "../state/store";
import * as frames from "./frames";
import { Outbox } from "./outbox";

const PROBE_AFTER = 300;
const KEEP_ALIVE = 20_000;
const PATIENCE = 10_000;

export interface BoardLink {
  open: boolean;
  /** The first state of the board has come; before that it is not known what is on it. */
  synced: boolean;
  unsent: number;
  /** How long the oldest unsent change has waited, in ms, when `unsent` last changed. */
  oldest: number;
}

/**
 * The board's document over the y-websocket protocol. Not y-websocket's own provider, because a new
 * ticket is fetched for each attempt and changes are counted until the server has them.
 */
export class BoardProvider {
  readonly link = new Store<BoardLink>({ open: false, synced: false, unsent: 0, oldest: 0 });
  #socket: LastingSocket;
  #outbox = new Outbox();
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
    this.#socket = new LastingSocket({
      address,
      opened: () => this.#opened(),
      received: (data) => this.#received(data),
      lost: () => this.#lost(),
      refused: (why) => {
        this.#lost();
        refused(why);
      },
    });
  }

  start(): void {
    this.doc.on("update", this.#changed);
    this.awareness.on("update", this.#moved);
    this.#alive = setInterval(() => {
      this.#report();
      this.#probe();
    }, KEEP_ALIVE);
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

  readonly #changed = (bytes: Uint8Array, origin: unknown): void => {
    if (origin === this) return;
    this.#outbox.add(bytes, Date.now());
    this.#socket.send(frames.update(bytes));
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
    this.#outbox.lost();
    this.#probing = false;
    this.#probe();
    // Twice: the server said one step more for us when the old connection went.
    for (let step = 0; step < 2; step += 1) {
      this.awareness.setLocalState(this.awareness.getLocalState());
    }
    this.link.patch({ open: true });
  }

  #lost(): void {
    clearTimeout(this.#probeTimer);
    clearTimeout(this.#patience);
    this.#probing = false;
    this.#outbox.lost();
    const others = [...this.awareness.getStates().keys()].filter((id) => id !== this.doc.clientID);
    removeAwarenessStates(this.awareness, others, this);
    this.link.patch({ open: false, unsent: this.#outbox.count });
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
  }

  #synced(decoder: frames.decoding.Decoder): void {
    const { answer, kind } = frames.readSync(decoder, this.doc, this);
    if (kind === messageYjsSyncStep1 && answer) this.#answer(answer);
    if (kind !== messageYjsSyncStep2) return;
    this.#outbox.acknowledge();
    this.#probing = false;
    clearTimeout(this.#patience);
    this.link.patch({ synced: true });
    this.#report();
    if (this.#outbox.count) this.#probeSoon();
  }

  /** What the server lacks; in the pieces in which it was made where one frame cannot hold it. */
  #answer(answer: frames.Frame): void {
    if (answer.byteLength <= BOARD_FRAME_LIMIT) this.#socket.send(answer);
    else for (const bytes of this.#outbox.updates) this.#socket.send(frames.update(bytes));
    if (this.#outbox.count) this.#probeSoon();
  }

  #probeSoon(): void {
    if (this.#probing || !this.#socket.isOpen) return;
    clearTimeout(this.#probeTimer);
    this.#probeTimer = setTimeout(() => this.#probe(), PROBE_AFTER);
  }

  #probe(): void {
    if (this.#probing || !this.#socket.send(frames.stepOne(this.doc))) return;
    this.#probing = true;
    this.#outbox.mark();
    this.#patience = setTimeout(() => this.#socket.renew(), PATIENCE);
  }

  #report(): void {
    this.link.patch({ unsent: this.#outbox.count, oldest: this.#outbox.age(Date.now()) });
  }
}
