/** Maximum number of pages added to the board at once. */
export const MAX_PAGES = 60;

export type PageChoice =
  | { pages: readonly number[]; error: null }
  | { pages: null; error: "invalid" | "too-many" };

/** Reads a choice of pages such as "1-5, 8" of a document of `count` pages; each page once. */
export function parsePages(text: string, count: number): PageChoice {
  const pages = new Set<number>();
  for (const part of text.split(/[,;]/)) {
    const [, from, to] = /^\s*(\d{1,6})(?:\s*[-–—]\s*(\d{1,6}))?\s*$/.exec(part) ?? [];
    const [first, last] = [Number(from), Number(to ?? from)];
    if (!(first >= 1 && first <= last && last <= count)) return { pages: null, error: "invalid" };
    for (let page = first; page <= last; page += 1) pages.add(page);
  }
  if (pages.size > MAX_PAGES) return { pages: null, error: "too-many" };
  return { pages: [...pages], error: null };
}

/** Writes a choice of pages as `parsePages` reads it. */
export function formatPages(pages: readonly number[]): string {
  const runs: [number, number][] = [];
  for (const page of pages) {
    const last = runs.at(-1);
    if (last && page === last[1] + 1) last[1] = page;
    else runs.push([page, page]);
  }
  return runs.map(([from, to]) => (from === to ? `${from}` : `${from}–${to}`)).join(", ");
}

/** The choice that is offered first. */
export function firstPages(count: number): string {
  return count > 1 ? `1–${Math.min(count, MAX_PAGES)}` : "1";
}
