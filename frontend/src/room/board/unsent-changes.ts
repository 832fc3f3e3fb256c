import * as Y from "yjs";
import { isNewer } from "./elements";

const PAGES = "pages";

/** Values by id, by the name of their map in the document. */
export type UnsentChanges = Record<string, Record<string, unknown>>;

/** The current values under `ids` in all maps of the document. Removals are not among them. */
export function readUnsentChanges(doc: Y.Doc, ids: ReadonlySet<string>): UnsentChanges {
  const changes: UnsentChanges = {};
  for (const name of doc.share.keys()) {
    const map = doc.getMap(name);
    const entries = [...ids].filter((id) => map.has(id)).map((id) => [id, map.get(id)] as const);
    if (!entries.length) continue;
    changes[name] = Object.fromEntries(
      entries.map(([id, value]) => [id, value instanceof Y.Map ? value.toJSON() : value]),
    );
  }
  return changes;
}

/** Writes the changes into another document of the same board, over older states of the elements. */
export function writeUnsentChanges(doc: Y.Doc, changes: UnsentChanges): void {
  doc.transact(() => {
    for (const [name, entries] of Object.entries(changes)) {
      const map = doc.getMap(name);
      for (const [id, value] of Object.entries(entries)) {
        if (name === PAGES) {
          if (!map.has(id)) map.set(id, new Y.Map(Object.entries(value as object)));
        } else map.set(id, withNewerVersion(value, map.get(id)));
      }
    }
  });
}

interface Versioned {
  version: number;
  versionNonce: number;
}

function isVersioned(value: unknown): value is Versioned {
  return typeof value === "object" && value !== null && "version" in value;
}

/** Rewriting a board raises the versions of its elements, and the higher version wins. */
function withNewerVersion(value: unknown, current: unknown): unknown {
  if (!isVersioned(value) || !isVersioned(current) || isNewer(value, current)) return value;
  return { ...value, version: current.version + 1 };
}
