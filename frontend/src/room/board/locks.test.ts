import { describe, expect, it } from "vitest";
import { Awareness } from "y-protocols/awareness";
import * as Y from "yjs";
import type { BoardRules } from "../protocol";
import { BoardLocks, rootsOf } from "./locks";
import { elementsOf } from "./pages";

const FREE: BoardRules = { drawing: "free", locked_pages: [], locked_until: [], clients: [] };

function docOf(client: number): Y.Doc {
  const doc = new Y.Doc();
  doc.clientID = client;
  return doc;
}

/** A board of this person on which the tutor drew `theirs` three times and client 8 `earlier`. */
function setUp() {
  const [tutor, former, doc] = [docOf(7), docOf(8), docOf(9)];
  for (const version of [1, 2, 3]) elementsOf(tutor, "1").set("theirs", { version });
  elementsOf(former, "1").set("earlier", { version: 1 });
  for (const other of [tutor, former]) Y.applyUpdate(doc, Y.encodeStateAsUpdate(other));
  elementsOf(doc, "1").set("mine", { version: 1 });
  const locks = new BoardLocks(doc, new Awareness(doc), "u2");
  return { doc, locks, locked: (id: string, page = "1") => locks.isElementLocked(page, id) };
}

describe("locked elements", () => {
  it("finds the creator of an element that others have changed and removed", () => {
    const { doc } = setUp();
    const map = elementsOf(doc, "1");
    map.set("theirs", { version: 4 });
    map.delete("theirs");
    map.set("theirs", { version: 5 });
    expect(rootsOf(map, "theirs")).toEqual([Y.createID(7, 0)]);
    expect(rootsOf(map, "unknown")).toEqual([]);
  });

  it("are all but one's own, also those of an earlier connection", () => {
    const { locks, locked } = setUp();
    locks.rules = { ...FREE, drawing: "own", clients: [8] };
    const ids = ["theirs", "earlier", "mine", "added"];
    expect(ids.map((id) => locked(id))).toEqual([true, false, false, false]);
  });

  it("are those from before the tutor's choice", () => {
    const { doc, locks, locked } = setUp();
    const until = [...Y.decodeStateVector(Y.encodeStateVector(doc))];
    locks.rules = { ...FREE, drawing: "new", locked_until: until };
    elementsOf(doc, "1").set("later", { version: 1 });
    const ids = ["theirs", "mine", "later", "added"];
    expect(ids.map((id) => locked(id))).toEqual([true, true, false, false]);
  });

  it("are all of a locked page or board, and none without rules", () => {
    const { locks, locked } = setUp();
    expect(locked("theirs")).toBe(false);
    locks.rules = { ...FREE, locked_pages: ["1"] };
    expect([locked("mine"), locked("added"), locked("any", "2")]).toEqual([true, true, false]);
    locks.rules = { ...FREE, drawing: "none" };
    expect(locked("any", "2")).toBe(true);
  });

  it("cannot get another picture where something is locked", () => {
    const { doc, locks } = setUp();
    doc.getMap("files").set("picture", { url: "/a" });
    locks.rules = FREE;
    expect(locks.isEntryLocked("files", "picture")).toBe(false);
    locks.rules = { ...FREE, locked_pages: ["1"] };
    expect(locks.isEntryLocked("files", "picture")).toBe(true);
    expect(locks.isEntryLocked("files", "added")).toBe(false);
    expect(locks.isEntryLocked("elements:1", "added")).toBe(true);
  });
});
