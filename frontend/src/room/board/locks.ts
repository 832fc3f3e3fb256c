/**
 * What the tutor's rules let this person change on the board. The server refuses the rest
 * (apps/classroom/realtime/board/guard.py); here it cannot even be drawn.
 */
import type { Awareness } from "y-protocols/awareness";
import type * as Y from "yjs";
import type { BoardRules } from "../protocol";
import { elementsOf } from "./pages";

/** The client ids of the documents that this tab has had: the server may not know the last ones. */
const ownClients = new Set<number>();

/** The items under a key that replaced no other: usually one, of whoever added the entry. */
export function rootsOf(map: Y.Map<unknown>, key: string): Y.ID[] {
  const roots: Y.ID[] = [];
  for (let item = map._map.get(key) ?? null; item !== null; item = item.left) {
    if (item.origin === null) roots.push(item.id);
  }
  return roots;
}

export class BoardLocks {
  #rules: BoardRules | null = null;
  #lockedUntil = new Map<number, number>();
  #clients = new Set<number>();

  constructor(
    private readonly doc: Y.Doc,
    private readonly awareness: Awareness,
    private readonly person: string,
  ) {
    ownClients.add(doc.clientID);
  }

  /** Null: nothing is locked for this person, who is the tutor. */
  set rules(rules: BoardRules | null) {
    this.#rules = rules;
    this.#lockedUntil = new Map(rules?.locked_until);
    this.#clients = new Set(rules?.clients);
  }

  isPageLocked(page: string): boolean {
    return isPageLocked(this.#rules, page);
  }

  /** Whether this person may not change an element, or add one with this id. */
  isElementLocked(page: string, id: string): boolean {
    if (!this.#rules) return false;
    if (this.isPageLocked(page)) return true;
    const { drawing } = this.#rules;
    if (drawing === "free") return false;
    const roots = rootsOf(elementsOf(this.doc, page), id);
    return !roots.every(drawing === "own" ? this.#isOwn : this.#isNew);
  }

  /** Whether this person may not change an entry of one of the document's maps. */
  isEntryLocked(map: string, key: string): boolean {
    if (!this.#rules) return false;
    const [kind, page] = map.split(":", 2);
    if (kind === "elements" && page) return this.isElementLocked(page, key);
    if (this.#rules.drawing === "none") return true;
    const isAny = this.#rules.drawing !== "free" || this.#rules.locked_pages.length > 0;
    return isAny && this.doc.getMap(map).has(key);
  }

  readonly #isNew = ({ client, clock }: Y.ID): boolean =>
    clock >= (this.#lockedUntil.get(client) ?? 0);

  readonly #isOwn = ({ client }: Y.ID): boolean => {
    if (ownClients.has(client) || this.#clients.has(client)) return true;
    return this.awareness.getStates().get(client)?.person === this.person;
  };
}

export function isPageLocked(rules: BoardRules | null, page: string): boolean {
  return rules !== null && (rules.drawing === "none" || rules.locked_pages.includes(page));
}
