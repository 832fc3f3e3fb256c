import * as Y from "yjs";
import { newId } from "../../shared/id";
import { isId, number, text } from "./readers";

export const FIRST_PAGE = "1";
export const MOST_PAGES = 500;
const MOST_ORDER = 1e9;
const LONGEST_TITLE = 100;

export interface Page {
  id: string;
  order: number;
  title: string;
}

export function elementsOf(doc: Y.Doc, page: string): Y.Map<unknown> {
  return doc.getMap(`elements:${page}`);
}

/** Anybody can write the list: a page that could not be listed or reached is none. */
function parsePage(id: string, value: unknown): Page | null {
  if (!isId(id) || !(value instanceof Y.Map)) return null;
  const order = number(-MOST_ORDER, MOST_ORDER, 0)(value.get("order"));
  return { id, order, title: text(LONGEST_TITLE)(value.get("title")) };
}

/** In order; the first page is there even in an empty document. */
export function pagesOf(doc: Y.Doc): Page[] {
  const pages: Page[] = [];
  doc.getMap("pages").forEach((value, id) => {
    const page = parsePage(id, value);
    if (page) pages.push(page);
  });
  if (!pages.some((page) => page.id === FIRST_PAGE)) {
    pages.push({ id: FIRST_PAGE, order: 0, title: "" });
  }
  pages.sort((a, b) => a.order - b.order || (a.id < b.id ? -1 : 1));
  return pages.slice(0, MOST_PAGES);
}

/** After all others; gives its id, or that of the last page where there is no room for more. */
export function addPage(doc: Y.Doc): string {
  const pages = pagesOf(doc);
  const last = pages.at(-1);
  if (last && pages.length >= MOST_PAGES) return last.id;
  const id = newId();
  doc.transact(() => {
    const page = new Y.Map<unknown>();
    page.set("order", (last?.order ?? 0) + 1);
    doc.getMap("pages").set(id, page);
  });
  return id;
}

/** Its strokes go with it. The first page is only emptied, for it exists by itself. */
export function removePage(doc: Y.Doc, id: string): void {
  doc.transact(() => {
    if (id !== FIRST_PAGE) doc.getMap("pages").delete(id);
    elementsOf(doc, id).clear();
  });
}
