import { expect, it } from "vitest";
import * as Y from "yjs";
import { addPage, elementsOf, pagesOf, removePage } from "./pages";
import {
  changedEntries,
  mergeChanges,
  readUnsentChanges,
  writeUnsentChanges,
} from "./unsent-changes";

const drawn = { id: "a", version: 3, versionNonce: 1 };

it("carries unsent elements and pages over to another document", () => {
  const [old, fresh] = [new Y.Doc(), new Y.Doc()];
  const page = addPage(old);
  elementsOf(old, page).set("a", drawn);
  elementsOf(old, page).set("sent", { id: "sent", version: 1, versionNonce: 1 });
  writeUnsentChanges(
    fresh,
    readUnsentChanges(old, new Set([`pages ${page}`, `elements:${page} a`])),
  );
  expect(pagesOf(fresh)).toEqual(pagesOf(old));
  expect(elementsOf(fresh, page).toJSON()).toEqual({ a: drawn });
});

it("makes unsent elements newer than those of a rewritten board", () => {
  const [old, fresh] = [new Y.Doc(), new Y.Doc()];
  elementsOf(old, "1").set("a", { ...drawn, x: 5 });
  elementsOf(fresh, "1").set("a", { ...drawn, version: 4 });
  writeUnsentChanges(fresh, readUnsentChanges(old, new Set(["elements:1 a"])));
  expect(elementsOf(fresh, "1").get("a")).toMatchObject({ x: 5, version: 5 });
});

it("keeps a page that the other document has", () => {
  const [old, fresh] = [new Y.Doc(), new Y.Doc()];
  const page = addPage(old);
  Y.applyUpdate(fresh, Y.encodeStateAsUpdate(old));
  (old.getMap("pages").get(page) as Y.Map<unknown>).set("title", "Later");
  writeUnsentChanges(fresh, readUnsentChanges(old, new Set([`pages ${page}`])));
  expect(pagesOf(fresh).map(({ title }) => title)).toEqual(["", ""]);
});

it("carries over that pages and elements were removed", () => {
  const [old, fresh] = [new Y.Doc(), new Y.Doc()];
  const page = addPage(old);
  elementsOf(old, page).set("a", drawn);
  elementsOf(old, "1").set("b", drawn);
  Y.applyUpdate(fresh, Y.encodeStateAsUpdate(old));
  const removed = new Set<string>();
  old.on("afterTransaction", ({ changed }: Y.Transaction) => {
    for (const entry of changedEntries(old, changed)) removed.add(entry);
  });
  removePage(old, page);
  elementsOf(old, "1").delete("b");
  writeUnsentChanges(fresh, readUnsentChanges(old, removed));
  expect(pagesOf(fresh)).toEqual(pagesOf(old));
  expect([elementsOf(fresh, page).size, elementsOf(fresh, "1").size]).toEqual([0, 0]);
});

it("names the page whose title was changed", () => {
  const doc = new Y.Doc();
  const page = addPage(doc);
  const named: string[] = [];
  doc.on("afterTransaction", ({ changed }: Y.Transaction) => {
    named.push(...changedEntries(doc, changed));
  });
  (doc.getMap("pages").get(page) as Y.Map<unknown>).set("title", "Later");
  expect(named).toEqual([`pages ${page}`]);
});

it("merges the changes of two outdated documents entry by entry", () => {
  const merged = mergeChanges({ files: { a: 1, b: 1 } }, { files: { b: undefined }, pages: {} });
  expect(merged).toEqual({ files: { a: 1, b: undefined }, pages: {} });
});
