import { expect, it } from "vitest";
import * as Y from "yjs";
import { addPage, elementsOf, FIRST_PAGE, pagesOf, removePage } from "./pages";

it("has a first page in an empty document", () => {
  expect(pagesOf(new Y.Doc())).toEqual([{ id: FIRST_PAGE, order: 0, title: "" }]);
});

it("adds pages at the end and removes them with what is on them", () => {
  const doc = new Y.Doc();
  const second = addPage(doc);
  const third = addPage(doc);
  elementsOf(doc, second).set("a", { id: "a" });
  expect(pagesOf(doc).map(({ id }) => id)).toEqual([FIRST_PAGE, second, third]);
  removePage(doc, second);
  expect(pagesOf(doc).map(({ id }) => id)).toEqual([FIRST_PAGE, third]);
  expect(elementsOf(doc, second).size).toBe(0);
});

it("comes to the same order on both sides when two add a page at once", () => {
  const [one, two] = [new Y.Doc(), new Y.Doc()];
  addPage(one);
  addPage(two);
  Y.applyUpdate(one, Y.encodeStateAsUpdate(two));
  Y.applyUpdate(two, Y.encodeStateAsUpdate(one));
  expect(pagesOf(one)).toEqual(pagesOf(two));
  expect(pagesOf(one)).toHaveLength(3);
});

it("survives an entry that is no page", () => {
  const doc = new Y.Doc();
  doc.getMap("pages").set("x", "nonsense");
  expect(pagesOf(doc)).toHaveLength(1);
});
