import { ApiError, json, type Request } from "../../shared/api";
import { Store } from "./store";

const SAVE_DELAY_MS = 800;
const RETRY_DELAY_MS = 5000;
/** In characters: a keepalive request is limited to 64 KiB and a character may take four bytes. */
const MAX_KEEPALIVE_LENGTH = 15_000;

interface Version {
  text: string;
  tag: string;
}

export interface NotesState {
  /** null until the notes are loaded. */
  text: string | null;
  saving: "saved" | "saving" | "failed";
  /** The conflicting text of another window; saving pauses until the user resolves it. */
  conflictingText: string | null;
}

/** Storage for unsaved notes that survives closing the tab; tests pass their own. */
type DraftStorage = Pick<Storage, "getItem" | "setItem" | "removeItem" | "key" | "length">;

/** Syncs the tutor's notes: saves after a pause in typing, with If-Match against lost updates. */
export class NotesSync {
  readonly store = new Store<NotesState>({ text: null, saving: "saved", conflictingText: null });
  #server: Version | null = null;
  #conflict: Version | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #running: Promise<void> | null = null;
  readonly #prefix: string;
  readonly #draft: string;

  constructor(
    private readonly request: Request,
    private readonly url: string,
    private readonly drafts: DraftStorage,
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
      this.#timer = setTimeout(() => void this.load(), RETRY_DELAY_MS);
      return;
    }
    this.store.patch({ saving: "saved", text: this.#server.text });
    this.#restoreDraft(this.#server);
  }

  setText(text: string): void {
    this.store.patch({ text, saving: "saving" });
    this.#saveDraft(text);
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.save(), SAVE_DELAY_MS);
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
    if (this.#conflict) this.#server = this.#conflict;
    this.#conflict = null;
    this.store.patch({ conflictingText: null });
    this.setText(text);
    void this.save();
  }

  async #save(): Promise<void> {
    const { text, conflictingText } = this.store.get();
    if (text === null || conflictingText !== null || !this.#server) return;
    if (text === this.#server.text) return this.#saved(this.#server);
    try {
      const init = json("PUT", { text });
      const headers = { ...init.headers, "If-Match": this.#server.tag };
      const keepalive = text.length < MAX_KEEPALIVE_LENGTH;
      const response = await this.request(this.url, { ...init, headers, keepalive });
      this.#saved(await parseVersion(response));
    } catch (error) {
      if (error instanceof ApiError && error.status === 412) return this.#checkConflict();
      this.#failed();
    }
  }

  async #checkConflict(): Promise<void> {
    try {
      this.#conflict = await this.#fetch();
    } catch {
      return this.#failed();
    }
    if (this.#conflict.text === this.store.get().text) return this.#saved(this.#conflict);
    this.store.patch({ conflictingText: this.#conflict.text, saving: "failed" });
  }

  #saved(server: Version): void {
    this.#server = server;
    if (this.store.get().text !== server.text) return;
    this.drafts.removeItem(this.#draft);
    this.store.patch({ saving: "saved" });
  }

  #failed(): void {
    this.store.patch({ saving: "failed" });
    this.#timer = setTimeout(() => void this.save(), RETRY_DELAY_MS);
  }

  async #fetch(): Promise<Version> {
    return parseVersion(await this.request(this.url));
  }

  #saveDraft(text: string): void {
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
      if (this.store.get().conflictingText !== null) return;
      this.drafts.removeItem(key);
      if (draft.text === undefined || draft.text === server.text) continue;
      this.setText(draft.text);
      if (draft.tag === server.tag) return;
      this.#conflict = server;
      this.store.patch({ conflictingText: server.text, saving: "failed" });
    }
  }
}

async function parseVersion(response: Response): Promise<Version> {
  const { text } = (await response.json()) as { text: string };
  return { text, tag: response.headers.get("ETag") ?? "*" };
}
