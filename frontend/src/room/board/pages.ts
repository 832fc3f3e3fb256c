import * as Y from "yjs";
import { newId } from "../../shared/id";
import { isId, number, text } from "./readers";

export const FIRST_PAGE = "1";
export const MAX_PAGES = 500;
const MAX_ORDER = 1e9;
const MAX_TITLE_LENGTH = 100;

export interface Page {
  id: string;
  order: number;
  title: string;
}

export function elementsOf(doc: Y.Doc, page: string): Y.Map<unknown> {
  return doc.getMap(`elements:${page}`);
}

/** Parses an entry of the page list, which is untrusted input; null when invalid. */
function parsePage(id: string, value: unknown): Page | null {
  if (!isId(id) || !(value instanceof Y.Map)) return null;
  const order = number(-MAX_ORDER, MAX_ORDER, 0)(value.get("order"));
  return { id, order, title: text(MAX_TITLE_LENGTH)(value.get("title")) };
}

/** The pages in order; the first page exists even in an empty document. */
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
  return pages.slice(0, MAX_PAGES);
}

/** Adds a page at the end and returns its id, or the last page's id when the limit is reached. */
export function addPage(doc: Y.Doc): string {
  const pages = pagesOf(doc);
  const last = pages.at(-1);
  if (last && pages.length >= MAX_PAGES) return last.id;
  const id = newId();
  doc.transact(() => {
    const page = new Y.Map<unknown>();
    page.set("order", (last?.order ?? 0) + 1);
    doc.getMap("pages").set(id, page);
  });
  return id;
}

/** Removes a page and its elements; the first page always exists and is only emptied. */
export function removePage(doc: Y.Doc, id: string): void {
  doc.transact(() => {
    if (id !== FIRST_PAGE) doc.getMap("pages").delete(id);
    elementsOf(doc, id).clear();
  });
}
