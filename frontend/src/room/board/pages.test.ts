import { expect, it } from "vitest";
import * as Y from "yjs";
import { addPage, elementsOf, FIRST_PAGE, MAX_PAGES, pagesOf, removePage } from "./pages";

it("has a first page in an empty document", () => {
  expect(pagesOf(new Y.Doc())).toEqual([{ id: FIRST_PAGE, order: 0, title: "" }]);
});

it("adds pages at the end and removes them with their elements", () => {
  const doc = new Y.Doc();
  const second = addPage(doc);
  const third = addPage(doc);
  elementsOf(doc, second).set("a", { id: "a" });
  expect(pagesOf(doc).map(({ id }) => id)).toEqual([FIRST_PAGE, second, third]);
  removePage(doc, second);
  expect(pagesOf(doc).map(({ id }) => id)).toEqual([FIRST_PAGE, third]);
  expect(elementsOf(doc, second).size).toBe(0);
});

it("converges to the same order when two clients add a page at once", () => {
  const [one, two] = [new Y.Doc(), new Y.Doc()];
  addPage(one);
  addPage(two);
  Y.applyUpdate(one, Y.encodeStateAsUpdate(two));
  Y.applyUpdate(two, Y.encodeStateAsUpdate(one));
  expect(pagesOf(one)).toEqual(pagesOf(two));
  expect(pagesOf(one)).toHaveLength(3);
});

function page(order: unknown, title?: unknown): Y.Map<unknown> {
  return new Y.Map<unknown>([
    ["order", order],
    ["title", title],
  ]);
}

it.each([
  ["text", "nonsense"],
  ["a plain object", { order: 1 }],
  ["a list", new Y.Array()],
  ["null", null],
])("ignores an entry that is %s", (_, value) => {
  const doc = new Y.Doc();
  doc.getMap("pages").set("x", value);
  expect(pagesOf(doc)).toHaveLength(1);
});

it.each(["__proto__", "constructor", "", "x".repeat(101)])(
  "ignores a page with the id %s",
  (id) => {
    const doc = new Y.Doc();
    doc.getMap("pages").set(id, page(2));
    expect(pagesOf(doc).map((known) => known.id)).toEqual([FIRST_PAGE]);
  },
);

it.each(["2", null, Number.NaN, Number.POSITIVE_INFINITY, 1e300, 2n, {}])(
  "keeps a page whose order is %s, and the pages after it",
  (order) => {
    const doc = new Y.Doc();
    doc.getMap("pages").set("x", page(order, { a: 1 }));
    const added = addPage(doc);
    const pages = pagesOf(doc);
    expect(pages.map(({ id }) => id).sort()).toEqual([FIRST_PAGE, added, "x"].sort());
    expect(pages.every((known) => Math.abs(known.order) <= 2e9 && known.title === "")).toBe(true);
  },
);

it("limits the number of pages", () => {
  const doc = new Y.Doc();
  doc.transact(() => {
    for (let at = 0; at < MAX_PAGES + 50; at += 1) doc.getMap("pages").set(`p${at}`, page(at));
  });
  expect(pagesOf(doc)).toHaveLength(MAX_PAGES);
  const before = doc.getMap("pages").size;
  expect(addPage(doc)).toBe(pagesOf(doc).at(-1)?.id);
  expect(doc.getMap("pages").size).toBe(before);
});
