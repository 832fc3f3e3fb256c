import { expect, it } from "vitest";
import { firstPages, formatPages, MAX_PAGES, parsePages } from "./page-range";

it.each([
  ["1", [1]],
  [" 3 - 5, 8", [3, 4, 5, 8]],
  ["2–3; 2", [2, 3]],
  [firstPages(300), Array.from({ length: MAX_PAGES }, (_, at) => at + 1)],
])("reads %s", (text, pages) => {
  expect(parsePages(text, 300)).toEqual({ pages, error: null });
});

it.each(["", "0", "5-3", "1-301", "x", "1,", "-2", "1.5", "99999999"])("refuses %s", (text) => {
  expect(parsePages(text, 300)).toEqual({ pages: null, error: "invalid" });
});

it("refuses more pages than are added at once", () => {
  expect(parsePages("1-61", 300)).toEqual({ pages: null, error: "too-many" });
  expect(firstPages(1)).toBe("1");
});

it.each([[[3, 4, 5, 8]], [[8, 2, 3]], [[1]]])("writes %j so that it is read again", (pages) => {
  expect(parsePages(formatPages(pages), 9)).toEqual({ pages, error: null });
});
