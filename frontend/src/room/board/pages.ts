import { uuidv4 } from "lib0/random";
import * as Y from "yjs";

export const FIRST_PAGE = "1";

export interface Page {
  id: string;
  order: number;
  title: string;
}

export function elementsOf(doc: Y.Doc, page: string): Y.Map<unknown> {
  return doc.getMap(`elements:${page}`);
}

/** In order; the first page is there even in an empty document. */
export function pagesOf(doc: Y.Doc): Page[] {
  const pages: Page[] = [];
  doc.getMap("pages").forEach((value, id) => {
    if (!(value instanceof Y.Map)) return;
    const order = value.get("order");
    const title = value.get("title");
    pages.push({
      id,
      order: typeof order === "number" && Number.isFinite(order) ? order : 0,
      title: typeof title === "string" ? title : "",
    });
  });
  if (!pages.some((page) => page.id === FIRST_PAGE)) {
    pages.push({ id: FIRST_PAGE, order: 0, title: "" });
  }
  return pages.sort((a, b) => a.order - b.order || (a.id < b.id ? -1 : 1));
}

/** After all others; gives its id. */
export function addPage(doc: Y.Doc): string {
  const id = uuidv4();
  const last = pagesOf(doc).at(-1);
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
