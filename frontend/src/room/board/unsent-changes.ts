import * as Y from "yjs";
import { isNewer } from "./elements";

const PAGES = "pages";

/** Values by id, by the name of their map in the document; undefined for one that was removed. */
export type UnsentChanges = Record<string, Record<string, unknown>>;

/** The changed entries of a document's maps, each as `name id`; also of maps in these maps. */
export function changedEntries(doc: Y.Doc, changed: Y.Transaction["changed"]): string[] {
  return [...doc.share].flatMap(([name, root]) =>
    [...changed].flatMap(([type, keys]) => {
      if (type === root) return [...keys].map((id) => `${name} ${id}`);
      if (type.parent !== root) return [];
      const own = [...doc.getMap(name)].filter(([, value]) => value === type);
      return own.map(([id]) => `${name} ${id}`);
    }),
  );
}

/** The current values of the entries, each given as `name id`. */
export function readUnsentChanges(doc: Y.Doc, entries: ReadonlySet<string>): UnsentChanges {
  const changes: UnsentChanges = {};
  for (const entry of entries) {
    const at = entry.indexOf(" ");
    const [name, id] = [entry.slice(0, at), entry.slice(at + 1)];
    const value = doc.getMap(name).get(id);
    changes[name] ??= {};
    changes[name][id] = value instanceof Y.Map ? value.toJSON() : value;
  }
  return changes;
}

/** Both changes; the later one of an entry. */
export function mergeChanges(earlier: UnsentChanges, later: UnsentChanges): UnsentChanges {
  const merged = { ...earlier };
  for (const [name, entries] of Object.entries(later)) {
    merged[name] = { ...merged[name], ...entries };
  }
  return merged;
}

/**
 * Writes the changes into another document of the same board, over older states of the elements;
 * not those of locked entries.
 */
export function writeUnsentChanges(
  doc: Y.Doc,
  changes: UnsentChanges,
  isLocked: (map: string, key: string) => boolean = () => false,
): void {
  doc.transact(() => {
    for (const [name, entries] of Object.entries(changes)) {
      const map = doc.getMap(name);
      for (const [id, value] of Object.entries(entries)) {
        if (isLocked(name, id)) continue;
        if (value === undefined) map.delete(id);
        else if (name === PAGES) {
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
