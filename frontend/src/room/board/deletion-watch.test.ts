import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import * as Y from "yjs";
import { DeletionWatch } from "./deletion-watch";
import { addPage, elementsOf, pagesOf, removePage } from "./pages";

const element = (id: string, part = {}) => ({
  id,
  type: "rectangle",
  x: 0,
  y: 0,
  width: 10,
  height: 10,
  version: 1,
  versionNonce: 1,
  isDeleted: false,
  ...part,
});
const IDS = ["a", "b", "c", "d", "e", "f"];

/** The tutor's document, and a student's that is connected to it. */
function connected() {
  const [tutor, student] = [new Y.Doc(), new Y.Doc()];
  tutor.on("update", (update, origin) => origin !== "net" && Y.applyUpdate(student, update, "net"));
  student.on("update", (update, origin) => origin !== "net" && Y.applyUpdate(tutor, update, "net"));
  const watch = new DeletionWatch(tutor);
  watch.start();
  for (const id of IDS) elementsOf(tutor, "1").set(id, element(id));
  return { tutor, student, watch };
}

const live = (doc: Y.Doc, page = "1") =>
  [...elementsOf(doc, page).entries()]
    .filter(([, value]) => !(value as { isDeleted: boolean }).isDeleted)
    .map(([id]) => id)
    .sort();

describe("DeletionWatch", () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it("puts back what a student has marked as deleted, and leaves what was drawn since", () => {
    const { tutor, student, watch } = connected();
    student.transact(() => {
      for (const id of IDS)
        elementsOf(student, "1").set(id, element(id, { isDeleted: true, version: 4 }));
    });
    expect(watch.count.get()).toBe(IDS.length);
    elementsOf(student, "1").set("new", element("new"));
    watch.restore();
    expect(live(student)).toEqual([...IDS, "new"]);
    expect(elementsOf(tutor, "1").get("a")).toMatchObject({ version: 5 });
    expect(watch.count.get()).toBe(0);
  });

  it("puts back a page with its elements", () => {
    const { tutor, student, watch } = connected();
    const page = addPage(tutor);
    const before = pagesOf(tutor);
    for (const id of IDS) elementsOf(tutor, page).set(id, element(id));
    removePage(student, page);
    expect(pagesOf(tutor)).toHaveLength(1);
    watch.restore();
    expect(pagesOf(student)).toEqual(before);
    expect(live(student, page)).toEqual(IDS);
  });

  it("collects a burst of single deletions and forgets an older one", () => {
    const { student, watch } = connected();
    for (const id of IDS.slice(0, 4)) elementsOf(student, "1").delete(id);
    expect(watch.count.get()).toBe(0);
    elementsOf(student, "1").delete("e");
    expect(watch.count.get()).toBe(5);
    vi.advanceTimersByTime(11_000);
    elementsOf(student, "1").delete("f");
    expect(watch.count.get()).toBe(0);
  });

  it("ignores changes and one's own deletions", () => {
    const { tutor, student, watch } = connected();
    for (const id of IDS) elementsOf(student, "1").set(id, element(id, { x: 5, version: 2 }));
    for (const id of IDS) elementsOf(tutor, "1").delete(id);
    expect(watch.count.get()).toBe(0);
  });
});
