import * as Y from "yjs";
import { Store } from "../state/store";
import { parseElement } from "./element-schema";

/** Deleting fewer elements is an ordinary correction. */
const MIN_COUNT = 5;
/** Deletions within this time belong together. */
const BURST_MS = 10_000;
const ELEMENTS = "elements:";
const PAGES = "pages";

interface Deleted {
  type: Y.Map<unknown>;
  key: string;
  value: unknown;
}

function isLive(key: string, value: unknown): boolean {
  const element = parseElement(key, value);
  return element !== null && !element.isDeleted;
}

/** Remembers what others have just deleted from any page, so that it can be put back. */
export class DeletionWatch {
  /** How many elements were deleted in the last burst; 0 when that is too few to mention. */
  readonly count = new Store(0);
  #deleted: Deleted[] = [];
  /** The entries of the pages, which can no longer be read once they are deleted. */
  #pages: Readonly<Record<string, Record<string, unknown>>> = {};
  #lastAt = 0;

  constructor(private readonly doc: Y.Doc) {}

  start(): void {
    this.#readPages();
    this.doc.on("afterTransaction", this.#onTransaction);
  }

  stop(): void {
    this.doc.off("afterTransaction", this.#onTransaction);
  }

  dismiss(): void {
    this.#deleted = [];
    this.count.set(0);
  }

  /** Puts back what is still deleted; what was drawn since stays. */
  restore(): void {
    this.doc.transact(() => {
      for (const { type, key, value } of this.#deleted) {
        const now = type.get(key);
        if (!isLive(key, value)) {
          if (now === undefined) type.set(key, new Y.Map(Object.entries(value as object)));
        } else if (!isLive(key, now)) type.set(key, withNewerVersion(value, now));
      }
    });
    this.dismiss();
  }

  readonly #onTransaction = (transaction: Y.Transaction): void => {
    const deleted = [...this.doc.share].flatMap(([name, type]) => {
      const keys = transaction.changed.get(type);
      if (!keys || !(type instanceof Y.Map)) return [];
      return this.#deletedFrom(name, type, new Y.YMapEvent<unknown>(type, transaction, keys));
    });
    this.#readPages();
    // One's own deletions can be undone.
    if (transaction.local) return;
    if (!deleted.length) return;
    const now = Date.now();
    if (now - this.#lastAt > BURST_MS) this.#deleted = [];
    this.#lastAt = now;
    this.#deleted.push(...deleted);
    const count = this.#deleted.filter(({ key, value }) => isLive(key, value)).length;
    this.count.set(count < MIN_COUNT ? 0 : count);
  };

  #readPages(): void {
    this.#pages = this.doc.getMap(PAGES).toJSON();
  }

  #deletedFrom(name: string, type: Y.Map<unknown>, event: Y.YMapEvent<unknown>): Deleted[] {
    if (name !== PAGES && !name.startsWith(ELEMENTS)) return [];
    return [...event.changes.keys].flatMap(([key, { action, oldValue }]): Deleted[] => {
      if (name === PAGES) {
        return action === "delete" ? [{ type, key, value: this.#pages[key] ?? {} }] : [];
      }
      const value: unknown = oldValue;
      return isLive(key, value) && !isLive(key, type.get(key)) ? [{ type, key, value }] : [];
    });
  }
}

function withNewerVersion(value: unknown, now: unknown): unknown {
  const old = value as { version: number };
  const version = typeof now === "object" && now !== null && "version" in now ? now.version : 0;
  return {
    ...old,
    version: Math.max(old.version, Number(version) || 0) + 1,
    versionNonce: Math.floor(Math.random() * 2 ** 31),
  };
}
