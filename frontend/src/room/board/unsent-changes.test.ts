import { expect, it } from "vitest";
import * as Y from "yjs";
import { addPage, elementsOf, pagesOf } from "./pages";
import { readUnsentChanges, writeUnsentChanges } from "./unsent-changes";

const drawn = { id: "a", version: 3, versionNonce: 1 };

it("carries unsent elements and pages over to another document", () => {
  const [old, fresh] = [new Y.Doc(), new Y.Doc()];
  const page = addPage(old);
  elementsOf(old, page).set("a", drawn);
  elementsOf(old, page).set("sent", { id: "sent", version: 1, versionNonce: 1 });
  writeUnsentChanges(fresh, readUnsentChanges(old, new Set([page, "a"])));
  expect(pagesOf(fresh)).toEqual(pagesOf(old));
  expect(elementsOf(fresh, page).toJSON()).toEqual({ a: drawn });
});

it("makes unsent elements newer than those of a rewritten board", () => {
  const [old, fresh] = [new Y.Doc(), new Y.Doc()];
  elementsOf(old, "1").set("a", { ...drawn, x: 5 });
  elementsOf(fresh, "1").set("a", { ...drawn, version: 4 });
  writeUnsentChanges(fresh, readUnsentChanges(old, new Set(["a"])));
  expect(elementsOf(fresh, "1").get("a")).toMatchObject({ x: 5, version: 5 });
});

it("keeps a page that the other document has", () => {
  const [old, fresh] = [new Y.Doc(), new Y.Doc()];
  const page = addPage(old);
  Y.applyUpdate(fresh, Y.encodeStateAsUpdate(old));
  (old.getMap("pages").get(page) as Y.Map<unknown>).set("title", "Later");
  writeUnsentChanges(fresh, readUnsentChanges(old, new Set([page])));
  expect(pagesOf(fresh).map(({ title }) => title)).toEqual(["", ""]);
});
