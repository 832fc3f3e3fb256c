import { ApiError, json, type Request } from "../../shared/api";
import { Store } from "./store";

const PAUSE = 800;
const RETRY = 5000;
/** Browsers send at most 64 KiB after a page is gone, and a letter may take four bytes. */
const OUTLIVES_PAGE = 15_000;

interface Version {
  text: string;
  tag: string;
}

export interface NotesState {
  /** null until the server has been asked. */
  text: string | null;
  saving: "saved" | "saving" | "failed";
  /** What another window wrote meanwhile; nothing is saved until one has chosen. */
  theirs: string | null;
}

/** Keeps what is not saved yet, also when the tab closes; `Storage` of the browser, or a test's own. */
type Drafts = Pick<Storage, "getItem" | "setItem" | "removeItem" | "key" | "length">;

/** The tutor's notes: saved a moment after the last key, and only over the text that was seen. */
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
    this.#takeDraft(this.#server);
  }

  type(text: string): void {
    this.store.patch({ text, saving: "saving" });
    this.#keep(text);
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.save(), PAUSE);
  }

  /** One at a time: the next one has to know the version that this one makes. */
  async save(): Promise<void> {
    clearTimeout(this.#timer);
    if (this.#running) await this.#running;
    this.#running = this.#save().finally(() => {
      this.#running = null;
    });
    return this.#running;
  }

  /** Goes on with `text`, knowing both versions. */
  choose(text: string): void {
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
      // A full or forbidden storage: the save a moment later is all there is.
    }
  }

  /** What a tab of this browser could not save before it closed. */
  #takeDraft(server: Version): void {
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
