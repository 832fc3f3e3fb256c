import { ApiError, json, type Request } from "../../shared/api";
import { Store } from "./store";

const PAUSE = 800;
const RETRY = 5000;
/** In characters: a keepalive request is limited to 64 KiB and a character may take four bytes. */
const OUTLIVES_PAGE = 15_000;

interface Version {
  text: string;
  tag: string;
}

export interface NotesState {
  /** null until the notes are loaded. */
  text: string | null;
  saving: "saved" | "saving" | "failed";
  /** The conflicting text of another window; saving pauses until the user resolves it. */
  theirs: string | null;
}

/** Storage for unsaved notes that survives closing the tab; tests pass their own. */
type Drafts = Pick<Storage, "getItem" | "setItem" | "removeItem" | "key" | "length">;

/** Syncs the tutor's notes: saves after a pause in typing, with If-Match against lost updates. */
export class NotesSync {
  readonly store = new Store<NotesState>({ text: null, saving: "saved", theirs: null });
  #server: Version | null = null;
  #theirs: Version | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #running: Promise<void> | null = null;
  readonly #prefix: string;
  readonly #draft: string;

  constructor(
    private readonly request: Request,
    private readonly url: string,
    private readonly drafts: Drafts,
    tab: string = Math.random().toString(36).slice(2),
  ) {
    this.#prefix = `kreida-notes-${url}-`;
    this.#draft = this.#prefix + tab;
  }

  async load(): Promise<void> {
    try {
      this.#server = await this.#fetch();
    } catch {
      this.store.patch({ saving: "failed" });
      this.#timer = setTimeout(() => void this.load(), RETRY);
      return;
    }
    this.store.patch({ saving: "saved", text: this.#server.text });
    this.#restoreDraft(this.#server);
  }

  type(text: string): void {
    this.store.patch({ text, saving: "saving" });
    this.#keep(text);
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.save(), PAUSE);
  }

  /** Saves one at a time, because each save needs the ETag of the previous one. */
  async save(): Promise<void> {
    clearTimeout(this.#timer);
    if (this.#running) await this.#running;
    this.#running = this.#save().finally(() => {
      this.#running = null;
    });
    return this.#running;
  }

  /** Resolves a conflict with `text`. */
  resolveConflict(text: string): void {
    if (this.#theirs) this.#server = this.#theirs;
    this.#theirs = null;
    this.store.patch({ theirs: null });
    this.type(text);
    void this.save();
  }

  async #save(): Promise<void> {
    const { text, theirs } = this.store.get();
    if (text === null || theirs !== null || !this.#server) return;
    if (text === this.#server.text) return this.#saved(this.#server);
    try {
      const init = json("PUT", { text });
      const headers = { ...init.headers, "If-Match": this.#server.tag };
      const keepalive = text.length < OUTLIVES_PAGE;
      const answer = await this.request(this.url, { ...init, headers, keepalive });
      this.#saved(await version(answer));
    } catch (error) {
      if (error instanceof ApiError && error.status === 412) return this.#compare();
      this.#failed();
    }
  }

  async #compare(): Promise<void> {
    try {
      this.#theirs = await this.#fetch();
    } catch {
      return this.#failed();
    }
    if (this.#theirs.text === this.store.get().text) return this.#saved(this.#theirs);
    this.store.patch({ theirs: this.#theirs.text, saving: "failed" });
  }

  #saved(server: Version): void {
    this.#server = server;
    if (this.store.get().text !== server.text) return;
    this.drafts.removeItem(this.#draft);
    this.store.patch({ saving: "saved" });
  }

  #failed(): void {
    this.store.patch({ saving: "failed" });
    this.#timer = setTimeout(() => void this.save(), RETRY);
  }

  async #fetch(): Promise<Version> {
    return version(await this.request(this.url));
  }

  #keep(text: string): void {
    try {
      this.drafts.setItem(this.#draft, JSON.stringify({ text, tag: this.#server?.tag ?? "" }));
    } catch {
      // Storage is full or blocked; the notes are then saved to the server only.
    }
  }

  /** Restores unsaved notes left by a closed tab of this browser. */
  #restoreDraft(server: Version): void {
    const keys = Array.from({ length: this.drafts.length }, (_, index) => this.drafts.key(index));
    for (const key of keys) {
      if (!key?.startsWith(this.#prefix) || key === this.#draft) continue;
      const draft = JSON.parse(this.drafts.getItem(key) ?? "{}") as Partial<Version>;
      if (this.store.get().theirs !== null) return;
      this.drafts.removeItem(key);
      if (draft.text === undefined || draft.text === server.text) continue;
      this.type(draft.text);
      if (draft.tag === server.tag) return;
      this.#theirs = server;
      this.store.patch({ theirs: server.text, saving: "failed" });
    }
  }
}

async function version(answer: Response): Promise<Version> {
  const { text } = (await answer.json()) as { text: string };
  return { text, tag: answer.headers.get("ETag") ?? "*" };
}
